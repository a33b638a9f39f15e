"""Chooses between the answer read in texts and the prediction of the other sources."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from kg.values import ValueKey
from kptm.answering.answer import Answer
from kptm.answering.answer_parts import Evidence, ScoredEntity
from kptm.answering.questions.naming import labels
from kptm.passages.text_spans import kind_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kg.graph import KnowledgeGraph
    from kptm.answering.answer_parts import Conflict
    from kptm.answering.config import PredictorConfig
    from kptm.answering.evidence.citations import EvidenceBuilder, NoCitations
    from kptm.answering.questions.path_reading import Reading
    from kptm.answering.sources.source import SourceQuery, SourceScores
    from kptm.answering.sources.text_source import TextSource


class TextDecider:
    """Chooses between the answer read in texts and the prediction of the other sources.

    Args:
        graph: The graph, for labels.
        citations: Builds the evidence.
        source: The source of answers from texts, which calibrates their p.
        silent: Function that returns the message that the graph has no such fact.
        conflicts: Function that returns the conflicting answers of other sources.
    """

    def __init__(
        self,
        graph: KnowledgeGraph,
        citations: EvidenceBuilder | NoCitations,
        source: TextSource,
        silent: Callable[[Reading], str],
        conflicts: Callable[..., tuple[Conflict, ...]],
    ) -> None:
        self._graph, self._citations = graph, citations
        self._source, self._silent, self._conflicts = source, silent, conflicts

    def surer(
        self,
        predicted: Answer,
        query: SourceQuery,
        read: SourceScores,
        others: Sequence[SourceScores],
        config: PredictorConfig,
    ) -> Answer:
        """The answer with the higher p: the one read in texts, or the prediction without texts.

        The answer from texts also needs at least ``config.min_score``. If neither answer is good
        enough, the result is a refusal; it names the guess of the texts if that is not too bad.

        Args:
            predicted: The prediction of the other sources, or their refusal.
            query: The query, with the answers read in texts.
            read: The scores of the texts over the candidates.
            others: The scores of the other sources.
            config: The settings, with the least p of an answer.
        """
        best = query.read[0]
        score = self._source.worth(best.p, kind_of(best.node))
        named = labels(self._graph, [best.node])
        shown = self._citations.opinion(query, read, [best.node], named)
        if score < max(config.min_score, predicted.score):
            if predicted.found or score < config.min_score / 2:
                own = {predicted.entity} if predicted.entity else set()
                against = self._conflicts(query, [read], own, config)
                return replace(predicted, conflicts=(*predicted.conflicts, *against))
            guess = f"the texts' best guess, {named[best.node]}, has p = {score:.2f}"
            reason = f"{self._silent(query.reading)}; {guess}"
            evidence = (*predicted.evidence, *shown)
            return replace(predicted, reason=reason, why="doubt", evidence=evidence)
        note = Evidence("note", f"{self._silent(query.reading)}; this is read in texts", score=0.0)
        evidence = (note, *shown)
        for item in others:
            evidence += (*self._citations.opinion(query, item, [best.node], named),)
        return Answer(
            question=predicted.question,
            entity=None if isinstance(best.node, ValueKey) else best.node,
            score=score,
            answers=(ScoredEntity.of(best.node, named[best.node], score),),
            evidence=evidence,
            conflicts=self._conflicts(query, others, {best.node}, config),
            predicted=True,
        )
