"""Builds the evidence of answers: facts with sources, sentences with spans, and ranks."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from kg.types import Triple
from kg.values import ValueKey, type_name, value_text
from kptm.answering.answer_parts import Evidence, Span
from kptm.answering.evidence.confidence import trails_of
from kptm.answering.questions.naming import labels
from kptm.answering.sources.source import LINKS, MODEL, STORE, TEXTS, rank_of
from kptm.answering.sources.text_source import evidence

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from kg.embedding import EntityEmbeddings
    from kg.graph import KnowledgeGraph
    from kg.programs import Program
    from kg.types import Attested
    from kptm.answering.evidence.confidence import Trails
    from kptm.answering.questions.path_reading import Reading
    from kptm.answering.sources.blank_words import Words
    from kptm.answering.sources.source import SourceQuery, SourceScores
    from kptm.fusion import FactWeight
    from kptm.linking import Linker
    from kptm.modeledge import Hit, Modeledge

MAX_SIMILAR_FACTS = 3
"""The maximum number of facts of similar entities that are shown for a prediction."""
MAX_PROOF_FACTS = 20
"""The maximum number of facts of a proof that are shown."""
DOUBTED = ", with confidence "
"""The text between a fact and its confidence, if that is below 1."""
MAX_HEADS_COMPARED = 512
"""The maximum number of entities with the same answer among which the most similar ones are
searched."""


class EvidenceBuilder:
    """Builds the evidence of answers.

    Args:
        graph: The graph with facts and sources.
        linker: Finds the names in sentences.
        embeddings: Embeddings for the similarity of entities.
        store: The modeledge store with sentences and sources.
    """

    def __init__(
        self,
        graph: KnowledgeGraph,
        linker: Linker,
        embeddings: EntityEmbeddings | None,
        store: Modeledge | None,
    ) -> None:
        self._graph = graph
        self._linker = linker
        self._embeddings = embeddings
        self._store = store

    # ── facts ────────────────────────────────────────────────────────────────────────────────

    def facts(
        self,
        reading: Reading,
        answers: Sequence[str],
        named: Mapping[str, str],
        trails: Trails | None = None,
    ) -> list[Evidence]:
        """The facts on the reading's path to the first answers.

        Args:
            reading: The entity and the path.
            answers: The answers that the path leads to.
            named: The labels of all nodes.
            trails: The facts of the path, if known.
        """
        if trails is None:
            trails = trails_of(self._graph, reading, answers)
        attested = self._graph.attestations({fact for trail in trails.values() for fact in trail})
        between = {end for fact in attested for end in (fact.head, fact.tail)} - named.keys()
        if between:
            named = {**named, **labels(self._graph, between)}
        evidence: dict[Triple, Evidence] = {}
        for key, trail in trails.items():
            for fact in trail:
                if fact in attested and fact not in evidence:
                    evidence[fact] = _of_fact("triple", fact_text(fact, named), key, attested[fact])
        if len(answers) > len(trails):
            more = f"and {len(answers) - len(trails):,} more answers, found the same way"
            return [*evidence.values(), Evidence("note", more)]
        return list(evidence.values())

    def proof(self, program: Program) -> list[Evidence]:
        """The first facts from which the denotation of a program follows, with their sources."""
        facts = self._graph.evaluator().facts(program, limit=MAX_PROOF_FACTS)
        attested = self._graph.attestations(facts)
        named = labels(self._graph, {end for fact in facts for end in (fact.head, fact.tail)})
        return [
            _of_fact("triple", fact_text(fact, named), fact.tail, attested[fact])
            for fact in facts
            if fact in attested
        ]

    # ── predictions ──────────────────────────────────────────────────────────────────────────

    def opinion(
        self,
        query: SourceQuery,
        opinion: SourceScores,
        answers: Sequence[str],
        named: Mapping[str, str],
    ) -> list[Evidence]:
        """The evidence of a source for answers.

        Args:
            query: The query to the source.
            opinion: The source's scores.
            answers: The candidates.
            named: The labels of entities by key.
        """
        if opinion.kind == TEXTS:
            return list(evidence(query, list(answers), named))
        items = []
        for key in answers:
            place = query.side.place.get(key)
            if place is None or (opinion.kind == STORE and not opinion.p[place]):
                continue
            p = float(opinion.p[place])
            rank = f"ranks it {opinion.rank(place)} of {opinion.known:,}, p = {p:.2f}"
            if opinion.without is not None:
                before = float(opinion.without[place])
                rank += f"; without it, {rank_of(opinion.without, place)}, p = {before:.2f}"
            text = f"{named[key]}: {self._who(opinion)} {rank}"
            items.append(Evidence(opinion.kind, text, key, p, sources=opinion.origin))
            if opinion.kind == LINKS:
                items += self._like(query, key)
            if place == opinion.best:
                items += self._attention(opinion.facts, key)
        if opinion.kind == STORE:
            items += self._sentences(query, opinion.hits, answers)
        return items

    def _who(self, opinion: SourceScores) -> str:
        if opinion.kind == LINKS:
            config = self._embeddings.config if self._embeddings is not None else None
            return config.model if config is not None else "the vectors' scorer"
        if opinion.kind == MODEL:
            modules = [name for name in opinion.origin if name.startswith("module ")]
            own = f" with {' and '.join(modules)}" if modules else ""
            return f"the model{own} at the blank of {opinion.text!r}"
        return f"{len(opinion.hits)} rows near the question, weighing {opinion.weight:.2f}, say so:"

    def _like(self, query: SourceQuery, answer: str) -> list[Evidence]:
        """Facts of the entities most similar to the topic with the same answer."""
        relation, entity = query.reading.relation, query.reading.entity
        forward, table = query.reading.forward, self._embeddings
        if table is None or entity not in table:
            return []
        facts = (
            self._graph.match(None, relation, answer)
            if forward
            else self._graph.match(answer, relation)
        )
        have = {
            item.head if forward else item.tail: item for item in islice(facts, MAX_HEADS_COMPARED)
        }
        have.pop(entity, None)
        keys = [key for key in have if key in table.keys.of(have)]
        if not keys:
            return []
        vectors = table.vectors([entity, *keys]).numpy()
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        own, *others = vectors / np.maximum(lengths, 1e-12)  # avoids 0/0 for a zero vector
        near = [(float(own @ vector), key) for vector, key in zip(others, keys, strict=True)]
        best = sorted(near, key=lambda item: (-item[0], item[1]))[:MAX_SIMILAR_FACTS]
        attested = self._graph.attestations([have[key] for _, key in best])
        named = labels(self._graph, [answer, *(key for _, key in best)])
        return [
            _of_fact(
                LINKS,
                f"as of a like entity (cosine {cosine:.2f}): {fact_text(have[key], named)}",
                answer,
                attested[have[key]],
                cosine,
            )
            for cosine, key in best
            if have[key] in attested
        ]

    def words(self, words: Words) -> list[Evidence]:
        """The evidence of words that the model predicts for a blank that no entity fills."""
        text = f"no entity, but a word of the model's own: {words.text!r}, p = {words.p:.2f}"
        own = Evidence(MODEL, text, score=words.p, sources=words.origin)
        return [own, *self._attention(words.facts, "")]

    def _attention(self, facts: Sequence[FactWeight], answer: str) -> list[Evidence]:
        """The facts that a model of kind "kblam" attended to, with their share of the attention."""
        attested = self._graph.attestations([item.fact for item in facts])
        named = labels(
            self._graph, {end for item in facts for end in (item.fact.head, item.fact.tail)}
        )
        items = []
        for item in facts:
            text = f"attends to: {fact_text(item.fact, named)}, weight {item.weight:.2f}"
            if item.fact in attested:
                items.append(_of_fact(MODEL, text, answer, attested[item.fact], item.weight))
            else:
                gone = f"{text}, which the graph does not state now"
                items.append(Evidence(MODEL, gone, answer, item.weight, triple=item.fact))
        return items

    def _sentences(
        self, query: SourceQuery, hits: Sequence[Hit], answers: Collection[str]
    ) -> list[Evidence]:
        """The texts of the rows that support an answer, each once, with the spans of names.

        All of these texts are shown, because the p of modeledge depends on each row.
        """
        chosen: dict[tuple[str, str], Hit] = {}
        for hit in hits:
            if hit.value in answers and hit.record.text:
                chosen.setdefault((hit.value, hit.record.text), hit)
        sources = self._store.sources([hit.id for hit in chosen.values()]) if self._store else {}
        wanted = {query.reading.entity, *answers}
        return [
            Evidence(
                "sentence",
                text,
                value,
                hit.score,
                sources=sources.get(hit.id, ()),
                spans=self._spans(hit, wanted),
            )
            for (value, text), hit in chosen.items()
        ]

    def _spans(self, hit: Hit, wanted: Collection[str]) -> tuple[Span, ...]:
        """The spans of the topic and of the answers in the sentence of a row."""
        own = Span(hit.record.start, hit.record.end, hit.value)
        spans = {
            Span(link.start, link.end, link.entity)
            for link in self._linker.link(hit.record.text).links
            if link.entity in wanted and (link.end <= own.start or link.start >= own.end)
        }
        if own.start < own.end <= len(hit.record.text):
            spans.add(own)
        return tuple(sorted(spans, key=lambda span: span.start))


class NoCitations:
    """Builds no evidence, for evaluations in which evidence would take most of the time."""

    def facts(
        self,
        reading: Reading,
        answers: Sequence[str],
        named: Mapping[str, str],
        trails: Trails | None = None,
    ) -> list[Evidence]:
        """No facts."""
        return []

    def proof(self, program: Program) -> list[Evidence]:
        """No facts."""
        return []

    def opinion(
        self,
        query: SourceQuery,
        opinion: SourceScores,
        answers: Sequence[str],
        named: Mapping[str, str],
    ) -> list[Evidence]:
        """No evidence."""
        return []


def fact_text(fact: Triple, named: Mapping[str, str]) -> str:
    """A fact in words, with the keys of head and tail: "Peru (q1) | capital | Lima (q2)"."""
    head, tail = named.get(fact.head, fact.head), named.get(fact.tail, fact.tail)
    if isinstance(fact.tail, ValueKey):
        end = f"{value_text(fact.tail.literal)} ({type_name(fact.tail.literal)})"
    else:
        end = f"{tail} ({fact.tail})"
    return f"{head} ({fact.head}) | {fact.relation} | {end}"


def _of_fact(
    kind: str, text: str, answer: str, attested: Attested, score: float | None = None
) -> Evidence:
    """The evidence for a fact with its sources; it states a confidence below 1."""
    fact = attested.fact
    doubt = (
        attested.confidence if attested.confidence is not None and attested.confidence < 1 else None
    )
    if doubt is not None:
        text += f"{DOUBTED}{doubt:.2f}"
    if score is None:
        score = 1.0 if doubt is None else doubt
    return Evidence(
        kind,
        text,
        answer,
        score,
        triple=fact if isinstance(fact, Triple) else None,
        sources=_names(attested.sources),
        revision=attested.revision,
    )


def _names(sources: Iterable[tuple[str, int | None]]) -> tuple[str, ...]:
    """Sources as ``file:line``, which editors can open."""
    named = (name if line is None else f"{name}:{line}" for name, line in sources)
    return tuple(dict.fromkeys(named))
