"""Learns an extractor from a graph and texts, from labelled rows, or from both.

Reviewed proposals are examples too; rejected ones are counterexamples.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

from kptm.errors import WorkspaceError
from kptm.extraction.candidates.pair_knowledge import PairKnowledge
from kptm.extraction.candidates.text_mentions import MentionKind, TextMention, mentions_of
from kptm.extraction.extractor import Extractor
from kptm.extraction.fitting import relation_examples
from kptm.extraction.fitting.classifier_training import ExtractionConfig
from kptm.extraction.fitting.extractor_fitting import fit_extractor
from kptm.extraction.fitting.labelled_rows import LabelledRow, Names
from kptm.extraction.fitting.relation_examples import RelationExamples
from kptm.extraction.relation_classifier import RelationKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from kg.graph import KnowledgeGraph
    from kg.review.proposal import Proposal
    from kptm.encoders import TokenEncoder
    from kptm.extraction.relation_classifier import Label
    from kptm.linking.pairs import TextLinker

    Batch = Sequence[tuple[str, Sequence[TextMention]]]
    Progress = Callable[[int, int, str], None]

T = TypeVar("T")
TEXTS_PER_BATCH = 256
"""The number of texts that are read at a time."""
MIN_LINK_P = 0.1
"""The minimum probability of a link; it is low because a matching relation supports a link too."""
REVIEWED_WEIGHT = 2.0
"""The weight of a reviewed proposal; it is high because a person decided it."""


@dataclass(frozen=True, slots=True)
class LearningReport:
    """The examples from which an extractor was learnt, and the result.

    Attributes:
        texts: The number of texts.
        pairs: The number of pairs of mentions.
        stated: The number of pairs with a relation.
        relations: The number of relations that it can extract.
        epochs: The number of passes over the examples.
        decided: The number of reviewed proposals among the examples.
        from_rows: Whether it learnt from labelled rows.
        from_texts: Whether it learnt from texts labelled by the graph.
    """

    texts: int
    pairs: int
    stated: int
    relations: int
    epochs: int
    decided: int = 0
    from_rows: bool = False
    from_texts: bool = False


def learn(
    graph: KnowledgeGraph,
    linker: TextLinker,
    texts: Iterable[str],
    *,
    rows: Iterable[LabelledRow] = (),
    decided: Sequence[Proposal] = (),
    config: ExtractionConfig | None = None,
    encoder: TokenEncoder | None = None,
    progress: Progress | None = None,
) -> tuple[Extractor, LearningReport]:
    """Learn an extractor.

    Args:
        graph: The graph.
        linker: Finds entities of the graph.
        texts: Texts for distant supervision; texts of rows are left out.
        rows: Labelled rows; if there are any, thresholds are chosen on them.
        decided: Accepted and rejected proposals.
        config: The training settings.
        encoder: Encodes the context of each pair; none by default.
        progress: Called with the steps done, the total (0 if unknown), and the name of the stage.

    Raises:
        WorkspaceError: No text states a known fact.
    """
    config = config or ExtractionConfig()
    knowledge = PairKnowledge(graph)
    row_list = list(islice(rows, config.most_texts))
    used: list[str] = []
    stated = _row_examples(graph, linker, row_list, knowledge, used, encoder)
    count = len(used)
    row_texts = set(used)
    others = islice((text for text in texts if text not in row_texts), config.most_texts)
    noted = _note_texts(others, used, progress)
    batches = map(partial(_link_texts, linker), in_batches(noted, TEXTS_PER_BATCH))
    taught = relation_examples.distant(batches, knowledge, encoder, first=count)
    reviewed = _reviewed_examples(decided, knowledge, len(used), encoder)
    labels = [*stated.labels, *taught.labels, *reviewed.labels]
    if not any(labels):
        raise WorkspaceError(
            "no text states a fact that the graph has, so that there is nothing to learn from;"
            " give other texts, load facts that they state, or give labelled rows (--rows)"
        )
    kinds = _kinds(graph, knowledge, labels, row_list)
    note = (
        None
        if progress is None
        else lambda count_done, most, _: progress(count_done, most, "fitting")
    )
    fitted = fit_extractor(stated, taught, reviewed, used, kinds, config, note)
    report = LearningReport(
        texts=len(used),
        pairs=len(labels),
        stated=sum(map(bool, labels)),
        relations=len(fitted.classifier.space.kinds),
        epochs=fitted.passes,
        decided=len(decided),
        from_rows=fitted.from_rows,
        from_texts=fitted.from_texts,
    )
    classifier = fitted.classifier
    if encoder is not None:
        classifier = replace(classifier, encoder=encoder.fingerprint)
    return Extractor(classifier, fitted.calibration, encoder), report


def in_batches(items: Iterable[T], size: int) -> Iterator[tuple[T, ...]]:
    """Yield items in tuples of the given size; the last may be shorter."""
    source = iter(items)
    while part := tuple(islice(source, size)):
        yield part


def linked_batches(linker: TextLinker, texts: Iterable[str]) -> Iterator[Batch]:
    """Yield texts with their mentions, a batch at a time."""
    return map(partial(_link_texts, linker), in_batches(texts, TEXTS_PER_BATCH))


def _link_texts(linker: TextLinker, texts: Sequence[str]) -> list[tuple[str, list[TextMention]]]:
    documents = linker.link_many(texts, threshold=MIN_LINK_P, any_case=True)
    return [(document.text, mentions_of(document)) for document in documents]


def _note_texts(texts: Iterable[str], used: list[str], progress: Progress | None) -> Iterator[str]:
    """Yield texts, and append them to ``used``."""
    for text in texts:
        used.append(text)
        if progress is not None and len(used) % TEXTS_PER_BATCH == 0:
            progress(len(used), 0, "reading")
        yield text


def _row_examples(
    graph: KnowledgeGraph,
    linker: TextLinker,
    rows: Sequence[LabelledRow],
    knowledge: PairKnowledge,
    used: list[str],
    encoder: TokenEncoder | None,
) -> RelationExamples:
    """The examples of labelled rows, whose texts are appended to ``used``."""
    used.extend(row.text for row in rows)

    def read() -> Iterator[Batch]:
        for part in in_batches(rows, TEXTS_PER_BATCH):
            linked = _link_texts(linker, [row.text for row in part])
            yield [
                (row.text, mentions if row.mentions is None else row.mentions)
                for row, (_, mentions) in zip(part, linked, strict=True)
            ]

    labels = _Labels(graph)
    return relation_examples.examples_of_rows(
        read(),
        lambda n, head, tail: labels.relations_between(rows[n], head, tail),
        knowledge,
        encoder,
    )


class _Labels:
    """Labels of the entities in rows, read on demand."""

    def __init__(self, graph: KnowledgeGraph) -> None:
        self._graph, self._label_of = graph, dict[str, str]()
        self._names = Names(self._label_of)

    def relations_between(self, row: LabelledRow, head: TextMention, tail: TextMention) -> set[str]:
        keys = [mention.key for mention in (head, tail) if mention.key not in self._label_of]
        if keys:
            entities = self._graph.entities(keys)
            self._label_of.update(
                (key, entities[key].label if key in entities else key) for key in keys
            )
        return self._names.relations_between(row, head, tail)


def _reviewed_examples(
    decided: Sequence[Proposal], knowledge: PairKnowledge, count: int, encoder: TokenEncoder | None
) -> RelationExamples:
    """Reviewed proposals as examples, with document numbers from ``count`` on."""
    examples = RelationExamples()
    documents = [(item.sentence, _proposal_mentions(item)) for item in decided]
    pairs = relation_examples.pairs_with_features(documents, knowledge, encoder)
    for number, pair, features in pairs:
        item = decided[number]
        labels = relation_examples.labels_of(pair, knowledge.relations)
        if item.state == "rejected":
            labels = tuple(label for label in labels if label.relation != item.relation)
        examples.add(count + number, pair, features, labels, REVIEWED_WEIGHT)
    return examples


def _proposal_mentions(item: Proposal) -> list[TextMention]:
    """The two mentions of a proposal."""
    from kg.types import Literal

    mentions = []
    for end, (start, last), is_new in (
        (item.head, item.head_span, item.head_new),
        (item.tail, item.tail_span, item.tail_new),
    ):
        surface = item.sentence[start:last]
        if isinstance(end, Literal):
            mentions.append(TextMention(start, last, MentionKind.VALUE, end.value, surface, end))
        else:
            kind = MentionKind.NAME if is_new else MentionKind.ENTITY
            mentions.append(TextMention(start, last, kind, end, surface))
    return sorted(mentions, key=lambda mention: mention.start)


def _kinds(
    graph: KnowledgeGraph,
    knowledge: PairKnowledge,
    stated: Sequence[tuple[Label, ...]],
    rows: Sequence[LabelledRow],
) -> dict[str, RelationKind]:
    """The kinds of tails of each relation, by the graph; all kinds if only rows have it."""
    labels = {relation.key: relation.label for relation in graph.relations()}
    names = {label.relation for labels_of_example in stated for label in labels_of_example}
    names |= {relation for row in rows for _, relation, _ in row.triples}
    kinds = {}
    for name in sorted(names):
        entities, values, is_text = knowledge.ends(name)
        kinds[name] = RelationKind(
            name=labels.get(name, name), entities=entities, values=values, texts=is_text
        )
    return kinds
