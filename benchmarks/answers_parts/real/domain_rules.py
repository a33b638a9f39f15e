"""Short ways to say what is right, over the facts of a table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from .gold import Gold
from .newcomer import Facts

Rule = Callable[[Facts], Gold]
Rows = Sequence[tuple[str, str, Rule]]
"""(kind, question, what is right)."""
Set = Callable[[Facts], Iterable[str]]


def refused(_: Facts) -> Gold:
    """The graph cannot say."""
    return Gold(refusal=True)


def stated(*values: str) -> Rule:
    """These, whatever the graph says."""
    return lambda _: Gold.of(values)


def of(head: str, relation: str) -> Rule:
    """What a head has."""
    return lambda f: Gold.of(f.of(head, relation))


def having(relation: str, value: str) -> Rule:
    """The heads that have it."""
    return lambda f: Gold.of(f.having(relation, value))


def any_of(*sets: Set) -> Rule:
    """One of several sets; an empty one means that refusing is right, too."""

    def rule(f: Facts) -> Gold:
        found = [frozenset(one(f)) for one in sets]
        return Gold(tuple(one for one in found if one), refusal=not all(found))

    return rule


def the(one: Set) -> Rule:
    """A set; refused where it is empty."""
    return lambda f: Gold.of(one(f))


def count(one: Set) -> Rule:
    """How many there are."""
    return lambda f: Gold.of([str(len(set(one(f))))])


def number_of(f: Facts, head: str, relation: str) -> float | None:
    """The number of a head, where it has one."""
    return f.number(head, relation) if f.of(head, relation) else None


def where(relation: str, test: Callable[[float], bool]) -> Set:
    """The heads whose number is so."""

    def found(f: Facts) -> set[str]:
        numbers = {head: number_of(f, head, relation) for head in f.heads}
        return {head for head, number in numbers.items() if number is not None and test(number)}

    return found


def ranked(relation: str, place: int, among: Set | None = None) -> Set:
    """The heads at a place from the smallest number, 0 or more, or from the largest, -1 or less."""

    def found(f: Facts) -> set[str]:
        heads = f.heads if among is None else set(among(f))
        numbers = {x: n for x in heads if (n := number_of(f, x, relation)) is not None}
        wanted = sorted(set(numbers.values()))[place]
        return {head for head, number in numbers.items() if number == wanted}

    return found
