"""Programs: queries over a graph as immutable expressions.

A program denotes a set of nodes (keys of entities, or values), a number, or a truth value. It is
composed of the classes below, as in lambda dependency-based compositional semantics (Liang 2013).
The capitals of the states that border Texas are ::

    Follow(Follow(Named(("state:texas",)), Step("borders", forward=False)), Step("capital"))

``str(program)`` is an expression for people to read: ``Texas.borders⁻¹.capital``.
:meth:`kg.KnowledgeGraph.evaluate` evaluates a program; :meth:`kg.programs.Evaluator.facts` finds
the facts behind its result.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from kg.types import Literal as Value
from kg.types import Step
from kg.values.node import value_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Comparison: TypeAlias = Literal["<", "<=", ">", ">=", "=", "!="]
Order: TypeAlias = Literal["max", "min"]
Function: TypeAlias = Literal["count", "sum", "mean", "max", "min"]


@dataclass(frozen=True, slots=True)
class Period:
    """A period from ``start`` to ``end``, both ISO 8601 dates or years, "" for open ends.

    A fact counts if it held at any moment of the period.
    """

    start: str
    end: str

    def __str__(self) -> str:
        return self.start if self.start == self.end else f"{self.start}…{self.end}"


@dataclass(frozen=True, slots=True)
class Named:
    """Entities, or values (:class:`kg.ValueKey`), by their keys."""

    keys: tuple[str, ...]

    def __str__(self) -> str:
        return self.keys[0] if len(self.keys) == 1 else "{" + ", ".join(self.keys) + "}"


@dataclass(frozen=True, slots=True)
class OfType:
    """All entities of a type."""

    type: str

    def __str__(self) -> str:
        return f"type:{self.type}"


@dataclass(frozen=True, slots=True)
class Having:
    """All nodes with a step: ``Having(Step("capital"))`` denotes everything that has a capital."""

    step: Step

    def __str__(self) -> str:
        return f"has:{_step(self.step)}"


@dataclass(frozen=True, slots=True)
class Follow:
    """The nodes that a step leads to from any node of ``source``, in a period if one is given."""

    source: Program
    step: Step
    during: Period | None = None

    def __str__(self) -> str:
        when = "" if self.during is None else f"[{self.during}]"
        return f"{_inner(self.source)}.{_step(self.step)}{when}"


@dataclass(frozen=True, slots=True)
class Intersection:
    """The nodes in both ``left`` and ``right``."""

    left: Program
    right: Program

    def __str__(self) -> str:
        return f"{_inner(self.left)} ∩ {_inner(self.right)}"


@dataclass(frozen=True, slots=True)
class Union:
    """The nodes in ``left``, ``right`` or both."""

    left: Program
    right: Program

    def __str__(self) -> str:
        return f"{_inner(self.left)} ∪ {_inner(self.right)}"


@dataclass(frozen=True, slots=True)
class Difference:
    """The nodes in ``left`` that are not in ``right``."""

    left: Program
    right: Program

    def __str__(self) -> str:
        return f"{_inner(self.left)} − {_inner(self.right)}"


@dataclass(frozen=True, slots=True)
class Measure:
    """Measures each node of a set by a number or a date.

    Attributes:
        steps: The path from the node to its value, or with ``count`` to the nodes to count.
        count: Whether the measure is the number of nodes at the end of the path.
        among: Only nodes of this set are counted; None counts all.
        adds: Whether the values at the end of the path are added up, or their mean is taken: the
            amounts of a person's expenses.
        since: A step to a value that is subtracted: the start of a reign from its end.
    """

    steps: tuple[Step, ...]
    count: bool = False
    among: Program | None = None
    adds: Literal["", "sum", "mean"] = ""
    since: Step | None = None

    def __str__(self) -> str:
        path = ".".join(map(_step, self.steps))
        if self.adds:
            return f"{self.adds}({path})"
        if self.since is not None:
            return f"{path} - {_step(self.since)}"
        if not self.count:
            return path
        return f"count({path})" if self.among is None else f"count({path} ∩ {_inner(self.among)})"

    @property
    def is_value(self) -> bool:
        """Whether a node's value is in the graph, and not computed from several facts."""
        return not (self.count or self.adds or self.since)

    def of(self, source: Program) -> Program:
        """The program that denotes the measure of one node.

        Args:
            source: The program of the node.
        """
        ends = source
        for step in self.steps:
            ends = Follow(ends, step)
        if self.count:
            return Aggregate(
                "count", ends if self.among is None else Intersection(ends, self.among)
            )
        if self.adds:
            return Aggregate(self.adds, ends)
        return ends if self.since is None else Subtract(ends, Follow(source, self.since))


