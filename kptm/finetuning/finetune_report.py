"""The results of fine-tuning and of evaluating a fine-tuned model."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class TaskPoint:
    """The mean loss of the steps since the previous point, including ``step``."""

    step: int
    loss: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskScore:
    """The score of a model on labelled rows.

    Attributes:
        measure: "accuracy" for relation and text, "micro F1" for typing, "span F1" for tokens; a
            span is right if its start, end and label are all right (Tjong Kim Sang & De Meulder
            2003).
        score: The value of the measure, from 0 to 1; it is 1 if the rows have no labels and none
            were predicted.
        precision: The share of the predicted labels or spans that are right.
        recall: The share of the rows' labels or spans that were predicted.
        rows: How many rows were classified.
        cut: How many of them are too long, so that the model does not read a marked mention; they
            count as wrong.
    """

    measure: str
    score: float
    precision: float
    recall: float
    rows: int
    cut: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FinetuneReport:
    """The result of a fine-tuning run.

    Attributes:
        curve: The training loss: one point every ``log_every`` steps, and one for the last step.
        rows: How many rows were trained on.
        cut: How many rows were left out, because their text is too long for the model and a marked
            mention is in the part that it does not read.
        links: How many links of the rows have an entity with a vector.
        steps: The number of optimiser steps.
        seconds: Wall-clock time in seconds.
        dev: The score on the development rows; None if there are none.
    """

    curve: tuple[TaskPoint, ...]
    rows: int
    cut: int
    links: int
    steps: int
    seconds: float
    dev: TaskScore | None = None

    def to_dict(self) -> dict[str, Any]:
        """The report as values for JSON."""
        return asdict(self)
