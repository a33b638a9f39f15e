"""Finds programs that cannot be meant: operations without effect, a measure of other entities."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg.programs import Aggregate, Compare, Difference, Follow, Having, Named, Superlative, parts

if TYPE_CHECKING:
    from kg.programs import Program
    from kptm.answering.parsing.knowledge import Knowledge

MAX_SMALL_SET = 3
"""A superlative may choose most members of a set only if the set has at most this many."""


def is_other_implicit(program: Program) -> bool:
    """Whether a program takes entities that have one relation, but measures them by another.

    For "who took office after 2010", it should not take the entities that have "left office".
    """
    measured = {
        part.measure.steps[0]
        for part in parts(program)
        if isinstance(part, (Compare, Superlative)) and part.measure.is_value
    }
    sets = {part.step for part in parts(program) if isinstance(part, Having) and part.step.forward}
    return bool(measured and sets) and measured.isdisjoint(sets)


def count_vacuous(program: Program, knowledge: Knowledge) -> int:
    """The number of operations of a program that have no effect.

    They are superlatives that choose a whole set, or most of a larger one; comparisons of a count
    that a whole set passes; counts of a superlative and sums and means, if there is only one node;
    and differences of sets that cannot overlap, such as films without countries.
    """
    count = 0
    for part in parts(program):
        if isinstance(part, Superlative):
            base, chosen = knowledge.evaluate(part.base).size, knowledge.evaluate(part).size
            most = base > MAX_SMALL_SET and 2 * chosen > base  # most share the greatest value
            count += part.rank == part.count == 1 and (base == chosen or most)
        elif isinstance(part, Compare) and part.measure.count:
            base = knowledge.evaluate(part.base).size
            count += base > MAX_SMALL_SET and knowledge.evaluate(part).size == base
        elif isinstance(part, Aggregate):
            is_single = isinstance(part.source, Superlative) or part.function in ("sum", "mean")
            count += is_single and not _is_measured(part.source, knowledge)
        elif isinstance(part, Difference):
            # Siblings are without the one whose parents' children they are.
            own = isinstance(part.right, Named) and part.right in parts(part.left)
            count += not own and not knowledge.are_alike(part.left, part.right)
    return count


def _is_measured(source: Program, knowledge: Knowledge) -> bool:
    """Whether a sum or mean is over several nodes; two of them may have the same value."""
    while isinstance(source, Follow) and knowledge.evaluate(source).size == 1:
        source = source.source
    return knowledge.evaluate(source).size > 1
