"""Mentions of entities and of sets in a question, and the search for mentions of sets."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from kg.programs import Having, OfType
from kg.types import Step
from kptm.answering.lexicon.columns.column_names import ENGLISH
from kptm.answering.lexicon.synonyms import is_past
from kptm.answering.questions.word_order import DO

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import TypeVar

    from kg.programs import Program
    from kptm.answering.lexicon import Match, Token
    from kptm.answering.parsing.question.schema_words import Schema

    Span = TypeVar("Span", "Mention", "TypeMention")

PRONOUNS = frozenset("i you he she it we they".split())
"""Subjects of a verb: "what did he run"."""
OWNERS = frozenset("we you they".split())
"""Pronouns for the owners of a table."""
MAX_TYPE_WORDS = 4
"""The most words in the name of a type."""


class Mention(NamedTuple):
    """A span of tokens that may be the name of an entity, or a value.

    Attributes:
        start: Index of the first token.
        end: Index of the token after the last.
        node: The key of the entity, or the value (:class:`kg.ValueKey`).
        prior: p(entity | span) among the candidate entities of the span.
        kind: How the span names it: "label", "alias", "part" of a name, "people" (an adjective or
            plural: "Australian"), "number" ("204" for "Room 204"), "slip" (a misspelling) or
            "value".
        exact: Whether the span is written exactly as in the graph.
    """

    start: int
    end: int
    node: str
    prior: float
    kind: str
    exact: bool

    @property
    def mask(self) -> int:
        """Bit mask of its tokens."""
        return span_mask(self.start, self.end)


class TypeMention(NamedTuple):
    """A span of tokens that names a set.

    The set has the entities of a type ("rivers"), the tails of a relation ("capitals"), or the rows
    of a file in an untyped graph ("elements", for the rows of "elements.csv").

    Attributes:
        start: Index of the first token.
        end: Index of the token after the last.
        program: The program that denotes the set.
        noun: The noun for the rows of an untyped graph; None for types and relations.
    """

    start: int
    end: int
    program: Program
    noun: str | None = None

    @property
    def type(self) -> str | None:
        """The type, or the noun for rows; None for the tails of a relation."""
        return self.program.type if isinstance(self.program, OfType) else self.noun

    @property
    def mask(self) -> int:
        """Bit mask of its tokens."""
        return span_mask(self.start, self.end)


def span_mask(start: int, end: int) -> int:
    """Bit mask of the tokens ``start`` to ``end`` (excluded): (1, 3) gives 0b110."""
    return (1 << end) - (1 << start)


def joint_mask(spans: Iterable[Mention | TypeMention | Match]) -> int:
    """Bit mask of the tokens of all spans."""
    mask = 0
    for span in spans:
        mask |= span_mask(span.start, span.end)
    return mask


def lowest(mask: int) -> int:
    """Index of the first token in a mask; -1 if the mask is empty."""
    return (mask & -mask).bit_length() - 1


def find_types(schema: Schema, tokens: Sequence[Token], language: str) -> Iterator[TypeMention]:
    """Find the spans that name a type, the tails of a relation ("capitals"), or rows of a file."""
    for start in range(len(tokens)):
        for end in range(start + 1, min(len(tokens), start + MAX_TYPE_WORDS) + 1):
            stems = tuple(token.stem for token in tokens[start:end])
            for key in schema.type_names.get(stems, ()):
                yield TypeMention(start, end, OfType(key))
            rows = schema.rows_named(stems, tokens[end - 1].folded)
            known = rows is not None or stems in schema.type_names
            for key in (
                () if known else schema.relations_named(stems) or schema.relations_by_noun(stems)
            ):
                yield TypeMention(start, end, Having(Step(key, False)))
            if rows is not None:
                yield TypeMention(start, end, rows[1], rows[0])
        if language != "en" or tokens[start].stem not in schema.type_stems:
            for english in schema.synonyms(tokens[start].folded, language):
                for key in schema.type_names.get(schema.stems(english), ()):
                    yield TypeMention(start, start + 1, OfType(key))
        kind = _synonym_of_noun(tokens[start], schema, language)
        if kind is not None and (tokens[start].stem,) not in schema.nouns:
            yield TypeMention(start, start + 1, kind[1], kind[0])


def _synonym_of_noun(token: Token, schema: Schema, language: str) -> tuple[str, Program] | None:
    """The noun for rows of which a word is a synonym; none for verbs: "lent" is no borrower."""
    if language == ENGLISH and is_past(token.folded):
        return None
    return schema.noun(token.stem, token.folded, language)


def without_parts(types: Iterable[TypeMention]) -> list[TypeMention]:
    """Remove nouns for rows that are part of a longer one: "engineers" within "QA engineers"."""
    mentions = list(types)
    rows = [item for item in mentions if item.noun]
    return [
        item
        for item in mentions
        if not item.noun
        or not any(item.mask != row.mask and item.mask & row.mask == item.mask for row in rows)
    ]


def without_names(
    types: Sequence[TypeMention],
    mentions: Sequence[Mention],
    tokens: Sequence[Token],
    schema: Schema,
) -> list[TypeMention]:
    """Remove nouns for rows that are part of a name, and synonyms of nouns that are a whole name.

    "Room" is no noun in "Room 105". If the graph has an entity "chancellor", the word is not read
    as a synonym of "leader".
    """
    named = {item.mask for item in mentions if item.kind in ("label", "alias")}
    return [
        item
        for item in types
        if not item.noun
        or not any(item.mask & mask == item.mask for mask in named)
        or (
            item.mask in named
            and tuple(token.stem for token in tokens[item.start : item.end]) in schema.nouns
        )
    ]


def without_verbs(
    types: Iterable[TypeMention], mentions: Iterable[Mention], tokens: Sequence[Token]
) -> list[TypeMention]:
    """Remove nouns for rows that are verbs: "run" in "who does Ann run for" is no runner.

    In "do we ship anything" the noun may still be the best reading.
    """
    words = [token.folded for token in tokens]
    starts: dict[int, set[int]] = {}
    for item in mentions:
        starts.setdefault(item.end, set()).add(item.start)
    for at, word in enumerate(words):
        if word in PRONOUNS:
            starts.setdefault(at + 1, set()).add(at)
    return [
        item
        for item in types
        if not item.noun
        or words[item.start].endswith("s")
        or not any(at > 1 and words[at - 1] in DO for at in starts.get(item.start, ()))
    ]


def without_owned(
    spans: Iterable[Span],
    tokens: Sequence[Token],
    operators: Iterable[Match],
    schema: Schema,
) -> list[Span]:
    """Remove types or names after "whose" that also name a relation: "dogs whose owner is Ann".

    "Whose bike is the Koga" asks for the owner of a bike.
    """
    starts = {match.end for match in operators if match.kind == "whose" and match.start}
    return [
        item
        for item in spans
        if item.start not in starts
        or not schema.relations_named([x.stem for x in tokens[item.start : item.end]])
    ]


def find_misspelt_types(
    schema: Schema, tokens: Sequence[Token], places: Iterable[int]
) -> Iterator[TypeMention]:
    """Find types and nouns for rows whose one word may be misspelt at the given positions."""
    for at in places:
        word = tokens[at].folded
        for stems in schema.misspelt_types(word):
            for key in schema.type_names[stems]:
                yield TypeMention(at, at + 1, OfType(key))
        rows = {program: noun for noun, program in schema.misspelt_nouns(word)}
        if len(rows) == 1:
            ((program, noun),) = rows.items()
            yield TypeMention(at, at + 1, program, noun)


def distance(mask: int, used: int) -> int:
    """The number of tokens between two bit masks; 0 if one is empty or they overlap."""
    if not mask or not used:
        return 0
    low, high = (mask & -mask).bit_length(), mask.bit_length()
    first, last = (used & -used).bit_length(), used.bit_length()
    return max(first - high, low - last, 0)


def without_sales(operators: Sequence[Match], tokens: Sequence[Token], own: int) -> list[Match]:
    """The operators without "we sell" where that verb of the owners is one of the graph's words.

    Args:
        operators: The operators of the question.
        tokens: Its tokens.
        own: Bit mask of the tokens that are words of relations.
    """
    return [
        match
        for match in operators
        if match.kind != "fill"
        or tokens[match.start].folded not in OWNERS
        or not own & span_mask(match.start, match.end)
    ]
