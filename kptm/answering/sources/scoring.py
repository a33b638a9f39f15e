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
    from kptm.fusion import FusedModel

BATCH = 128
"""The number of texts in a batch of the model."""


def from_embeddings(embeddings: EntityEmbeddings, asked: SourceQuery) -> SourceScores | None:
    """The p of link prediction, a softmax over its scores.

    None if the entity or the relation has no vector.
    """
    entity, relation = asked.reading.entity, asked.reading.relation
    if entity not in embeddings or relation not in embeddings.relations:
        return None
    scores = (
        embeddings.scores(head=entity, relation=relation)
        if asked.reading.forward
        else embeddings.scores(relation=relation, tail=entity)
    )
    return _spread(LINKS, scores, asked, embeddings)


@torch.no_grad()
def from_model(
    model: FusedModel, asked: Sequence[SourceQuery]
) -> list[tuple[SourceScores | None, NDArray[np.float32]]]:
    """The predictions of the fused model for the first blank in each text, in batches.

    Returns:
        For each question: the p of its candidates, averaged over its texts, and the fact keys with
        which to search modeledge, shape (T, 4E).
    """
    model.eval()
    texts, owner = [], []
    for number, question in enumerate(asked):
        for document in question.texts:
            text = model.encoder.encode(document)
            if text.blanks:  # a blank beyond the model's maximum length is not read
                texts.append(replace(text, blanks=text.blanks[:1]))
                owner.append(number)
    opinions: list[list[SourceScores]] = [[] for _ in asked]
    keys: list[list[NDArray[np.float32]]] = [[] for _ in asked]
    for start in range(0, len(texts), BATCH):
        seen = model(**collate(texts[start : start + BATCH], model.pad_id).tensors())
        for number, row_N, key_F in zip(
            owner[start:], seen.entity_logits, seen.fact_keys, strict=False
        ):
            opinion = _spread(MODEL, row_N, asked[number], model.embeddings)
            if opinion is not None:
                opinions[number].append(replace(opinion, origin=origin_of(model)))
            keys[number].append(key_F.float().cpu().numpy())
    width = 4 * model.embeddings.dim
    return [
        (_mean(scores), np.array(vectors, np.float32).reshape(-1, width))
        for scores, vectors in zip(opinions, keys, strict=True)
    ]


def origin_of(model: FusedModel) -> tuple[str, ...]:
    """The name of a compressed model, for evidence; empty for the model that was trained."""
    name = model.origin.compressed
    return (f"model {name}",) if name else ()


def _mean(opinions: Sequence[SourceScores]) -> SourceScores | None:
    if not opinions:
        return None
    return replace(opinions[0], p=np.mean([item.p for item in opinions], axis=0))


def _spread(
    kind: str, scores: torch.Tensor, asked: SourceQuery, embeddings: EntityEmbeddings
) -> SourceScores | None:
    """Softmax over the candidates with a vector; the others and the topic entity get p = 0."""
    rows = asked.side.rows(embeddings)
    there = rows >= 0
    own = asked.side.place.get(asked.reading.entity)
    if own is not None:
        there = there.copy()
        there[own] = False
    if not there.any():
        return None
    p = np.zeros(len(rows))
    chosen = scores.detach().cpu()[torch.from_numpy(rows[there])].double()
    p[there] = torch.softmax(chosen, 0).numpy()
    text = asked.texts[0].text if kind == MODEL else ""
    return SourceScores(kind, p, int(there.sum()), text)
