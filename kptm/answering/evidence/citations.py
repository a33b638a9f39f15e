"""Evidence: facts with sources, sentences with names, ranks with the facts behind them."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from kg.types import Triple
from kg.values import ValueKey, type_name, value_text
from kptm.answering.answer_parts import Evidence, Span
from kptm.answering.evidence.confidence import trails_of
from kptm.answering.questions.naming import labels
from kptm.answering.sources.source import LINKS, MODEL, STORE, TEXTS
from kptm.answering.sources.text_source import evidence

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from kg.embedding import EntityEmbeddings
    from kg.graph import KnowledgeGraph
    from kg.programs import Program
    from kg.types import Attested
    from kptm.answering.evidence.confidence import Trails
    from kptm.answering.questions.path_reading import Reading
    from kptm.answering.sources.source import SourceQuery, SourceScores
    from kptm.linking import Linker
    from kptm.modeledge import Hit, Modeledge

LIKE = 3
"""Facts of like entities that are shown beside a predicted one."""
PROOF = 20
"""Facts of a proof that are shown."""
HEADS = 512
"""Entities with such a fact among which the nearest are looked for."""


class EvidenceBuilder:
    """Makes evidence of what was found.

    Args:
        graph: Has the facts, and who says them.
        linker: Finds the names in sentences.
        embeddings: Say which entities are like each other.
        store: Has the sentences, and who says them.
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
        """The facts by which the reading's path leads to the answers, the first ones of many.

        Args:
            reading: Entity and path.
            answers: Where it leads.
            named: The labels of all these.
            trails: The facts by which it does, where they are known.
        """
        if trails is None:
            trails = trails_of(self._graph, reading, answers)
        told = self._graph.attestations({fact for trail in trails.values() for fact in trail})
        between = {end for fact in told for end in (fact.head, fact.tail)} - named.keys()
        if between:
            named = {**named, **labels(self._graph, between)}
        found: dict[Triple, Evidence] = {}
        for key, trail in trails.items():
            for fact in trail:
                if fact in told and fact not in found:
                    found[fact] = _of_fact("triple", fact_text(fact, named), key, told[fact])
        if len(answers) > len(trails):
            more = f"and {len(answers) - len(trails):,} more answers, found the same way"
            return [*found.values(), Evidence("note", more)]
        return list(found.values())

    def proof(self, program: Program) -> list[Evidence]:
        """The facts, with sources, that prove what a program denotes, the first ones of many."""
        facts = self._graph.evaluator().facts(program, limit=PROOF)
        told = self._graph.attestations(facts)
        named = labels(self._graph, {end for fact in facts for end in (fact.head, fact.tail)})
        return [
            _of_fact("triple", fact_text(fact, named), fact.tail, told[fact])
            for fact in facts
            if fact in told
        ]

    # ── what was predicted ───────────────────────────────────────────────────────────────────

    def opinion(
        self,
        asked: SourceQuery,
        opinion: SourceScores,
        answers: Sequence[str],
        named: Mapping[str, str],
    ) -> list[Evidence]:
        """What a source says of answers.

        Args:
            asked: What was asked.
            opinion: The source's.
            answers: The candidates to speak of.
            named: The label of each.
        """
        if opinion.kind == TEXTS:
            return list(evidence(asked, list(answers), named))
        found = []
        for key in answers:
            place = asked.side.place.get(key)
            if place is None or (opinion.kind == STORE and not opinion.p[place]):
                continue
            p = float(opinion.p[place])
            rank = f"ranks it {opinion.rank(place)} of {opinion.known:,}, p = {p:.2f}"
            text = f"{named[key]}: {self._who(opinion)} {rank}"
            found.append(Evidence(opinion.kind, text, key, p))
            if opinion.kind == LINKS:
                found += self._like(asked, key)
        if opinion.kind == STORE:
            found += self._sentences(asked, opinion.hits, answers)
        return found

    def _who(self, opinion: SourceScores) -> str:
        if opinion.kind == LINKS:
            config = self._embeddings.config if self._embeddings is not None else None
            return config.model if config is not None else "the vectors' scorer"
        if opinion.kind == MODEL:
            return f"the model at the blank of {opinion.text!r}"
        return f"{len(opinion.hits)} rows near the question, weighing {opinion.weight:.2f}, say so:"

    def _like(self, asked: SourceQuery, answer: str) -> list[Evidence]:
        """Facts with the same answer, of the entities most like the one that is asked about."""
        relation, entity = asked.reading.relation, asked.reading.entity
        forward, table = asked.reading.forward, self._embeddings
        if table is None or entity not in table:
            return []
        facts = (
            self._graph.match(None, relation, answer)
            if forward
            else self._graph.match(answer, relation)
        )
        have = {item.head if forward else item.tail: item for item in islice(facts, HEADS)}
        have.pop(entity, None)
        keys = [key for key in have if key in table.keys.of(have)]
        if not keys:
            return []
        vectors = table.vectors([entity, *keys]).numpy()
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        own, *others = vectors / np.maximum(lengths, 1e-12)  # a vector of zeros stays one
        near = [(float(own @ vector), key) for vector, key in zip(others, keys, strict=True)]
        best = sorted(near, key=lambda item: (-item[0], item[1]))[:LIKE]
        told = self._graph.attestations([have[key] for _, key in best])
        named = labels(self._graph, [answer, *(key for _, key in best)])
        return [
            _of_fact(
                LINKS,
                f"as of a like entity (cosine {cosine:.2f}): {fact_text(have[key], named)}",
                answer,
                told[have[key]],
                cosine,
            )
            for cosine, key in best
            if have[key] in told
        ]

    def _sentences(
        self, asked: SourceQuery, hits: Sequence[Hit], answers: Collection[str]
    ) -> list[Evidence]:
        """The rows' texts that say an answer, each once, with the places of the names.

        All of them are needed: without them the store is silent.
        """
        chosen: dict[tuple[str, str], Hit] = {}
        for hit in hits:
            if hit.value in answers and hit.record.text:
                chosen.setdefault((hit.value, hit.record.text), hit)
        told = self._store.sources([hit.id for hit in chosen.values()]) if self._store else {}
        wanted = {asked.reading.entity, *answers}
        return [
            Evidence(
                "sentence",
                text,
                value,
                hit.score,
                sources=told.get(hit.id, ()),
                spans=self._spans(hit, wanted),
            )
            for (value, text), hit in chosen.items()
        ]

    def _spans(self, hit: Hit, wanted: Collection[str]) -> tuple[Span, ...]:
        """Where a sentence names entity and answers; the row itself knows one of the places."""
        own = Span(hit.record.start, hit.record.end, hit.value)
        found = {
            Span(link.start, link.end, link.entity)
            for link in self._linker.link(hit.record.text).links
            if link.entity in wanted and (link.end <= own.start or link.start >= own.end)
        }
        if own.start < own.end <= len(hit.record.text):
            found.add(own)
        return tuple(sorted(found, key=lambda span: span.start))


