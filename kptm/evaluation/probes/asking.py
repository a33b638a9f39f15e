"""Asks each fact in every phrasing of its relation."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from kptm.evaluation.fusion.fact_probing import first, make_probes, model_scores
from kptm.evaluation.probes.watching import eval_mode

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kptm.evaluation.fusion.fact_probing import Probe, SplitFact
    from kptm.fusion import FusedModel

Fact = tuple[str, str, str]
"""Head, relation, tail."""


class Reply(NamedTuple):
    """The model's answer to a fact in one phrasing.

    Attributes:
        fact: The fact.
        pattern: The phrasing.
        said: The key that the model ranks first; None if no candidate has a vector.
        rank: The rank of the right entity; None if it has no vector.
        chance: The probability that a random candidate is right.
        commonest: Whether the relation's most common object is right.
    """

    fact: Fact
    pattern: str
    said: str | None
    rank: int | None
    chance: float
    commonest: bool


def ask_phrasings(
    model: FusedModel,
    facts: Sequence[SplitFact],
    phrasings: Mapping[str, Sequence[str]],
    labels: Mapping[str, str],
    *,
    with_knowledge: bool = True,
) -> tuple[list[Reply], int]:
    """The replies, phrasing by phrasing, and the number of questions that could not be asked."""
    often = Counter((relation, tail) for _, relation, tail, _ in facts)
    replies: list[Reply] = []
    unasked = 0
    with eval_mode(model):
        for place in range(max(map(len, phrasings.values()), default=0)):
            pattern_of = {
                key: patterns[place] for key, patterns in phrasings.items() if place < len(patterns)
            }
            all_probes = make_probes(facts, pattern_of, labels)
            probes = [probe for probe in all_probes if _can_ask(model, probe)]
            unasked += len(all_probes) - len(probes)
            scores = model_scores(model, probes, use_knowledge=with_knowledge)
            for probe, p in zip(probes, scores, strict=True):
                replies.append(_reply(probe, pattern_of[probe.relation], p, often))
    return replies, unasked


def _can_ask(model: FusedModel, probe: Probe) -> bool:
    """Whether the blank and the subject are both within the model's maximum length."""
    encoded = model.encoder.encode(probe.cloze)
    return len(encoded.blanks) == 1 and bool(encoded.spans)


def _reply(
    probe: Probe, pattern: str, p: dict[str, float], often: Counter[tuple[str, str]]
) -> Reply:
    usual = max(probe.candidates, key=lambda key: (often[probe.relation, key], key))
    rank = None
    if probe.answer in p:
        own = (p[probe.answer], probe.answer)  # ties as `first` breaks them
        rank = 1 + sum((value, key) > own for key, value in p.items())
    return Reply(
        (probe.head, probe.relation, probe.answer),
        pattern,
        first(p),
        rank,
        1 / len(probe.candidates),
        usual == probe.answer,
    )
