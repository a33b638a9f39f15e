"""Trains the embeddings of a graph by partitions on disk."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from safetensors.torch import load_file

from kg.embedding.buckets.bucket_training import BucketTraining, check_config
from kg.embedding.buckets.graph_buckets import read_graph
from kg.embedding.embeddings import EntityEmbeddings
from kg.embedding.files import key_index, vectors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import torch
    from numpy.typing import NDArray

    from kg.embedding.config import KGEConfig
    from kg.embedding.training.state import Epoch
    from kg.graph import KnowledgeGraph

TRIPLES, PARTITIONS, VECTORS, ROWS = "triples", "partitions", "vectors.safetensors", "rows.db"
ENTITY_WEIGHT, RELATION_WEIGHT = (
    f"{kind}_representations.0._embeddings.weight" for kind in ("entity", "relation")
)
"""PyKEEN's names of the two tables."""


def train_on_disk(
    graph: KnowledgeGraph,
    config: KGEConfig,
    folder: str | Path,
    *,
    progress: Callable[[Epoch], None] | None = None,
    step: Callable[[float], None] | None = None,
) -> EntityEmbeddings:
    """Train embeddings of all entities that have a triple, in the memory of two partitions.

    The result depends on the content of the graph and on the seed, and not on the order of loading.

    Args:
        graph: The graph; its live triples are the training set.
        config: The settings of a "sampled" training of ComplEx or DistMult, with the number of
            ``partitions``. ``share`` and early stopping do not apply. It runs on the CPU.
        folder: The folder of the training. An interrupted training continues there, with the same
            result. The vectors are read from its files: save the embeddings, and delete it then.
        progress: Called after each epoch.
        step: Called after each pair of partitions with the number of epochs trained so far.

    Raises:
        EmbeddingError: The settings are not those of such a training, the graph has no triples, the
            loss is not finite, or the folder cannot be read.
        EmbeddingMismatchError: The folder has the training of another graph or configuration.
    """
    check_config(config)
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    data = read_graph(graph, place / TRIPLES, config.partitions, config.seed)
    training = BucketTraining(place / PARTITIONS, data.buckets, config, len(data.relations))
    training.train(progress, step)
    # Rows are in the order of the partitions, so that the table is written in one pass.
    of_place = np.argsort(data.buckets.place)
    vectors.write(place / VECTORS, len(data.keys), training.width, _parts(training), "float32")
    (place / ROWS).unlink(missing_ok=True)
    key_index.write(place / ROWS, data.keys.in_order(of_place))
    return EntityEmbeddings(
        key_index.StoredKeyIndex(place / ROWS, len(data.keys)),
        vectors.Vectors(place / VECTORS),
        relations=data.relations,
        fingerprint=graph.fingerprint(data.revision),
        revision=data.revision,
        config=config,
        state=partial(_state, config, place / VECTORS, training.relations()),
        curve=training.curve,
    )


def _parts(training: BucketTraining) -> Iterator[NDArray[np.float32]]:
    for part in range(len(training.buckets.bounds) - 1):
        yield training.vectors(part).numpy()


def _state(config: KGEConfig, path: Path, relations: torch.Tensor) -> dict[str, torch.Tensor]:
    """The tensors of the scorer; that of the entities is mapped from the file of vectors."""
    from kg.embedding.training.scorer import Scorer  # PyKEEN takes seconds to import

    state = Scorer(config, 1, 1).state()
    return state | {ENTITY_WEIGHT: load_file(path)["entities"], RELATION_WEIGHT: relations}
