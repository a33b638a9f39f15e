"""The training loop of fine-tuning, on ``transformers.Trainer``."""

from __future__ import annotations

import tempfile
from typing import TYPE_CHECKING, Any

import torch
from transformers import PrinterCallback, Trainer, TrainerCallback, TrainingArguments

from kptm.errors import ConfigError, ModelError
from kptm.finetuning.classifier import task_loss
from kptm.finetuning.finetune_report import TaskPoint
from kptm.finetuning.task_encoding import Batch, batch_of, targets_of
from kptm.fusion.backbones.backbone import quiet_transformers
from kptm.pretraining.processes import trains_on_cpu
from kptm.pretraining.randomness import restore_randomness

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kptm.finetuning.classifier import TaskModel
    from kptm.finetuning.config import FinetuneConfig
    from kptm.finetuning.task_encoding import TaskExample, TaskExamples

WARM_UP_SHARE = 0.06
"""The share of the steps during which the learning rate rises."""


class _Collator:
    """Collates examples into the tensors that the training step reads."""

    def __init__(self, model: TaskModel, config: FinetuneConfig) -> None:
        self._pad_id = model.fused.pad_id
        self._task = model.task
        self._classes = model.classifier.out_features
        self._with_knowledge = config.use_knowledge

    def __call__(self, examples: Sequence[TaskExample]) -> dict[str, Any]:
        batch = batch_of(
            [example.row for example in examples],
            self._pad_id,
            with_knowledge=self._with_knowledge,
        )
        length = batch.tensors["input_ids"].shape[1]
        targets = targets_of(examples, self._task, self._classes, length)
        return {**batch._asdict(), "targets": targets}


class _TaskTrainer(Trainer):  # type: ignore[misc]
    """A Trainer that computes a task's loss and records it for each step."""

    def __init__(self, model: TaskModel, **arguments: Any) -> None:
        super().__init__(model=model, **arguments)
        self.losses: list[float] = []
        self._task = model.task

    def _get_train_sampler(self, train_dataset: Any = None) -> Any:
        # ``TaskExamples`` shuffles each pass itself.
        return torch.utils.data.SequentialSampler(train_dataset or self.train_dataset)

    def compute_loss(
        self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, **_: Any
    ) -> Any:
        logits = model(Batch(inputs["tensors"], inputs["spans"]))
        loss = task_loss(self._task, logits, inputs["targets"])
        if not torch.isfinite(loss):
            raise ModelError(
                f"the loss is {loss.item()} at step {self.state.global_step + 1};"
                " lower learning_rate and start again"
            )
        self.losses.append(float(loss.detach()))
        return (loss, logits) if return_outputs else loss


class _ReportStep(TrainerCallback):  # type: ignore[misc]
    """Reports each step and its loss."""

    def __init__(
        self, losses: Callable[[], list[float]], report: Callable[[int, float], None]
    ) -> None:
        self._losses = losses
        self._report = report

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self._report(state.global_step, self._losses()[-1])


def run(
    model: TaskModel,
    examples: TaskExamples,
    config: FinetuneConfig,
    steps: int,
    progress: Callable[[int, float], None] | None,
) -> list[float]:
    """Train a model in place, and return the loss of each step."""
    with tempfile.TemporaryDirectory() as folder, quiet_transformers(), restore_randomness():
        arguments = TrainingArguments(
            output_dir=folder,
            max_steps=steps,
            per_device_train_batch_size=config.batch_size,
            learning_rate=config.rate_for(
                model.fused.hidden_size, trained=model.fused.origin.trained
            ),
            weight_decay=config.weight_decay,
            warmup_steps=max(1, int(steps * WARM_UP_SHARE)),
            lr_scheduler_type="linear",
            logging_strategy="no",
            save_strategy="no",
            seed=config.seed,
            data_seed=config.seed,
            use_cpu=trains_on_cpu(config.device),
            remove_unused_columns=False,
            disable_tqdm=True,
            report_to=[],
            dataloader_pin_memory=False,
        )
        if arguments.n_gpu > 1:
            raise ConfigError(
                "one process trains on one device; make one visible (CUDA_VISIBLE_DEVICES=0)"
            )
        trainer = _TaskTrainer(
            model, args=arguments, train_dataset=examples, data_collator=_Collator(model, config)
        )
        trainer.remove_callback(PrinterCallback)
        if progress is not None:
            trainer.add_callback(_ReportStep(lambda: trainer.losses, progress))
        trainer.train()
    model.eval()
    return trainer.losses


def curve_of(losses: Sequence[float], every: int) -> tuple[TaskPoint, ...]:
    """The mean loss of each ``every`` steps; the last point may average fewer."""
    parts = [losses[start : start + every] for start in range(0, len(losses), every)]
    ends = [min(every * number, len(losses)) for number in range(1, len(parts) + 1)]
    return tuple(
        TaskPoint(end, sum(part) / len(part)) for end, part in zip(ends, parts, strict=True)
    )
