"""Pretraining on ``transformers.Trainer``: its loop, scheduler, accelerators and checkpoints."""

from __future__ import annotations

import hashlib
import json
import tempfile
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from safetensors.torch import load_model, save_model
from transformers import Trainer, TrainerCallback, TrainingArguments
from transformers.utils import logging as transformers_logging

from kptm.errors import ModelError
from kptm.linking import LinkedText
from kptm.pretraining.checkpoints import newest, seal
from kptm.pretraining.config import PretrainConfig
from kptm.pretraining.examples import Collator, Examples
from kptm.pretraining.objectives import entity_prediction, masked_language_model
from kptm.pretraining.report import LossPoint, PretrainReport

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from kptm.fusion import FusedModel
    from kptm.linking import Linker

WEIGHTS = "model.safetensors"


class _FusionTrainer(Trainer):  # type: ignore[misc]
    """The Trainer with our losses, and safetensors for weights that are tied."""

    def __init__(self, model: FusedModel, config: PretrainConfig, **arguments: Any) -> None:
        super().__init__(model=model, **arguments)
        self._entity_weight = config.entity_weight
        self._every = config.log_every
        self._sums = [0.0, 0.0, 0.0]

    def _get_train_sampler(self, train_dataset: Any = None) -> Any:
        return torch.utils.data.SequentialSampler(train_dataset or self.train_dataset)

    def compute_loss(
        self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, **_: Any
    ) -> Any:
        labels, rows = inputs.pop("labels"), inputs.pop("target_rows")
        output = model(**inputs)
        own = self.accelerator.unwrap_model(model)
        masked_lm = masked_language_model(own, output.hidden, labels)
        entity = masked_lm.new_zeros(())
        if output.entity_logits is not None:
            entity = entity_prediction(output.entity_logits, rows)
        loss = masked_lm + self._entity_weight * entity
        if not torch.isfinite(loss):
            raise ModelError(
                f"the loss is {float(loss)} at step {self.state.global_step + 1};"
                " lower the learning rate and start from the last checkpoint"
            )
        for number, part in enumerate((loss, masked_lm, entity)):
            self._sums[number] += float(part.detach())
        return (loss, output) if return_outputs else loss

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        if "loss" in logs:
            mean = [value / self._every for value in self._sums]
            logs = {**logs, "exact": mean[0], "masked_lm": mean[1], "entity": mean[2]}
            self._sums = [0.0, 0.0, 0.0]
        super().log(logs, start_time)

    def _save(self, output_dir: str | None = None, state_dict: Any = None) -> None:
        folder = Path(output_dir or self.args.output_dir)
        folder.mkdir(parents=True, exist_ok=True)
        save_model(self.accelerator.unwrap_model(self.model), str(folder / WEIGHTS))

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:
        load_model(model or self.model, str(Path(resume_from_checkpoint) / WEIGHTS))


class _Watch(TrainerCallback):  # type: ignore[misc]
    """Seals checkpoints and reports each step."""

    def __init__(self, run: str, report: Callable[[int, float], None] | None) -> None:
        self._run = run
        self._report = report

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        seal(Path(args.output_dir) / f"checkpoint-{state.global_step}", self._run)

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        if self._report is not None:
            last = next((log["exact"] for log in reversed(state.log_history) if "exact" in log), 0.0)
            self._report(state.global_step, last)


