"""Learning an extractor: from a graph and texts, or from labelled rows; what was rejected in review is a counterexample."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

from kptm.errors import WorkspaceError
from kptm.extraction.candidates.pair_knowledge import PairKnowledge
from kptm.extraction.candidates.text_mentions import MentionKind, TextMention, mentions_of
from kptm.extraction.extractor import Extractor
from kptm.extraction.fitting import relation_examples as learnt
from kptm.extraction.fitting.classifier_training import ExtractionConfig, fit, space_of
from kptm.extraction.fitting.labelled_rows import LabelledRow, Names
from kptm.extraction.fitting.relation_examples import RelationExamples
from kptm.extraction.fitting.relation_thresholds import Scored, calibrate
from kptm.extraction.relation_classifier import RelationKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from kg.graph import KnowledgeGraph
    from kg.review.proposal import Proposal
    from kptm.extraction.relation_classifier import Classifier
    from kptm.linking import Linker

    Batch = Sequence[tuple[str, Sequence[TextMention]]]
    Progress = Callable[[int, int, str], None]

T = TypeVar("T")
BATCH = 256
"""Texts that are read at a time."""
LINKED = 0.1
"""The least probability of a link here: a relation that fits is evidence for it too."""
SEEN = 0.05
"""The least score of a prediction that thresholds are chosen among."""
REJECTED = 2.0
"""How much a rejected proposal counts: a person has looked at it."""
REFITTED = 4_000
"""Rows up to which the final classifier learns from the held-out ones too; without rows it always does."""


@dataclass(frozen=True, slots=True)
class LearningReport:
    """What an extractor has learnt from.

    Attributes:
        texts: How many texts.
        pairs: How many pairs of mentions.
        stated: How many of them have a relation.
        relations: How many relations it reads.
        epochs: Passes over the examples.
        decided: How many decided proposals were examples.
    """

    texts: int
    pairs: int
    stated: int
    relations: int
    epochs: int
    decided: int = 0


def learn(
    graph: KnowledgeGraph,
    linker: Linker,
    texts: Iterable[str],
    *,
    rows: Iterable[LabelledRow] = (),
    decided: Sequence[Proposal] = (),
    config: ExtractionConfig | None = None,
    progress: Progress | None = None,
) -> tuple[Extractor, LearningReport]:
    """Learn an extractor.

    Args:
        graph: What is known.
        linker: Finds its entities.
        texts: To learn from by distant supervision; read only where there are no rows.
        rows: Labelled rows.
        decided: Accepted and rejected proposals.
        config: How.
        progress: Called with done, total (0 where unknown), and what is done.

    Raises:
        WorkspaceError: No text states a fact that is known.
    """
    config = config or ExtractionConfig()
    knowledge = PairKnowledge(graph)
    given = list(islice(rows, config.most_texts))
    used: list[str] = []
    if given:
        found = _from_rows(graph, linker, given, knowledge, used)
    else:
        some = _noted(islice(texts, config.most_texts), used, progress)
        found = learnt.distant(map(partial(_linked, linker), in_batches(some, BATCH)), knowledge)
    count = len(used)
    _add_decided(found, decided, knowledge, count)
    if not any(found.labels):
        raise WorkspaceError(
            "no text states a fact that the graph has, so that there is nothing to learn from; give other"
            " texts, load facts that they state, or give labelled rows (--rows)"
        )
    kinds = _kinds(graph, knowledge, found, given)
    closed = bool(given)
    train, test = _parted(found, used, config.held_out, closed=closed)
    if not any(train.labels):
        train = found
    space = space_of(train, kinds, config.min_count, closed=closed)
    note = None if progress is None else lambda done, most, _: progress(done, most, "fitting")
    classifier, passes = fit(train, test, space, config, note)
    calibration = calibrate(_scored(classifier, test, closed=closed), closed=closed)
    if len(test) and (len(used) <= REFITTED or not closed):
        space = space_of(found, kinds, config.min_count, closed=closed)
        once = replace(config, epochs=max(1, passes))
        classifier, _ = fit(found, RelationExamples(), space, once, note)
    report = LearningReport(
        texts=count,
        pairs=len(found),
        stated=sum(map(bool, found.labels)),
        relations=len(space.kinds),
        epochs=passes,
        decided=len(decided),
    )
    return Extractor(classifier, calibration), report


def in_batches(items: Iterable[T], size: int) -> Iterator[tuple[T, ...]]:
    """Items in tuples of a size; the last may be shorter."""
    source = iter(items)
    while part := tuple(islice(source, size)):
        yield part


def linked_batches(linker: Linker, texts: Iterable[str]) -> Iterator[Batch]:
    """Texts with their mentions, a batch at a time."""
    return map(partial(_linked, linker), in_batches(texts, BATCH))


def _linked(linker: Linker, texts: Sequence[str]) -> list[tuple[str, list[TextMention]]]:
    documents = linker.link_many(texts, threshold=LINKED, any_case=True)
    return [(document.text, mentions_of(document)) for document in documents]


def _noted(texts: Iterable[str], used: list[str], progress: Progress | None) -> Iterator[str]:
    for text in texts:
        used.append(text)
        if progress is not None and len(used) % BATCH == 0:
            progress(len(used), 0, "reading")
        yield text


def _from_rows(
    graph: KnowledgeGraph,
    linker: Linker,
    rows: Sequence[LabelledRow],
    knowledge: PairKnowledge,
    used: list[str],
) -> RelationExamples:
    used.extend(row.text for row in rows)

    def read() -> Iterator[Batch]:
        for part in in_batches(rows, BATCH):
            found = _linked(linker, [row.text for row in part])
            yield [
                (row.text, mentions if row.mentions is None else row.mentions)
                for row, (_, mentions) in zip(part, found, strict=True)
            ]

    labels = _Labels(graph)
    return learnt.labelled(
        read(), lambda n, head, tail: labels.stated(rows[n], head, tail), knowledge
    )


class _Labels:
    """Names of the entities that rows speak of, read when they are asked for."""

    def __init__(self, graph: KnowledgeGraph) -> None:
        self._graph, self._known = graph, dict[str, str]()
        self._names = Names(self._known)

    def stated(self, row: LabelledRow, head: TextMention, tail: TextMention) -> set[str]:
        keys = [one.key for one in (head, tail) if one.key not in self._known]
        if keys:
            found = self._graph.entities(keys)
            self._known.update((key, found[key].label if key in found else key) for key in keys)
        return self._names.stated(row, head, tail)


def _add_decided(
    found: RelationExamples, decided: Sequence[Proposal], knowledge: PairKnowledge, count: int
) -> None:
    """Add what a person has decided: examples of their own documents."""
    documents = [(item.sentence, _spans(item)) for item in decided]
    for number, pair, features in learnt.featured(documents, knowledge):
        item = decided[number]
        labels = learnt.labels_of(pair, knowledge.relations)
        if item.state == "rejected":
            labels = tuple(label for label in labels if label.relation != item.relation)
        found.add(count + number, pair, features, labels, REJECTED)


def _spans(item: Proposal) -> list[TextMention]:
    """The two mentions of a proposal."""
    from kg.types import Literal

    found = []
    for end, (start, last), is_new in (
        (item.head, item.head_span, item.head_new),
        (item.tail, item.tail_span, item.tail_new),
    ):
        surface = item.sentence[start:last]
        if isinstance(end, Literal):
            found.append(TextMention(start, last, MentionKind.VALUE, end.value, surface, end))
        else:
            kind = MentionKind.NAME if is_new else MentionKind.ENTITY
            found.append(TextMention(start, last, kind, end, surface))
    return sorted(found, key=lambda one: one.start)


def _kinds(
    graph: KnowledgeGraph,
    knowledge: PairKnowledge,
    found: RelationExamples,
    rows: Sequence[LabelledRow],
) -> dict[str, RelationKind]:
    """What each relation may end in: what it ends in in the graph; of relations that only rows have, anything."""
    labels = {relation.key: relation.label for relation in graph.relations()}
    names = {label.relation for one in found.labels for label in one}
    names |= {relation for row in rows for _, relation, _ in row.triples}
    kinds = {}
    for name in sorted(names):
        entities, values, is_text = knowledge.ends(name)
        kinds[name] = RelationKind(
            name=labels.get(name, name), entities=entities, values=values, texts=is_text
        )
    return kinds


def _parted(
    found: RelationExamples, used: Sequence[str], share: float, *, closed: bool
) -> tuple[RelationExamples, RelationExamples]:
    """Examples to learn from, and those that are held out: all of some texts, or without rows all of some pairs of things.

    What is read of a pair in one text would be known in the next: a fact that a proposal states is a new one.
    """
    if closed:
        texts = [_draw(text) < share for text in used]
        held = [number < len(texts) and texts[number] for number in found.documents]
    else:
        nodes = (sorted(one.node for one in pair.mentions) for pair in found.pairs)
        held = [_draw("\x1f".join(map("\x1e".join, pair))) < share for pair in nodes]
    inside = [at for at, is_held in enumerate(held) if not is_held]
    outside = [at for at, is_held in enumerate(held) if is_held]
    return found.chosen(inside), found.chosen(outside)


def _scored(classifier: Classifier, held: RelationExamples, *, closed: bool) -> Iterator[Scored]:
    """Predictions on held-out examples whose truth is known.

    Args:
        classifier: What predicts.
        held: The examples.
        closed: Whether the labels are complete; else a relation of a head without any known tail may hold.
    """
    labels = classifier.space.labels
    at = {label: number for number, label in enumerate(labels)}
    for start in range(0, len(held), 4 * BATCH):
        part = held.chosen(range(start, min(start + 4 * BATCH, len(held))))
        chances = classifier.probabilities(part.pairs, part.features)
        for row, column in zip(*(chances > SEEN).nonzero(), strict=True):
            label, item = labels[column], part.features[row]
            own = part.labels[row]
            right = float(label in own)
            if right and not closed:
                total = float(sum(chances[row, at[one]] for one in own if one in at))
                right = float(chances[row, column]) / min(1.0, total)
            roles = item.first if label.forward else item.second
            known = any(role.is_head and role.relation == label.relation for role in roles)
            if closed or right or known:
                yield Scored(label.relation, float(chances[row, column]), right)


def _draw(text: str) -> float:
    """A number between 0 and 1 that depends on a text alone."""
    return (
        int.from_bytes(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:6]) / 2**48
    )
