"""Trains the embeddings of a graph."""

from __future__ import annotations

import hashlib
import json
import logging
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch

from kg.embedding.best_answers import best_answers
from kg.embedding.config import KGEConfig
from kg.embedding.devices import choose_device
from kg.embedding.embeddings import EntityEmbeddings
from kg.embedding.files.key_index import KeyIndex
from kg.embedding.training.ids import facts_with_ids
from kg.errors import EmbeddingError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray

    from kg.embedding.training.checkpoint import Checkpoint
    from kg.embedding.training.scorer import Scorer
    from kg.embedding.training.state import Epoch
    from kg.graph import KnowledgeGraph
    from kg.types import Triple

    Ints = NDArray[np.int64]
    Facts = Iterable[tuple[str, str, str]]

logger = logging.getLogger(__name__)


def train_embeddings(
    graph: KnowledgeGraph,
    config: KGEConfig | None = None,
    *,
    validation: Facts | None = None,
    checkpoint: str | Path | None = None,
    progress: Callable[[Epoch], None] | None = None,
    step: Callable[[float], None] | None = None,
) -> EntityEmbeddings:
    """Train embeddings of all entities that have a triple.

    Args:
        graph: The graph; its live triples are the training set.
        config: The model and how to train it; by default a recipe for the graph's size.
        validation: Facts that are not in the graph. Training stops when their MRR no longer rises,
            the state with the best MRR is returned, and scores are calibrated on them. Facts with
            entities or relations that the graph lacks are left out. The log warns of these, and of
            facts that are in the graph after all. By default a share ``config.validation`` of the
            graph's facts is held out.
        checkpoint: A file to which the state is written every minute, also within an epoch, so that
            an interrupted training resumes and ends with the same result. It is deleted when the
            training has finished.
        progress: Called after each epoch.
        step: Called after each batch with the number of epochs trained so far, such as 2.5.

    Raises:
        EmbeddingError: The graph has no triples; ``config.partitions`` is more than 1;
            ``validation`` has no facts, or only facts with entities or relations that the graph
            lacks; the loss is not finite; the device does not exist; or PyKEEN refuses the
            configuration.
        EmbeddingMismatchError: The checkpoint is of another training.
    """
    if config is not None and config.partitions > 1:
        raise EmbeddingError(
            f"{config.partitions} partitions are trained on disk; use"
            " kg.embedding.buckets.train_on_disk"
        )
    revision, triples = graph.snapshot()
    if not triples:
        raise EmbeddingError("the graph has no triples to train on; load some first")
    # Sorted, so that the ids depend on the content and not on the order of loading.
    triples.sort()
    keys = sorted({end for item in triples for end in (item.head, item.tail)})
    relations = sorted({item.relation for item in triples})
    if config is None:
        from kg.embedding.training.recipes import recipe_for

        config = KGEConfig.recipe(recipe_for(len(keys), len(triples)))
    device = choose_device(config.device)
    data = _training_data(triples, keys, relations, config, validation)
    from kg.embedding.training.loop import train  # PyKEEN takes seconds to import
    from kg.embedding.training.scorer import Scorer

    fingerprint = graph.fingerprint(revision)
    checkpoint_file = (
        None if checkpoint is None else _checkpoint(Path(checkpoint), fingerprint, data, config)
    )
    scorer = Scorer(config, len(keys), len(relations))
    scorer.model.to(device)
    curve = train(
        scorer,
        torch.from_numpy(data.ids),
        mrr=partial(_mrr, scorer, data.held_out_ids, data.ids) if data.held_out else None,
        checkpoint=checkpoint_file,
        progress=progress,
        step=step,
    )
    scorer.model.cpu()
    embeddings = EntityEmbeddings(
        data.entities,
        scorer.vectors(),
        relations=relations,
        fingerprint=fingerprint,
        revision=revision,
        config=config,
        state=partial(dict, scorer.state()),  # a function: train_on_disk reads it from a file later
        curve=curve,
    )
    if data.held_out:
        calibration = embeddings.calibrate(data.held_out, known=data.trained, seed=config.seed)
        best = best_answers(embeddings, data.held_out, data.trained, config.seed)
        embeddings.calibration = replace(calibration, best=best)
    if checkpoint_file is not None:
        checkpoint_file.remove()
    return embeddings


