"""Entities whose facts have changed: their rows are fitted anew, all others stay as they are."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import torch

from kg.embedding.training.extension import fit_rows
from kg.embedding.training.scorer import Scorer
from kg.errors import EmbeddingError, UnknownKeyError, shorten

if TYPE_CHECKING:
    from collections.abc import Collection

    from kg.embedding.embeddings import EntityEmbeddings
    from kg.graph import KnowledgeGraph

EPOCHS = 200
"""Passes over the facts of what has changed: these are few, and so are the steps of a pass."""


def refit(
    embeddings: EntityEmbeddings, graph: KnowledgeGraph, keys: Collection[str]
) -> EntityEmbeddings:
    """Embeddings of the present graph in which the rows of ``keys`` are fitted anew.

    They are fitted to the facts that the graph now has of them, by the training's own objective;
    keys, relations and every other row are those of ``embeddings``, so that a model may be given
    the new table in place of the old one. Facts of what has no vector are left out.

    Raises:
        EmbeddingMismatchError: The embeddings are another graph's.
        EmbeddingError: They have no scorer.
        UnknownKeyError: One of ``keys`` has no vector.
    """
    embeddings.check(graph)
    old = embeddings.scorer()
    chosen = torch.zeros(len(embeddings), dtype=torch.bool)
    rows = embeddings.keys.of(set(keys))
    for key in sorted(set(keys) - rows.keys()):
        raise UnknownKeyError(f"no vector for {shorten(key)!r}: extend the embeddings instead")
    chosen[sorted(rows.values())] = True
    revision, triples = graph.snapshot()
    ids = torch.from_numpy(embeddings.known_ids(sorted(triples)))
    about = chosen[ids[:, 0]] | chosen[ids[:, 2]]
    engine = _started_anew(old, chosen)
    if about.any():
        none = torch.zeros(len(embeddings.relations), dtype=torch.bool)
        fit_rows(engine, ids[about], ids[~about], chosen, none, epochs=EPOCHS)
    table = embeddings.table.clone()
    table[chosen] = engine.vectors()[chosen]
    return type(embeddings)(
        embeddings.keys,
        table,
        relations=embeddings.relations,
        fingerprint=graph.fingerprint(revision),
        revision=revision,
        config=embeddings.config,
        state=partial(dict, engine.state()),
        curve=embeddings.curve,
        calibration=embeddings.calibration,
    )


def _started_anew(old: Scorer, chosen: torch.Tensor) -> Scorer:
    """The same model, its chosen rows of entities as they are before any training."""
    engine = Scorer(old.config, old.num_entities, old.num_relations)
    parts = engine.model.entity_representations
    sizes = {len(value) for part in parts for value in part.parameters()}
    if len(parts) != 1 or sizes != {len(chosen)}:  # the old facts would live on in the other part
        raise EmbeddingError(
            f"a {old.config.model} keeps more than one row of an entity and cannot be refitted;"
            " train it again"
        )
    fresh = [
        value.detach()[chosen].clone()
        for value in engine.model.entity_representations[0].parameters()
    ]
    engine.load_state(old.state())
    with torch.no_grad():
        for value, rows in zip(
            engine.model.entity_representations[0].parameters(), fresh, strict=True
        ):
            value[chosen] = rows
    return engine
