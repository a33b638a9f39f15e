"""What fine-tuning and evaluating give back."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class TaskPoint:
    """The mean loss of the steps since the last point, up to and with ``step``."""

    step: int
    loss: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskScore:
    """How right a model is.

    Attributes:
        measure: "accuracy" for relation and text, "micro F1" for typing, "span F1" for tokens,
            where a span is right when its start, end and label are (Tjong Kim Sang & De Meulder
            2003).
        score: The measure, from 0 to 1; where nothing is right and nothing was found it is 1.
        precision: Right ones of those found.
        recall: Right ones of those in the rows.
        rows: Rows that were asked.
        cut: Rows among them whose marked mention the model does not see; they count as wrong.
    """

    measure: str
    score: float
    precision: float
    recall: float
    rows: int
    cut: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FinetuneReport:
    """Loss curve, sizes and what it reached.

    Attributes:
        curve: One point every ``log_every`` steps, and one for the last step.
        rows: Rows that were learnt from.
        cut: Rows that were passed over: their text is longer than the model reads, and a marked
            mention behind that.
        links: Links in them whose entity has a vector.
        steps: Optimiser steps in all.
        seconds: Wall-clock time.
        dev: The score on the rows held out, None without such.
    """

    curve: tuple[TaskPoint, ...]
    rows: int
    cut: int
    links: int
    steps: int
    seconds: float
    dev: TaskScore | None = None

    def to_dict(self) -> dict[str, Any]:
        """A JSON value."""
        return asdict(self)
