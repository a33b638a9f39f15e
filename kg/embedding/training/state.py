"""What a training is between two steps."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import torch

    Tensors = dict[str, torch.Tensor]


class Epoch(NamedTuple):
    """One pass over the triples.

    Attributes:
        number: From 1.
        loss: The mean over its triples, or its pairs for "lcwa".
        mrr: Of the triples held out, where they were ranked after it.
    """

    number: int
    loss: float
    mrr: float | None = None


class TrainingState(NamedTuple):
    """All that a training goes on from.

    Attributes:
        curve: The epochs so far.
        model: The model's tensors.
        best: Those of the epoch with the best MRR so far; empty before the first.
        optimizer: The optimizer's tensors by "parameter.name".
        rng: Torch's random state within an epoch, as "torch"; empty between two.
        step: Batches of the epoch after the curve's last that were trained on.
        loss: The sum of their losses, each by its rows.
        rows: Their rows.
    """

    curve: tuple[Epoch, ...]
    model: Tensors
    best: Tensors
    optimizer: Tensors
    rng: Tensors
    step: int = 0
    loss: float = 0.0
    rows: int = 0
