"""Conversation: asks follow-ups with what they leave out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kptm.answering import lexicon
from kptm.answering.conversation.references import References
from kptm.answering.conversation.turn import Turn
from kptm.answering.conversation.words import words_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from kg.graph import KnowledgeGraph
    from kptm.answering.answer import Answer
    from kptm.linking import Linker


class Conversation:
    """Questions one after the other, of which each may go on from the last one.

    ``Answer.question`` is the question that was asked, with the names that a follow-up left out.

    Args:
        ask: Answers a question that stands for itself.
        graph: Knows what entities are called.
        linker: Finds names in follow-ups.
    """

    def __init__(self, ask: Callable[[str], Answer], graph: KnowledgeGraph, linker: Linker) -> None:
        self._ask = ask
        self._graph = graph
        self._linker = linker
        self._last: Turn | None = None

    def ask(self, question: str) -> Answer:
        """Answer a question or a follow-up.

        What a follow-up may mean is asked in turn, and the first answer is it: "its" is of the last
        question's topic, or else of its answer. Where there is none, the answer says why of the
        likeliest.

        Args:
            question: What is asked, as a person goes on: "and of chile?", "who are its
                neighbours?", "and the population?".
        """
        refused: Answer | None = None
        for text in self.resolve(question) or [question]:
            answer = self._ask(text)
            if answer.found:
                return self._remember(answer)
            refused = refused or answer
        assert refused is not None  # noqa: S101  # at least the question itself was asked
        return self._remember(refused)

    def resolve(self, question: str) -> list[str]:
        """The questions that a follow-up may mean, likeliest first; none if it is complete."""
        last = self._last
        if last is None:
            return []
        known = lexicon.load()
        for code in dict.fromkeys((known.language(question), known.language(last.question))):
            if (words := words_of(code)) is not None:
                references = References(words, self._graph, self._linker)
                if found := list(dict.fromkeys(references.questions(question, last))):
                    return found
        return []

    def _remember(self, answer: Answer) -> Answer:
        self._last = Turn.of(answer, self._graph, self._linker) or self._last
        return answer
