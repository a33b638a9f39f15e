"""The loop over epochs: loss, evaluation, early stopping, checkpoints.

PyKEEN supplies the model, the losses and the instances, but not the loop: PyKEEN's loop slices its
sparse targets row by row and collects garbage every epoch, which on two cores takes five times as
long as the arithmetic.
"""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, NamedTuple

import torch

from kg.embedding.training.objectives import objective
from kg.embedding.training.scorer import fork_rng
from kg.embedding.training.state import Epoch, TrainingState
from kg.errors import EmbeddingError

if TYPE_CHECKING:
    from collections.abc import Callable

    from kg.embedding.training.checkpoint import Checkpoint
    from kg.embedding.training.objectives import Batches
    from kg.embedding.training.scorer import Scorer
    from kg.embedding.training.state import Tensors

_EPOCH_STRIDE = 1_000_003
"""Distance between the seeds of two trainings, so that no two of their epochs share a seed."""


def train(
    scorer: Scorer,
    ids: torch.Tensor,
    *,
    mrr: Callable[[], float] | None = None,
    checkpoint: Checkpoint | None = None,
    progress: Callable[[Epoch], None] | None = None,
    step: Callable[[float], None] | None = None,
) -> tuple[Epoch, ...]:
    """Train on triples of ids, shape (N, 3), from the start or a checkpoint; return the curve.

    Args:
        scorer: The scorer, trained in place and left at its best state.
        ids: The triples, shape (N, 3).
        mrr: Returns the MRR of the validation triples; without it training never stops early.
        checkpoint: Where training resumes from, and where its state is written every
            ``checkpoint.every`` seconds, also within an epoch.
        progress: Called after each epoch.
        step: Called after each batch with the number of epochs trained so far, such as 2.5.

    Raises:
        EmbeddingError: The loss is not finite, PyKEEN refuses the configuration, or the checkpoint
            is damaged or of another training.
    """
    config = scorer.config
    with fork_rng(config.seed):
        loop = _Loop(scorer, objective(scorer, ids), checkpoint, step)
        while len(loop.curve) < config.epochs and not _has_stopped(loop.curve, config.patience):
            number = len(loop.curve) + 1
            # Each epoch has its own seed, so that a resumed epoch draws what the interrupted one
            # drew.
            torch.manual_seed(config.seed * _EPOCH_STRIDE + number)
            scorer.model.train()
            loss = loop.train_epoch(number)
            scorer.model.eval()
            is_evaluated = number % config.evaluate_every == 0 or number == config.epochs
            epoch = Epoch(number, loss, mrr() if mrr is not None and is_evaluated else None)
            loop.end_epoch(epoch)
            if progress is not None:
                progress(epoch)
            loop.save_if_due()
    if loop.best:
        scorer.load_state(loop.best)
    if not scorer.vectors().isfinite().all():
        raise EmbeddingError("the vectors are not finite; lower the learning rate")
    return loop.curve


