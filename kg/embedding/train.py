"""From a graph to its embeddings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from kg.embedding.config import KGEConfig
from kg.embedding.table import EntityEmbeddings
from kg.errors import EmbeddingError

if TYPE_CHECKING:
    from collections.abc import Callable

    from kg.graph import KnowledgeGraph


def train_embeddings(
    graph: KnowledgeGraph,
    config: KGEConfig | None = None,
    *,
    progress: Callable[[int, float], None] | None = None,
) -> EntityEmbeddings:
    """Train embeddings of every entity that has a triple.

    Args:
        graph: The graph; its live triples are the training set.
        config: The model and how to train it.
        progress: Called after each epoch with its number and loss.

    Raises:
        EmbeddingError: The graph has no triples, the loss is not finite, or PyKEEN refuses.
    """
    config = config or KGEConfig()
    revision, triples = graph.snapshot()
    if not triples:
        raise EmbeddingError("the graph has no triples to train on; load some first")
    # Sorted, so that the ids follow from the content and not from the order of loading.
    triples.sort()
    keys = sorted({end for item in triples for end in (item.head, item.tail)})
    relations = sorted({item.relation for item in triples})
    row = {key: number for number, key in enumerate(keys)}
    relation_id = {key: number for number, key in enumerate(relations)}
    ids = torch.tensor([(row[h], relation_id[r], row[t]) for h, r, t in triples])
    from kg.embedding.engine import Engine  # pykeen takes seconds to import

    engine = Engine(config, len(keys), len(relations))
    losses = engine.train(ids, progress)
    return EntityEmbeddings(
        keys,
        engine.vectors(),
        relations=relations,
        fingerprint=graph.fingerprint(revision),
        revision=revision,
        config=config,
        state=engine.state(),
        losses=losses,
    )
