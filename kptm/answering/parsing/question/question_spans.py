"""Spans of a question's tokens that may be names, or that name sets: finds the latter."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from kg.programs import Having, OfType
from kg.types import Step

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from kg.programs import Program
    from kptm.answering.lexicon import Token
    from kptm.answering.parsing.question.schema_words import Schema

LONGEST_TYPE = 4
"""The most words of the name of a type."""


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


def lowest(mask: int) -> int:
    """The first token of a mask; -1 if it is empty."""
    return (mask & -mask).bit_length() - 1


def find_types(schema: Schema, tokens: Sequence[Token], language: str) -> Iterator[TypeMention]:
    """Spans that name a type, or in the plural the ends of a relation."""
    for start in range(len(tokens)):
        for end in range(start + 1, min(len(tokens), start + LONGEST_TYPE) + 1):
            stems = tuple(token.stem for token in tokens[start:end])
            for key in schema.type_names.get(stems, ()):
                yield TypeMention(start, end, OfType(key))
            known = stems in schema.type_names or stems in schema.nouns
            for key in (
                () if known else schema.relations_named(stems) or schema.relations_by_noun(stems)
            ):
                yield TypeMention(start, end, Having(Step(key, False)))
            if stems in schema.nouns and _is_noun(schema, stems, tokens[end - 1]):
                yield TypeMention(start, end, schema.nouns[stems][1], schema.nouns[stems][0])
        if language != "en" or tokens[start].stem not in schema.type_stems:
            for english in schema.synonyms(tokens[start].folded, language):
                for key in schema.type_names.get(schema.stems(english), ()):
                    yield TypeMention(start, start + 1, OfType(key))
        kind = schema.noun(tokens[start].stem, tokens[start].folded, language)
        if kind is not None and (tokens[start].stem,) not in schema.nouns:
            yield TypeMention(start, start + 1, kind[1], kind[0])


def _is_noun(schema: Schema, stems: tuple[str, ...], last: Token) -> bool:
    """Whether a word is a noun, not only of its stem: "works" is no worker."""
    noun = schema.nouns[stems][0]
    return noun not in schema.doubtful or last.folded.startswith(noun.split()[-1].rstrip("s")[:-1])


def without_parts(types: Iterable[TypeMention]) -> list[TypeMention]:
    """The names of sets without nouns for rows within longer ones: engineers of QA engineers."""
    found = list(types)
    rows = [item for item in found if item.noun]
    return [
        item
        for item in found
        if not item.noun
        or not any(item.mask != row.mask and item.mask & row.mask == item.mask for row in rows)
    ]


def without_names(
    types: Sequence[TypeMention],
    mentions: Sequence[Mention],
    tokens: Sequence[Token],
    schema: Schema,
) -> list[TypeMention]:
    """The names of sets without synonyms that are names: a graph's "chancellor" is no "leader"."""
    named = {item.mask for item in mentions if item.kind in ("label", "alias")}
    return [
        item
        for item in types
        if not item.noun
        or item.mask not in named
        or tuple(token.stem for token in tokens[item.start : item.end]) in schema.nouns
    ]


def find_type_slips(
    schema: Schema, tokens: Sequence[Token], places: Iterable[int]
) -> Iterator[TypeMention]:
    """Words that may be misspelt names of types."""
    for at in places:
        for stems in schema.type_slips(tokens[at].folded):
            for key in schema.type_names[stems]:
                yield TypeMention(at, at + 1, OfType(key))
