"""Finds the values of a graph in a question: "2024-06-07", ".com", the "third floor"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg.values import ValueKey
from kptm.answering.parsing.question.appositions import is_plural
from kptm.answering.parsing.question.question_spans import Mention

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from kg.graph import KnowledgeGraph
    from kptm.answering.lexicon import Match, Token
    from kptm.answering.parsing.question.question_spans import TypeMention
    from kptm.answering.parsing.question.relation_mentions import SaidRelations

JOINTS = "-/.:"
"""Signs between the parts of a value."""
SIGNS = ".#@+-"
"""Signs before a word that may belong to a value: "-5", "#4", ".com"."""


def written_values(text: str, tokens: Sequence[Token], graph: KnowledgeGraph) -> Iterator[Mention]:
    """Find the words with a digit or a leading sign that are values in the graph: ".com".

    The parts of a date are no values: 2020 in "07/08/2020".
    """
    joined = list(_runs_with_signs(text, tokens))
    parts = {at for start, end in joined if end - start > 2 for at in range(start, end)}
    for at, token in enumerate(tokens):
        if at in parts:
            continue
        signed = token.start > 0 and text[token.start - 1] in SIGNS
        written = text[token.start - signed : token.end]
        if signed or any(char.isdigit() for char in written):
            for value in graph.values(written):
                yield Mention(at, at + 1, ValueKey(value), 1.0, "value", True)
    for start, end in joined:
        for value in graph.values(text[tokens[start].start : tokens[end - 1].end]):
            yield Mention(start, end, ValueKey(value), 1.0, "value", True)


def _runs_with_signs(text: str, tokens: Sequence[Token]) -> Iterator[tuple[int, int]]:
    """Find the runs of tokens with a single sign between each: "555-0133", "05/06/2024"."""
    start = 0
    for at in range(1, len(tokens) + 1):
        end = tokens[at - 1].end
        between = text[end : tokens[at].start] if at < len(tokens) else " "
        if len(between) == 1 and between in JOINTS:
            continue
        if at - start > 1 and any(x.isdigit() for x in text[tokens[start].start : end]):
            yield start, at
        start = at


def ranked_values(
    operators: Iterable[Match], relations: SaidRelations, graph: KnowledgeGraph
) -> Iterator[Mention]:
    """Find the numbers that a rank before a relation's name means: the "third floor" is 3."""
    for match in operators:
        if match.kind == "ordinal" and match.number and relations.named_at(match.end):
            for value in graph.values(f"{int(match.number)}"):
                yield Mention(match.start, match.end, ValueKey(value), 1.0, "value", False)


def without_named_numbers(
    operators: Iterable[Match],
    tokens: Sequence[Token],
    mentions: Iterable[Mention],
    types: Iterable[TypeMention],
) -> list[Match]:
    """Leave out numbers that are names: "9b" of a plot with this name, "6" in "plot 6".

    Digits alone are a name after the noun for its rows, in the singular: "plots 6" is none.
    """
    names = {(item.start, item.end) for item in mentions if item.kind in ("label", "alias")}
    nouns = {item.end for item in types if item.noun and not is_plural(tokens, item)}
    return [
        match
        for match in operators
        if match.kind not in ("number", "ordinal")
        or (match.start, match.end) not in names
        or (tokens[match.start].folded.isdecimal() and match.start not in nouns)
    ]
