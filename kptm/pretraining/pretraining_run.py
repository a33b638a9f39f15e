"""Runs a pretraining: from texts to a trained model and a report."""

from __future__ import annotations

import hashlib
import json
import tempfile
import time
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kptm.errors import ConfigError, ModelError
from kptm.fusion.backbones.backbone import quiet_transformers
from kptm.fusion.backbones.int8 import check_trainable
from kptm.linking import Linker
from kptm.pretraining.backbone_plan import freeze_backbone, plan_for
from kptm.pretraining.checkpoints import newest, step_of
from kptm.pretraining.config import PretrainConfig
from kptm.pretraining.data.corpus import Corpus
from kptm.pretraining.data.described_facts import Descriptions
from kptm.pretraining.data.training_examples import ExampleSettings, PretrainingExamples
from kptm.pretraining.data.triple_index import TripleIndex
from kptm.pretraining.fusion_trainer import make_trainer
from kptm.pretraining.pretrain_report import PretrainReport
from kptm.pretraining.pretraining_model import PretrainingModel
from kptm.pretraining.processes import processes
from kptm.pretraining.randomness import restore_randomness
from kptm.pretraining.sharding import check_sharding, shard

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from kg.view import GraphView
    from kptm.data.tokenize import EncodedText
    from kptm.fusion import FusedModel
    from kptm.linking import LinkedText
    from kptm.pretraining.data.corpus import Link
    from kptm.pretraining.objectives import Objective

TEXTS_PER_REPORT = 64
"""The number of texts between two calls of ``reading``."""


def pretrain(
    model: FusedModel,
    texts: Iterable[str | LinkedText | Mapping[str, Any]],
    linker: Linker | Link | None = None,
    config: PretrainConfig | None = None,
    *,
    linked_by: str | None = None,
    graph: GraphView | None = None,
    checkpoints: str | Path | None = None,
    objectives: Sequence[Objective] = (),
    progress: Callable[[int, float], None] | None = None,
    reading: Callable[[int], None] | None = None,
) -> PretrainReport:
    """Pretrain ``model`` in place on the objectives that have a weight in ``config``.

    Under ``accelerate launch``, every process calls this with the same arguments, and has the same
    model when it returns.

    Args:
        model: The fused model.
        texts: Plain texts, linked texts, or rows with "text" and optionally "links", as in a
            ``datasets.Dataset`` or ``IterableDataset``. They are read once, as a stream.
        linker: A linker, or a function that links many texts; needed for plain texts.
        config: Steps, rates, weights and seed.
        linked_by: The identity of the function that links texts, such as
            :meth:`kptm.Linker.identity`. If it has changed, stored texts are linked again.
        graph: The graph; needed for ``relation_weight`` and ``description_weight``.
        checkpoints: The folder of the checkpoints. An interrupted run is resumed from the newest
            complete one, with the same losses as without interruption, and without linking again.
        objectives: Objectives in addition to those of ``config``; their losses are in the curve.
        progress: Called after each step with its number and the last mean loss.
        reading: Called now and then, before the first step, with the number of texts that have been
            linked and encoded.

    Raises:
        ModelError: There are no texts, there are plain texts but no linker, the loss is not finite,
            or the model's weights are 8-bit numbers.
        ConfigError: An objective needs the graph, or the batch or the model cannot be divided.
        CheckpointError: The folder's checkpoints belong to another run.
    """
    config = config or PretrainConfig()
    check_trainable(model.backbone)
    check_sharding(config, objectives)
    began = time.monotonic()
    facts = _facts(graph, config)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) if checkpoints is None else Path(checkpoints)
        identity = model.fingerprint()
        with _main_process_first(shared=checkpoints is not None):
            corpus = Corpus(
                folder / "texts",
                texts,
                _count_texts(model.encoder.encode, reading),
                link=linker.link_many if isinstance(linker, Linker) else linker,
                related=facts if config.relation_weight else None,
                identity=_corpus_identity(
                    identity, linker, linked_by, graph, facts if config.relation_weight else None
                ),
            )
            descriptions = _descriptions(
                graph, facts, config, model, folder / "descriptions", identity
            )
        if not len(corpus):
            raise ModelError("there is no text to pretrain on; pass at least one")
        settings = asdict(config)
        for name in ("device", "sharding", "offload"):  # a run may be resumed on other machines
            del settings[name]
        parts = [json.dumps(settings, sort_keys=True), identity, corpus.digest]
        parts += [descriptions.digest if descriptions else "", *(facts.relations if facts else ())]
        parts += [objective.name for objective in objectives]
        run = hashlib.sha256("\n".join(parts).encode()).hexdigest()
        examples = PretrainingExamples(corpus, config, _example_settings(model), descriptions)
        start = newest(folder, run)
        if config.lora_rank:
            model.add_lora(config.lora_rank, config.seed)
        plan = plan_for(model, config)
        with (
            quiet_transformers(),
            restore_randomness(),
            freeze_backbone(model, plan),
            _gradient_checkpointing(model, config),
        ):
            pretraining_model = PretrainingModel(
                model, config, len(facts.relations) if facts else 0, objectives
            )
            sharded = shard(pretraining_model, config)
            trainer = make_trainer(
                pretraining_model, config, examples, folder, run, progress, plan, sharded
            )
            try:
                trainer.train(resume_from_checkpoint=str(start) if start else None)
            finally:
                model.eval()
            if sharded is not None:
                sharded.finish()
    curve = trainer.curve()
    model.figures = {
        "pretraining, texts": len(corpus),
        "pretraining, links": corpus.links,
        "pretraining, steps": config.steps,
        **({"pretraining, loss of the last steps": curve[-1].loss} if curve else {}),
    }
    return PretrainReport(
        curve=curve,
        texts=len(corpus),
        links=corpus.links,
        steps=config.steps,
        resumed_at=step_of(start) if start else 0,
        seconds=time.monotonic() - began,
        backbone=str(plan),
    )


