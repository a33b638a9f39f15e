"""Names in questions, as people type them: "what is the capital of france" names France.

In running text "turkey" is a bird. A question is short, and somebody asks it about something in the graph: names that stand in it in other
letters than the graph writes them are set in those letters, and the question is linked as text is.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from kptm.answering.words import STOP, question_words
from kptm.data.tokenize import MASK
from kptm.linking import LinkedText
from kptm.linking.text import fold

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from kg.graph import KnowledgeGraph
    from kg.types import Entity
    from kptm.linking import Link, Linker


class QuestionNames:
    """Links questions whatever letters their names are typed in.

    Args:
        graph: Knows how names are written.
        linker: Finds them.
        vocabulary: The stems that speak for relations: these words are names only where nothing else is.
    """

    def __init__(
        self, graph: KnowledgeGraph, linker: Linker, vocabulary: Callable[[], Collection[str]]
    ) -> None:
        self._graph = graph
        self._linker = linker
        self._vocabulary = vocabulary

    def link(self, strict: LinkedText) -> LinkedText:
        """A question with the links of running text, and those that it gets in the graph's own letters."""
        text = strict.text
        shouted = text.isupper() and len(text.lower()) == len(text)
        plain = text.lower() if shouted else text
        if not shouted and (_writes_capitals(strict) or not _has_free_words(strict)):
            return strict
        found = self._linker.link(plain, threshold=0.0, any_case=True).links
        taken = [] if shouted else list(strict.links)
        chosen = [link for link in found if all(_apart(link, other) for other in taken)]
        names = [link for link in chosen if self._is_name(link)]
        if not names and not taken:
            names = chosen
        written = self._in_graph_letters(plain, names)
        if written == text:
            return strict
        links = self._linker.link(written, threshold=0.0).links
        return LinkedText(
            text, tuple(replace(link, surface=text[link.start : link.end]) for link in links)
        )

    def _is_name(self, link: Link) -> bool:
        words = question_words(link.surface)
        return words[0] not in self._vocabulary() if len(words) == 1 else bool(words)

    def _in_graph_letters(self, text: str, links: Collection[Link]) -> str:
        """The text with its names as the graph writes them, where that keeps the place of every character."""
        entities = self._graph.entities({link.entity for link in links})
        for link in links:
            name = _written(entities.get(link.entity), link.surface)
            if len(name) == len(link.surface):
                text = f"{text[: link.start]}{name}{text[link.end :]}"
        return text


def _written(entity: Entity | None, surface: str) -> str:
    """The name of an entity that a surface is in other letters."""
    names = () if entity is None else (entity.label, *entity.aliases)
    return next((name for name in names if fold(name) == fold(surface)), surface.title())


def _apart(one: Link, other: Link) -> bool:
    return one.end <= other.start or one.start >= other.end


def _writes_capitals(document: LinkedText) -> bool:
    """Whether somebody writes capitals, so that what stands in small letters is no name.

    Such a question has a capital that is no name of the graph, or is a whole sentence about a name with a blank.
    """
    if MASK in document.text:
        return bool(document.links)
    return any(word[0].isupper() for word in _rest(document).split()[1:] if word[0].isalpha())


def _rest(document: LinkedText) -> str:
    """The text with spaces in place of its names."""
    rest = list(document.text)
    for link in document.links:
        rest[link.start : link.end] = " " * (link.end - link.start)
    if document.links and document.links[0].start == 0:
        rest[0] = "x"  # the first word may have a capital, and is a name here
    return "".join(rest)


def _has_free_words(document: LinkedText) -> bool:
    """Whether words that are no grammar stand outside of the names that were found."""
    return any(word not in STOP for word in question_words(_rest(document)))
