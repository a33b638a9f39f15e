"""The training loop: ``transformers.Trainer`` with means of the losses over all processes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from accelerate.utils import DistributedType
from safetensors.torch import load_file, load_model, save_file, save_model
from transformers import PrinterCallback, Trainer, TrainingArguments

from kptm.errors import ConfigError, ModelError
from kptm.pretraining.backbone_plan import move_to_own_groups, own_weights, schedule
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
    from kptm.pretraining.sharding import ShardedModel

WEIGHTS, OPTIMIZER, SCHEDULER = "model.safetensors", "optimizer.pt", "scheduler.pt"
"""The files of a checkpoint; the last two have the names and the format of the Trainer's."""
SUMS = "sums.json"
"""The file of the losses since the last point of the curve, since checkpoints come in between."""
COUNTS = "counts"


class FusionTrainer(Trainer):  # type: ignore[misc]
    """The Trainer with our objectives.

    Each loss is the sum over its items, divided by their number in all parts and processes of a
    step. So the same seed gives the same curve, however a step is split up.
    """

    # The losses are divided by the counts of the whole step, so the Trainer must not divide again.
    loss_is_scaled_for_ga = True

    def __init__(
        self,
        model: PretrainingModel,
        plan: BackbonePlan,
        sharded: ShardedModel | None,
        **arguments: Any,
    ) -> None:
        super().__init__(model=model, **arguments)
        self._sharded = sharded
        self._pretraining_model = model
        self._plan = plan
        self.lr_scheduler: Any
        self._sums = [0.0] * (1 + len(model.names))
        self._since = 0

    def _get_train_sampler(self, train_dataset: Any = None) -> Any:
        # The data set has the random order already, so that a run can be resumed at any step.
        return torch.utils.data.SequentialSampler(train_dataset or self.train_dataset)

    def create_optimizer(self, model: Any = None) -> Any:
        """The Trainer's optimiser; the backbone has its own groups if its training differs."""
        exists = self.optimizer is not None
        optimizer = super().create_optimizer(model)
        if self._plan.apart and not exists:
            weights = own_weights(self._pretraining_model.model)
            move_to_own_groups(optimizer, weights, self._plan.rate)
        return optimizer

    def create_scheduler(self, num_training_steps: int, optimizer: Any = None) -> Any:
        """The Trainer's scheduler, or ours if the training of the backbone begins later."""
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
        """The parts of a step, each with the numbers of items of the whole step."""
        parts, _ = super().get_batch_samples(epoch_iterator, num_batches, device)
        if parts:
            of_parts = [self._pretraining_model.counts(part) for part in parts]
            of_process = torch.tensor(of_parts, device=device).sum(0)
            counts = self.accelerator.reduce(of_process, reduction="sum")
            for part in parts:
                part[COUNTS] = counts
        return parts, None

    def compute_loss(
        self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, **_: Any
    ) -> Any:
        """The weighted losses of a part, scaled so that gradients are those of the whole step."""
        counts = inputs.pop(COUNTS).clamp(min=1)
        processes = self.accelerator.num_processes
        losses = model(inputs) / counts
        weights = losses.new_tensor(self._pretraining_model.weights)
        # Gradients are averaged over processes, but the losses of the processes must be summed.
        loss = (losses * weights).sum() * processes
        means = self.accelerator.reduce(losses.detach(), reduction="sum")
        values = [float((means * weights).sum()), *means.tolist()]
        if not torch.isfinite(means).all():
            names = self._pretraining_model.names
            parts = ", ".join(
                f"{name} {value:g}" for name, value in zip(names, values[1:], strict=True)
            )
            raise ModelError(
                f"the loss is {values[0]:g} at step {self.state.global_step + 1} ({parts}); lower"
                " learning_rate and start again"
            )
        self._sums = [total + value for total, value in zip(self._sums, values, strict=True)]
        return (loss, {}) if return_outputs else loss

    def log(self, logs: dict[str, Any], start_time: float | None = None) -> None:
        """Add a point to the curve: the means since the last one."""
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
                others = dict(zip(self._pretraining_model.names, parts, strict=True))
                words, entity = others.pop("masked_lm", 0.0), others.pop("entity", 0.0)
                points.append(LossPoint(log["step"], loss, words, entity, others))
        return tuple(points)

    def _wrap_model(self, model: Any, training: bool = True, dataloader: Any = None) -> Any:
        if self._sharded is None:
            return super()._wrap_model(model, training, dataloader)
        # Prepared as for an evaluation, with mixed precision, but no gradients are averaged again.
        return self.accelerator.prepare_model(model, device_placement=False, evaluation_mode=True)

    def _save(self, output_dir: str | None = None, state_dict: Any = None) -> None:
        # All processes put the weights together, and the main one writes them.
        whole = None if self._sharded is None else self._sharded.weights()
        if not self.args.should_save:
            return
        folder = Path(output_dir or self.args.output_dir)
        folder.mkdir(parents=True, exist_ok=True)
        if whole is None:
            save_model(self._pretraining_model, str(folder / WEIGHTS))
        else:
            save_file(whole, folder / WEIGHTS)
        sums = json.dumps([self._sums, self._since])
        (folder / SUMS).write_text(sums, encoding="utf-8")

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:
        folder = Path(resume_from_checkpoint)
        if self._sharded is not None:
            self._sharded.load_weights(load_file(folder / WEIGHTS))
        else:
            load_model(self._pretraining_model, str(folder / WEIGHTS))
        self._sums, self._since = json.loads((folder / SUMS).read_text(encoding="utf-8"))

    def _save_optimizer_and_scheduler(self, output_dir: str) -> None:
        if self._sharded is None:
            super()._save_optimizer_and_scheduler(output_dir)
            return
        state = self._sharded.optimizer_state(self.optimizer)
        if self.args.should_save:
            torch.save(state, Path(output_dir) / OPTIMIZER)
            torch.save(self.lr_scheduler.state_dict(), Path(output_dir) / SCHEDULER)

    def _load_optimizer_and_scheduler(self, checkpoint: str | None) -> None:
        if self._sharded is None or checkpoint is None:
            super()._load_optimizer_and_scheduler(checkpoint)
            return
        optimizer, scheduler = (
            torch.load(Path(checkpoint) / name, map_location="cpu", weights_only=True)
            for name in (OPTIMIZER, SCHEDULER)
        )
        self._sharded.load_optimizer_state(self.optimizer, optimizer)
        self.lr_scheduler.load_state_dict(scheduler)


