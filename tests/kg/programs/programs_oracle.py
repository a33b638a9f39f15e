"""Evaluates programs over Python sets: the oracle of the evaluation in SQL.

Values are written here together with their quantities, so that no code of kptm converts them.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from fractions import Fraction

from kg import Literal, ValueKey
from kg.programs import (
    Compare,
    Difference,
    Exists,
    Follow,
    Having,
    Intersection,
    Named,
    OfType,
    Subtract,
    Superlative,
    Union,
)
from kg.vocabulary import TYPE, XSD

INTEGER, DECIMAL, YEAR, DATE = (f"{XSD}{name}" for name in ("integer", "decimal", "gYear", "date"))
MILE = Fraction("1609.344")
BIG = 10**25


def _days(year, month=1, day=1):
    """Days from 1 January of the year 1, by Python's own calendar.

    Years before it by cycles of 400.
    """
    from datetime import date

    cycles = (year - 1) // 400 if year < 1 else 0
    return date(year - 400 * cycles, month, day).toordinal() + cycles * 146_097


def _span(first, last):
    return "date", Fraction(86_400 * first), Fraction(86_400 * last + 86_399)


def _point(dimension, number):
    return dimension, Fraction(number), Fraction(number)


VALUES = {
    Literal("3", INTEGER): _point("", 3),
    Literal("03", INTEGER): _point("", 3),
    Literal("-7", INTEGER): _point("", -7),
    Literal("2.5", DECIMAL): _point("", "2.5"),
    Literal("2.50", f"{XSD}double"): _point("", "2.5"),
    Literal("1e3", f"{XSD}double"): _point("", 1000),
    Literal(str(BIG), INTEGER): _point("", BIG),
    Literal(str(BIG + 1), INTEGER): _point("", BIG + 1),
    Literal("1,500"): _point("", 1500),
    Literal("2000"): _point("", 2000),
    Literal("5", INTEGER, unit="km"): _point("m", 5000),
    Literal("5000", INTEGER, unit="metre"): _point("m", 5000),
    Literal("3", INTEGER, unit="mi"): _point("m", 3 * MILE),
    Literal("3.5", DECIMAL, unit="miles"): _point("m", MILE * Fraction("3.5")),
    Literal("4", INTEGER, unit="km²"): _point("m²", 4_000_000),
    Literal("2", INTEGER, unit="square mile"): _point("m²", 2 * MILE**2),
    Literal("9", INTEGER, unit="smoot"): _point("smoot", 9),
    Literal("1990", YEAR): _span(_days(1990), _days(1990, 12, 31)),
    Literal("1990-05-03", DATE): _span(_days(1990, 5, 3), _days(1990, 5, 3)),
    Literal("1991-01", f"{XSD}gYearMonth"): _span(_days(1991), _days(1991, 1, 31)),
    Literal("-0043", YEAR): _span(_days(-43), _days(-43, 12, 31)),
    Literal("0000-03-01", DATE): _span(_days(0, 3, 1), _days(0, 3, 1)),
    Literal("1990-05-03T12:00:00Z", f"{XSD}dateTime"): _point(
        "date", 86_400 * _days(1990, 5, 3) + 43_200
    ),
    Literal("nothing"): None,
    Literal("5", language="en"): None,
    Literal("true", f"{XSD}boolean"): None,
}
"""Values and what they measure: the dimension, the least and the greatest in the base unit.