def _count_texts(
    encode: Callable[[LinkedText], EncodedText], reading: Callable[[int], None] | None
) -> Callable[[LinkedText], EncodedText]:
    """A function that encodes a text, and reports the number of texts so far."""
    count = 0

    def encode_and_count(document: LinkedText) -> EncodedText:
        nonlocal count
        count += 1
        if reading is not None and count % TEXTS_PER_REPORT == 0:
            reading(count)
        return encode(document)

    return encode_and_count


def _corpus_identity(
    model: str,
    linker: Linker | Link | None,
    linked_by: str | None,
    graph: GraphView | None,
    facts: TripleIndex | None,
) -> str:
    """The identity of everything on which encoded texts depend, other than the texts.

    A function that links texts has no identity, so the graph is used instead.
    """
    parts = [model]
    if isinstance(linker, Linker):
        parts.append(linker.identity())
    elif linked_by is not None:
        parts.append(linked_by)
    elif graph is not None and linker is not None:
        parts.append(f"{graph.fingerprint()} at revision {graph.revision()}")
    if facts is not None and graph is not None:
        parts += [graph.fingerprint(), *facts.relations]
    return "\n".join(parts)


def _facts(graph: GraphView | None, config: PretrainConfig) -> TripleIndex | None:
    for name in ("relation_weight", "description_weight"):
        if getattr(config, name):
            if graph is None:
                raise ConfigError(f"{name}: the targets come from the graph; pass graph=")
            return TripleIndex(graph)
    return None


def _descriptions(
    graph: GraphView | None,
    facts: TripleIndex | None,
    config: PretrainConfig,
    model: FusedModel,
    folder: Path,
    identity: str,
) -> Descriptions | None:
    if graph is None or facts is None or not config.description_weight:
        return None
    return Descriptions(graph, facts.relations, model.encoder.encode, folder, identity)


def _example_settings(model: FusedModel) -> ExampleSettings:
    special = set(model.tokenizer.all_special_ids)
    return ExampleSettings(
        mask_id=None if model.causal else model.encoder.mask_id,
        vocab=[number for number in range(len(model.tokenizer)) if number not in special],
        entities=len(model.embeddings),
        max_tokens=model.encoder.max_length,
    )


@contextmanager
def _main_process_first(*, shared: bool) -> Iterator[None]:
    """If processes share a folder, let the main one write first; the others then read its files."""
    if shared:
        with processes().main_process_first():
            yield
    else:
        yield


@contextmanager
def _gradient_checkpointing(model: FusedModel, config: PretrainConfig) -> Iterator[None]:
    if not config.gradient_checkpointing or model.backbone.is_activation_checkpointing:
        yield
        return
    try:
        model.backbone.activation_checkpointing_enable()
    except ValueError as error:
        raise ConfigError(
            f"gradient_checkpointing: {type(model.backbone).__name__} does not support it;"
            " leave it off"
        ) from error
    try:
        yield
    finally:
        model.backbone.activation_checkpointing_disable()
