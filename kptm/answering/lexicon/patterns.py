"""Expands the patterns of the data files to phrases, and looks phrases up in tries.

In a pattern, ``(a|b)`` means a or b, and ``(a|)`` means that a is optional, also within a word.
``{name}`` means any phrase of a group. ``<name>`` is a slot, which a function reads from tokens.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeAlias, TypeVar

from kptm.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

T = TypeVar("T")
Reader: TypeAlias = "Callable[[str, int], Iterable[tuple[int, object]]]"
MAX_PHRASES = 20_000
"""The maximum number of phrases of a pattern; a pattern with more is probably a mistake in a data
file."""
_PART = re.compile(r"\(|\)|\||\{(\w+)\}|[^(){}|]+")


def expand(pattern: str, groups: Mapping[str, Sequence[str]]) -> list[str]:
    """All phrases of a pattern, with white space collapsed.

    Raises:
        ConfigError: A bracket is not closed, a group is unknown, or there are too many phrases.
    """
    reader = _Reader(pattern, groups)
    phrases = reader.alternatives()
    if reader.rest:
        raise ConfigError(f"pattern {pattern!r}: {reader.rest[0]!r} without an opening bracket")
    return list(dict.fromkeys(" ".join(text.split()) for text in phrases))


class _Reader:
    """Reads a pattern from left to right."""

    def __init__(self, pattern: str, groups: Mapping[str, Sequence[str]]) -> None:
        self.pattern = pattern
        self.groups = groups
        self.rest = [match[0] for match in _PART.finditer(pattern)]
        if "".join(self.rest) != pattern:
            raise ConfigError(f"pattern {pattern!r}: a curly bracket without a name of a group")

    def alternatives(self) -> list[str]:
        """The phrases of alternatives up to a closing bracket or the end: "a|b"."""
        phrases = self._sequence()
        while self.rest and self.rest[0] == "|":
            self.rest.pop(0)
            phrases += self._sequence()
        return phrases

    def _sequence(self) -> list[str]:
        """The phrases of one alternative: each item follows each phrase of the items before."""
        phrases = [""]
        while self.rest and self.rest[0] not in "|)":
            item = self._item()
            phrases = [before + after for before in phrases for after in item]
            if len(phrases) > MAX_PHRASES:
                raise ConfigError(
                    f"pattern {self.pattern!r} stands for more than {MAX_PHRASES} phrases"
                )
        return phrases

    def _item(self) -> list[str]:
        """The phrases of an item: a bracket, a group, or plain text."""
        part = self.rest.pop(0)
        if part == "(":
            phrases = self.alternatives()
            if not self.rest:
                raise ConfigError(f"pattern {self.pattern!r}: a bracket is not closed")
            self.rest.pop(0)
            return phrases
        if part.startswith("{"):
            if part[1:-1] not in self.groups:
                raise ConfigError(f"pattern {self.pattern!r}: there is no group {part}")
            return [text for item in self.groups[part[1:-1]] for text in expand(item, self.groups)]
        return [part]


class Found(NamedTuple, Generic[T]):
    """A phrase found in a text: its end, its item, and the values of its slots."""

    end: int
    item: T
    slots: tuple[tuple[str, object], ...]


class Trie(Generic[T]):
    """A trie of phrases whose edges are words; a word such as "<year>" is a slot."""

    __slots__ = ("items", "slots", "words")

    def __init__(self) -> None:
        self.words: dict[str, Trie[T]] = {}
        self.slots: dict[str, Trie[T]] = {}
        self.items: list[T] = []

    def add(self, words: Sequence[str], item: T) -> None:
        """Add a phrase with its item."""
        node = self
        for word in words:
            if word.startswith("<") and word.endswith(">"):
                node = node.slots.setdefault(word[1:-1], Trie())
            else:
                node = node.words.setdefault(word, Trie())
        node.items.append(item)

    def find(self, keys: Sequence[str], at: int, read: Reader | None = None) -> list[Found[T]]:
        """All phrases that begin at a position.

        Args:
            keys: The words of a text.
            at: The position of the first word.
            read: Function of the name of a slot and a position; it returns (position after the
                slot, value) for each possible value. By default slots match nothing.
        """
        if at >= len(keys) or (keys[at] not in self.words and not self.slots):
            return []  # most words begin no phrase
        hits: list[Found[T]] = []
        paths: list[tuple[Trie[T], int, tuple[tuple[str, object], ...]]] = [(self, at, ())]
        for node, place, values in paths:  # the loop appends to the list
            if node.items:
                hits += [Found(place, item, values) for item in node.items]
            if place < len(keys) and (after := node.words.get(keys[place])):
                paths.append((after, place + 1, values))
            if node.slots and read is not None:
                paths += [
                    (after, end, (*values, (name, value)))
                    for name, after in node.slots.items()
                    for end, value in read(name, place)
                ]
        return hits