class NoCitations:
    """Cites nothing: for comparisons of answers evidence would cost most of the time."""

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
        asked: SourceQuery,
        opinion: SourceScores,
        answers: Sequence[str],
        named: Mapping[str, str],
    ) -> list[Evidence]:
        """Nothing of what a source says."""
        return []


def fact_text(fact: Triple, named: Mapping[str, str]) -> str:
    """A fact for people: labels, with the keys behind them."""
    head, tail = named.get(fact.head, fact.head), named.get(fact.tail, fact.tail)
    if isinstance(fact.tail, ValueKey):
        told = f"{value_text(fact.tail.literal)} ({type_name(fact.tail.literal)})"
    else:
        told = f"{tail} ({fact.tail})"
    return f"{head} ({fact.head}) | {fact.relation} | {told}"


def _of_fact(
    kind: str, text: str, answer: str, told: Attested, score: float | None = None
) -> Evidence:
    fact = told.fact
    doubt = told.confidence if told.confidence is not None and told.confidence < 1 else None
    if doubt is not None:
        text += f", with confidence {doubt:.2f}"
    if score is None:
        score = 1.0 if doubt is None else doubt
    return Evidence(
        kind,
        text,
        answer,
        score,
        triple=fact if isinstance(fact, Triple) else None,
        sources=_names(told.sources),
        revision=told.revision,
    )


def _names(sources: Iterable[tuple[str, int | None]]) -> tuple[str, ...]:
    """Files with their lines, as editors write them."""
    named = (name if line is None else f"{name}:{line}" for name, line in sources)
    return tuple(dict.fromkeys(named))
