"""From a graph to its embeddings."""

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
        validation: Facts that are not in the graph: training stops when their MRR no longer rises,
            the best state is kept, and scores are calibrated by them. By default
            ``config.validation`` of the graph's own.
        checkpoint: A file that the state is kept in every minute, so that a training that was cut
            goes on to the same result, also within an epoch; gone when it has ended.
        progress: Called after each epoch.
        step: Called after each batch with how many epochs have been trained, as a fraction.

    Raises:
        EmbeddingError: The graph has no triples, the loss is not finite, there is no such device,
            or PyKEEN refuses.
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
    trained, held = _split(triples, config) if validation is None else (triples, list(validation))
    from kg.embedding.training.checkpoint import Checkpoint  # pykeen takes seconds to import
    from kg.embedding.training.loop import train
    from kg.embedding.training.scorer import Scorer

    rows, numbers = KeyIndex(keys), {name: number for number, name in enumerate(relations)}
    _, ids = known_facts(trained, rows, numbers)
    held, wanted = known_facts(held, rows, numbers)
    if validation is not None and not held:
        raise EmbeddingError("no fact to validate by names only what the graph has")
    fingerprint = graph.fingerprint(revision)
    kept = None
    if checkpoint is not None:
        about = {"fingerprint": fingerprint, "held out": _digest(held), **asdict(config)}
        del about["device"]  # what was cut on one goes on on another
        kept = Checkpoint(Path(checkpoint), about)
    engine = Scorer(config, len(keys), len(relations))
    engine.model.to(device)
    mrr = partial(_mrr, engine, wanted, ids) if held else None
    curve = train(
        engine, torch.from_numpy(ids), mrr=mrr, checkpoint=kept, progress=progress, step=step
    )
    engine.model.cpu()
    found = EntityEmbeddings(
        rows,
        engine.vectors(),
        relations=relations,
        fingerprint=fingerprint,
        revision=revision,
        config=config,
        state=partial(dict, engine.state()),
        curve=curve,
    )
    if held:
        calibration = found.calibrate(held, known=trained, seed=config.seed)
        best = best_answers(found, held, trained, config.seed)
        found.calibration = replace(calibration, best=best)
    if kept is not None:
        kept.remove()
    return found


def _digest(facts: Sequence[tuple[str, str, str]]) -> str:
    """SHA-256 of facts in their order."""
    return hashlib.sha256(json.dumps([list(item) for item in facts]).encode()).hexdigest()


def _mrr(engine: Scorer, wanted: Ints, known: Ints) -> float:
    from kg.embedding.ranking import rank_triples

    return float((1 / rank_triples(engine, wanted, known)).mean())


def _split(triples: list[Triple], config: KGEConfig) -> tuple[list[Triple], list[Triple]]:
    """What is trained on and what is held out: no entity or relation loses its only triple."""
    size = int(config.validation * len(triples))
    if not size:
        return triples, []
    seen: set[str] = set()
    held: list[Triple] = []
    for number in np.random.default_rng(config.seed).permutation(len(triples)).tolist():
        item = triples[number]
        if len(held) < size and seen.issuperset(item):
            held.append(item)
        seen.update(item)
    out = set(held)
    return [item for item in triples if item not in out], sorted(held)
