"""Spans of a question's tokens that may be names, or that name sets."""

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
        prior: p(entity | span), among the senses of the span.
        kind: "label", "alias", "part" (of a name), "people" (of a place), "slip" (misspelling),
            "value".
        exact: Whether it is written exactly as in the graph.
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

    The set is that of a type ("rivers"), the ends of a relation ("capitals"), or the rows of a
    file: those of "elements.csv" are elements.

    Attributes:
        start: The first token.
        end: The token after the last.
        program: The program of the set.
        noun: The noun for rows of an untyped graph, if the set is such rows.
    """

    start: int
    end: int
    program: Program
    noun: str | None = None

    @property
    def type(self) -> str | None:
        """The type, or the noun of a file; None for the ends of a relation."""
        return self.program.type if isinstance(self.program, OfType) else self.noun

    @property
    def mask(self) -> int:
        """Its tokens as bits."""
        return span_mask(self.start, self.end)


def span_mask(start: int, end: int) -> int:
    """Tokens ``start`` to ``end`` as bits."""
    return (1 << end) - (1 << start)
