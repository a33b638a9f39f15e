"""The loop of a pretraining: ``transformers.Trainer`` with means over all processes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from accelerate.utils import DistributedType
from safetensors.torch import load_model, save_file, save_model
from transformers import PrinterCallback, Trainer, TrainingArguments

from kptm.errors import ConfigError, ModelError
from kptm.pretraining.backbone_plan import own_weights, schedule, set_apart
from kptm.pretraining.checkpoint_callback import CheckpointCallback
from kptm.pretraining.data.collator import Collator
from kptm.pretraining.pretrain_report import LossPoint
from kptm.pretraining.processes import PATIENCE, trains_on_cpu

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kptm.pretraining.backbone_plan import BackbonePlan
    from kptm.pretraining.config import PretrainConfig
    from kptm.pretraining.data.training_examples import PretrainingExamples
    from kptm.pretraining.pretraining_model import PretrainingModel

WEIGHTS = "model.safetensors"
SUMS = "sums.json"
"""Losses since the last point of the curve: a checkpoint may fall between two points."""
COUNTS = "counts"


class FusionTrainer(Trainer):  # type: ignore[misc]
    """The Trainer with our objectives.

    Each loss is the sum over its items divided by how many a step has in all its parts and
    processes, so that one seed gives one curve however a step is cut up.
    """

    # The counts are those of the whole step: the Trainer must not divide by its parts once more.
    loss_is_scaled_for_ga = True

    def __init__(self, model: PretrainingModel, plan: BackbonePlan, **arguments: Any) -> None:
        super().__init__(model=model, **arguments)
        self._own = model
        self._plan = plan
        self.lr_scheduler: Any
        self._sums = [0.0] * (1 + len(model.names))
        self._since = 0

    def _get_train_sampler(self, train_dataset: Any = None) -> Any:
        # Example i is drawn by (seed, i): the data set has the order, and a run can be resumed at
        # any step.
        return torch.utils.data.SequentialSampler(train_dataset or self.train_dataset)

    def create_optimizer(self, model: Any = None) -> Any:
        """The Trainer's, with the backbone in groups of its own where it learns in its own way."""
        there = self.optimizer is not None
        found = super().create_optimizer(model)
        if self._plan.apart and not there:
            set_apart(found, own_weights(self._own.model), self._plan.rate)
        return found

    def create_scheduler(self, num_training_steps: int, optimizer: Any = None) -> Any:
        """The Trainer's, or one that lets the backbone wait."""
        if self._plan.start and self.lr_scheduler is None:
            warm_up = self.args.get_warmup_steps(num_training_steps)
            self.lr_scheduler = schedule(
                optimizer or self.optimizer, self._plan, warm_up, num_training_steps
            )
            self._created_lr_scheduler = True
        return super().create_scheduler(num_training_steps, optimizer)

    def get_batch_samples(
        self, epoch_iterator: Iterator[Any], num_batches: int, device: torch.device
    ) -> tuple[list[Any], Any]:
        """The parts of a step, each with the items of the whole step."""
        parts, _ = super().get_batch_samples(epoch_iterator, num_batches, device)
        if parts:
            own = torch.tensor([self._own.counts(part) for part in parts], device=device).sum(0)
            counts = self.accelerator.reduce(own, reduction="sum")
            for part in parts:
                part[COUNTS] = counts
        return parts, None

    def compute_loss(
        self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, **_: Any
    ) -> Any:
        """The weighted losses of a part, so scaled that gradients are those of the whole step."""
        counts = inputs.pop(COUNTS).clamp(min=1)
        processes = self.accelerator.num_processes
        own = model(inputs) / counts
        weights = own.new_tensor(self._own.weights)
        # Gradients are means over processes, losses are to be sums.
        loss = (own * weights).sum() * processes
        means = self.accelerator.reduce(own.detach(), reduction="sum")
        values = [float((means * weights).sum()), *means.tolist()]
        if not torch.isfinite(means).all():
            said = ", ".join(
                f"{name} {value:g}" for name, value in zip(self._own.names, values[1:], strict=True)
            )
            raise ModelError(
                f"the loss is {values[0]:g} at step {self.state.global_step + 1} ({said}); lower"
                " learning_rate and start anew"
            )
        self._sums = [total + value for total, value in zip(self._sums, values, strict=True)]
        return (loss, {}) if return_outputs else loss

    def log(self, logs: dict[str, Any], start_time: float | None = None) -> None:
        """Add a point to the curve: means since the last."""
        if "loss" in logs:
            steps = self.state.global_step - self._since
            logs = {**logs, "means": [value / steps for value in self._sums]}
            self._sums, self._since = [0.0] * len(self._sums), self.state.global_step
        super().log(logs, start_time)

    def curve(self) -> tuple[LossPoint, ...]:
        """The points that were logged."""
        points = []
        for log in self.state.log_history:
            if "means" in log:
                loss, *parts = log["means"]
                others = dict(zip(self._own.names, parts, strict=True))
                words, entity = others.pop("masked_lm", 0.0), others.pop("entity", 0.0)
                points.append(LossPoint(log["step"], loss, words, entity, others))
        return tuple(points)

    def _save(self, output_dir: str | None = None, state_dict: Any = None) -> None:
        folder = Path(output_dir or self.args.output_dir)
        folder.mkdir(parents=True, exist_ok=True)
        if state_dict is None:
            save_model(self._own, str(folder / WEIGHTS))
        else:  # gathered by DeepSpeed; tied weights stand in it twice
            whole = {name: value.detach().clone() for name, value in state_dict.items()}
            save_file(whole, folder / WEIGHTS)
        sums = json.dumps([self._sums, self._since])
        (folder / SUMS).write_text(sums, encoding="utf-8")

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:
        folder = Path(resume_from_checkpoint)
        load_model(self._own, str(folder / WEIGHTS))
        self._sums, self._since = json.loads((folder / SUMS).read_text(encoding="utf-8"))


