"""Is an answer right? Gold answers as keys or as text, compared with what an answer says."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kptm import Answer
    from kptm.answering import ScoredEntity

DIGITS = 1e-4
"""Relative tolerance of numbers that are not whole."""


@dataclass(frozen=True, slots=True)
class Item:
    """One answer as it is compared: the entity's key ("" for a value) and its texts."""

    key: str
    texts: tuple[str, ...]

    def is_named(self, gold: str) -> bool:
        """Whether a gold answer, a key or a text, means this item."""
        return gold == self.key or any(same_text(gold, text) for text in self.texts)


def items_of(answer: Answer) -> list[Item]:
    """The answers of an answer, as they are compared.

    A value as it is shown, and as the graph has it with unit and without.
    """
    return [Item(x.entity or "", _texts(x)) for x in answer.answers]


def _texts(answer: ScoredEntity) -> tuple[str, ...]:
    if answer.value is None:
        return (answer.text,)
    value, unit = answer.value.value, answer.value.unit
    return (answer.text, value, f"{value} {unit}") if unit else (answer.text, value)


def same_text(gold: str, text: str) -> bool:
    """Whether two texts are equal in lower case, or are the same number.

    Whole numbers are equal or not; of others four digits count.
    """
    gold, text = gold.strip().lower(), text.strip().lower()
    if gold == text:
        return True
    try:
        a, b = float(gold), float(text)
    except ValueError:
        return False
    if a.is_integer() and b.is_integer():
        return a == b
    return math.isclose(a, b, rel_tol=DIGITS)


@dataclass(frozen=True, slots=True)
class Gold:
    """What is right.

    Attributes:
        readings: The sets of answers that are right, each as keys or texts; more than one where a
            question is ambiguous.
        some: How many answers of a reading are enough, 0 where all are needed.
        refusal: Whether no answer is right, too (the only right one where there are no readings).
        anything: Whether any answer is right, of "tell me about France".
    """

    readings: tuple[frozenset[str], ...] = ()
    some: int = 0
    refusal: bool = False
    anything: bool = False

    @classmethod
    def of(cls, answers: Iterable[str]) -> Gold:
        """One set of answers; none means that the question has to be refused."""
        found = frozenset(answers)
        return cls((found,) if found else (), refusal=not found)

    def hits(self, items: Sequence[Item]) -> bool:
        """Whether the first answer is right, or there is rightly none."""
        if not items:
            return self.refusal
        return self.anything or any(_has(reading, items[0]) for reading in self.readings)

    def is_exact(self, items: Sequence[Item]) -> bool:
        """Whether the answers are one of the right sets, or so many of it as are enough."""
        if not items:
            return self.refusal
        return self.anything or any(self._is(reading, items) for reading in self.readings)

    def _is(self, reading: frozenset[str], items: Sequence[Item]) -> bool:
        if not all(_has(reading, item) for item in items):
            return False
        if self.some:
            return len(set(items)) >= self.some
        return all(any(item.is_named(gold) for item in items) for gold in reading)

    def __str__(self) -> str:
        parts = [", ".join(sorted(reading)) for reading in self.readings]
        parts += ["anything"] * self.anything + ["no answer"] * self.refusal
        return " OR ".join(parts)


def _has(reading: frozenset[str], item: Item) -> bool:
    return item.key in reading or any(item.is_named(gold) for gold in reading)
