"""Embeddings of a training on disk, with all vectors in memory."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import torch

from kg.embedding.embeddings import EntityEmbeddings
from kg.errors import EmbeddingError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kg.embedding.buckets.bucket_training import BucketTraining


def bucket_embeddings(
    training: BucketTraining, keys: Sequence[str], relations: Sequence[str]
) -> EntityEmbeddings:
    """Read all partitions; the memory is that of the whole table.

    Args:
        training: The trained partitions.
        keys: The key of each entity, in the order of the ids.
        relations: The key of each relation, in the order of the ids.

    Raises:
        EmbeddingError: The numbers of keys are not those of the training.
    """
    from kg.embedding.training.scorer import Scorer  # PyKEEN takes seconds to import

    buckets = training.buckets
    parts = [training.vectors(part) for part in range(len(buckets.bounds) - 1)]
    vectors = torch.cat(parts)[torch.from_numpy(buckets.place)]
    of_relations = training.relations()
    if len(keys) != len(vectors) or 2 * len(relations) != len(of_relations):
        raise EmbeddingError(
            f"{len(keys):,} keys and {len(relations):,} relations do not fit a training of"
            f" {len(vectors):,} entities and {len(of_relations) // 2:,} relations"
        )
    scorer = Scorer(training.config, len(keys), len(relations))
    with torch.no_grad():
        scorer.model.entity_representations[0]._embeddings.weight.copy_(vectors)
        scorer.model.relation_representations[0]._embeddings.weight.copy_(of_relations)
    return EntityEmbeddings(
        keys,
        scorer.vectors(),
        relations=relations,
        config=training.config,
        state=partial(dict, scorer.state()),
        curve=training.curve,
    )
