"""What speaks when the graph is silent: link prediction, the fused model, modeledge.

Each gives p over the candidates of one question: the entities that stand on the asked side of the
relation anywhere in the graph.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from kptm.answering.answer import Evidence
from kptm.data import collate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kg.embedding import EntityEmbeddings
    from kptm.fusion import FusedModel
    from kptm.linking import LinkedText
    from kptm.modeledge import Hit, Interpolation


@dataclass(frozen=True, slots=True)
class Opinion:
    """One source's p over candidates, its weight in the mixture, and its evidence."""

    kind: str
    p: dict[str, float]
    weight: float
    evidence: tuple[Evidence, ...]


def from_embeddings(
    embeddings: EntityEmbeddings, entity: str, relation: str, forward: bool, among: Sequence[str]
) -> Opinion | None:
    """Link prediction; None when the entity or relation has no vector."""
    rows = [(key, embeddings.row(key)) for key in among]
    known = [(key, row) for key, row in rows if row is not None and key != entity]
    if entity not in embeddings or relation not in embeddings.relations or not known:
        return None
    scores = (
        embeddings.scores(head=entity, relation=relation)
        if forward
        else embeddings.scores(relation=relation, tail=entity)
    )
    p = torch.softmax(scores[[row for _, row in known]].double(), 0).tolist()
    spread = {key: value for (key, _), value in zip(known, p, strict=True)}
    best = max(spread, key=lambda key: (spread[key], key))
    model = embeddings.config.model if embeddings.config else "embeddings"
    text = f"{model} ranks it first of {len(known)} candidates, p = {spread[best]:.2f}"
    return Opinion(
        "link prediction", spread, 1.0, (Evidence("link prediction", text, best, spread[best]),)
    )


@torch.no_grad()
def from_model(
    model: FusedModel, documents: Sequence[LinkedText], among: Sequence[str]
) -> Opinion | None:
    """The fused model's p at the first blank, the mean over ``documents``."""
    known = [(key, row) for key in among if (row := model.embeddings.row(key)) is not None]
    texts = [model.encoder.encode(document) for document in documents]
    texts = [type(text)(text.ids, text.spans, text.blanks[:1]) for text in texts if text.blanks]
    if not known or not texts:
        return None
    logits = model(**collate(texts, model.pad_id).tensors()).entity_logits
    if logits is None:
        return None
    p = torch.softmax(logits[:, [row for _, row in known]].double(), -1).mean(0).tolist()
    spread = {key: value for (key, _), value in zip(known, p, strict=True)}
    best = max(spread, key=lambda key: (spread[key], key))
    text = f"at the blank of {documents[0].text!r}, p = {spread[best]:.2f}"
    return Opinion("model", spread, 1.0, (Evidence("model", text, best, spread[best]),))


def from_modeledge(hits: Sequence[Hit], interpolation: Interpolation) -> Opinion | None:
    """What the neighbours say that speak of the question; None where the store abstains.

    The evidence is all of them: without those that hold an answer the store gives that answer nothing.
    """
    share = interpolation.weight(hits)
    if share == 0:
        return None
    shown = tuple(
        Evidence(
            "modeledge", f"{hit.record.text!r} (similarity {hit.score:.2f})", hit.value, hit.score
        )
        for hit in hits
    )
    return Opinion("modeledge", interpolation.near(hits), share, shown)


def mix(opinions: Sequence[Opinion]) -> dict[str, float]:
    """λ·kNN + (1 − λ)·mean of the other sources (Khandelwal et al. 2020, equation 3)."""
    near = next((item for item in opinions if item.kind == "modeledge"), None)
    others = [item for item in opinions if item.kind != "modeledge"]
    share = near.weight if near is not None else 0.0
    if not others:
        share = 1.0 if near is not None and near.weight > 0 else 0.0
    mixed: dict[str, float] = defaultdict(float)
    for item in others:
        for key, p in item.p.items():
            mixed[key] += (1 - share) * p / len(others)
    if near is not None:
        for key, p in near.p.items():
            mixed[key] += share * p
    return dict(mixed)
