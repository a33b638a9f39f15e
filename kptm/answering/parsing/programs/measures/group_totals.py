"""Measures of groups by the sum of a number of their members: "who paid the most money"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg.programs import Follow, Measure, Named
from kg.values.base_quantities import DATE
from kptm.answering.lexicon import load
from kptm.answering.parsing.programs.builder import is_value

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kg.types import Step
    from kptm.answering.lexicon import Match
    from kptm.answering.parsing.derivation import Derivation
    from kptm.answering.parsing.programs.builder import Builder

ADDING = frozenset(("sum", "mean"))
"""Kinds of the operators "in total" and "average"."""
SIZE = "size"
"""The hint of words such as "biggest", which count members if the things have no number."""
MAX_MEMBERS = 60
"""The most members whose numbers are looked up."""
MAX_GROUPS = 200
"""The most groups that are measured, each by a query."""
UNIT_NAME_SHARE = 0.6
"""How well the unit of a number names it: "the most kilos"."""


def group_totals(
    builder: Builder, groups: Sequence[str], step: Step, match: Match, used: int
) -> Iterator[tuple[Measure, dict[str, float], int]]:
    """Yield the sums of a number of each group's members that the question names.

    After "average" it is their mean: "which team has the highest average age".

    Args:
        builder: The builder of the question's derivations.
        groups: The groups.
        step: A step from the groups to their members, backward along a relation.
        match: The operator. A comparison, and a superlative of one measure ("highest"), only apply
            to sums if the question has a word for a sum or mean.
        used: Bit mask of the tokens that are explained.

    Yields:
        (measure, features, bit mask of the tokens that it explains).
    """
    question, knowledge = builder.question, builder.knowledge
    most = match.kind == "superlative" and (match.generic or SIZE in match.hints)
    adds = {item.kind for item in question.operators} & ADDING
    if len(groups) > MAX_GROUPS or is_value(groups) or not (most or adds):
        return
    members = knowledge.evaluate(Follow(Named(tuple(groups)), step)).nodes[:MAX_MEMBERS]
    member = question.relations.evidence(step.relation, used)
    own = knowledge.measures(tuple(groups)[:MAX_MEMBERS])
    for last, dimension in knowledge.measures(members).items():
        if dimension == DATE or builder.has_years(last.relation) or not last.forward:
            continue
        if last in own:
            continue  # "the most passengers" are those of a station itself
        number = question.relations.evidence(last.relation, used | member.mask)
        mask = number.mask or _unit_words(builder, last.relation)
        counted = any(item.type and item.mask & mask for item in question.types)
        if not mask or counted:  # "the most moons" are counted, and not the "known moons" of each
            continue
        features = {"measure_name": number.recall or UNIT_NAME_SHARE, "totalled": 1.0}
        measure = Measure((step, last), adds="mean" if "mean" in adds else "sum")
        yield measure, features, mask | member.mask


def adding_words(builder: Builder, part: Derivation) -> list[int]:
    """The indices of the operators "in total" and "average" that a set does not use.

    Args:
        builder: The builder of the question's derivations.
        part: The set.
    """
    return [
        at
        for at, item in enumerate(builder.question.operators)
        if item.kind in ADDING and not part.operators >> at & 1
    ]


def _unit_words(builder: Builder, relation: str) -> int:
    """Bit mask of the words for the unit of a relation: "kilos" for "yield (kg)"."""
    words = builder.schema.relations.get(relation)
    if words is None or not words.unit:
        return 0
    question = builder.question
    return sum(
        1 << at
        for at, token in enumerate(question.tokens)
        if words.unit in load().units(token, question.language)
    )
