"""Spans of a question's tokens: what may be a name, and what names a set."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from kg.programs import OfType

if TYPE_CHECKING:
    from kg.programs import Program


class Mention(NamedTuple):
    """A span of tokens that may be a name.

    Attributes:
        start: The first token.
        end: The token after the last.
        node: The key of the entity, or the value (:class:`kg.ValueKey`).
        prior: p(entity | span) among what the span may mean.
        kind: "label", "alias", "part" of a name, "people" of a place, "slip" of the pen, "value".
        exact: Whether it is written as the graph has it.
    """

    start: int
    end: int
    node: str
    prior: float
    kind: str
    exact: bool

    @property
    def mask(self) -> int:
        """Its tokens as bits."""
        return span_mask(self.start, self.end)


class TypeMention(NamedTuple):
    """A span of tokens that names a set.

    A type ("rivers"), what a relation leads to ("capitals"), or what a file is about: the rows of
    "elements.csv" are elements.

    Attributes:
        start: The first token.
        end: The token after the last.
        program: The set.
        noun: What rows of an untyped graph are called, where the set is that.
    """

    start: int
    end: int
    program: Program
    noun: str | None = None

    @property
    def type(self) -> str | None:
        """The type, or what a file is about; None for what a relation leads to."""
        return self.program.type if isinstance(self.program, OfType) else self.noun

    @property
    def mask(self) -> int:
        """Its tokens as bits."""
        return span_mask(self.start, self.end)


def span_mask(start: int, end: int) -> int:
    """Tokens ``start`` to ``end`` as bits."""
    return (1 << end) - (1 << start)
