"""Proposes the facts that texts state: writes proposals to the store, one transaction per batch."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from kg.review.proposal import Proposal
from kptm.extraction.candidates.new_names import clusters
from kptm.extraction.candidates.pair_knowledge import PairKnowledge
from kptm.extraction.candidates.text_mentions import MentionKind
from kptm.extraction.fitting.extractor_learning import TEXTS_PER_BATCH, in_batches, linked_batches

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from kg.graph import KnowledgeGraph
    from kptm.extraction.candidates.text_mentions import TextMention
    from kptm.extraction.extractor import Extractor, StatedFact
    from kptm.linking.pairs import TextLinker


class SourceText(NamedTuple):
    """A text with its source."""

    source: str
    text: str


@dataclass(frozen=True, slots=True)
class ExtractionReport:
    """The counts of an extraction.

    Attributes:
        texts: Number of texts that were read now.
        read_before: Number of texts that this extractor had read before.
        proposed: Number of new proposals.
        known: Number of stated facts that the graph has already.
        new_entities: Number of new names in the new proposals.
        extractor: The extractor's fingerprint.
        learnt: Number of texts from which the extractor was learnt now; 0 if it existed already.
        relations: Number of relations that the extractor can extract.
        out_of_reach: Number of relations without proposals at this precision.
    """

    texts: int = 0
    read_before: int = 0
    proposed: int = 0
    known: int = 0
    new_entities: int = 0
    extractor: str = ""
    learnt: int = 0
    relations: int = 0
    out_of_reach: int = 0


def text_hash(text: str) -> str:
    """The hash that identifies a text."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def read_texts(
    graph: KnowledgeGraph,
    linker: TextLinker,
    extractor: Extractor,
    texts: Iterable[SourceText],
    *,
    precision: float,
    names: bool = True,
    progress: Callable[[int], None] | None = None,
) -> ExtractionReport:
    """Propose facts that texts state and the graph lacks; texts that were read before are skipped.

    Args:
        graph: The graph that gets the proposals.
        linker: Finds the graph's entities.
        extractor: The extractor.
        texts: The texts, read one batch at a time.
        precision: See :meth:`~kptm.extraction.extractor.Extractor.extract`.
        names: Whether new names may become entities.
        progress: Called with the number of texts done.
    """
    by = f"{extractor.fingerprint}:{precision:g}{'' if names else ':known'}"
    knowledge = PairKnowledge(graph)
    count = before = proposed = known = 0
    new: set[str] = set()
    for batch in in_batches(texts, TEXTS_PER_BATCH):
        fresh = _unread(graph, batch, by)
        before += len(batch) - len(fresh)
        items, stated = _proposals(fresh, linker, extractor, knowledge, precision, names, by)
        known += stated
        documents = [(text.source, text_hash(text.text)) for text in fresh]
        proposed += graph.proposals.add(items, documents=documents, by=by)
        new |= {item.head for item in items if item.head_new}
        new |= {str(item.tail) for item in items if item.tail_new}
        count += len(fresh)
        if progress is not None:
            progress(count + before)
    return ExtractionReport(
        texts=count,
        read_before=before,
        proposed=proposed,
        known=known,
        new_entities=len(new),
        extractor=extractor.fingerprint,
        relations=len(extractor.relations),
        out_of_reach=len(extractor.out_of_reach(precision)),
    )


def _unread(graph: KnowledgeGraph, batch: Sequence[SourceText], by: str) -> list[SourceText]:
    """The texts of a batch that were not read before, each once."""
    hashes: dict[str, list[str]] = defaultdict(list)
    for text in batch:
        hashes[text.source].append(text_hash(text.text))
    read = {
        (source, document)
        for source, source_hashes in hashes.items()
        for document in graph.proposals.read(source, source_hashes, by=by)
    }
    return [
        text for text in dict.fromkeys(batch) if (text.source, text_hash(text.text)) not in read
    ]


def _proposals(
    batch: Sequence[SourceText],
    linker: TextLinker,
    extractor: Extractor,
    knowledge: PairKnowledge,
    precision: float,
    names: bool,
    by: str,
) -> tuple[list[Proposal], int]:
    """The proposals of a batch, and the number of stated facts that the graph has already."""
    items: list[Proposal] = []
    known = 0
    for documents in linked_batches(linker, [source_text.text for source_text in batch]):
        if not names:
            documents = [
                (text, [mention for mention in mentions if mention.kind != MentionKind.NAME])
                for text, mentions in documents
            ]
        for number, facts in _by_document(
            extractor.extract(documents, knowledge, precision=precision)
        ):
            known += sum(fact.is_known for fact in facts)
            mentions = documents[number][1]
            entity_of = clusters(
                mention.key for mention in mentions if mention.kind == MentionKind.NAME
            )
            items += [
                _proposal(fact, batch[number], entity_of, by) for fact in facts if not fact.is_known
            ]
    return items, known


def _by_document(facts: Iterable[StatedFact]) -> Iterator[tuple[int, list[StatedFact]]]:
    facts_of: dict[int, list[StatedFact]] = defaultdict(list)
    for fact in facts:
        facts_of[fact.document].append(fact)
    yield from facts_of.items()


def _proposal(fact: StatedFact, source: SourceText, entity_of: dict[str, str], by: str) -> Proposal:
    """The proposal of a fact; ``entity_of`` maps each new name to the name of its entity."""
    from kg.types import Literal

    start, end = fact.span
    part = source.text[start:end]
    start += len(part) - len(part.lstrip())
    sentence = part.strip()
    head_new = fact.head.kind == MentionKind.NAME
    tail_new = fact.tail.kind == MentionKind.NAME and not isinstance(fact.end, Literal)
    tail = entity_of.get(str(fact.end), fact.end) if tail_new else fact.end
    return Proposal(
        head=entity_of.get(fact.head.key, fact.head.key) if head_new else fact.head.key,
        relation=fact.relation,
        tail=tail,
        confidence=round(fact.confidence, 4),
        source=source.source,
        sentence=sentence,
        head_span=_shift_span(fact.head, start, len(sentence)),
        tail_span=_shift_span(fact.tail, start, len(sentence)),
        document=text_hash(source.text),
        extractor=by,
        head_new=head_new,
        tail_new=tail_new,
    )


def _shift_span(mention: TextMention, start: int, length: int) -> tuple[int, int]:
    """The span of a mention within the sentence that begins at ``start``."""
    return max(0, mention.start - start), min(length, mention.end - start)
