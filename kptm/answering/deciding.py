"""Builds the answer to a question, from the graph's facts or otherwise from the other sources."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from kg.programs import Named, Within, parts
from kg.types import Literal
from kg.values import ValueKey, value_text
from kg.values.node import round_decimal
from kg.vocabulary import XSD
from kptm.answering.answer import Answer
from kptm.answering.answer_parts import Conflict, Evidence, ScoredEntity, Sense
from kptm.answering.combination.combiner import relation_name
from kptm.answering.evidence.confidence import confidences, trails_of
from kptm.answering.questions.naming import RelationNames, labels
from kptm.answering.questions.question_links import candidates_beside, links_of
from kptm.answering.sources.plausible import is_plausible
from kptm.answering.sources.source import LINKS, STORE, TEXTS, last_best
from kptm.answering.text_deciding import TextDecider

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from kg.graph import KnowledgeGraph
    from kg.programs import Program
    from kptm.answering.answer import Why
    from kptm.answering.answer_parts import WordMeaning
    from kptm.answering.combination.p_calibration import Curve
    from kptm.answering.config import PredictorConfig
    from kptm.answering.evidence.citations import EvidenceBuilder, NoCitations
    from kptm.answering.evidence.staleness import StalenessCheck
    from kptm.answering.parsing.derivation import Derivation
    from kptm.answering.questions.path_reading import Reading
    from kptm.answering.sources.source import SourceQuery, SourceScores
    from kptm.answering.sources.text_source import TextSource
    from kptm.linking import LinkedText

CALIBRATE = (
    "predictions are not shown before it is known how often they are right: "
    "learn from answered questions, some of which the graph is silent on, or embed with facts held"
    " out (validation = 0.1 under [embedding] in kptm.toml)"
)
MAX_GRAPH_SCORE, MIN_GRAPH_SCORE = 0.99, 0.5
"""The highest and lowest score of a graph's answer to a query by names."""
MAX_SENSES, MAX_LISTED = 5, 5
"""The maximum number of senses shown, and of answers shown for each."""
MAX_SUPPORTED = 3
"""The maximum number of answers for which the support of other sources is shown."""


@dataclass(frozen=True, slots=True)
class Case:
    """A parsed question with the answers of the graph and the scores of the other sources.

    Attributes:
        question: The question as it was asked.
        readings: Its readings, best first.
        document: The question with its entity links; None for a query by names.
        answers: The graph's answers to the best reading; empty if the graph was not asked.
        asked: The query to the other sources; None if they cannot be asked.
        opinions: The scores of the other sources.
        program: The evaluated program; None for a query by names.
        meanings: The parts of the question with the meanings assigned to them.
    """

    question: str
    readings: Sequence[Reading]
    document: LinkedText | None
    answers: tuple[str, ...]
    asked: SourceQuery | None = None
    opinions: Sequence[SourceScores] = ()
    program: Program | None = None
    meanings: tuple[WordMeaning, ...] = ()

    @property
    def best(self) -> Reading:
        """The best reading, for which the answer is built."""
        return self.readings[0]


@dataclass(frozen=True, slots=True)
class Evaluated:
    """A question with its program and denotation; the program is more than a path from a name.

    Attributes:
        question: The question as it was asked.
        document: The question with the entity links that the program uses.
        derivation: The program with its denotation.
        p: The probability that the program is what the question means.
        unexplained: Words of the question that the program does not explain.
        meanings: The parts of the question with the meanings assigned to them.
    """

    question: str
    document: LinkedText
    derivation: Derivation
    p: float
    unexplained: tuple[str, ...]
    meanings: tuple[WordMeaning, ...]


