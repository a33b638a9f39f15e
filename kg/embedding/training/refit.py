"""Refits the rows of entities whose facts have changed; all other rows stay as they are."""

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
"""Passes over the facts of the changed entities; many, because each has only a few steps."""


def refit(
    embeddings: EntityEmbeddings, graph: KnowledgeGraph, keys: Collection[str]
) -> EntityEmbeddings:
    """Refit the rows of ``keys`` to the facts that the graph now states about them.

    The objective is that of the training. Keys, relations and every other row stay as they are in
    ``embeddings``, so that the new table can replace the old one in a fused model. Facts about
    entities or relations without a vector are left out.

    Returns:
        New embeddings of the graph's present revision.

    Raises:
        EmbeddingMismatchError: The embeddings were trained on another graph.
        EmbeddingError: The embeddings have no scorer, or their model cannot be refitted.
        UnknownKeyError: One of ``keys`` has no vector.
    """
    embeddings.check(graph)
    old = embeddings.scorer()
    chosen = torch.zeros(len(embeddings), dtype=torch.bool)
    rows = embeddings.keys.of(set(keys))
    if missing := sorted(set(keys) - rows.keys()):
        raise UnknownKeyError(
            f"no vector for {shorten(missing[0])!r}: extend the embeddings instead"
        )
    chosen[sorted(rows.values())] = True
    revision, triples = graph.snapshot()
    ids = torch.from_numpy(embeddings.known_ids(sorted(triples)))
    touches_chosen = chosen[ids[:, 0]] | chosen[ids[:, 2]]
    scorer = _reinitialise(old, chosen)
    if touches_chosen.any():
        no_relations = torch.zeros(len(embeddings.relations), dtype=torch.bool)
        about, others = ids[touches_chosen], ids[~touches_chosen]
        fit_rows(scorer, about, others, chosen, no_relations, epochs=EPOCHS)
    table = embeddings.table.clone()
    table[chosen] = scorer.vectors()[chosen]
    return type(embeddings)(
        embeddings.keys,
        table,
        relations=embeddings.relations,
        fingerprint=graph.fingerprint(revision),
        revision=revision,
        config=embeddings.config,
        state=partial(dict, scorer.state()),
        curve=embeddings.curve,
        calibration=embeddings.calibration,
    )


def _reinitialise(old: Scorer, chosen: torch.Tensor) -> Scorer:
    """Copy the scorer, with the chosen rows of entities initialised at random again."""
    scorer = Scorer(old.config, old.num_entities, old.num_relations)
    parts = scorer.model.entity_representations
    sizes = {len(value) for part in parts for value in part.parameters()}
    # Parameters that are not one row per entity would still encode the old facts.
    if len(parts) != 1 or sizes != {len(chosen)}:
        raise EmbeddingError(
            f"the model {old.config.model} does not keep exactly one row per entity, so single"
            " entities cannot be refitted; train the embeddings again"
        )
    initial = [
        value.detach()[chosen].clone()
        for value in scorer.model.entity_representations[0].parameters()
    ]
    scorer.load_state(old.state())
    with torch.no_grad():
        for value, rows in zip(
            scorer.model.entity_representations[0].parameters(), initial, strict=True
        ):
            value[chosen] = rows
    return scorer
