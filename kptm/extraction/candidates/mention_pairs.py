"""Pairs of mentions in a window: for any two entities, the two mentions nearest to each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from kptm.extraction.candidates.text_mentions import MentionKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kptm.extraction.candidates.text_mentions import TextMention
    from kptm.extraction.candidates.text_windows import Placed, TextWindow

MAX_WORDS_BETWEEN = 60
"""The maximum number of words between two mentions."""
MAX_SENTENCES_APART = 2
"""The maximum number of sentences from the first mention to the second."""


class Pair(NamedTuple):
    """Two mentions of a window, in the order of the text.

    Attributes:
        window: The window.
        first: The first mention.
        second: The second mention.
        between: The number of other mentions between them.
    """

    window: TextWindow
    first: Placed
    second: Placed
    between: int

    @property
    def mentions(self) -> tuple[TextMention, TextMention]:
        """The two mentions."""
        return self.first.mention, self.second.mention

    @property
    def span(self) -> tuple[int, int]:
        """Start and end of the shortest sequence of sentences that contains both mentions."""
        numbers = self.window.sentence
        first_sentence, last_sentence = numbers[self.first.start], numbers[self.second.start]
        return self.window.bounds[first_sentence][0], self.window.bounds[last_sentence][1]


def pairs_of(window: TextWindow) -> Iterator[Pair]:
    """Yield the pairs of a window in which at least one mention is an entity of the graph."""
    best: dict[tuple[tuple[str, str], ...], tuple[tuple[int, int], Pair]] = {}
    placed = window.placed
    for i, first in enumerate(placed):
        for step, second in enumerate(placed[i + 1 :]):
            distance = second.start - first.stop
            apart = window.sentence[second.start] - window.sentence[first.start]
            if distance > MAX_WORDS_BETWEEN or apart > MAX_SENTENCES_APART:
                break
            if not _may_relate(first.mention, second.mention) or distance < 0:
                continue
            nodes = tuple(sorted((first.mention.node, second.mention.node)))
            near = (apart, distance)
            if nodes not in best or near < best[nodes][0]:
                best[nodes] = near, Pair(window, first, second, step)
    for _, pair in best.values():
        yield pair


def _may_relate(first: TextMention, second: TextMention) -> bool:
    if MentionKind.ENTITY not in (first.kind, second.kind):
        return False
    return first.node != second.node
