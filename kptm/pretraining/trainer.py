"""Pretraining on ``transformers.Trainer``: its loop, scheduler, accelerators and checkpoints."""

from __future__ import annotations

import hashlib
import json
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from safetensors.torch import load_model, save_model
from transformers import PrinterCallback, Trainer, TrainerCallback, TrainingArguments

from kg.errors import shorten
from kptm.errors import ModelError
from kptm.fusion.backbone import quiet_transformers
from kptm.linking import LinkedText
from kptm.pretraining.checkpoints import keep_newest, newest, seal, step_of
from kptm.pretraining.config import PretrainConfig
from kptm.pretraining.examples import Collator, Examples
from kptm.pretraining.objectives import entity_prediction, masked_language_model
from kptm.pretraining.randomness import randomness_kept
from kptm.pretraining.report import LossPoint, PretrainReport

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from kptm.data.tokenize import EncodedText
    from kptm.fusion import FusedModel
    from kptm.linking import Linker

WEIGHTS = "model.safetensors"
SUMS = "sums.json"
"""Losses since the last point of the curve: a checkpoint may fall between two points."""


class _FusionTrainer(Trainer):  # type: ignore[misc]
    """The Trainer with our losses, and safetensors for weights that are tied."""

    def __init__(self, model: FusedModel, config: PretrainConfig, **arguments: Any) -> None:
        super().__init__(model=model, **arguments)
        self._entity_weight = config.entity_weight
        self._sums = [0.0, 0.0, 0.0]
        self._steps = 0

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
                f"the loss is {loss.item()} at step {self.state.global_step + 1} (masked tokens"
                f" {masked_lm.item()}, entities {entity.item()}); lower learning_rate and start anew"
            )
        for number, part in enumerate((loss, masked_lm, entity)):
            self._sums[number] += float(part.detach())
        self._steps += 1
        return (loss, output) if return_outputs else loss

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        if "loss" in logs:
            mean = [value / self._steps for value in self._sums]
            logs = {**logs, "exact": mean[0], "masked_lm": mean[1], "entity": mean[2]}
            self._sums, self._steps = [0.0, 0.0, 0.0], 0
        super().log(logs, start_time)

    def _save(self, output_dir: str | None = None, state_dict: Any = None) -> None:
        folder = Path(output_dir or self.args.output_dir)
        folder.mkdir(parents=True, exist_ok=True)
        save_model(self.accelerator.unwrap_model(self.model), str(folder / WEIGHTS))
        (folder / SUMS).write_text(json.dumps([self._sums, self._steps]), encoding="utf-8")

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:
        folder = Path(resume_from_checkpoint)
        load_model(model or self.model, str(folder / WEIGHTS))
        self._sums, self._steps = json.loads((folder / SUMS).read_text(encoding="utf-8"))


class _Watch(TrainerCallback):  # type: ignore[misc]
    """Seals checkpoints, removes old ones and reports each step."""

    def __init__(self, run: str, keep: int, report: Callable[[int, float], None] | None) -> None:
        self._run = run
        self._keep = keep
        self._report = report

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        folder = Path(args.output_dir)
        seal(folder / f"checkpoint-{state.global_step}", self._run)
        keep_newest(folder, self._keep)

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        control.should_log |= state.global_step == state.max_steps
        if self._report is not None:
            last = next(
                (log["exact"] for log in reversed(state.log_history) if "exact" in log), 0.0
            )
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
    """Pretrain ``model`` in place: masked (for a decoder causal) language modelling and entity prediction together.

    Args:
        model: The fused model.
        texts: Plain texts, linked on the way by ``linker``, or texts that are linked already.
        linker: Needed for plain texts.
        config: Steps, rates and seed.
        checkpoints: A folder; a run that was cut goes on from the newest whole checkpoint in it,
            with the same losses as if it had not been cut.
        progress: Called after each step with its number and the last mean loss.

    Raises:
        ModelError: There are no texts, plain ones have no linker, or the loss is not finite.
        CheckpointError: The folder's checkpoints belong to another run.
    """
    config = config or PretrainConfig()
    began = time.monotonic()
    encoded = [model.encoder.encode(document) for document in _linked(texts, linker)]
    if not encoded:
        raise ModelError("there is no text to pretrain on; pass at least one")
    special = set(model.tokenizer.all_special_ids)
    vocab = [number for number in range(len(model.tokenizer)) if number not in special]
    mask_id = None if model.causal else model.encoder.mask_id
    examples = Examples(encoded, config, mask_id, vocab)
    links = sum(span.row is not None for text in encoded for span in text.spans)
    run = _run_identity(model, encoded, config)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(checkpoints) if checkpoints is not None else Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        start = newest(folder, run)
        watch = _Watch(run, config.keep_checkpoints, progress)
        with quiet_transformers(), randomness_kept():
            trainer = _trainer(model, config, examples, folder, watch)
            try:
                trainer.train(resume_from_checkpoint=str(start) if start else None)
            finally:
                model.eval()
        history = trainer.state.log_history
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
        resumed_at=step_of(start) if start else 0,
        seconds=time.monotonic() - began,
    )


def _linked(texts: Iterable[str | LinkedText], linker: Linker | None) -> Iterable[LinkedText]:
    for text in texts:
        if isinstance(text, LinkedText):
            yield text
        elif linker is None:
            raise ModelError(
                f"the text {shorten(text)!r} is plain: pass a linker, or link the texts first"
            )
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
        data_collator=Collator(model.pad_id, len(model.embeddings), config),
        callbacks=[watch],
    )
    trainer.remove_callback(PrinterCallback)
    return trainer


def _run_identity(model: FusedModel, encoded: list[EncodedText], config: PretrainConfig) -> str:
    digest = hashlib.sha256(model.fingerprint().encode())
    digest.update(json.dumps(asdict(config), sort_keys=True).encode())
    for text in encoded:
        digest.update(repr((text.ids, text.spans)).encode())
    return digest.hexdigest()
