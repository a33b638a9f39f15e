"""Facts in several phrasings: P@1, MRR, agreement, and scores without telltale names.

- **consistency**: the share of pairs of a fact's phrasings with the same answer (Elazar et al.
  2021, ParaRel); **consistent and right**: all phrasings of a fact have the right answer.
- **by name**: facts whose object's name is contained in the subject's, or shares a content word
  with it, can be guessed (Poerner et al. 2020, the string-match filter of LAMA-UHN); scores are
  reported with and without them.
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
    """The scores of one phrasing, over the facts asked in it."""

    relation: str
    pattern: str
    p_at_1: Interval
    mrr: Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class FactScores:
    """Scores averaged over facts; for each fact they are averaged over its phrasings.

    Attributes:
        facts: The number of facts asked.
        p_at_1: How often the right entity is ranked first.
        mrr: The mean reciprocal rank of the right entity; 0 for one without a vector.
        consistency: The share of pairs of phrasings with the same answer, over facts with at least
            two phrasings.
        consistent_right: The share of these facts with the right answer in all phrasings.
        chance: P@1 of a random candidate.
        commonest: P@1 of the relation's most common object.
        phrasings: The scores of each phrasing.
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
    """Scores with and without facts that can be guessed from names.

    Attributes:
        all: The scores over all facts.
        not_by_name: The scores over facts whose subject's name does not reveal the object.
        by_name: The number of facts whose subject's name does.
        unasked: The number of questions that could not be asked: the blank or the subject is beyond
            the maximum length, or the subject follows the blank in a decoder.
        without_vector: The number of facts whose object has no vector; they count as wrong.
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
    """Ask every fact in all phrasings of its relation; the model is not changed.

    Args:
        model: The model.
        facts: The facts; the tails of a relation are the candidates.
        phrasings: By relation: phrasings with ``[X]`` and ``[Y]``.
        labels: The name of each key.
        with_knowledge: Whether the vector of the subject is injected.
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
    """Compute the scores of replies, over facts and by phrasing."""
    by_fact: dict[Fact, list[Reply]] = defaultdict(list)
    by_phrasing: dict[tuple[str, str], list[Reply]] = defaultdict(list)
    for reply in replies:
        by_fact[reply.fact].append(reply)
        by_phrasing[reply.fact[1], reply.pattern].append(reply)
    several = [replies_of_one for replies_of_one in by_fact.values() if len(replies_of_one) > 1]
    return FactScores(
        facts=len(by_fact),
        p_at_1=interval(
            [_mean(map(_is_right, replies_of_one)) for replies_of_one in by_fact.values()]
        ),
        mrr=interval(
            [_mean(map(_reciprocal, replies_of_one)) for replies_of_one in by_fact.values()]
        ),
        consistency=interval(
            [consistency([reply.said for reply in replies_of_one]) for replies_of_one in several]
        ),
        consistent_right=interval(
            [float(all(map(_is_right, replies_of_one))) for replies_of_one in several]
        ),
        chance=_mean(replies_of_one[0].chance for replies_of_one in by_fact.values()),
        commonest=_mean(replies_of_one[0].commonest for replies_of_one in by_fact.values()),
        phrasings=tuple(
            PhrasingScore(
                *key,
                interval([*map(_is_right, replies_of_one)]),
                interval([*map(_reciprocal, replies_of_one)]),
            )
            for key, replies_of_one in sorted(by_phrasing.items())
        ),
    )


def consistency(said: Sequence[str | None]) -> float:
    """The share of pairs of answers that are equal; nan for fewer than two answers."""
    return _mean(first == second for first, second in combinations(said, 2))


def _is_right(reply: Reply) -> float:
    return float(reply.rank == 1)


def _reciprocal(reply: Reply) -> float:
    return 1 / reply.rank if reply.rank is not None else 0.0


def _mean(values: Iterable[float]) -> float:
    listed = list(values)
    return sum(listed) / len(listed) if listed else float("nan")
