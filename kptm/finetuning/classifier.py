"""The classifier of each task on the hidden states of a fused model, and its loss.

The classifier does not read the entity vectors; their knowledge reaches it by the hidden states.

In shapes: B texts, L tokens, D hidden size, K pooled spans, C classes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn
from torch.nn import functional as F

from kptm.data.batch import IGNORED

if TYPE_CHECKING:
    from torch import Tensor

    from kptm.finetuning.task_encoding import Batch
    from kptm.fusion import FusedModel

INIT_STD = 0.02
"""The standard deviation of the classifier's initial weights, as in BERT."""


def pooled_count(task: str, *, causal: bool) -> int:
    """The number of hidden states that are concatenated as the classifier's input.

    "relation": those of head and tail (mention pooling of Baldini Soares et al. 2019, by the mean);
    "typing": that of the mention; "text": that of the first token, as in BERT; "tokens": each
    token's own. With a decoder, "relation" and "typing" also read the last token, which attends to
    the whole text, and "text" reads it instead of the first, as in GPT.
    """
    marks = {"relation": 2, "typing": 1, "text": 1, "tokens": 1}[task]
    return marks + (causal and task in ("relation", "typing"))


def pool_states(hidden_BLD: Tensor, spans_BK2: Tensor) -> Tensor:
    """The mean hidden state of each of K token spans, concatenated, shape (B, K·D).

    A span is (first token, token after the last); none is empty.
    """
    at_L = torch.arange(hidden_BLD.shape[1], device=hidden_BLD.device)
    start_BK1, stop_BK1 = spans_BK2[..., :1], spans_BK2[..., 1:]
    inside_BKL = ((at_L >= start_BK1) & (at_L < stop_BK1)).to(hidden_BLD.dtype)
    mean_BKD = inside_BKL @ hidden_BLD / (stop_BK1 - start_BK1)
    return mean_BKD.flatten(1)


class TaskModel(nn.Module):
    """A fused model with a linear classifier.

    Args:
        fused: The fused model, which is trained with the classifier.
        task: The task, one of :data:`~kptm.finetuning.TASKS`.
        classes: The number of classes.
        dropout: The dropout rate of the classifier's input.
        seed: The seed of the classifier's initial weights.
    """

    def __init__(
        self, fused: FusedModel, task: str, classes: int, dropout: float, seed: int
    ) -> None:
        super().__init__()
        self.fused = fused
        self.task = task
        width = fused.hidden_size * pooled_count(task, causal=fused.causal)
        self.dropout = nn.Dropout(dropout)
        with torch.random.fork_rng(devices=[]), torch.no_grad():
            torch.manual_seed(seed)
            self.classifier = nn.Linear(width, classes)
            self.classifier.weight.normal_(std=INIT_STD)
            self.classifier.bias.zero_()
        self.classifier.to(device=fused.device, dtype=fused.backbone.dtype)

    def forward(self, batch: Batch) -> Tensor:
        """The logits, shape (B, C); for "tokens" shape (B, L, C)."""
        hidden_BLD = self.fused(**batch.tensors).hidden
        read = hidden_BLD if self.task == "tokens" else pool_states(hidden_BLD, batch.spans)
        logits: Tensor = self.classifier(self.dropout(read))
        return logits.float()


def task_loss(task: str, logits: Tensor, targets: Tensor) -> Tensor:
    """The mean loss of a batch.

    Binary cross entropy for "typing", cross entropy otherwise; for "tokens", special tokens and
    padding do not count.
    """
    if task == "typing":
        return F.binary_cross_entropy_with_logits(logits, targets)
    if task == "tokens":
        if not (targets != IGNORED).any():
            return logits.sum() * 0.0  # no target; 0 with a graph, so that backward works
        return F.cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index=IGNORED)
    return F.cross_entropy(logits, targets)
