"""The data of a report, as frozen values in the order of the page."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kptm.linking.document import LinkedText
    from kptm.pretraining.pretrain_report import LossPoint


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A mean with its 95% interval.

    Attributes:
        mean: The point estimate; shown as a percentage if all means are between 0 and 1.
        low: The lower end of the interval.
        high: The upper end of the interval.
        count: The number of observations.
    """

    mean: float
    low: float
    high: float
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerView:
    """A question and its answer.

    Attributes:
        question: The question as it was asked.
        answer: The answer's label, or "unknown".
        score: The score between 0 and 1, or None.
        evidence: Lines of evidence, strongest first.
    """

    question: str
    answer: str
    score: float | None
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MapPoint:
    """An entity on the map of vectors.

    Attributes:
        label: Its name.
        group: The group that decides its colour, such as its type; "" for none.
        x: The horizontal position, in any unit.
        y: The vertical position (upwards), in any unit.
    """

    label: str
    group: str
    x: float
    y: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbourhood:
    """The part of the graph around one entity.

    Attributes:
        centre: The label of the entity.
        triples: Labels of head, relation and tail.
    """

    centre: str
    triples: tuple[tuple[str, str, str], ...]


NOTHING = Neighbourhood(centre="", triples=())


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The data of a page; empty parts are left out of the page.

    Attributes:
        title: The headline.
        intro: One or two sentences below the headline.
        stats: Numbers by name, such as "entities": 2115.
        stages: (name, seconds) of the stages, in order.
        linked: Texts with their links.
        labels: "label — description" by entity key; missing keys are shown as they are.
        curves: The loss curve by arm.
        embedding_losses: The loss of the graph embeddings per epoch.
        embedding_mrr: (epoch, MRR) on facts held out from their training.
        arms: The estimate of P@1 by arm and split.
        splits: The meaning of each split, in one line.
        points: The map of the entities' vectors.
        neighbourhood: An entity and the facts around it.
        answers: Questions with their answers.
        edit: A question before and after a fact was edited, or None.
        edit_note: A description of the edit.
    """

    title: str
    intro: str = ""
    stats: Mapping[str, int] = field(default_factory=dict)
    stages: Sequence[tuple[str, float]] = ()
    linked: Sequence[LinkedText] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    curves: Mapping[str, Sequence[LossPoint]] = field(default_factory=dict)
    embedding_losses: Sequence[float] = ()
    embedding_mrr: Sequence[tuple[int, float]] = ()
    arms: Mapping[str, Mapping[str, Estimate]] = field(default_factory=dict)
    splits: Mapping[str, str] = field(default_factory=dict)
    points: Sequence[MapPoint] = ()
    neighbourhood: Neighbourhood = NOTHING
    answers: Sequence[AnswerView] = ()
    edit: tuple[AnswerView, AnswerView] | None = None
    edit_note: str = ""