def pretrain(
    model: FusedModel,
    texts: Iterable[str | LinkedText],
    linker: Linker | None = None,
    config: PretrainConfig | None = None,
    *,
    checkpoints: str | Path | None = None,
    progress: Callable[[int, float], None] | None = None,
) -> PretrainReport:
    """Pretrain ``model`` in place: masked language modelling and entity prediction together.

    Args:
        model: The fused model.
        texts: Plain texts, linked on the way by ``linker``, or texts that are linked already.
        linker: Needed for plain texts.
        config: Steps, rates and seed.
        checkpoints: A folder; a run that was cut goes on from the newest whole checkpoint in it,
            with the same losses as if it had not been cut.
        progress: Called after each step with its number and the last mean loss.

    Raises:
        ModelError: There are no texts, or the loss is not finite.
        CheckpointError: The folder's checkpoints belong to another run.
    """
    config = config or PretrainConfig()
    began = time.monotonic()
    encoded = [model.encoder.encode(document) for document in _linked(texts, linker)]
    if not encoded:
        raise ModelError("there is no text to pretrain on")
    if not config.use_knowledge:  # entities are still predicted, but no vector is injected
        config = replace(config, use_knowledge=False)
    special = len(model.tokenizer.all_special_ids)
    examples = Examples(
        encoded, config, model.encoder.mask_id, range(special, len(model.tokenizer))
    )
    links = sum(span.row is not None for text in encoded for span in text.spans)
    run = _run_identity(model, encoded, config)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(checkpoints) if checkpoints is not None else Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        start = newest(folder, run)
        trainer = _trainer(model, config, examples, folder, _Watch(run, progress))
        with _QuietTransformers(), torch.random.fork_rng(devices=[]):
            trainer.train(resume_from_checkpoint=str(start) if start else None)
        history = trainer.state.log_history
    model.eval()
    curve = tuple(
        LossPoint(log["step"], log["exact"], log["masked_lm"], log["entity"])
        for log in history
        if "exact" in log
    )
    return PretrainReport(
        curve=curve,
        texts=len(encoded),
        links=links,
        steps=config.steps,
        resumed_at=int(start.name.split("-")[1]) if start else 0,
        seconds=time.monotonic() - began,
    )


def _linked(texts: Iterable[str | LinkedText], linker: Linker | None) -> Iterable[LinkedText]:
    for text in texts:
        if isinstance(text, LinkedText):
            yield text
        elif linker is None:
            raise ModelError("plain texts need a linker; pass one, or link them first")
        else:
            yield linker.link(text)


def _trainer(
    model: FusedModel, config: PretrainConfig, examples: Examples, folder: Path, watch: _Watch
) -> _FusionTrainer:
    arguments = TrainingArguments(
        output_dir=str(folder),
        max_steps=config.steps,
        per_device_train_batch_size=config.batch_size,
        learning_rate=config.learning_rate,
        weight_decay=config.weight_decay,
        warmup_steps=max(1, config.steps * 6 // 100),
        lr_scheduler_type="linear",
        logging_strategy="steps",
        logging_steps=config.log_every,
        save_strategy="steps" if config.checkpoint_every else "no",
        save_steps=config.checkpoint_every or 500,
        save_total_limit=config.keep_checkpoints,
        seed=config.seed,
        data_seed=config.seed,
        remove_unused_columns=False,
        disable_tqdm=True,
        report_to=[],
        dataloader_pin_memory=False,
    )
    trainer = _FusionTrainer(
        model,
        config,
        args=arguments,
        train_dataset=examples,
        data_collator=Collator(model.pad_id, use_knowledge=config.use_knowledge),
        callbacks=[watch],
    )
    from transformers import PrinterCallback

    trainer.remove_callback(PrinterCallback)
    return trainer


def _run_identity(model: FusedModel, encoded: list[Any], config: PretrainConfig) -> str:
    digest = hashlib.sha256(model.fingerprint().encode())
    digest.update(json.dumps(asdict(config), sort_keys=True).encode())
    for text in encoded:
        digest.update(repr((text.ids, [(s.start, s.end, s.row) for s in text.spans])).encode())
    return digest.hexdigest()


class _QuietTransformers:
    """The Trainer's own chatter is left out: progress is ours to show."""

    def __enter__(self) -> None:
        self._level = transformers_logging.get_verbosity()
        transformers_logging.set_verbosity_error()

    def __exit__(self, *_: object) -> None:
        transformers_logging.set_verbosity(self._level)
