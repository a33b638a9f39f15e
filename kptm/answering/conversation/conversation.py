"""Conversation: completes follow-up questions and asks them."""

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
    """A series of questions, each of which may refer to the previous one.

    ``Answer.question`` is the completed question, with the names that a follow-up left out.

    Args:
        ask: Answers a complete question.
        graph: The graph, for the names and types of entities.
        linker: Finds names in follow-ups.
    """

    def __init__(self, ask: Callable[[str], Answer], graph: KnowledgeGraph, linker: Linker) -> None:
        self._ask = ask
        self._graph = graph
        self._linker = linker
        self._last: Turn | None = None

    def ask(self, question: str) -> Answer:
        """Answer a question or a follow-up.

        The possible meanings of a follow-up are asked in turn, and the first one with an answer
        counts: "its" refers to the last question's topic, or else to its answer. If none has an
        answer, the refusal of the likeliest is returned.

        Args:
            question: A question or a follow-up: "and of chile?", "who are its
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
                if questions := list(dict.fromkeys(references.questions(question, last))):
                    return questions
        return []

    def _remember(self, answer: Answer) -> Answer:
        self._last = Turn.of(answer, self._graph, self._linker) or self._last
        return answer
