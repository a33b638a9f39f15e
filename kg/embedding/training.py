"""The loop over epochs: loss, evaluation, early stopping, checkpoints.

Model, losses and instances are PyKEEN's, the loop is ours. PyKEEN's cuts its sparse targets row by row and collects
garbage every epoch, which on two cores is five times the time of the arithmetic.
"""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

import torch

from kg.embedding.engine import own_randomness
from kg.embedding.objectives import objective
from kg.embedding.state import Epoch, State
from kg.errors import EmbeddingError

if TYPE_CHECKING:
    from collections.abc import Callable

    from kg.embedding.checkpoint import Checkpoint
    from kg.embedding.engine import Engine
    from kg.embedding.objectives import Batches
    from kg.embedding.state import Tensors

_EPOCH_STRIDE = 1_000_003
"""Between the seeds of two trainings, so that no epoch of one draws what an epoch of the next does."""


def train(
    engine: Engine,
    ids: torch.Tensor,
    *,
    mrr: Callable[[], float] | None = None,
    checkpoint: Checkpoint | None = None,
    progress: Callable[[Epoch], None] | None = None,
) -> tuple[Epoch, ...]:
    """Train on triples of ids, shape (N, 3), from the engine's start or the checkpoint's state; return the curve.

    Args:
        engine: The model; it is left at the best state.
        ids: The triples.
        mrr: Ranks what is held out; None never stops early.
        checkpoint: Where the state is kept, and gone on from.
        progress: Called after each epoch.

    Raises:
        EmbeddingError: The loss is not finite, or PyKEEN refuses the configuration.
    """
    config = engine.config
    parameters = [value for value in engine.model.parameters() if value.requires_grad]
    kind = torch.optim.Adagrad if config.optimizer == "adagrad" else torch.optim.Adam
    optimizer = kind(parameters, lr=config.learning_rate)
    curve: tuple[Epoch, ...] = ()
    best: Tensors = {}
    if checkpoint is not None and (found := checkpoint.read()) is not None:
        curve, best = found.curve, found.best
        engine.load_state(found.model)
        _load_optimizer(optimizer, found.optimizer)
    saved = time.monotonic()
    with own_randomness(config.seed):
        batches = objective(engine, ids)
        for number in range(len(curve) + 1, config.epochs + 1):
            if _has_stopped(curve, config.patience):
                break
            # Each epoch draws from its own seed: one that is gone on with is the one that was cut.
            torch.manual_seed(config.seed * _EPOCH_STRIDE + number)
            engine.model.train()
            loss = _epoch(engine, batches, optimizer, number)
            engine.model.eval()
            due = number % config.evaluate_every == 0 or number == config.epochs
            epoch = Epoch(number, loss, mrr() if mrr is not None and due else None)
            before = max((item.mrr for item in curve if item.mrr is not None), default=-1.0)
            if epoch.mrr is not None and epoch.mrr > before:
                best = engine.state()
            curve = (*curve, epoch)
            if progress is not None:
                progress(epoch)
            if checkpoint is not None and time.monotonic() - saved >= checkpoint.every:
                checkpoint.write(State(curve, engine.state(), best, _optimizer(optimizer)))
                saved = time.monotonic()
    if best:
        engine.load_state(best)
    if not engine.vectors().isfinite().all():
        raise EmbeddingError("the vectors are not finite; lower the learning rate")
    return curve


def _epoch(
    engine: Engine, batches: Batches, optimizer: torch.optim.Optimizer, number: int
) -> float:
    total = count = 0.0
    try:
        for step, (loss, rows) in enumerate(batches(), 1):
            if engine.config.training in ("lcwa", "slcwa"):
                loss = loss + engine.model.collect_regularization_term()
            value = float(loss.detach())
            if not math.isfinite(value):
                raise EmbeddingError(
                    f"the loss of step {step} of epoch {number} is {value}; lower the learning rate"
                )
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]  # torch's
            optimizer.step()
            engine.model.post_parameter_update()
            total += value * rows
            count += rows
    except (RuntimeError, ValueError) as error:
        config = engine.config
        raise EmbeddingError(
            f"PyKEEN cannot train {config.model} by {config.training}: {error}"
        ) from error
    return total / count


def _has_stopped(curve: tuple[Epoch, ...], patience: int) -> bool:
    """Whether the last ``patience`` evaluations were no better than one before them."""
    seen = [item.mrr for item in curve if item.mrr is not None]
    return len(seen) > patience and max(seen[-patience:]) <= max(seen[:-patience])


def _optimizer(optimizer: torch.optim.Optimizer) -> Tensors:
    state = optimizer.state_dict()["state"]
    return {
        f"{number}.{name}": value.clone()
        for number, values in state.items()
        for name, value in values.items()
    }


def _load_optimizer(optimizer: torch.optim.Optimizer, tensors: Tensors) -> None:
    state: dict[int, Tensors] = {}
    for name, value in tensors.items():
        number, _, name_ = name.partition(".")
        state.setdefault(int(number), {})[name_] = value
    optimizer.load_state_dict({**optimizer.state_dict(), "state": state})
