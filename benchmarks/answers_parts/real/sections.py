"""The newcomer's short lists of questions, each over a small graph, some after lessons.

With gold as in :mod:`newcomer`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from .cases import Case
from .gold import Gold
from .newcomer import Facts, ask_newcomer, digest, newcomer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from .asking import Outcome
    from .newcomer import Rule
    from .workspaces import Workspaces


@dataclass(frozen=True, slots=True)
class Section:
    """Questions over a graph.

    Attributes:
        graph: Its file.
        questions: Their file.
        lessons: Files that are learnt from before, one after the other.
    """

    graph: str
    questions: str
    lessons: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """For people."""
        return " after ".join(name.partition(".")[0] for name in (self.questions, *self.lessons))


LEARNT = "learn-300.tsv"
SECTIONS = (
    Section("geo.tsv", "q1-lowercase.txt"),
    Section("direction.tsv", "q7-direction.txt"),
    Section("geo.tsv", "q2-confident.txt"),
    Section("countries.tsv", "q4-untaught.txt"),
    Section("countries.tsv", "q4-untaught.txt", (LEARNT,)),
    Section("countries.tsv", "q11-two-conditions.txt"),
    Section("countries.tsv", "q11-two-conditions.txt", (LEARNT,)),
    Section("countries.tsv", "q10-yesno.txt"),
    Section("countries.tsv", "q10-yesno.txt", (LEARNT,)),
    Section("countries.tsv", "questions-geo.tsv", (LEARNT,)),
    Section("geo.tsv", "q3-learn.txt"),
    Section("geo.tsv", "q3-learn.txt", ("learn-a.tsv",)),
    Section("geo.tsv", "q3-learn.txt", ("learn-a.tsv", "learn-b.tsv")),
    Section("elements.tsv", "q8-when.txt"),
)


def _is(*values: str) -> Rule:
    return lambda _: Gold.of(values)


def _of(head: str, relation: str) -> Rule:
    return lambda f: Gold.of(f.of(head, relation))


def _not_bordering(f: Facts) -> Gold:
    """Countries are what lies in no country.

    Germany is or is not one that does not border itself.
    """
    countries = {x for x in f.heads if not f.of(x, "country")}
    others = countries - f.having("borders", "Germany")
    return Gold((frozenset(others), frozenset(others - {"Germany"})))


RULES: dict[str, Rule] = {
    # names in any letters
    "115049": _of("France", "capital"),
    "d832be": _of("France", "capital"),
    "7a1ca4": _is("France"),
    "eebe24": _of("France", "capital"),
    "80893e": _of("France", "capital"),
    # directions; nothing is turned round where the asked side is empty
    "b5ccfd": _is(),
    "9f128f": _is(),
    "04738f": _is("Eve"),
    "29b1f2": _is("Germany"),
    "8e13d7": _is("Lithuania"),
    "02400e": _is(),
    "eb87d5": _is(),
    "7f0ece": _is(),
    # more than one fact
    "ed18f5": _not_bordering,
    "a6afdb": lambda f: Gold.of(f.having("borders", "France") & f.having("borders", "Germany")),
    "610bd0": _is("yes"),
    "672860": _is("no"),
    "b02b7c": _is("no"),
    "353075": _is("yes"),
    "cecf88": _is("Tokyo"),
    "b60559": lambda f: Gold.of([str(len(f.having("borders", "Germany")))]),
    "462960": lambda f: Gold.of(f.having("currency", "Euro")),
    "d054b7": _is("Paris", "Berlin"),
    "01b5db": _is(),
    # what no lesson is about
    "e979b3": _of("Peru", "national animal"),
    "fb76a0": _of("Chile", "national animal"),
    "befbc0": _of("Peru", "subregion"),
    "230e37": _of("Japan", "subregion"),
    "6d0ed7": _of("Canada", "province"),
    "bb6f74": _of("Canada", "province"),
    "24b730": _of("France", "capital"),
    # two conditions
    "4cee9f": lambda f: Gold.of(f.having("continent", "Europe") - f.having("currency", "Euro")),
    "97ccb8": _is(), "ad686c": lambda f: Gold.of([str(len(f.having("continent", "Africa")))]),
    "a33538": lambda f: Gold.of(f.having("language", "Portuguese") & f.having("continent",
    "Africa")),
    # yes or no
    "876130": _is("yes"),
    "538a09": _is("yes"),
    "2c5eef": _is("yes"),
    "ea79ed": _is("yes"),
    "9a78db": _is("yes"),
    # lessons are added to
    "e8e91c": _of("Japan", "currency"),
    "c31848": _of("Sydney", "country"),
    # when is no person
    "32675f": _of("Oxygen", "year of discovery"),
    "798d3f": _of("Oxygen", "discovered in"),
    "fcb257": _of("Oxygen", "discovered by"),
    "25786d": _of("Oxygen", "year of discovery"),
}  # fmt: skip


def sections(folder: Path, workspaces: Workspaces) -> Iterator[Outcome]:
    """Ask all of them."""
    for section in SECTIONS:
        graph = folder / section.graph
        with workspaces.copy(f"section.{graph.stem}", lambda ws, path=graph: ws.load(path)) as ws:
            for name in section.lessons:
                ws.learn(folder / name)
            found = ask_newcomer(ws, cases_of(folder, section))
            yield from (replace(outcome, group=section.title) for outcome in found)


def cases_of(folder: Path, section: Section) -> list[Case]:
    """The questions of a section."""
    if section.questions.endswith(".tsv"):
        return newcomer(folder)
    facts = Facts.read(folder / section.graph)
    lines = (folder / section.questions).read_text(encoding="utf-8").splitlines()
    rules = [RULES[digest(line)] for line in lines]
    return [Case(line, rule(facts), section.title) for line, rule in zip(lines, rules, strict=True)]