def make_trainer(
    model: PretrainingModel,
    config: PretrainConfig,
    examples: PretrainingExamples,
    folder: Path,
    run: str,
    progress: Callable[[int, float], None] | None,
    plan: BackbonePlan,
) -> FusionTrainer:
    """A trainer that has not begun.

    Args:
        model: What is trained.
        config: Steps and rates.
        examples: All examples in order.
        folder: Where checkpoints go.
        run: What they are sealed with.
        progress: Called after each step.
        plan: How the backbone's own weights learn.

    Raises:
        ConfigError: The batch cannot be shared out among the processes.
    """
    fused = model.model
    watch = CheckpointCallback(run, config.keep_checkpoints, progress)
    arguments = _arguments(config, folder)
    trainer = FusionTrainer(
        model,
        plan,
        args=arguments,
        train_dataset=examples,
        data_collator=Collator(
            config,
            pad_id=fused.pad_id,
            entities=len(fused.embeddings),
            causal=fused.causal,
            soft=fused.fusion.soft,
        ),
        callbacks=[watch],
    )
    if trainer.accelerator.distributed_type == DistributedType.NO and arguments.n_gpu > 1:
        raise ConfigError("one process trains on one device; start it with accelerate launch")
    watch.trainer = trainer
    trainer.remove_callback(PrinterCallback)
    return trainer


def _arguments(config: PretrainConfig, folder: Path) -> TrainingArguments:
    """The Trainer's own settings; a step's texts are shared out among processes and parts."""
    arguments = TrainingArguments(
        output_dir=str(folder),
        max_steps=config.steps,
        gradient_accumulation_steps=config.accumulation,
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
        bf16=config.precision == "bfloat16",
        fp16=config.precision == "float16",
        # The model takes a batch as one dictionary; by its signature every column would be
        # "unused".
        remove_unused_columns=False,
        use_cpu=trains_on_cpu(config.device),
        disable_tqdm=True,
        report_to=[],
        dataloader_pin_memory=False,
        ddp_timeout=int(PATIENCE.total_seconds()),
        ddp_find_unused_parameters=True,  # an objective may find nothing to ask in a batch
        ddp_broadcast_buffers=False,  # the entity table is one, and the same everywhere
    )
    parts = arguments.world_size * config.accumulation
    if config.batch_size % parts:
        raise ConfigError(
            f"batch_size ({config.batch_size}) must be a multiple of processes × accumulation"
            f" ({parts})"
        )
    arguments.per_device_train_batch_size = config.batch_size // parts
    return arguments
