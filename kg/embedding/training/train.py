"""Trains the embeddings of a graph."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from kg.embedding.best_answers import best_answers
from kg.embedding.config import KGEConfig
from kg.embedding.devices import choose_device
from kg.embedding.embeddings import EntityEmbeddings
from kg.embedding.files.key_index import KeyIndex
from kg.embedding.training.ids import known_facts
from kg.errors import EmbeddingError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray

    from kg.embedding.training.scorer import Scorer
    from kg.embedding.training.state import Epoch
    from kg.graph import KnowledgeGraph
    from kg.types import Triple

    Ints = NDArray[np.int64]
    Facts = Iterable[tuple[str, str, str]]


def train_embeddings(
    graph: KnowledgeGraph,
    config: KGEConfig | None = None,
    *,
    validation: Facts | None = None,
    checkpoint: str | Path | None = None,
    progress: Callable[[Epoch], None] | None = None,
    step: Callable[[float], None] | None = None,
) -> EntityEmbeddings:
    """Train embeddings of every entity that has a triple.

    Args:
        graph: The graph; its live triples are the training set.
        config: The model and how to train it; by default a recipe for the graph's size.
        validation: Facts that are not in the graph. Training stops when their MRR no longer rises,
            the state with the best MRR is returned, and scores are calibrated on them. By default a
            share ``config.validation`` of the graph's facts is held out.
        checkpoint: A file to which the state is written every minute, also within an epoch, so that
            an interrupted training resumes and ends with the same result. It is deleted when the
            training has finished.
        progress: Called after each epoch.
        step: Called after each batch with the number of epochs trained so far, a fraction.

    Raises:
        EmbeddingError: The graph has no triples, no validation fact names only entities and
            relations of the graph, the loss is not finite, the device does not exist, or PyKEEN
            refuses the configuration.
        EmbeddingMismatchError: The checkpoint is of another training.
    """
    revision, triples = graph.snapshot()
    if not triples:
        raise EmbeddingError("the graph has no triples to train on; load some first")
    # Sorted, so that the ids follow from the content and not from the order of loading.
    triples.sort()
    keys = sorted({end for item in triples for end in (item.head, item.tail)})
    relations = sorted({item.relation for item in triples})
    if config is None:
        from kg.embedding.training.recipes import recipe_for

        config = KGEConfig.recipe(recipe_for(len(keys), len(triples)))
    device = choose_device(config.device)
    trained, held_out = (
        _split(triples, config) if validation is None else (triples, list(validation))
    )
    from kg.embedding.training.checkpoint import Checkpoint  # pykeen takes seconds to import
    from kg.embedding.training.loop import train
    from kg.embedding.training.scorer import Scorer

    rows, numbers = KeyIndex(keys), {name: number for number, name in enumerate(relations)}
    _, ids = known_facts(trained, rows, numbers)
    held_out, wanted = known_facts(held_out, rows, numbers)
    if validation is not None and not held_out:
        raise EmbeddingError(
            "every validation fact names an entity or relation that the graph lacks; give facts"
            " about entities of the graph"
        )
    fingerprint = graph.fingerprint(revision)
    checkpoints = None
    if checkpoint is not None:
        identity = {"fingerprint": fingerprint, "held out": _digest(held_out), **asdict(config)}
        del identity["device"]  # a training may resume on another device
        checkpoints = Checkpoint(Path(checkpoint), identity)
    engine = Scorer(config, len(keys), len(relations))
    engine.model.to(device)
    mrr = partial(_mrr, engine, wanted, ids) if held_out else None
    curve = train(
        engine, torch.from_numpy(ids), mrr=mrr, checkpoint=checkpoints, progress=progress, step=step
    )
    engine.model.cpu()
    embeddings = EntityEmbeddings(
        rows,
        engine.vectors(),
        relations=relations,
        fingerprint=fingerprint,
        revision=revision,
        config=config,
        state=partial(dict, engine.state()),
        curve=curve,
    )
    if held_out:
        calibration = embeddings.calibrate(held_out, known=trained, seed=config.seed)
        best = best_answers(embeddings, held_out, trained, config.seed)
        embeddings.calibration = replace(calibration, best=best)
    if checkpoints is not None:
        checkpoints.remove()
    return embeddings


def _digest(facts: Sequence[tuple[str, str, str]]) -> str:
    """SHA-256 of the facts in the given order."""
    return hashlib.sha256(json.dumps([list(item) for item in facts]).encode()).hexdigest()


def _mrr(engine: Scorer, wanted: Ints, known: Ints) -> float:
    from kg.embedding.ranking import rank_triples

    return float((1 / rank_triples(engine, wanted, known)).mean())


def _split(triples: list[Triple], config: KGEConfig) -> tuple[list[Triple], list[Triple]]:
    """Split triples into training and validation; every entity and relation keeps a triple."""
    size = int(config.validation * len(triples))
    if not size:
        return triples, []
    seen: set[str] = set()
    held_out: list[Triple] = []
    for number in np.random.default_rng(config.seed).permutation(len(triples)).tolist():
        item = triples[number]
        if len(held_out) < size and seen.issuperset(item):
            held_out.append(item)
        seen.update(item)
    is_held_out = set(held_out)
    return [item for item in triples if item not in is_held_out], sorted(held_out)
