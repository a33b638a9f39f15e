"""What a report shows: plain frozen values, in the order of the page."""

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
        mean: The point estimate; shown as a percentage where all means lie between 0 and 1.
        low: Lower end of the interval.
        high: Upper end of the interval.
        count: Observations behind it.
    """

    mean: float
    low: float
    high: float
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerView:
    """One question and what came back.

    Attributes:
        question: As it was asked.
        answer: The answer's label, or "unknown".
        score: Between 0 and 1, or None where there is none.
        evidence: Lines that the answer stands on, the strongest first.
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
        group: What it is coloured by, such as its type; "" for none.
        x: Position to the right, in any unit.
        y: Position upwards, in any unit.
    """

    label: str
    group: str
    x: float
    y: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbourhood:
    """The part of the graph around one entity.

    Attributes:
        centre: Its label.
        triples: Labels of head, relation and tail.
    """

    centre: str
    triples: tuple[tuple[str, str, str], ...]


NOTHING = Neighbourhood(centre="", triples=())


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All that the page shows; a part that is empty is left out of the page.

    Attributes:
        title: The page's headline.
        intro: A sentence or two below it.
        stats: Name → number, such as "entities" → 2115.
        stages: What was done, in order, with seconds.
        linked: Texts with their links.
        labels: Entity key → "label — description"; a key that is missing stands for itself.
        curves: Arm → its loss curve.
        embedding_losses: Loss of the graph embeddings, one an epoch.
        embedding_mrr: (epoch, MRR) of what was held out of their training.
        arms: Arm → split → estimate of P@1.
        splits: Split → its meaning in one line.
        points: The map of the entities' vectors.
        neighbourhood: One entity and what surrounds it.
        answers: Questions with their answers.
        edit: One question before and after a fact was edited, or None.
        edit_note: What was edited.
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
