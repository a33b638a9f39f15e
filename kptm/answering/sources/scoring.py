"""Computes p over the candidates of a question from link prediction and from the fused model.

This file imports torch and :mod:`kptm.answering.sources.source` does not, so that asking a graph
without a model does not import torch. Shapes: N candidates, T texts, E the width of entity vectors.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import torch

from kptm.answering.sources.source import LINKS, MODEL, SourceQuery, SourceScores
from kptm.data import collate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from kg.embedding import EntityEmbeddings
    from kptm.answering.sources.module_choice import ModuleChoice
    from kptm.fusion import FusedModel

MAX_CITED_FACTS = 3
"""The maximum number of facts that are cited for a prediction."""
TEXTS_PER_BATCH = 128
"""The number of texts in a batch of the model."""


def from_embeddings(embeddings: EntityEmbeddings, query: SourceQuery) -> SourceScores | None:
    """The p of link prediction, a softmax over its scores.

    None if the entity or the relation has no vector.
    """
    entity, relation = query.reading.entity, query.reading.relation
    if entity not in embeddings or relation not in embeddings.relations:
        return None
    scores = (
        embeddings.scores(head=entity, relation=relation)
        if query.reading.forward
        else embeddings.scores(relation=relation, tail=entity)
    )
    return _spread(LINKS, scores, query, embeddings)


@torch.no_grad()
def from_model(
    model: FusedModel, queries: Sequence[SourceQuery]
) -> list[tuple[SourceScores | None, NDArray[np.float32]]]:
    """The predictions of the fused model for the first blank in each text, in batches.

    Returns:
        For each question: the p of its candidates, averaged over its texts, and the fact keys with
        which to search modeledge, shape (T, 4E).
    """
    model.eval()
    texts, owner = [], []
    for number, query in enumerate(queries):
        for document in query.texts:
            text = model.encoder.encode(document)
            if text.blanks:  # a blank beyond the model's maximum length is not read
                texts.append(replace(text, blanks=text.blanks[:1]))
                owner.append(number)
    opinions: list[list[SourceScores]] = [[] for _ in queries]
    keys: list[list[NDArray[np.float32]]] = [[] for _ in queries]
    for start in range(0, len(texts), TEXTS_PER_BATCH):
        output = model(**collate(texts[start : start + TEXTS_PER_BATCH], model.pad_id).tensors())
        for number, row_N, key_F in zip(
            owner[start:], output.entity_logits, output.fact_keys, strict=False
        ):
            opinion = _spread(MODEL, row_N, queries[number], model.embeddings)
            if opinion is not None:
                opinions[number].append(replace(opinion, origin=origin_of(model)))
            keys[number].append(key_F.float().cpu().numpy())
    width = 4 * model.embeddings.dim
    return [
        (_cite(model, query, _mean(scores)), np.array(vectors, np.float32).reshape(-1, width))
        for query, scores, vectors in zip(queries, opinions, keys, strict=True)
    ]


def _cite(
    model: FusedModel, question: SourceQuery, scores: SourceScores | None
) -> SourceScores | None:
    """The scores with the facts that a model of kind "kblam" attended to; of others unchanged."""
    if scores is None or not model.fusion_config.reads_triples:
        return scores
    from kptm.fusion import attended_facts

    [facts] = attended_facts(model, question.texts[:1], k=MAX_CITED_FACTS)
    return replace(scores, facts=facts)


def from_modules(
    choice: ModuleChoice, queries: Sequence[SourceQuery]
) -> list[tuple[SourceScores | None, NDArray[np.float32]]]:
    """The predictions as of :func:`from_model`, each with the modules chosen for its question.

    The fact keys are those of the model's own module, with which modeledge was written.
    """
    model = choice.modules.model
    results = from_model(model, queries)
    groups: dict[tuple[str, ...], list[int]] = {}
    for number, query in enumerate(queries):
        links = query.texts[0].links if query.texts else ()
        entities = [query.reading.entity, *(link.entity for link in links)]
        groups.setdefault(choice.of(entities), []).append(number)
    groups.pop(choice.modules.active_adapters, None)
    for names, numbers in groups.items():
        with choice.modules.using(names):
            with_modules = from_model(model, [queries[number] for number in numbers])
        origin = (*origin_of(model), *(f"module {name}" for name in names))
        for number, (opinion, _) in zip(numbers, with_modules, strict=True):
            before, keys = results[number]
            if opinion is not None and before is not None:
                results[number] = replace(opinion, origin=origin, without=before.p), keys
    return results


def origin_of(model: FusedModel) -> tuple[str, ...]:
    """The name of a compressed model, for evidence; empty for the model that was trained."""
    name = model.origin.compressed
    return (f"model {name}",) if name else ()


def _mean(opinions: Sequence[SourceScores]) -> SourceScores | None:
    if not opinions:
        return None
    return replace(opinions[0], p=np.mean([item.p for item in opinions], axis=0))


def _spread(
    kind: str, scores: torch.Tensor, query: SourceQuery, embeddings: EntityEmbeddings
) -> SourceScores | None:
    """Softmax over the candidates with a vector; the others and the topic entity get p = 0."""
    rows = query.side.rows(embeddings)
    has_vector = rows >= 0
    own = query.side.place.get(query.reading.entity)
    if own is not None:
        has_vector = has_vector.copy()
        has_vector[own] = False
    if not has_vector.any():
        return None
    p = np.zeros(len(rows))
    chosen = scores.detach().cpu()[torch.from_numpy(rows[has_vector])].double()
    p[has_vector] = torch.softmax(chosen, 0).numpy()
    text = query.texts[0].text if kind == MODEL else ""
    return SourceScores(kind, p, int(has_vector.sum()), text)
