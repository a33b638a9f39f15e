"""Gold for a newcomer's questions over a table of countries, computed from the table.

The questions stay where they are: a rule belongs to the first digits of a question's SHA-256. What
the table cannot answer (populations of cities, time zones, presidents) is right when it is refused.
A question that can be read in several ways has several right sets.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from typing import TYPE_CHECKING

from .asking import ask
from .cases import Case
from .gold import Gold

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from kptm import Workspace

    from .asking import Outcome

    Rule = Callable[["Facts"], Gold]

DIGEST = 6
FOLLOW_UPS = "followup"
"""The group of questions that go on from each other."""


class Facts:
    """The table, as sets."""

    def __init__(self, rows: Iterable[tuple[str, str, str]]) -> None:
        self._ends: dict[tuple[str, str], set[str]] = defaultdict(set)
        self._starts: dict[tuple[str, str], set[str]] = defaultdict(set)
        self.heads: set[str] = set()
        for head, relation, tail in rows:
            self.heads.add(head)
            self._ends[head, relation].add(tail)
            self._starts[relation, tail].add(head)

    @classmethod
    def read(cls, path: Path) -> Facts:
        """The table of a file of ``country⇥relation⇥value`` lines."""
        lines = path.read_text(encoding="utf-8").splitlines()
        return cls(tuple(line.split("\t")) for line in lines)  # type: ignore[arg-type]

    def of(self, country: str, relation: str) -> set[str]:
        """What a country has."""
        return set(self._ends[country, relation])

    def having(self, relation: str, value: str) -> set[str]:
        """The countries that have it."""
        return set(self._starts[relation, value])

    def number(self, country: str, relation: str) -> float:
        """The one number of a country, without its unit."""
        (value,) = self._ends[country, relation]
        return float(value.partition(" ")[0])

    def most(self, relation: str, among: Iterable[str]) -> set[str]:
        """Those with the greatest number."""
        numbers = {country: self.number(country, relation) for country in among}
        return {country for country in numbers if numbers[country] == max(numbers.values())}

    def fewest(self, relation: str) -> set[str]:
        """Those with the smallest number of all."""
        numbers = {country: self.number(country, relation) for country in self.heads}
        return {country for country in numbers if numbers[country] == min(numbers.values())}

    def most_neighbours(self) -> set[str]:
        """Those that border the most."""
        counts = {country: len(self.of(country, "borders")) for country in self.heads}
        return {country for country in counts if counts[country] == max(counts.values())}


def _is(*values: str) -> Gold:
    return Gold.of(values)


def _set(values: Iterable[str], *others: Iterable[str], some: int = 0) -> Gold:
    return Gold(tuple(frozenset(found) for found in (values, *others)), some=some)


def _or_refused(*values: str) -> Gold:
    return Gold((frozenset(values),), refusal=True)


def _count(values: Iterable[str]) -> Gold:
    return _is(str(len(set(values))))


def _of(country: str, relation: str) -> Rule:
    return lambda f: _set(f.of(country, relation))


def _having(relation: str, value: str) -> Rule:
    return lambda f: _set(f.having(relation, value))


def _refused(_: Facts) -> Gold:
    return Gold(refusal=True)


def _smallest(f: Facts) -> Gold:
    """By area or population; of an area of 0, that is rounded, the next may be meant."""
    areas = f.fewest("area in km2")
    rest = f.heads - areas
    next_one = {min(rest, key=lambda country: f.number(country, "area in km2"))}
    return _set(areas, next_one, f.fewest("population"), some=1)


def _few_people(f: Facts) -> Gold:
    numbers = {country: f.number(country, "population") for country in f.heads}
    found = {country for country, number in numbers.items() if number < 10_000}
    return _set(found, {country for country in found if numbers[country]})


def _many_people(f: Facts) -> Gold:
    return _set(x for x in f.heads if f.number(x, "population") > 200_000_000)


def _largest_african(f: Facts) -> Gold:
    african = f.having("continent", "Africa")
    return _set(f.most("area in km2", african), f.most("population", african))


def _capitals_of(countries: Callable[[Facts], set[str]]) -> Rule:
    return lambda f: _set(
        capital for country in countries(f) for capital in f.of(country, "capital")
    )


def _not_bordering_germany(f: Facts) -> Gold:
    others = f.heads - f.having("borders", "Germany")
    return _set(others, others - {"Germany"})


def _of_congo(f: Facts) -> Gold:
    both = [f.of(x, "capital") for x in f.heads if x.endswith("Republic of the Congo")]
    return _set(set().union(*both), *both)


RULES: dict[str, Rule] = {
    # plain
    "d832be": _of("France", "capital"),
    "4ca9e0": _of("Japan", "capital"),
    "a68cc0": _of("Japan", "currency"),
    "a249e4": _of("Switzerland", "currency"),
    "31a7d5": lambda f: _set(f.of("Brazil", "language"), {"Portuguese"}),
    "701232": _having("province", "Osaka"),
    "73cc7f": _refused,
    "4554e3": _of("Egypt", "continent"),
    "212b12": _of("Switzerland", "demonym"),
    "84cc1d": _refused,
    "11df1e": _of("Austria", "borders"),
    # keywords, numbers
    "a82796": _of("Japan", "capital"),
    "b05385": _of("Brazil", "population"),
    "b551c7": _of("Brazil", "population"),
    "5715b5": _of("Canada", "population"),
    "ca68a1": _of("Germany", "area in km2"),
    "10f342": _of("Egypt", "area in km2"),
    "3f647c": _of("Austria", "calling code"),
    "7f5b4e": _having("calling code", "81"),
    "9d71c5": _having("internet domain", ".ch"),
    # the other way round
    "826f1d": _having("capital", "London"),
    "6ba6b7": _having("currency", "Euro"),
    "786335": _having("language", "Portuguese"),
    "af07a1": _having("continent", "South America"),
    "6aa2b0": lambda _: _or_refused("Bern"),  # the only one that the table knows
    "3820b8": _having("borders", "Germany"),
    # superlatives
    "412884": lambda f: _set(f.most("population", f.heads)),
    "f8bf3b": _smallest,
    "e42d30": _refused,
    "ee8bd2": _largest_african,
    "a6d23b": _refused,
    "c72f36": lambda f: _set(f.most_neighbours(), {"China"}),  # one of two in this table
    # counts
    "265b4d": lambda f: _count(f.having("continent", "Africa")),
    "9cc977": lambda f: _count(f.having("borders", "Germany")),
    "670268": lambda f: _count(f.having("currency", "Euro")),
    "7adec3": lambda f: _count(f.of("Switzerland", "language")),
    # yes or no
    "1b5cc6": lambda _: _is("yes"),
    "12e21e": lambda _: _or_refused("no"),  # the table lacks Sydney
    "eefe60": lambda _: _is("yes"),
    "dd6710": lambda _: _is("no"),
    "11b06f": lambda _: _is("yes"),
    "412e3a": lambda _: _is("no"),
    "8685c4": lambda _: _is("no"),
    # comparisons, two conditions
    "eade77": _refused, "ce0a38": _many_people, "5d3b47": _few_people,
    "160c5d": lambda f: _set(f.having("borders", "France") & f.having("borders", "Germany")),
    "ca5bcc": lambda f: _set(f.having("language", "Spanish") & f.having("continent",
    "South America")),
    "fa7df5": _refused,  # there are none
    "9adf26": lambda f: _set(f.having("language", "Portuguese") & f.having("continent", "Africa")),
    "cebecf": _capitals_of(lambda _: {"France", "Germany"}),
    # negation
    "515789": _not_bordering_germany,
    "99827a": lambda f: _set(f.having("continent", "Europe") - f.having("currency", "Euro")),
    "e2f78f": lambda f: _set(x for x in f.heads if not f.of(x, "borders")),
    # two hops
    "e81c9b": _capitals_of(lambda f: f.having("province", "Osaka")),
    "caafec": _refused,
    "981584": _capitals_of(lambda f: f.of("Austria", "borders")),
    "0f3883": _of("Austria", "language"),
    # slips of the pen
    "8a7d82": _of("France", "capital"),
    "ae5c89": _of("Brazil", "capital"),
    "553779": _having("borders", "Switzerland"),
    "35aacb": _of("Germany", "capital"),
    "ae0435": _of("Canada", "population"),
    # other languages; a name that the table has not may be unknown
    "725368": _of("France", "capital"),
    "e3b7cb": _of("Japan", "capital"),
    "a7013f": _of("Brazil", "currency"),
    "7b05dd": lambda f: _or_refused(*f.of("Japan", "capital")),
    "e0a57e": lambda f: _or_refused(*f.having("borders", "Germany")),
    # lists
    "4290b0": _having("continent", "Oceania"),
    "8d7f56": _of("Canada", "province"),
    "05179b": lambda _: _or_refused("Cairo"),  # the only one that the table knows
    # what goes on from the question before it
    "818a9b": _of("Peru", "capital"),
    "473fa7": _of("Chile", "capital"),
    "f53c92": _of("Chile", "currency"),
    # dates, and what nobody can answer from the table
    "759d22": _refused,
    "b63913": _refused,
    "8e026c": _refused,
    "a9e8c0": _refused,
    "9769a2": _refused,
    "11c1c4": _refused,
    "bd006e": _refused,
    "f112e7": _refused,
    # ambiguous
    "8175df": _of("Georgia", "capital"),
    "eae87d": _having("province", "Birmingham"),
    "539846": _having("province", "Valencia"),
    "16b2e8": _having("capital", "Tripoli"),
    "e69821": _refused,
    "0dd764": _of_congo,
    # talk
    "2cf24d": _refused,
    "8f3a61": lambda _: _is("France"),
    "b8f820": _refused,
}  # fmt: skip


def rule_of(question: str) -> Rule:
    """The rule of a question.

    Raises:
        KeyError: There is none: the file has other questions than those that the rules were written
            for.
    """
    return RULES[digest(question)]


def digest(question: str) -> str:
    """The key of a question's rule."""
    return hashlib.sha256(question.encode()).hexdigest()[:DIGEST]


def newcomer(folder: Path) -> list[Case]:
    """The questions, in lower case, in their order."""
    facts = Facts.read(folder / "countries.tsv")
    lines = (folder / "questions-geo.tsv").read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t") for line in lines]
    return [Case(row[1].lower(), rule_of(row[1])(facts), row[0]) for row in rows]


def ask_newcomer(ws: Workspace, cases: Sequence[Case]) -> list[Outcome]:
    """Ask them; a list has to be complete, and follow-ups are asked in a conversation."""
    alone = [case for case in cases if case.group != FOLLOW_UPS]
    others = [case for case in cases if case.group == FOLLOW_UPS]
    found = ask(ws, alone, strict=True)
    return found + ask(ws.conversation(), others, strict=True, warm=False)