class _Loop:
    """The state that the steps of a training share: optimizer, curve, and position in the epoch.

    Args:
        scorer: The scorer.
        batches: The batches of an epoch.
        checkpoint: Where the state is written.
        step: Called after each batch with the number of epochs trained so far, such as 2.5.
    """

    def __init__(
        self,
        scorer: Scorer,
        batches: Batches,
        checkpoint: Checkpoint | None,
        step: Callable[[float], None] | None,
    ) -> None:
        self._scorer, self._batches = scorer, batches
        self._checkpoint, self._step = checkpoint, step
        parameters = [value for value in scorer.model.parameters() if value.requires_grad]
        kind = torch.optim.Adagrad if scorer.config.optimizer == "adagrad" else torch.optim.Adam
        self._optimizer = kind(parameters, lr=scorer.config.learning_rate)
        self._saved = time.monotonic()
        self.curve: tuple[Epoch, ...] = ()
        self.best: Tensors = {}
        self._position = _Position()
        state = checkpoint.read() if checkpoint is not None else None
        if state is not None:
            self.curve, self.best = state.curve, state.best
            self._position = _Position(state.step, state.loss, state.rows, state.rng.get("torch"))
            scorer.load_state(state.model)
            _load_optimizer(self._optimizer, state.optimizer)

    def train_epoch(self, number: int) -> float:
        """Train on the batches of an epoch that are still to come; return its mean loss."""
        position = self._position
        batches = self._batches.epoch(position.step, position.rng)
        try:
            if self._step is not None:
                self._step(number - 1 + position.rows / self._batches.rows)
            for loss, rows in batches:
                value = self._learn(loss, number, position.step + 1)
                position = self._position = _Position(
                    position.step + 1, position.loss + value * rows, position.rows + rows
                )
                if self._step is not None:
                    self._step(number - 1 + min(1.0, position.rows / self._batches.rows))
                self.save_if_due()
        except (RuntimeError, ValueError) as error:
            config = self._scorer.config
            raise EmbeddingError(
                f"PyKEEN cannot train {config.model} by {config.training}: {error}"
            ) from error
        return position.loss / position.rows

    def _learn(self, loss: torch.Tensor, number: int, step: int) -> float:
        """Take one step of the optimizer; return the loss."""
        if self._scorer.config.training in ("lcwa", "slcwa"):
            loss = loss + self._scorer.model.collect_regularization_term()
        value = float(loss.detach())
        if not math.isfinite(value):
            raise EmbeddingError(
                f"the loss of step {step} of epoch {number} is {value}; lower the learning rate"
            )
        self._optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # torch's
        self._optimizer.step()
        self._scorer.model.post_parameter_update()
        return value

    def end_epoch(self, epoch: Epoch) -> None:
        """Append an epoch to the curve; keep the model's state if its MRR is the highest so far."""
        highest = max((item.mrr for item in self.curve if item.mrr is not None), default=-1.0)
        if epoch.mrr is not None and epoch.mrr > highest:
            self.best = self._scorer.state()
        self.curve = (*self.curve, epoch)
        self._position = _Position()

    def save_if_due(self) -> None:
        """Write the checkpoint if ``checkpoint.every`` seconds have passed since the last one."""
        if self._checkpoint is None or time.monotonic() - self._saved < self._checkpoint.every:
            return
        position = self._position
        rng = {"torch": torch.get_rng_state()} if position.step else {}
        state = TrainingState(
            self.curve,
            self._scorer.state(),
            self.best,
            _optimizer_tensors(self._optimizer),
            rng,
            position.step,
            position.loss,
            position.rows,
        )
        self._checkpoint.write(state)
        self._saved = time.monotonic()


class _Position(NamedTuple):
    """A position within an epoch.

    Attributes:
        step: The number of batches trained on.
        loss: The sum of their losses, each times its number of rows.
        rows: The number of their rows.
        rng: Torch's random state at this position; None if the epoch was not interrupted.
    """

    step: int = 0
    loss: float = 0.0
    rows: int = 0
    rng: torch.Tensor | None = None


def _has_stopped(curve: tuple[Epoch, ...], patience: int) -> bool:
    """Whether none of the last ``patience`` evaluations was better than all before them."""
    mrrs = [item.mrr for item in curve if item.mrr is not None]
    return len(mrrs) > patience and max(mrrs[-patience:]) <= max(mrrs[:-patience])


def _optimizer_tensors(optimizer: torch.optim.Optimizer) -> Tensors:
    state = optimizer.state_dict()["state"]
    return {
        f"{number}.{name}": value.clone().cpu()
        for number, values in state.items()
        for name, value in values.items()
    }


def _load_optimizer(optimizer: torch.optim.Optimizer, tensors: Tensors) -> None:
    state: dict[int, Tensors] = {}
    for name, value in tensors.items():
        number, _, name_ = name.partition(".")
        state.setdefault(int(number), {})[name_] = value
    optimizer.load_state_dict({**optimizer.state_dict(), "state": state})