class _TrainingData(NamedTuple):
    """The facts of a training.

    Attributes:
        entities: The keys of the entities, in the order of their ids.
        trained: The facts to train on.
        ids: The same facts as ids, shape (N, 3).
        held_out: The facts for early stopping and calibration.
        held_out_ids: The same facts as ids, shape (M, 3).
    """

    entities: KeyIndex
    trained: Sequence[tuple[str, str, str]]
    ids: Ints
    held_out: Sequence[tuple[str, str, str]]
    held_out_ids: Ints


def _training_data(
    triples: list[Triple],
    keys: list[str],
    relations: list[str],
    config: KGEConfig,
    validation: Facts | None,
) -> _TrainingData:
    """Hold out a share of the triples, or take the validation facts; map both parts to ids.

    Raises:
        EmbeddingError: There are no validation facts, or the graph lacks an entity or the relation
            of each.
    """
    entities, relation_ids = KeyIndex(keys), {name: number for number, name in enumerate(relations)}
    trained: Sequence[tuple[str, str, str]] = triples
    validated: Sequence[tuple[str, str, str]]
    if validation is None:
        trained, validated = _split(triples, config)
    else:
        # Sorted, because the order of a set differs between processes, and a resumed training needs
        # the order that it began with.
        validated = sorted(validation)
        if not validated:
            raise EmbeddingError(
                "there are no validation facts; give some, or None to hold out the share"
                " config.validation of the graph's facts"
            )
    _, ids = facts_with_ids(trained, entities, relation_ids)  # all training facts have ids
    held_out, held_out_ids = facts_with_ids(validated, entities, relation_ids)
    if validated and not held_out:
        raise EmbeddingError(
            "every validation fact names an entity or relation that the graph lacks; give facts"
            " about entities of the graph"
        )
    if len(held_out) < len(validated):
        logger.warning(
            "%d of %d validation facts are left out, because the graph lacks an entity or the"
            " relation of each",
            len(validated) - len(held_out),
            len(validated),
        )
    if validation is not None:
        in_graph = len(set(map(tuple, held_out)).intersection(triples))
        if in_graph:
            logger.warning(
                "%d of %d validation facts are in the graph, so the model is trained on them: its"
                " MRR and calibration are too high",
                in_graph,
                len(held_out),
            )
    return _TrainingData(entities, trained, ids, held_out, held_out_ids)


def _checkpoint(path: Path, fingerprint: str, data: _TrainingData, config: KGEConfig) -> Checkpoint:
    """The checkpoint of this training; the file of another training is refused."""
    from kg.embedding.training.checkpoint import Checkpoint

    identity = {"fingerprint": fingerprint, "held out": _digest(data.held_out), **asdict(config)}
    # A training may resume on another device. ``partitions`` is at most 1 here, and older
    # checkpoints lack it.
    del identity["device"], identity["partitions"]
    return Checkpoint(path, identity)


def _digest(facts: Sequence[tuple[str, str, str]]) -> str:
    """SHA-256 of the facts in the given order."""
    return hashlib.sha256(json.dumps([list(item) for item in facts]).encode()).hexdigest()


def _mrr(scorer: Scorer, held_out: Ints, known: Ints) -> float:
    """The filtered MRR of held-out facts."""
    from kg.embedding.ranking import rank_triples

    return float((1 / rank_triples(scorer, held_out, known)).mean())


def _split(triples: list[Triple], config: KGEConfig) -> tuple[list[Triple], list[Triple]]:
    """Split triples into training and validation.

    Every entity and relation keeps a triple in the training part.
    """
    size = int(config.validation * len(triples))
    if not size:
        return triples, []
    entities: set[str] = set()
    relations: set[str] = set()
    held_out: list[Triple] = []
    for number in np.random.default_rng(config.seed).permutation(len(triples)).tolist():
        item = triples[number]
        # A triple is held out only if earlier training triples have its entities and its relation.
        if (
            len(held_out) < size
            and entities.issuperset((item.head, item.tail))
            and item.relation in relations
        ):
            held_out.append(item)
        entities.update((item.head, item.tail))
        relations.add(item.relation)
    in_validation = set(held_out)
    return [item for item in triples if item not in in_validation], sorted(held_out)
