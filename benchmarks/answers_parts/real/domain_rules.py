"""Short functions that state the gold answer of a question over the facts of a table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from .gold import Gold
from .newcomer import Facts

Rule = Callable[[Facts], Gold]
Rows = Sequence[tuple[str, str, Rule]]
"""(kind of question, question, the rule of its gold answer)."""
Set = Callable[[Facts], Iterable[str]]


def refused(_: Facts) -> Gold:
    """No answer: the graph lacks the fact."""
    return Gold(refusal=True)


def stated(*values: str) -> Rule:
    """The given values, whatever the graph holds."""
    return lambda _: Gold.of(values)


def of(head: str, relation: str) -> Rule:
    """The values of a head's relation."""
    return lambda f: Gold.of(f.of(head, relation))


def having(relation: str, value: str) -> Rule:
    """The heads with a value of a relation."""
    return lambda f: Gold.of(f.having(relation, value))


def any_of(*sets: Set) -> Rule:
    """Any one of several sets; if one of them is empty, no answer is correct, too."""

    def rule(f: Facts) -> Gold:
        readings = [frozenset(one(f)) for one in sets]
        return Gold(tuple(reading for reading in readings if reading), refusal=not all(readings))

    return rule


def the(one: Set) -> Rule:
    """A set; no answer if it is empty."""
    return lambda f: Gold.of(one(f))


def count(one: Set) -> Rule:
    """The size of a set."""
    return lambda f: Gold.of([str(len(set(one(f))))])


def number_of(f: Facts, head: str, relation: str) -> float | None:
    """The number of a head's relation, or None."""
    return f.number(head, relation) if f.of(head, relation) else None


def where(relation: str, test: Callable[[float], bool]) -> Set:
    """The heads whose number passes a test."""

    def matching_heads(f: Facts) -> set[str]:
        numbers = {head: number_of(f, head, relation) for head in f.heads}
        return {head for head, number in numbers.items() if number is not None and test(number)}

    return matching_heads


def ranked(relation: str, place: int, among: Set | None = None) -> Set:
    """The heads at a place in the order of their numbers: 0 is the smallest, -1 the largest."""

    def heads_at_place(f: Facts) -> set[str]:
        heads = f.heads if among is None else set(among(f))
        numbers = {x: n for x in heads if (n := number_of(f, x, relation)) is not None}
        wanted = sorted(set(numbers.values()))[place]
        return {head for head, number in numbers.items() if number == wanted}

    return heads_at_place
