"""Linker: from text to links, with nothing but the graph."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kg.types import Candidate
from kptm.linking.context import EntityContext, words
from kptm.linking.disambiguate import Choice, Weights, disambiguate
from kptm.linking.document import Link, LinkedText
from kptm.linking.mentions import Mention, MentionFinder

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kg.candidates import CandidateTable
    from kg.graph import KnowledgeGraph

MAX_CANDIDATES = 30
WINDOW = 2_000
"""Characters of context on either side that a long text is cut into; a chapter is not a context."""
OTHERWISE = 0.2
"""Weight of a name that the text writes otherwise, where it writes another exactly: "China", "china"."""
_NAME_AFTER = re.compile(r"[ \u00a0](?:[^\W\d_a-z][\w'’-]*)")
_NAME_BEFORE = re.compile(r"(\b[^\W\d_a-z][\w'’-]*)[ \u00a0]$")


class Linker:
    """Links text to the entities of a graph.

    Args:
        graph: Its labels and aliases are the names; its descriptions, types and triples decide.
        weights: The coefficients of the disambiguation.

    The matcher is rebuilt when the graph has changed; a new alias is found by the next call.
    """

    def __init__(self, graph: KnowledgeGraph, *, weights: Weights | None = None) -> None:
        self._graph = graph
        self._weights = weights or Weights()
        self._table: CandidateTable | None = None
        self._finder = MentionFinder(())
        self._context = EntityContext(graph)

    def link(self, text: str) -> LinkedText:
        """Link one text. A text that names nothing comes back without links."""
        return next(self.link_many([text]))

    def link_many(self, texts: Iterable[str]) -> Iterator[LinkedText]:
        """Link texts one after the other, streaming; each is decided by itself."""
        self._refresh()
        for text in texts:
            links: list[Link] = []
            mentions = self._finder.find(text)
            for group in _windows(mentions):
                links.extend(self._decide(text, group))
            yield LinkedText(text, tuple(links))

    def candidates(self, name: str) -> tuple[Candidate, ...]:
        """What a name may mean without context, best first, with p."""
        return self._graph.candidates().lookup(name)

    def _refresh(self) -> None:
        table = self._graph.candidates()
        if table is not self._table:
            self._table = table
            self._finder = MentionFinder(table)
            self._context = EntityContext(self._graph)

    def _decide(self, text: str, mentions: list[Mention]) -> Iterator[Link]:
        choices = [
            Choice(self._candidates(text, mention), _goes_on(text, mention, mentions), [], [])
            for mention in mentions
        ]
        self._context.fetch(candidate.entity for choice in choices for candidate in choice.prior)
        start, end = mentions[0].start, mentions[-1].end
        text_words = words(text[max(0, start - WINDOW) : end + WINDOW])
        disambiguate(choices, text_words, self._context, self._weights)
        for mention, choice in zip(mentions, choices, strict=True):
            ranked = sorted(
                (
                    Candidate(candidate.entity, p)
                    for candidate, p in zip(choice.prior, choice.p, strict=True)
                ),
                key=lambda candidate: (-candidate.prior, candidate.entity),
            )
            nil = 1.0 - sum(choice.p)
            if ranked[0].prior > nil:
                surface = text[mention.start : mention.end]
                best = ranked[0]
                yield Link(
                    mention.start, mention.end, surface, best.entity, best.prior, tuple(ranked[:5])
                )

    def _candidates(self, text: str, mention: Mention) -> tuple[Candidate, ...]:
        table = self._table
        if table is None or len(mention.surfaces) == 1:
            return table[mention.surfaces[0]][:MAX_CANDIDATES] if table else ()
        written = text[mention.start : mention.end]
        merged: dict[str, float] = {}
        for surface in mention.surfaces:
            weight = 1.0 if surface == written or written not in mention.surfaces else OTHERWISE
            for candidate in table[surface]:
                known = merged.get(candidate.entity, 0.0)
                merged[candidate.entity] = max(weight * candidate.prior, known)
        total = sum(merged.values())
        ranked = sorted(merged.items(), key=lambda item: (-item[1], item[0]))
        return tuple(Candidate(key, weight / total) for key, weight in ranked[:MAX_CANDIDATES])


def _windows(mentions: list[Mention]) -> Iterator[list[Mention]]:
    """Groups of mentions that are near enough to be each other's context."""
    group: list[Mention] = []
    for mention in mentions:
        if group and mention.end - group[0].start > WINDOW:
            yield group
            group = []
        group.append(mention)
    if group:
        yield group


def _goes_on(text: str, mention: Mention, mentions: list[Mention]) -> bool:
    """Whether a one-word capitalised mention is part of a longer name that the graph lacks."""
    surface = text[mention.start : mention.end]
    if " " in surface or not surface[0].isupper():
        return False
    after = _NAME_AFTER.match(text, mention.end)
    if after and not _known(mentions, mention.end + 1):
        return True
    before = _NAME_BEFORE.search(text[max(0, mention.start - 40) : mention.start])
    if not before or _known_end(mentions, mention.start - 1):
        return False
    # A capital at the beginning of a sentence is no name: "In Paris", "The Amazon".
    at = mention.start - len(before.group(0))
    return bool(at > 0 and not re.search(r"(?:[.!?:;\"“(\n]\s*|^)$", text[max(0, at - 3) : at]))


def _known(mentions: list[Mention], start: int) -> bool:
    return any(mention.start == start for mention in mentions)


def _known_end(mentions: list[Mention], end: int) -> bool:
    return any(mention.end == end for mention in mentions)