@dataclass(frozen=True, slots=True)
class Superlative:
    """The nodes of ``base`` with the greatest or least measure, including all ties.

    ``rank`` 1 is the greatest or least, 2 the second. ``count`` 3 takes three nodes from that rank
    on, best first, and all nodes that tie with the third.
    """

    base: Program
    measure: Measure
    order: Order
    rank: int = 1
    count: int = 1

    def __str__(self) -> str:
        rank = "" if self.rank == 1 else f", {self.rank}"
        count = "" if self.count == 1 else f", first {self.count}"
        return f"arg{self.order}({self.base}, {self.measure}{rank}{count})"


@dataclass(frozen=True, slots=True)
class Compare:
    """The nodes of ``base`` for which ``measure comparison value`` holds.

    ``value`` denotes one number or date. A node whose path leads nowhere has the count 0.
    """

    base: Program
    measure: Measure
    comparison: Comparison
    value: Program

    def __str__(self) -> str:
        return f"{_inner(self.base)}[{self.measure} {self.comparison} {self.value}]"


@dataclass(frozen=True, slots=True)
class Aggregate:
    """Aggregates a set: its size, or the sum, mean, maximum or minimum of its values."""

    function: Function
    source: Program

    def __str__(self) -> str:
        return f"{self.function}({self.source})"


@dataclass(frozen=True, slots=True)
class Subtract:
    """The number of ``left`` minus that of ``right``; for dates, the days between them.

    Attributes:
        left: The minuend.
        right: The subtrahend.
        years: For dates: the complete years between them, as of an age, instead of the days.
    """

    left: Program
    right: Program
    years: bool = False

    def __str__(self) -> str:
        return f"{_inner(self.left)} - {_inner(self.right)}{' in years' * self.years}"


@dataclass(frozen=True, slots=True)
class Within:
    """True if ``left`` is a nonempty subset of ``right``."""

    left: Program
    right: Program

    def __str__(self) -> str:
        return f"{_inner(self.left)} ⊆ {_inner(self.right)}"


@dataclass(frozen=True, slots=True)
class Exists:
    """True if ``source`` is not empty."""

    source: Program

    def __str__(self) -> str:
        return f"exists({self.source})"


Program: TypeAlias = (
    Named | OfType | Having | Follow | Intersection | Union | Difference | Superlative | Compare
    | Aggregate | Subtract | Within | Exists
)  # fmt: skip
"""Any program."""


def parts(program: Program) -> Iterator[Program]:
    """Yield the program and all programs within it, in pre-order."""
    yield program
    for child in children(program):
        yield from parts(child)


def children(program: Program) -> list[Program]:
    """The direct subprograms, including that of the measure's ``among``."""
    subprograms: list[Program] = []
    for field in program.__match_args__:  # its fields; dataclasses.fields() makes new objects
        value = getattr(program, field)
        if isinstance(value, Measure):
            subprograms += [] if value.among is None else [value.among]
        elif isinstance(value, _KINDS):
            subprograms.append(value)
    return subprograms


def readable(program: Program, name: Callable[[str], str]) -> str:
    """The program as an expression with names in place of keys.

    Args:
        program: The program.
        name: Returns the name of an entity, a relation, a type or a value from its key.
    """
    return str(_rename(program, name))


_KINDS = (
    Named, OfType, Having, Follow, Intersection, Union, Difference, Superlative, Compare, Aggregate,
    Subtract,
    Within, Exists,
)  # fmt: skip


def _rename(program: Program, name: Callable[[str], str]) -> Program:
    from dataclasses import replace

    def step(old: Step) -> Step:
        return Step(name(old.relation), old.forward)

    changed: dict[str, object] = {}
    for field in program.__match_args__:
        value = getattr(program, field)
        if field == "keys":
            changed[field] = tuple(_name_of(key, name) for key in value)
        elif isinstance(value, Step):
            changed[field] = step(value)
        elif isinstance(value, Measure):
            among = None if value.among is None else _rename(value.among, name)
            since = None if value.since is None else step(value.since)
            steps = tuple(map(step, value.steps))
            changed[field] = replace(value, steps=steps, among=among, since=since)
        elif isinstance(value, _KINDS):
            changed[field] = _rename(value, name)
    if isinstance(program, OfType):
        changed["type"] = name(program.type)
    return replace(program, **changed)  # type: ignore[arg-type]  # of the fields' own types


def _name_of(key: str, name: Callable[[str], str]) -> str:
    literal: Value | None = getattr(key, "literal", None)
    return name(key) if literal is None else value_text(literal)


def _step(step: Step) -> str:
    return step.relation if step.forward else f"{step.relation}⁻¹"


def _inner(program: Program) -> str:
    text = str(program)
    plain = isinstance(program, (Intersection, Union, Difference, Subtract, Within))
    return f"({text})" if plain else text