class AnswerBuilder:
    """Builds answers from parsed questions.

    Args:
        graph: The graph.
        citations: Builds the evidence.
        curve: The calibration curve of link prediction; None if no facts were held out.
        freshness: Detects stale vectors; None if answers have no evidence.
        texts: The source of answers from texts, with their calibration.
    """

    def __init__(
        self,
        graph: KnowledgeGraph,
        citations: EvidenceBuilder | NoCitations,
        freshness: StalenessCheck | None,
        curve: Curve | None = None,
        texts: TextSource | None = None,
    ) -> None:
        asks = (self._silent, self._conflicts)
        self._texts = TextDecider(graph, citations, texts, *asks) if texts else None
        self._curve = curve
        self._graph = graph
        self._citations = citations
        self._freshness = freshness
        self._relations = RelationNames(graph)

    def answer(self, case: Case, config: PredictorConfig) -> Answer:
        """Build the answer to a case, with path, evidence, conflicts and other senses."""
        if case.answers:
            answer = self._answer_of_graph(case, config)
        elif case.asked is not None and case.opinions:
            answer = self._silent_graph(case, case.asked, config)
        else:
            answer = Answer(question=case.question, reason=self._lacking(case), why="fact")
        return self._complete(answer, case)

    def refusal(self, case: Case, config: PredictorConfig, kinds: Collection[str]) -> Answer | None:
        """The refusal of a prediction, if the sources need not be asked for it; None otherwise.

        Args:
            case: A question without an answer in the graph.
            config: The settings of the predictor.
            kinds: The kinds of the available sources.
        """
        if not kinds or len(case.best.path) > 1:
            return None
        refused = self._refuse_prediction(case, config, kinds)
        return None if refused is None else self._complete(refused, case)

    def _complete(self, answer: Answer, case: Case) -> Answer:
        """Add the understood parts and notes on stale vectors to an answer."""
        links = links_of(case.document) if case.document is not None else ()
        kinds = {item.kind for item in case.opinions}
        stale = self._freshness.notes(kinds, case.best.entity) if kinds and self._freshness else ()
        return replace(
            answer,
            evidence=(*answer.evidence, *links, *stale),
            topic=case.best.entity,
            path=case.best.path,
            senses=self._senses(case),
            labels=answer.labels or self._names_of(case.best),
            program=case.program,
            meanings=case.meanings,
            unexplained=case.best.unexplained,
        )

    def answer_of_program(self, evaluated: Evaluated) -> Answer:
        """The answer of an evaluated program, with the facts that prove it."""
        result = evaluated.derivation
        program = result.program
        facts = self._citations.proof(program)
        if not facts and isinstance(program, Within):  # the facts that hold instead explain a "no"
            facts = self._citations.proof(program.right)
        topic = next((x.keys[0] for x in parts(program) if isinstance(x, Named)), "")
        answer = Answer(
            question=evaluated.question,
            evidence=(*facts, *links_of(evaluated.document)),
            topic=topic,
            program=program,
            meanings=evaluated.meanings,
            unexplained=evaluated.unexplained,
        )
        if result.truth is None and result.number is None and not result.nodes:
            return replace(answer, reason="nothing in the graph is so", why="fact")
        if result.truth is not None:
            text = "yes" if result.truth else "no"
            truth = Literal(str(result.truth).lower(), datatype=f"{XSD}boolean")
            answers: tuple[ScoredEntity, ...] = (ScoredEntity(None, text, evaluated.p, truth),)
        elif result.number is not None:
            text = value_text(round_decimal(result.number))
            answers = (ScoredEntity(None, text, evaluated.p, result.number),)
        else:
            named = labels(self._graph, result.nodes)
            answers = tuple(ScoredEntity.of(key, named[key], evaluated.p) for key in result.nodes)
        return replace(answer, entity=answers[0].entity, score=evaluated.p, answers=answers)

    def _names_of(self, reading: Reading, label: str = "") -> dict[str, str]:
        """The labels of a reading's entity and relations; ``label`` is that of the entity or ""."""
        own = {reading.entity: label} if label else labels(self._graph, [reading.entity])
        return {**self._relations.labels({step.relation for step in reading.path}), **own}

    # ── answers of the graph ─────────────────────────────────────────────────────────────────

    def _answer_of_graph(self, case: Case, config: PredictorConfig) -> Answer:
        best = case.best
        # A query by names has no scores: only the entity that its name means can be wrong.
        sense = min(MAX_GRAPH_SCORE, max(MIN_GRAPH_SCORE, best.link_score))
        scores = best.scores or (sense,) * len(case.answers)
        trails = trails_of(self._graph, best, case.answers)
        sure = confidences(self._graph, trails)
        rated = [(key, p * sure.get(key, 1.0)) for key, p in zip(case.answers, scores, strict=True)]
        if min(sure.values()) < 1:  # answers with more confident facts come first
            rated.sort(key=lambda item: -item[1])
        first, score = rated[0]
        named = labels(self._graph, [best.entity, *case.answers])
        conflicts, more = self._others(case, case.asked, named, config) if case.asked else ((), [])
        return Answer(
            question=case.question,
            entity=None if isinstance(first, ValueKey) else first,
            score=score,
            answers=tuple(ScoredEntity.of(key, named[key], p) for key, p in rated),
            evidence=(*self._citations.facts(best, case.answers, named, trails), *more),
            conflicts=conflicts,
            labels=self._names_of(best, named[best.entity]),
        )

    def _others(
        self, case: Case, query: SourceQuery, named: Mapping[str, str], config: PredictorConfig
    ) -> tuple[tuple[Conflict, ...], list[Evidence]]:
        """The different answers of other sources, and their evidence for the graph's answers."""
        conflicts = self._conflicts(query, case.opinions, set(case.answers), config)
        named = {**named, **{item.entity: item.label for item in conflicts}}
        against = {item.kind: item.entity for item in conflicts}
        place = query.side.place
        known = [key for key in case.answers if key in place]
        evidence = []
        for opinion in case.opinions:
            shown = heapq.nlargest(MAX_SUPPORTED, known, key=lambda key: opinion.p[place[key]])
            shown += [against[opinion.kind]] if opinion.kind in against else []
            evidence += self._citations.opinion(query, opinion, shown, named)
        return conflicts, evidence

    def _silent_graph(self, case: Case, query: SourceQuery, config: PredictorConfig) -> Answer:
        """Predict from texts or from the other sources, whichever is likelier, or combine them."""
        read = next((item for item in case.opinions if item.kind == TEXTS), None)
        if read is None or self._texts is None or TEXTS in config.weights.combiner.weights:
            return self._answer_of_sources(case, query, config)
        others = [item for item in case.opinions if item.kind != TEXTS]
        prediction = Answer(question=case.question, reason=self._lacking(case), why="fact")
        if others:
            prediction = self._answer_of_sources(replace(case, opinions=others), query, config)
        return self._texts.surer(prediction, query, read, others, config)

    # ── predictions ──────────────────────────────────────────────────────────────────────────

    def _answer_of_sources(self, case: Case, query: SourceQuery, config: PredictorConfig) -> Answer:
        weights, reading = config.weights, case.best
        if refused := self._refuse_prediction(case, config, {item.kind for item in case.opinions}):
            return refused
        if not weights.count and not config.uncalibrated:  # only link prediction is calibrated
            case = replace(case, opinions=[x for x in case.opinions if x.kind == LINKS])
        p = weights.combiner.combine_scores(
            case.opinions, relation_name(reading.relation, reading.forward)
        )
        if p is None:
            return Answer(question=case.question, reason=self._silent(reading), why="fact")
        keys = query.side.keys
        best: str = keys[last_best(p)]
        with_store = any(item.kind == STORE for item in case.opinions)
        score = weights.calibration.of(float(p.max()), with_store=with_store)
        if not weights.count and not config.uncalibrated and self._curve is not None:
            score = self._curve.of(float(p.max()))
        preferred = {keys[item.best]: None for item in case.opinions}
        named = labels(self._graph, dict.fromkeys([best, *preferred]))
        note = f"{self._silent(reading)}; this is a prediction{weights.remark}"
        evidence = [Evidence("note", note, score=0.0)]
        for key in dict.fromkeys([best, *preferred]):
            for opinion in case.opinions:
                if key in (best, keys[opinion.best]):
                    evidence += self._citations.opinion(query, opinion, [key], named)
        answer = Answer(
            question=case.question,
            evidence=tuple(evidence),
            conflicts=self._conflicts(query, case.opinions, {best}, config),
            predicted=True,
        )
        if score < config.min_score:
            why, reason = self._doubt(query, case.opinions, config, named)
            guess = f"the best guess, {named[best]}, has p = {score:.2f}"
            return replace(answer, why=why, reason=f"{self._silent(reading)}; {reason}{guess}")
        answers = (ScoredEntity.of(best, named[best], score),)
        return replace(answer, entity=answers[0].entity, score=score, answers=answers)

    def _refuse_prediction(
        self, case: Case, config: PredictorConfig, kinds: Collection[str]
    ) -> Answer | None:
        """A refusal if no similar entity has the relation or if p is not calibrated, else None."""
        silent = self._silent(case.best)
        if TEXTS in kinds:
            return None  # a text may state a relation that no other entity of the type has
        if not is_plausible(self._graph, case.best.entity, case.best.path[0]):
            reason = f"{silent}, nor of anything of its kind, so that nothing is predicted"
            return Answer(question=case.question, reason=reason, why="fact")
        curved = LINKS in kinds and self._curve is not None
        if config.weights.count or config.uncalibrated or curved:
            return None
        return Answer(question=case.question, reason=f"{silent}; {CALIBRATE}", why="uncalibrated")

    def _doubt(
        self,
        query: SourceQuery,
        opinions: Sequence[SourceScores],
        config: PredictorConfig,
        named: Mapping[str, str],
    ) -> tuple[Why, str]:
        """The code and message of a refusal, with the answers of sources that disagree."""
        keys = query.side.keys
        sure = [item for item in opinions if item.p[item.best] >= config.conflict]
        if len({item.best for item in sure}) < 2:
            return "doubt", ""
        says = ", ".join(
            f"{item.kind} says {named[keys[item.best]]} (p = {item.p[item.best]:.2f})"
            for item in sure
        )
        return "disagreement", f"the sources disagree: {says}; "

    def _conflicts(
        self,
        query: SourceQuery,
        opinions: Sequence[SourceScores],
        ours: set[str],
        config: PredictorConfig,
    ) -> tuple[Conflict, ...]:
        keys = query.side.keys
        others = [
            (item.kind, keys[item.best], float(item.p[item.best]))
            for item in opinions
            if keys[item.best] not in ours and item.p[item.best] >= config.conflict
        ]
        named = labels(self._graph, [key for _, key, _ in others]) if others else {}
        return tuple(Conflict(kind, key, named[key], p) for kind, key, p in others)

    def _lacking(self, case: Case) -> str:
        """The message that the graph has no answer, with the unexplained words."""
        silent, words = self._silent(case.best), case.best.unexplained
        if not words:
            return silent
        was = "was" if len(words) == 1 else "were"
        return f"{silent}; {', '.join(map(repr, words))} {was} not understood"

    def _silent(self, reading: Reading) -> str:
        """The message that the graph has no such fact; it mentions facts in the other direction."""
        named = self._names_of(reading)
        whose = named[reading.entity]
        if len(reading.path) > 1:
            path = " → ".join(
                named[step.relation] if step.forward else f"{named[step.relation]} (backward)"
                for step in reading.path
            )
            return f"the graph has no {path!r} of {whose}"
        [step] = reading.path
        relation = named[step.relation]
        silent = f"the graph has no {relation!r} " + (
            f"of {whose}" if step.forward else f"that leads to {whose}"
        )
        others = self._graph.follow(reading.entity, (step.reverse(),))
        if not others:
            return silent
        shown = labels(self._graph, others[:MAX_LISTED])
        more = f" and {len(others) - MAX_LISTED:,} more" if len(others) > MAX_LISTED else ""
        return f"{silent}; the other way round there is {', '.join(shown.values())}{more}"

    def _senses(self, case: Case) -> tuple[Sense, ...]:
        """Other entities that the same name may mean, with the answers to the same path."""
        best = case.best
        same = None if case.document is None else set(candidates_beside(case.document, best.entity))
        others: dict[str, Reading] = {}
        for reading in case.readings[1:]:
            meant = reading.entity != best.entity and (same is None or reading.entity in same)
            if meant and reading.path == best.path:
                others.setdefault(reading.entity, reading)
        shown = sorted(others.values(), key=lambda item: not item.answers)[:MAX_SENSES]
        if not shown:
            return ()
        wanted = [key for item in shown for key in (item.entity, *item.answers[:MAX_LISTED])]
        named = labels(self._graph, wanted)
        return tuple(
            Sense(
                item.entity,
                named[item.entity],
                item.link_score,
                tuple(named[key] for key in item.answers[:MAX_LISTED]),
            )
            for item in shown
        )
