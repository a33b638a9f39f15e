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

    The answer's attribute ``question`` is the completed question, with the omitted names.

    Args:
        ask: Answers a complete question.
        graph: The graph, for the labels and types of entities.
        linker: Finds the names in follow-ups.
    """

    def __init__(self, ask: Callable[[str], Answer], graph: KnowledgeGraph, linker: Linker) -> None:
        self._ask = ask
        self._graph = graph
        self._linker = linker
        self._last: Turn | None = None

    def ask(self, question: str) -> Answer:
        """Answer a question or a follow-up.

        A follow-up may have several meanings: "its" refers to the topic of the last question, or
        otherwise to its answer. They are asked in turn, the likeliest first, until one has an
        answer. If none has, the result is the refusal of the likeliest.

        Args:
            question: A question or a follow-up: "and of chile?", "who are its neighbours?", "and
                the population?".
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
        """The complete questions that a follow-up may mean, the likeliest first.

        The list is empty if the question is complete by itself.
        """
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
