"""Encodes rows for the model of a task: tokens, pooled spans, and target classes.

In shapes: B texts, L tokens, K pooled spans, C classes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch.utils.data import Dataset

from kptm.data.batch import IGNORED, collate
from kptm.data.order import pass_length, pass_order
from kptm.data.tokenize import EncodedText
from kptm.finetuning.spans import tag_names, to_bio, token_offsets, tokens_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from kptm.finetuning.config import FinetuneConfig
    from kptm.finetuning.spans import Span
    from kptm.finetuning.task_rows import TaskRow
    from kptm.fusion import FusedModel


@dataclass(frozen=True, slots=True)
class EncodedRow:
    """An encoded row.

    Attributes:
        text: The tokens and mentions of the row's text.
        pooled: The token spans whose mean states the classifier reads; empty for "tokens".
        offsets: The start and end offsets of each token, for "tokens".
    """

    text: EncodedText
    pooled: tuple[Span, ...]
    offsets: tuple[Span, ...]


class TaskExample(NamedTuple):
    """An encoded row and its target classes.

    There is one class, for "typing" any number, and for "tokens" one for each token.
    """

    row: EncodedRow
    classes: tuple[int, ...]


class Batch(NamedTuple):
    """A batch of encoded rows.

    Attributes:
        tensors: The arguments of the fused model.
        spans: The first token of each pooled span and the token after its last, shape (B, K, 2).
    """

    tensors: dict[str, Tensor]
    spans: Tensor


def encode_row(model: FusedModel, row: TaskRow, task: str) -> EncodedRow | None:
    """Encode a row; None if a marked mention has no token, for example in a text that is too long.

    A blank in the text becomes a mask token, of which no entity is predicted. A text without
    tokens is encoded as a padding token.
    """
    text = replace(model.encoder.encode(row.document), blanks=())
    if not text.ids:
        # A decoder's tokenizer may add no special token, so that an empty text has no token.
        lone: tuple[Span, ...] = ((0, 1),) if task == "text" else ()
        empty = EncodedText((model.pad_id,))
        return None if row.marks else EncodedRow(empty, lone, ((0, 0),))
    offsets: tuple[Span, ...] = ()
    if task != "text":
        offsets = token_offsets(model, row.document.text, text.ids)
    marked = [tokens_of(offsets, *mark) for mark in row.marks]
    pooled = [span for span in marked if span is not None]
    if len(pooled) < len(marked):
        return None
    if task != "tokens" and model.causal:
        pooled.append((len(text.ids) - 1, len(text.ids)))  # only the last attends to all others
    elif task == "text":
        pooled.append((0, 1))
    return EncodedRow(text, tuple(pooled), offsets)


def classes_of(labels: Sequence[str], task: str) -> tuple[str, ...]:
    """The classes of the classifier: the labels, or for "tokens" their BIO tags."""
    return tag_names(labels) if task == "tokens" else tuple(labels)


def right_classes(
    row: TaskRow, encoded: EncodedRow, task: str, numbers: dict[str, int]
) -> tuple[int, ...]:
    """The numbers of a row's target classes; for "tokens" one each, -100 for those without text."""
    if task == "tokens":
        tags = to_bio(row.spans, encoded.offsets)
        return tuple(
            numbers[tag] if start < end else IGNORED
            for tag, (start, end) in zip(tags, encoded.offsets, strict=True)
        )
    return tuple(numbers[label] for label in row.labels)


def batch_of(rows: Sequence[EncodedRow], pad_id: int, *, with_knowledge: bool) -> Batch:
    """Pad rows to equal length and stack them."""
    batch = collate([row.text for row in rows], pad_id, with_knowledge=with_knowledge)
    spans = torch.tensor([row.pooled for row in rows], dtype=torch.long)
    tensors = batch.tensors()
    del tensors["target_places"]  # there are none
    return Batch(tensors, spans.reshape(len(rows), -1, 2))


def targets_of(examples: Sequence[TaskExample], task: str, classes: int, length: int) -> Tensor:
    """The target tensor: shape (B,), for "typing" (B, C) of 0 and 1, for "tokens" (B, L)."""
    if task == "typing":
        hot = torch.zeros(len(examples), classes)
        for number, example in enumerate(examples):
            hot[number, list(example.classes)] = 1.0
        return hot
    if task == "tokens":
        tags = torch.full((len(examples), length), IGNORED)
        for number, example in enumerate(examples):
            tags[number, : len(example.classes)] = torch.tensor(example.classes)
        return tags
    return torch.tensor([example.classes[0] for example in examples])


class TaskExamples(Dataset[TaskExample]):
    """The examples of a run, in batches of similar lengths; only the seed decides their order."""

    def __init__(self, examples: Sequence[TaskExample], config: FinetuneConfig, steps: int) -> None:
        self._examples = examples
        self._lengths = [len(example.row.text.ids) for example in examples]
        self._config = config
        self._count = steps * config.batch_size
        self._pass = -1
        self._order: Sequence[int] = ()

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, index: int) -> TaskExample:
        size = self._config.batch_size
        number, place = divmod(index, pass_length(len(self._examples), size))
        if number != self._pass:
            order = pass_order(self._lengths, size, self._config.seed, number)
            self._order, self._pass = order.tolist(), number
        return self._examples[self._order[place]]