None of no number.
"""

FACTORS = {
    "": 1,
    "km": 1000,
    "metre": 1,
    "mi": MILE,
    "miles": MILE,
    "km²": 10**6,
    "square mile": MILE**2,
    "smoot": 1,
}


@dataclass(frozen=True)
class Fact:
    """A fact: its tail is a key or a Literal; when is a pair of years, or None."""

    head: str
    relation: str
    tail: str | Literal
    when: tuple[int, int] | None = None


def as_node(tail):
    return ValueKey(tail) if isinstance(tail, Literal) else tail


class Oracle:
    """Programs over a set of facts.

    ``follow`` is the graph's, by which the first of several values is known.
    """

    def __init__(self, facts, follow):
        self.follow = follow
        self.facts = [fact for fact in facts if fact.relation != TYPE]
        self.types = {(fact.head, fact.tail.value) for fact in facts if fact.relation == TYPE}
        self.names = {fact.head for fact in facts} | {as_node(fact.tail) for fact in self.facts}

    def step(self, sources, step, away=(), during=None):
        """Pairs (source, reached) of a step."""
        pairs = {
            (here, there)
            for fact in self.facts
            if fact.relation == step.relation and _holds(fact, during)
            for ends in [(fact.head, as_node(fact.tail))]
            for here, there in [ends if step.forward else ends[::-1]]
        }
        return {(a, b) for a, b in pairs if a in sources and not {a, b} & set(away)}

    def nodes(self, program):
        match program:
            case Named(keys):
                return self.names & set(keys)
            case OfType(name):
                return {head for head, type_ in self.types if type_ == name}
            case Having(step):
                return {here for here, _ in self.step(self.names, step)}
            case Follow():
                return {there for _, there in self.pairs(program)}
            case Intersection(left, right):
                return self.nodes(left) & self.nodes(right)
            case Union(left, right):
                return self.nodes(left) | self.nodes(right)
            case Difference(left, right):
                return self.nodes(left) - self.nodes(right)
            case Superlative():
                return self._superlative(program)
            case Compare():
                return self._compare(program)
        raise AssertionError(program)

    def pairs(self, program):
        start = program.source
        while isinstance(start, Follow):
            start = start.source
        several = isinstance(program.source, Follow) and isinstance(start, Named)
        begin = self.nodes(start) if several else set()
        away = begin if len(begin) == 1 else ()
        return self.step(self.nodes(program.source), program.step, away, program.during)

    def reached(self, here, steps):
        """The nodes at the end of a path from a node, without the node itself."""
        found = {here}
        for step in steps:
            away = {here} if len(steps) > 1 and step is not steps[0] else set()
            found = {b for a, b in self.step(found, step) if a not in away}
            if len(steps) > 1:
                found -= {here}
        return found

    def sizes(self, base, measure):
        """(node, quantity) for each value of each node."""
        if measure.count:
            among = None if measure.among is None else self.nodes(measure.among)
            for here in base:
                there = self.reached(here, measure.steps)
                yield here, _point("", len(there if among is None else there & among))
            return
        if not measure.is_value:
            for here in base:
                number = self.number(measure.of(Named((here,))))
                if number is not None:
                    yield here, _point(*number)
            return
        for here in base:
            for there in self.reached(here, measure.steps):
                if isinstance(there, ValueKey) and VALUES[there.literal] is not None:
                    yield here, VALUES[there.literal]

    def _superlative(self, program):
        base = self.nodes(program.base)
        rows = list(self.sizes(base, program.measure))
        if program.measure.count and program.order == "max":
            rows = [row for row in rows if row[1][1]]
        main = main_dimension(size for _, size in rows)
        best = {}
        choose = max if program.order == "max" else min
        for here, (dimension, *size) in rows:
            if dimension == main:
                best[here] = choose(best.get(here, size), size)
        ranks = sorted({tuple(size) for size in best.values()}, reverse=program.order == "max")
        chosen = set()
        for wanted in ranks[program.rank - 1 :]:
            if len(chosen) >= program.count:
                break
            chosen |= {here for here, size in best.items() if tuple(size) == wanted}
        return chosen

    def _compare(self, program):
        value = self.value(program.value)
        if value is None or VALUES.get(value) is None:
            return set()
        rows = list(self.sizes(self.nodes(program.base), program.measure))
        literals = [
            there.literal
            for here in self.nodes(program.base)
            for there in self.reached(here, program.measure.steps)
            if not program.measure.count and isinstance(there, ValueKey) and VALUES[there.literal]
        ]
        other = VALUES[value] if program.measure.count else stated(value, literals)
        if program.measure.count and other[0] != "":
            other = (
                ("", Fraction(value.value), Fraction(value.value)) if other[0] != "date" else None
            )
        return {here for here, size in rows if other and compares(size, program.comparison, other)}

    def value(self, program):
        """The first number or date of a program: a value, or the end of a step from one node."""
        if isinstance(program, Named):
            return next((key.literal for key in program.keys if isinstance(key, ValueKey)), None)
        (key,) = program.source.keys
        ends = [x for x in self.follow(key, [program.step]) if isinstance(x, ValueKey)]
        assert set(ends) == {x for x in self.nodes(program) if isinstance(x, ValueKey)}
        found = [there.literal for there in ends]
        return next((value for value in found if VALUES[value] is not None), None)

    def values(self, program):
        """The values of a set that are numbers or dates; of a step once for each node."""
        if isinstance(program, Follow):
            found = [there for _, there in self.pairs(program)]
        else:
            found = self.nodes(program)
        literals = [key.literal for key in found if isinstance(key, ValueKey)]
        return [value for value in literals if VALUES[value] is not None]

    def number(self, program):
        """The number of an aggregate or a difference in base units, and its dimension.

        None of none.
        """
        if isinstance(program, Subtract):
            left, right = (self.value(side) for side in (program.left, program.right))
            if left is None or right is None or VALUES[left] is None or VALUES[right] is None:
                return None
            return difference(left, right)
        if program.function == "count":
            return "", Fraction(len(self.nodes(program.source)))
        values = self.values(program.source)
        main = main_dimension(VALUES[value] for value in values)
        sizes = sorted(VALUES[value][1:] for value in values if VALUES[value][0] == main)
        if not sizes or (main == "date" and program.function in ("sum", "mean")):
            return None
        if program.function in ("max", "min"):
            return main, (sizes[-1] if program.function == "max" else sizes[0])[0]
        total = sum(low for low, _ in sizes)
        return main, total / (len(sizes) if program.function == "mean" else 1)

    def truth(self, program):
        if isinstance(program, Exists):
            return bool(self.nodes(program.source))
        left = self.nodes(program.left)
        return bool(left) and left <= self.nodes(program.right)


def main_dimension(sizes):
    counts = Counter(size[0] for size in sizes)
    return min(counts, key=lambda name: (-counts[name], name), default=None)


def as_year(size):
    """A plain number as a year."""
    dimension, year, _ = size
    if dimension or year.denominator != 1 or abs(year) >= 10_000:
        return None
    return _span(_days(int(year)), _days(int(year), 12, 31))


DIFFERENCES = ("years", "days", "seconds")


def difference(left, right):
    """The dimension of a difference and how much it is."""
    one, two = VALUES[left], VALUES[right]
    is_year = [
        value.datatype == YEAR or size[0] == "" for value, size in ((left, one), (right, two))
    ]
    if {one[0], two[0]} == {"", "date"}:
        one, two = (as_year(size) if size[0] == "" else size for size in (one, two))
    if one is None or two is None or one[0] != two[0]:
        return None
    apart = one[1] - two[1]
    if one[0] != "date":
        return one[0], apart
    if all(is_year):
        return "years", round(apart / Fraction(86_400) / Fraction("365.2425"))
    return ("seconds", apart) if apart % 86_400 else ("days", apart / 86_400)


def stated(value, literals):
    """A value among others: a bare number has their commonest unit, or is a year among dates."""
    size = VALUES[value]
    main = main_dimension(VALUES[other] for other in literals)
    if size[0] or main is None:
        return size
    if main == "date":
        return as_year(size)
    units = Counter(other.unit for other in literals if VALUES[other][0] == main)
    unit = min(units, key=lambda name: (-units[name], name))
    return (main, size[1] * FACTORS[unit], size[1] * FACTORS[unit])


def compares(size, comparison, other):
    (dimension, low, high), (other_dimension, other_low, other_high) = size, other
    if dimension != other_dimension:
        return False
    within = other_low <= low and high <= other_high
    return {
        "<": high < other_low, "<=": high <= other_high, ">": low > other_high,
        ">=": low >= other_low, "=": within, "!=": not within,
    }[comparison]  # fmt: skip


def _holds(fact, during):
    if during is None or fact.when is None:
        return True
    start, end = int(during.start or -9999), int(during.end or 9999)
    return fact.when[0] <= end and start <= fact.when[1]
