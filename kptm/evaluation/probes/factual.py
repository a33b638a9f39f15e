"""Facts in several phrasings: P@1, MRR, agreement, and scores without telltale names.

- **consistency**: the share of pairs of a fact's phrasings that get the same answer (Elazar et al.
  2021, ParaRel); **consistent and
  right**: all its phrasings get the right one.
- **by name**: facts whose object's name stands in the subject's, or shares a content word with it,
  can be guessed
  (Poerner et al. 2020, the string-match filter of LAMA-UHN); what is asked without them stands
  beside the whole.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

from kptm.evaluation.probes.asking import ask_phrasings
from kptm.evaluation.probes.entity_names import shares_name
from kptm.evaluation.statistics import Interval, interval

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from kptm.evaluation.fusion.fact_probing import SplitFact
    from kptm.evaluation.probes.asking import Fact, Reply
    from kptm.fusion import FusedModel


@dataclass(frozen=True, slots=True)
class PhrasingScore:
    """One phrasing, over the facts that were asked in it."""

    relation: str
    pattern: str
    p_at_1: Interval
    mrr: Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class FactScores:
    """Means over facts; a fact counts by the mean over its phrasings.

    Attributes:
        facts: How many were asked.
        p_at_1: How often the right entity comes first.
        mrr: One by its place; 0 where it has no vector.
        consistency: The share of pairs of phrasings with the same answer, over facts of two
            phrasings or more.
        consistent_right: Whether all phrasings get the right one, over the same facts.
        chance: P@1 of a blind guess among the candidates.
        commonest: P@1 of the relation's commonest object.
        phrasings: Each phrasing of its own.
    """

    facts: int
    p_at_1: Interval
    mrr: Interval
    consistency: Interval
    consistent_right: Interval
    chance: float
    commonest: float
    phrasings: tuple[PhrasingScore, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FactualReport:
    """Both figures side by side.

    Attributes:
        all: Over all facts.
        not_by_name: Over those whose object's name does not give it away.
        by_name: How many it does.
        unasked: Questions that could not be put: their blank or their subject did not fit into the
            text, or stands behind the blank in a decoder.
        without_vector: Facts whose object the model has no vector of; they count as wrong.
    """

    all: FactScores
    not_by_name: FactScores
    by_name: int
    unasked: int
    without_vector: int


def probe_facts(
    model: FusedModel,
    facts: Sequence[SplitFact],
    phrasings: Mapping[str, Sequence[str]],
    labels: Mapping[str, str],
    *,
    with_knowledge: bool = True,
) -> FactualReport:
    """Ask every fact in all phrasings of its relation; the model stays as it is.

    Args:
        model: The model.
        facts: Facts; the tails of a relation are what is chosen from.
        phrasings: Relation → phrasings with ``[X]`` and ``[Y]``.
        labels: Key → its name.
        with_knowledge: False leaves the vector of the subject out.
    """
    replies, unasked = ask_phrasings(model, facts, phrasings, labels, with_knowledge=with_knowledge)
    hard = [
        reply for reply in replies if not shares_name(labels[reply.fact[0]], labels[reply.fact[2]])
    ]
    whole = score(replies)
    part = score(hard) if len(hard) < len(replies) else whole
    return FactualReport(
        all=whole,
        not_by_name=part,
        by_name=whole.facts - part.facts,
        unasked=unasked,
        without_vector=len({reply.fact for reply in replies if reply.rank is None}),
    )


def score(replies: Iterable[Reply]) -> FactScores:
    """Figures of replies, by fact and by phrasing."""
    by_fact: dict[Fact, list[Reply]] = defaultdict(list)
    by_phrasing: dict[tuple[str, str], list[Reply]] = defaultdict(list)
    for reply in replies:
        by_fact[reply.fact].append(reply)
        by_phrasing[reply.fact[1], reply.pattern].append(reply)
    several = [found for found in by_fact.values() if len(found) > 1]
    return FactScores(
        facts=len(by_fact),
        p_at_1=interval([_mean(map(_is_right, found)) for found in by_fact.values()]),
        mrr=interval([_mean(map(_reciprocal, found)) for found in by_fact.values()]),
        consistency=interval([consistency([reply.said for reply in found]) for found in several]),
        consistent_right=interval([float(all(map(_is_right, found))) for found in several]),
        chance=_mean(found[0].chance for found in by_fact.values()),
        commonest=_mean(found[0].commonest for found in by_fact.values()),
        phrasings=tuple(
            PhrasingScore(
                *key, interval([*map(_is_right, found)]), interval([*map(_reciprocal, found)])
            )
            for key, found in sorted(by_phrasing.items())
        ),
    )


def consistency(said: Sequence[str | None]) -> float:
    """The share of pairs that are equal; nan of fewer than two answers."""
    return _mean(one == other for one, other in combinations(said, 2))


def _is_right(reply: Reply) -> float:
    return float(reply.rank == 1)


def _reciprocal(reply: Reply) -> float:
    return 1 / reply.rank if reply.rank is not None else 0.0


def _mean(values: Iterable[float]) -> float:
    found = list(values)
    return sum(found) / len(found) if found else float("nan")
