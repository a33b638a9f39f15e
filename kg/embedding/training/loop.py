"""The loop over epochs: loss, evaluation, early stopping, checkpoints.

Model, losses and instances are PyKEEN's, the loop is ours. PyKEEN's cuts its sparse targets row by
row and collects garbage every epoch, which on two cores is five times the time of the arithmetic.
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
"""Between the seeds of two trainings, so that their epochs draw different numbers."""


def train(
    engine: Scorer,
    ids: torch.Tensor,
    *,
    mrr: Callable[[], float] | None = None,
    checkpoint: Checkpoint | None = None,
    progress: Callable[[Epoch], None] | None = None,
    step: Callable[[float], None] | None = None,
) -> tuple[Epoch, ...]:
    """Train on triples of ids, shape (N, 3), from the start or a checkpoint; return the curve.

    Args:
        engine: The model; it is left at the best state.
        ids: The triples.
        mrr: Ranks what is held out; None never stops early.
        checkpoint: Where the state is kept every so many seconds, also within an epoch, and gone on
            from.
        progress: Called after each epoch.
        step: Called after each batch with how many epochs have been trained, as a fraction.

    Raises:
        EmbeddingError: The loss is not finite, or PyKEEN refuses the configuration.
    """
    config = engine.config
    with fork_rng(config.seed):
        loop = _Loop(engine, objective(engine, ids), checkpoint, step)
        while len(loop.curve) < config.epochs and not _has_stopped(loop.curve, config.patience):
            number = len(loop.curve) + 1
            # Each epoch draws from its own seed: one that is gone on with is the one that was cut.
            torch.manual_seed(config.seed * _EPOCH_STRIDE + number)
            engine.model.train()
            loss = loop.train_epoch(number)
            engine.model.eval()
            due = number % config.evaluate_every == 0 or number == config.epochs
            epoch = Epoch(number, loss, mrr() if mrr is not None and due else None)
            loop.end_epoch(epoch)
            if progress is not None:
                progress(epoch)
            loop.save_if_due()
    if loop.best:
        engine.load_state(loop.best)
    if not engine.vectors().isfinite().all():
        raise EmbeddingError("the vectors are not finite; lower the learning rate")
    return loop.curve


class _Loop:
    """What the steps of a training share: the optimizer, the curve, and how far the epoch is.

    Args:
        engine: The model.
        batches: What an epoch consists of.
        checkpoint: Where the state is kept.
        step: Called after each batch with how many epochs have been trained.
    """

    def __init__(
        self,
        engine: Scorer,
        batches: Batches,
        checkpoint: Checkpoint | None,
        step: Callable[[float], None] | None,
    ) -> None:
        self._engine, self._batches = engine, batches
        self._checkpoint, self._step = checkpoint, step
        parameters = [value for value in engine.model.parameters() if value.requires_grad]
        kind = torch.optim.Adagrad if engine.config.optimizer == "adagrad" else torch.optim.Adam
        self._optimizer = kind(parameters, lr=engine.config.learning_rate)
        self._saved = time.monotonic()
        self.curve: tuple[Epoch, ...] = ()
        self.best: Tensors = {}
        self._within = _Within()
        found = checkpoint.read() if checkpoint is not None else None
        if found is not None:
            self.curve, self.best = found.curve, found.best
            self._within = _Within(found.step, found.loss, found.rows, found.rng.get("torch"))
            engine.load_state(found.model)
            _load_optimizer(self._optimizer, found.optimizer)

    def train_epoch(self, number: int) -> float:
        """Train on an epoch's batches, or on those that a checkpoint left; return the mean loss."""
        done = self._within
        batches = self._batches.epoch(done.step, done.rng)
        try:
            if self._step is not None:
                self._step(number - 1 + done.rows / self._batches.rows)
            for loss, rows in batches:
                value = self._learn(loss, number, done.step + 1)
                done = self._within = _Within(
                    done.step + 1, done.loss + value * rows, done.rows + rows
                )
                if self._step is not None:
                    self._step(number - 1 + min(1.0, done.rows / self._batches.rows))
                self.save_if_due()
        except (RuntimeError, ValueError) as error:
            config = self._engine.config
            raise EmbeddingError(
                f"PyKEEN cannot train {config.model} by {config.training}: {error}"
            ) from error
        return done.loss / done.rows

    def _learn(self, loss: torch.Tensor, number: int, step: int) -> float:
        """One step of the optimizer; return the loss."""
        if self._engine.config.training in ("lcwa", "slcwa"):
            loss = loss + self._engine.model.collect_regularization_term()
        value = float(loss.detach())
        if not math.isfinite(value):
            raise EmbeddingError(
                f"the loss of step {step} of epoch {number} is {value}; lower the learning rate"
            )
        self._optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # torch's
        self._optimizer.step()
        self._engine.model.post_parameter_update()
        return value

    def end_epoch(self, epoch: Epoch) -> None:
        """Put an epoch on the curve; its state is the best where none ranked higher."""
        before = max((item.mrr for item in self.curve if item.mrr is not None), default=-1.0)
        if epoch.mrr is not None and epoch.mrr > before:
            self.best = self._engine.state()
        self.curve = (*self.curve, epoch)
        self._within = _Within()

    def save_if_due(self) -> None:
        """Write the checkpoint, where it is time to."""
        if self._checkpoint is None or time.monotonic() - self._saved < self._checkpoint.every:
            return
        done = self._within
        rng = {"torch": torch.get_rng_state()} if done.step else {}
        state = TrainingState(
            self.curve,
            self._engine.state(),
            self.best,
            _optimizer(self._optimizer),
            rng,
            done.step,
            done.loss,
            done.rows,
        )
        self._checkpoint.write(state)
        self._saved = time.monotonic()


class _Within(NamedTuple):
    """A place within an epoch: batches, their losses summed by rows, rows, torch's random state."""

    step: int = 0
    loss: float = 0.0
    rows: int = 0
    rng: torch.Tensor | None = None


def _has_stopped(curve: tuple[Epoch, ...], patience: int) -> bool:
    """Whether the last ``patience`` evaluations were no better than one before them."""
    seen = [item.mrr for item in curve if item.mrr is not None]
    return len(seen) > patience and max(seen[-patience:]) <= max(seen[:-patience])


def _optimizer(optimizer: torch.optim.Optimizer) -> Tensors:
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
