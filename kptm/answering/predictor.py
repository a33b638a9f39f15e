"""Predictor: asks every source that can know, and answers with its evidence, or says "unknown"."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from kg.errors import UnknownKeyError, shorten
from kg.types import Step, Triple
from kptm.answering.answer import Answer, Evidence, ScoredEntity
from kptm.answering.calibration import Calibration
from kptm.answering.questions import QuestionReader, Reading
from kptm.answering.relations import RelationReader
from kptm.answering.sources import (
    Opinion,
    from_modeledge,
    mix,
)
from kptm.answering.voices import Voices
from kptm.answering.weighing import Silent, Weights
from kptm.data.phrasings import HEAD, TAIL, Phrasings, fill
from kptm.data.tokenize import MASK
from kptm.modeledge.filling import statements
from kptm.modeledge.interpolation import Interpolation

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from kg.embedding import EntityEmbeddings
    from kg.graph import KnowledgeGraph
    from kptm.fusion import FusedModel
    from kptm.linking import LinkedText, Linker
    from kptm.modeledge import Modeledge, Receipt


@dataclass(frozen=True, kw_only=True)
class PredictorConfig:
    """When to answer.

    Attributes:
        min_relation: How well a question's words must say a relation.
        min_score: Calibrated p below which a predicted answer is "unknown"; facts of the graph need none.
        phrasings: How many phrasings of a relation the model is asked in.
        neighbours: How much modeledge weighs.
        calibration: From p to how often such an answer is right; changes nothing unless it was fitted.
    """

    min_relation: float = 0.25
    min_score: float = 0.35
    phrasings: int = 3
    neighbours: Interpolation = Interpolation()  # noqa: RUF009 - frozen
    calibration: Calibration = Calibration()  # noqa: RUF009 - frozen


class Predictor:
    """Answers over a graph, with whatever of linker, model, embeddings and modeledge there is.

    Args:
        graph: The facts; always asked first.
        linker: Finds the names in a question.
        model: The fused model, if there is one.
        embeddings: For link prediction, if there are some.
        store: Modeledge written by the same model, if there is some.
        phrasings: How texts say relations; without them relation names must do.
        relations: Reads relations from words; made from ``phrasings`` when left out.
        config: Thresholds.

    Raises:
        EmbeddingMismatchError: The embeddings, or the model's, belong to another graph.
    """

    def __init__(
        self,
        graph: KnowledgeGraph,
        linker: Linker,
        model: FusedModel | None = None,
        embeddings: EntityEmbeddings | None = None,
        store: Modeledge | None = None,
        *,
        phrasings: Phrasings | None = None,
        relations: RelationReader | None = None,
        config: PredictorConfig | None = None,
    ) -> None:
        for table in (embeddings, model.embeddings if model is not None else None):
            if table is not None:
                table.check(graph)
        self._graph = graph
        self._linker = linker
        self._model = model
        self._store = store
        self._voices = Voices(embeddings, model, store)
        self._phrasings = phrasings or Phrasings({})
        reader = relations or RelationReader(graph.relations(), self._phrasings)
        self._reader = QuestionReader(graph, linker, reader)
        self._config = config or PredictorConfig()

    @property
    def questions(self) -> QuestionReader:
        """The reader of questions, which learns from answered ones."""
        return self._reader

    @property
    def model(self) -> FusedModel | None:
        """The fused model, if there is one."""
        return self._model

    # ── asking ───────────────────────────────────────────────────────────────────────────────

    def ask(self, question: str) -> Answer:
        """Answer a cloze with one ``[MASK]``, or a question in words."""
        document = self._reader.link(question)
        if not document.links:
            return Answer(question=question, reason="no name in the question is in the graph")
        readings = self._reader.read(document)
        if not readings or readings[0].relation_score < self._config.min_relation:
            return Answer(
                question=question,
                reason="nothing in the question is a relation the graph knows",
                evidence=_links(document),
            )
        best = readings[0]
        given = [document] if MASK in question else []
        if best.answers:
            found = self._from_graph(question, best, self._of_asked_type(question, best), given)
        else:
            found = self._predicted(question, best, given)
        return _with(found, (*_links(document), *self._other_senses(readings)))

    def query(self, head: str | None = None, relation: str = "", tail: str | None = None) -> Answer:
        """Answer (head, relation, ?) or (?, relation, tail); names may be keys, labels or aliases.

        Raises:
            UnknownKeyError: The relation or the entity is not in the graph.
        """
        name = head if head is not None else tail
        if name is None or (head is not None and tail is not None):
            raise UnknownKeyError("give a relation and either head or tail")
        forward = head is not None
        known = self._graph.relation(relation).key
        question = f"{head or '?'} | {known} | {tail or '?'}"
        readings = []
        for entity, p in self._senses(name):
            answers = self._facts(entity, known, forward)
            readings.append(
                Reading(
                    entity=entity,
                    path=(Step(known, forward),),
                    link_score=p,
                    relation_score=1.0,
                    answers=answers,
                    score=p,
                )
            )
        # A sense that has the fact is meant before one that would have to be guessed about.
        readings.sort(key=lambda item: (not item.answers, -item.score, item.entity))
        best = readings[0]
        if best.answers:
            found = self._from_graph(question, best, best.answers)
        else:
            found = self._predicted(question, best, [])
        return _with(found, self._other_senses(readings))

    def _senses(self, name: str) -> list[tuple[str, float]]:
        if name in self._graph.entities([name]):
            return [(name, 1.0)]
        found = [(item.entity, item.prior) for item in self._linker.candidates(name)]
        if not found:
            raise UnknownKeyError(f"no entity is called {shorten(name)!r}; check how it is written")
        return found

    def _facts(self, entity: str, relation: str, forward: bool) -> tuple[str, ...]:
        if forward:
            return tuple(item.tail for item in self._graph.match(entity, relation))
        return tuple(item.head for item in self._graph.match(None, relation, entity))

    # ── answering ────────────────────────────────────────────────────────────────────────────

    def _from_graph(
        self,
        question: str,
        reading: Reading,
        answers: Sequence[str],
        given: Sequence[LinkedText] = (),
    ) -> Answer:
        """The graph's facts are the answer; what else knows them is cited behind them."""
        labels = self._labels([reading.entity, *answers])
        score = min(0.99, max(0.5, reading.link_score))
        evidence = [Evidence("triple", self._say(reading, key, labels), key) for key in answers]
        return Answer(
            question=question,
            entity=answers[0],
            score=score,
            answers=tuple(ScoredEntity(key, labels[key], score) for key in answers),
            evidence=(*evidence, *self._support(reading, given, answers, labels)),
        )

    def _support(
        self,
        reading: Reading,
        given: Sequence[LinkedText],
        answers: Sequence[str],
        labels: dict[str, str],
    ) -> list[Evidence]:
        """What link prediction, the model and the texts say of these very answers."""
        opinions = self._opinions(reading, given, self._candidates(reading))
        return [
            Evidence(item.kind, f"{labels[item.entity]}: {item.text}", item.entity, item.score)
            for opinion in opinions
            for item in opinion.evidence
            if item.entity in answers
        ]

    def _predicted(self, question: str, reading: Reading, given: Sequence[LinkedText]) -> Answer:
        """Ask the sources that can guess; the graph holds no fact of this (entity, relation)."""
        among = self._candidates(reading)
        opinions = self._opinions(reading, given, among)
        mixed = mix(opinions)
        labels = self._labels([reading.entity, *mixed])
        nothing = f"the graph has no {reading.relation!r} of {labels[reading.entity]}"
        if not mixed:
            return Answer(question=question, reason=nothing)
        best = max(mixed, key=lambda key: (mixed[key], key))
        evidence = tuple(
            Evidence(item.kind, f"{labels.get(item.entity, item.entity)}: {item.text}", item.entity,
                     item.score)
            for opinion in opinions
            for item in opinion.evidence
        )  # fmt: skip
        note = Evidence("note", f"{nothing}; this is a prediction")
        heard = any(opinion.kind == "modeledge" for opinion in opinions)
        score = self._config.calibration.of(mixed[best], with_store=heard)
        if score < self._config.min_score:
            guess = f"; the best guess, {labels[best]}, has p = {score:.2f}"
            return Answer(question=question, reason=nothing + guess, evidence=(note, *evidence))
        return Answer(
            question=question,
            entity=best,
            score=score,
            answers=(ScoredEntity(best, labels[best], score),),
            evidence=(note, *sorted(evidence, key=lambda item: item.entity != best)),
        )

    def _opinions(
        self, reading: Reading, given: Sequence[LinkedText], among: list[str]
    ) -> list[Opinion]:
        asked = list(given) or self.cloze(reading)
        opinions = self._voices.opinions(reading, asked, among)
        weights = self._config.neighbours
        near = from_modeledge(self._voices.neighbours(reading, asked, among, weights.k), weights)
        return [*opinions, near] if near is not None else opinions

    def weigh(self, questions: Iterable[tuple[str, Collection[str]]]) -> Weights:
        """Fit how much modeledge weighs, and the calibration, on answered questions, and answer by them from now on.

        Args:
            questions: Questions with the keys of their answers. Those that the graph answers are passed over: what it was
                trained on says nothing about what it was not.

        Returns:
            What was fitted, or the defaults where too few questions could be used.
        """
        held_out: list[Silent] = []
        k = self._config.neighbours.k
        for question, answers in questions:
            document = self._reader.link(question)
            readings = self._reader.read(document) if document.links else []
            if not readings or readings[0].relation_score < self._config.min_relation:
                continue
            best = readings[0]
            if best.answers or not answers:
                continue
            among = self._candidates(best)
            asked = [document] if MASK in question else self.cloze(best)
            opinions = self._voices.opinions(best, asked, among)
            hits = self._voices.neighbours(best, asked, among, k)
            held_out.append(Silent(frozenset(answers), opinions, hits))
        found = Weights.fit(held_out, space=self._voices.space, k=k)
        if found.count:
            self.take(found)
        return found

    def take(self, weights: Weights) -> None:
        """Answer by fitted weights from now on."""
        self._config = replace(
            self._config, neighbours=weights.neighbours, calibration=weights.calibration
        )

    @property
    def space(self) -> str:
        """The store's space that is asked, "" without a model."""
        return self._voices.space

    def cloze(self, reading: Reading) -> list[LinkedText]:
        """The reading as clozes, in the texts' own phrasings."""
        label = self._labels([reading.entity])[reading.entity]
        named, asked = (HEAD, TAIL) if reading.forward else (TAIL, HEAD)
        names = {named: (label, reading.entity), asked: (MASK, None)}
        patterns = self._phrasings.of(reading.relation)[: self._config.phrasings]
        return [fill(pattern, names) for pattern in patterns]

    def tell(
        self, head: str, relation: str, tail: str, *, old: str | None, revision: int
    ) -> Receipt | None:
        """State a changed fact to modeledge, in the texts' own phrasings; the graph knows already.

        Args:
            head: Key of the head.
            relation: Key of the relation.
            tail: Key of the new tail.
            old: Key of the tail that no longer holds, None when there was none.
            revision: The graph's revision that it is one with.
        """
        if self._model is None or self._store is None:
            return None
        return self._store.edit(
            self._model,
            statements(self._graph, Triple(head, relation, tail), self._phrasings),
            head=head,
            relation=relation,
            old=old,
            note=f"{head} | {relation} | {old or '–'} → {tail}",
            revision=revision,
        )

    def _candidates(self, reading: Reading) -> list[str]:
        side = {
            item.tail if reading.forward else item.head
            for item in self._graph.match(None, reading.relation)
        }
        return sorted(side - {reading.entity})

    def _of_asked_type(self, question: str, reading: Reading) -> tuple[str, ...]:
        """Of "Which river …" only the rivers, where some answers are rivers and some are not."""
        words = question.casefold()
        found = self._graph.entities(reading.answers)
        fitting = tuple(
            key
            for key in reading.answers
            if any(kind.casefold() in words for kind in found[key].types)
        )
        return fitting or reading.answers

    # ── saying ───────────────────────────────────────────────────────────────────────────────

    def _labels(self, keys: Sequence[str]) -> dict[str, str]:
        found = self._graph.entities(keys)
        return {key: found[key].label if key in found else key for key in keys}

    def _say(self, reading: Reading, other: str, labels: dict[str, str]) -> str:
        head, tail = (reading.entity, other) if reading.forward else (other, reading.entity)
        return f"{labels[head]} ({head}) | {reading.relation} | {labels[tail]} ({tail})"

    def _other_senses(self, readings: Sequence[Reading]) -> tuple[Evidence, ...]:
        best = readings[0]
        seen, notes = {best.entity}, []
        for reading in readings[1:]:
            if reading.entity in seen or reading.relation != best.relation or not reading.answers:
                continue
            seen.add(reading.entity)
            labels = self._labels([reading.entity, *reading.answers])
            answers = ", ".join(labels[key] for key in reading.answers[:5])
            notes.append(Evidence("note", f"if {reading.entity} is meant: {answers}"))
        return tuple(notes[:3])


def _links(document: LinkedText) -> tuple[Evidence, ...]:
    return tuple(
        Evidence("linking", f"{link.surface!r} is {link.entity}", score=link.score)
        for link in document.links
    )


def _with(answer: Answer, more: tuple[Evidence, ...]) -> Answer:
    return Answer(
        question=answer.question,
        entity=answer.entity,
        score=answer.score,
        answers=answer.answers,
        evidence=(*answer.evidence, *more),
        reason=answer.reason,
    )