def make_trainer(
    model: PretrainingModel,
    config: PretrainConfig,
    examples: PretrainingExamples,
    folder: Path,
    run: str,
    progress: Callable[[int, float], None] | None,
    plan: BackbonePlan,
    sharded: ShardedModel | None = None,
) -> FusionTrainer:
    """Make a trainer that has not begun.

    Args:
        model: The model to train.
        config: Steps and rates.
        examples: All examples in order.
        folder: The folder of the checkpoints.
        run: The identity of the run, with which checkpoints are sealed.
        progress: Called after each step.
        plan: The training plan of the backbone's own weights.
        sharded: The model's division among the processes, if there is one.

    Raises:
        ConfigError: The batch cannot be divided among the processes.
    """
    fused = model.model
    callback = CheckpointCallback(run, config.keep_checkpoints, progress)
    arguments = _arguments(config, folder)
    trainer = FusionTrainer(
        model if sharded is None else sharded.part,
        plan,
        sharded,
        args=arguments,
        train_dataset=examples,
        data_collator=Collator(
            config,
            pad_id=fused.pad_id,
            entities=len(fused.embeddings),
            causal=fused.causal,
            soft=fused.fusion.soft,
        ),
        callbacks=[callback],
    )
    if trainer.accelerator.distributed_type == DistributedType.NO and arguments.n_gpu > 1:
        raise ConfigError("one process trains on one device; start it with accelerate launch")
    callback.trainer = trainer
    trainer.remove_callback(PrinterCallback)
    return trainer


def _arguments(config: PretrainConfig, folder: Path) -> TrainingArguments:
    """The Trainer's settings; the texts of a step are divided among processes and parts."""
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
        # By the signature of the model, which takes a batch as one dictionary, the Trainer would
        # remove every column as unused.
        remove_unused_columns=False,
        use_cpu=trains_on_cpu(config.device),
        disable_tqdm=True,
        report_to=[],
        dataloader_pin_memory=False,
        ddp_timeout=int(PATIENCE.total_seconds()),
        ddp_find_unused_parameters=True,  # a batch may have no items of an objective
        ddp_broadcast_buffers=False,  # the entity table is a buffer, and equal in all processes
    )
    parts = arguments.world_size * config.accumulation
    if config.batch_size % parts:
        raise ConfigError(
            f"batch_size ({config.batch_size}) must be a multiple of processes × accumulation"
            f" ({parts})"
        )
    arguments.per_device_train_batch_size = config.batch_size // parts
    return arguments
