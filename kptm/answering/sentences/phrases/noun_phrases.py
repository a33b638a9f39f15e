"""Noun phrases, and functions that simplify programs before they are described."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from kg.programs import Follow, Having, Intersection, Named, Period, Program
from kptm.answering.sentences.grammar import Forms

if TYPE_CHECKING:
    from collections.abc import Sequence


class Listed(NamedTuple):
    """Answers to list: their names, the node of the first, and the type of all, or ""."""

    items: Sequence[str]
    first: str = ""
    type: str = ""


@dataclass(frozen=True, slots=True)
class NounPhrase:
    """A noun phrase in parts.

    Attributes:
        noun: The noun, singular and plural; None if none is known.
        name: A proper name, which replaces all other parts.
        before: Words before the noun, or "".
        after: Words after the noun, or "".
        clauses: Relative clauses about the noun.
        several: Whether the phrase is about several things, as far as that is known.
    """

    noun: Forms | None = None
    name: str = ""
    before: str = ""
    after: str = ""
    clauses: tuple[Forms, ...] = ()
    several: bool = True

    def text(self, *, plural: bool, the: str = "the") -> str:
        """The phrase in the singular or plural; ``the`` is its first word."""
        if self.name:
            return self.name
        words = [the, self.before, self._noun(plural=plural), self.after]
        if self.noun is None and not self.before and the == "the":
            words = ["those" if plural else "the one"]
        return " ".join(filter(None, [*words, self._clauses(plural=plural)]))

    def _noun(self, *, plural: bool) -> str:
        return (self.noun or Forms("one", "ones")).of(plural=plural)

    def _clauses(self, *, plural: bool) -> str:
        text = ""
        for clause in self.clauses:
            clause_text = clause.of(plural=plural)
            joint = " and " if text and not clause_text.startswith("with ") else " "
            text = f"{text}{joint if text else ''}{clause_text}"
        return text

    def and_also(self, clause: Forms) -> NounPhrase:
        """This phrase with one more clause."""
        return replace(self, clauses=(*self.clauses, clause))


def merge_steps(program: Program) -> Follow | None:
    """Merge an intersection of the same step from two names into one step; None for others."""
    if not isinstance(program, Intersection):
        return None
    left, right = (merge_steps(side) or side for side in (program.left, program.right))
    if not (isinstance(left, Follow) and isinstance(right, Follow)):
        return None
    named = isinstance(left.source, Named) and isinstance(right.source, Named)
    if not named or left.step != right.step or left.during != right.during:
        return None
    return replace(left, source=Named((*left.source.keys, *right.source.keys)))  # type: ignore[union-attr]  # names


def same(text: str) -> Forms:
    """A phrase whose singular and plural are equal."""
    return Forms(text, text)


def without_unit(label: str) -> str:
    """A measure's name without its unit: "area" for "area in km2"."""
    return label.partition(" in ")[0].lower()


def when(period: Period | None) -> str:
    """A period in words with a space before it, such as " in 1995"; "" if there is none."""
    if period is None:
        return ""
    if period.start == period.end:
        return f" in {period.start}"
    if not period.start:
        return f" until {period.end}"
    return f" since {period.start}" if not period.end else f" from {period.start} to {period.end}"


def without_having(program: Program) -> Program:
    """A program without its ``Having`` conditions, if other conditions remain.

    The parser adds such conditions to find entities that have no type.
    """
    if isinstance(program, Intersection):
        left, right = without_having(program.left), without_having(program.right)
        if isinstance(left, Having) and isinstance(right, Having):
            return Intersection(left, right)
        if isinstance(left, Having):
            return right
        return left if isinstance(right, Having) else Intersection(left, right)
    return program
