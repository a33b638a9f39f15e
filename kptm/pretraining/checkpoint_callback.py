"""A callback of the trainer: seals checkpoints, removes old ones, reports progress."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from transformers import TrainerCallback

from kptm.pretraining.checkpoints import keep_newest, seal

if TYPE_CHECKING:
    from collections.abc import Callable

    from transformers import Trainer


class CheckpointCallback(TrainerCallback):  # type: ignore[misc]
    """Seals checkpoints, removes old ones and reports each step."""

    def __init__(self, run: str, keep: int, report: Callable[[int, float], None] | None) -> None:
        self._run = run
        self._keep = keep
        self._report = report
        self.trainer: Trainer | None = None

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Seal the checkpoint that all processes have written."""
        if self.trainer is not None:
            self.trainer.accelerator.wait_for_everyone()
        if state.is_world_process_zero:
            folder = Path(args.output_dir)
            seal(folder / f"checkpoint-{state.global_step}", self._run)
            keep_newest(folder, self._keep)

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Report the step; the last step also gets a point on the curve."""
        control.should_log |= state.global_step == state.max_steps
        if self._report is not None and state.is_world_process_zero:
            logged = (log["means"][0] for log in reversed(state.log_history) if "means" in log)
            self._report(state.global_step, next(logged, 0.0))
