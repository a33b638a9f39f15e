"""Fine-tunes a fused model on the rows of a task."""

from __future__ import annotations

import copy
import time
from typing import TYPE_CHECKING

from kptm.errors import ModelError
from kptm.finetuning.classifier import TaskModel
from kptm.finetuning.config import FinetuneConfig, check_task
from kptm.finetuning.finetune_report import FinetuneReport
from kptm.finetuning.finetuned_model import FinetunedModel
from kptm.finetuning.loop import curve_of, run
from kptm.finetuning.task_encoding import (
    TaskExample,
    TaskExamples,
    classes_of,
    encode_row,
    right_classes,
)
from kptm.finetuning.task_rows import read_rows
from kptm.fusion.backbones.int8 import check_trainable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kptm.finetuning.task_rows import Rows, TaskRow
    from kptm.fusion import FusedModel
    from kptm.linking import Linker


def finetune(
    model: FusedModel,
    train: Rows,
    *,
    task: str,
    dev: Rows | None = None,
    config: FinetuneConfig | None = None,
    linker: Linker | None = None,
    progress: Callable[[int, float], None] | None = None,
) -> FinetunedModel:
    """Fine-tune a copy of a fused model for a task; the given model is not changed.

    The copy shares the entity table and the tokenizer, but not the weights, so that both models'
    weights are in memory.

    Args:
        model: The fused model.
        train: Rows to train on: a file of JSON Lines, mappings as in such a file, or a
            ``datasets.Dataset``.
        task: "relation", "typing", "tokens" or "text".
        dev: Development rows, which are scored in the report.
        config: The settings; None takes the defaults.
        linker: A linker for the texts of rows without ``links``; without it, such rows have no
            entities whose vectors could be injected.
        progress: Called after each step with its number and loss.

    Raises:
        ConfigError: The task is unknown.
        TripleFormatError: A field of a row is missing or malformed; the message names both.
        ModelError: There are too few rows or labels, or the loss is not finite.
    """
    check_task(task)
    check_trainable(model.backbone)
    config = config or FinetuneConfig()
    began = time.monotonic()
    rows = read_rows(train, task, gold=True, linker=linker)
    held_out = None if dev is None else read_rows(dev, task, gold=True, linker=linker)
    labels = _labels(rows, task)
    tuned = TaskModel(
        _copy_model(model), task, len(classes_of(labels, task)), config.dropout, config.seed
    )
    examples = _examples(model, rows, task, labels)
    steps = config.steps or -(-len(examples) // config.batch_size) * config.epochs
    losses = run(tuned, TaskExamples(examples, config, steps), config, steps, progress)
    finetuned = FinetunedModel(tuned, labels, config)
    score = None if held_out is None else finetuned.score(held_out)
    finetuned.report = FinetuneReport(
        curve=curve_of(losses, config.log_every),
        rows=len(examples),
        cut=len(rows) - len(examples),
        links=sum(span.row is not None for example in examples for span in example.row.text.spans),
        steps=steps,
        seconds=time.monotonic() - began,
        dev=score,
    )
    return finetuned


def _labels(rows: Sequence[TaskRow], task: str) -> tuple[str, ...]:
    labels = {label for row in rows for label in row.labels}
    labels |= {label for row in rows for _, _, label in row.spans}
    minimum = 2 if task in ("relation", "text") else 1
    if len(labels) < minimum:
        raise ModelError(
            f"the {len(rows)} rows to learn {task} from have {len(labels)} labels;"
            f" pass rows with {minimum} or more"
        )
    return tuple(sorted(labels))


def _examples(
    model: FusedModel, rows: Sequence[TaskRow], task: str, labels: Sequence[str]
) -> list[TaskExample]:
    numbers = {name: number for number, name in enumerate(classes_of(labels, task))}
    encoded = ((row, encode_row(model, row, task)) for row in rows)
    examples = [
        TaskExample(encoded_row, right_classes(row, encoded_row, task, numbers))
        for row, encoded_row in encoded
        if encoded_row is not None
    ]
    if not examples:
        raise ModelError(
            "in all rows a marked mention is beyond the model's maximum length;"
            " build the model with a larger max_length, or shorten the texts"
        )
    return examples


def _copy_model(model: FusedModel) -> FusedModel:
    # Share the buffers, not the modules: moving a module to a device changes it in place, moving a
    # buffer replaces it.
    table = [item for name, item in model.named_buffers() if name.startswith("entity_table")]
    shared = (model.embeddings, model.tokenizer, *table)
    return copy.deepcopy(model, {id(item): item for item in shared})
