"""The state of a training between two steps."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import torch

    Tensors = dict[str, torch.Tensor]


class Epoch(NamedTuple):
    """One pass over the triples.

    Attributes:
        number: The number of the epoch, from 1.
        loss: The mean loss over its triples, or over its (head, relation) pairs for "lcwa".
        mrr: MRR of the validation triples; None where they were not ranked after this epoch.
    """

    number: int
    loss: float
    mrr: float | None = None


class TrainingState(NamedTuple):
    """Everything a training needs to resume.

    Attributes:
        curve: The finished epochs.
        model: The model's tensors.
        best: The model's tensors after the epoch with the best MRR so far; empty before any.
        optimizer: The optimizer's tensors by "parameter.name".
        rng: Torch's random state within an epoch, under the key "torch"; empty between epochs.
        step: Batches trained on in the unfinished epoch.
        loss: The sum of the losses of those batches, each times its number of rows.
        rows: The rows of those batches.
    """

    curve: tuple[Epoch, ...]
    model: Tensors
    best: Tensors
    optimizer: Tensors
    rng: Tensors
    step: int = 0
    loss: float = 0.0
    rows: int = 0
