"""Scores an extractor: compares its facts with the triples of labelled rows."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kptm.extraction.candidates.pair_knowledge import PairKnowledge
from kptm.extraction.fitting.extractor_learning import TEXTS_PER_BATCH, in_batches, linked_batches
from kptm.extraction.fitting.labelled_rows import Names

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kg.graph import KnowledgeGraph
    from kptm.extraction.extractor import Extractor, StatedFact
    from kptm.extraction.fitting.labelled_rows import LabelledRow
    from kptm.linking import Linker


@dataclass(frozen=True, slots=True)
class ExtractionScores:
    """Micro-averaged scores of triples.

    Attributes:
        texts: Number of texts.
        gold: Number of triples that the texts state.
        found: Number of extracted facts.
        right: Number of extracted facts that a text states.
        new_gold: Number of stated triples that the graph lacks.
        new_right: Number of these that were extracted.
        relations: For each relation, the numbers of stated, extracted and right triples.
    """

    texts: int
    gold: int
    found: int
    right: int
    new_gold: int
    new_right: int
    relations: dict[str, tuple[int, int, int]]

    @property
    def precision(self) -> float:
        """The share of extracted facts that are right."""
        return self.right / self.found if self.found else 0.0

    @property
    def recall(self) -> float:
        """The share of stated triples that were extracted."""
        return self.right / self.gold if self.gold else 0.0

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall."""
        return 2 * self.right / (self.found + self.gold) if self.found + self.gold else 0.0


def score(
    graph: KnowledgeGraph,
    linker: Linker,
    extractor: Extractor,
    rows: Iterable[LabelledRow],
    *,
    precision: float = 0.9,
) -> ExtractionScores:
    """Compare facts with labelled rows; ends match by key, label or equal value.

    Args:
        graph: The graph.
        linker: Finds entities in rows without mentions.
        extractor: The extractor to measure.
        rows: Labelled rows.
        precision: See :meth:`~kptm.extraction.extractor.Extractor.extract`.
    """
    knowledge = PairKnowledge(graph)
    counts: Counter[str] = Counter()
    relations: dict[str, Counter[str]] = {}
    for part in in_batches(rows, TEXTS_PER_BATCH):
        [documents] = linked_batches(linker, [row.text for row in part])
        documents = [
            (row.text, mentions if row.mentions is None else row.mentions)
            for row, (_, mentions) in zip(part, documents, strict=True)
        ]
        facts_of: list[list[StatedFact]] = [[] for _ in part]
        for fact in extractor.extract(documents, knowledge, precision=precision):
            facts_of[fact.document].append(fact)
        keys = {mention.key for _, mentions in documents for mention in mentions}
        names = Names({key: entity.label for key, entity in graph.entities(sorted(keys)).items()})
        for row, facts in zip(part, facts_of, strict=True):
            counts["texts"] += 1
            _compare(row, facts, names, graph, counts, relations)
    return ExtractionScores(
        texts=counts["texts"],
        gold=counts["gold"],
        found=counts["found"],
        right=counts["right"],
        new_gold=counts["new_gold"],
        new_right=counts["new_right"],
        relations={
            name: (of_relation["gold"], of_relation["found"], of_relation["right"])
            for name, of_relation in sorted(relations.items())
        },
    )


def _compare(
    row: LabelledRow,
    facts: list[StatedFact],
    names: Names,
    graph: KnowledgeGraph,
    counts: Counter[str],
    relations: dict[str, Counter[str]],
) -> None:
    """Count the gold triples of a row, and the facts that match one; each matches only once."""
    unmatched = list(dict.fromkeys(row.triples))
    for triple in unmatched:
        counts["gold"] += 1
        counts["new_gold"] += not _is_known(graph, triple)
        relations.setdefault(triple[1], Counter())["gold"] += 1
    for fact in sorted(facts, key=lambda fact: -fact.confidence):
        of_relation = relations.setdefault(fact.relation, Counter())
        counts["found"] += 1
        of_relation["found"] += 1
        match = next((triple for triple in unmatched if _is_same(fact, triple, names)), None)
        if match is not None:
            unmatched.remove(match)
            of_relation["right"] += 1
            counts["right"] += 1
            counts["new_right"] += not _is_known(graph, match)


def _is_same(fact: StatedFact, triple: tuple[str, str, str], names: Names) -> bool:
    head, relation, tail = triple
    return (
        fact.relation == relation
        and names.is_same(fact.head, head)
        and names.is_same(fact.tail, tail)
    )


def _is_known(graph: KnowledgeGraph, triple: tuple[str, str, str]) -> bool:
    head, relation, tail = triple
    if next(iter(graph.match(head, relation, tail)), None) is not None:
        return True
    from kg.types import Literal
    from kg.values import parse
    from kptm.extraction.candidates.text_values import same_value

    value = parse(tail) or Literal(tail)
    return any(
        attribute.relation == relation and same_value(attribute.value, value)
        for attribute in graph.attributes(head)
    )
