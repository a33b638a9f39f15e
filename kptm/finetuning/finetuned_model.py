"""FinetunedModel: a fused model with a classifier for one task."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import torch

from kg.embedding.devices import choose_device
from kptm.errors import ModelError
from kptm.finetuning.finetuned_storage import StoredParts, load, save
from kptm.finetuning.prediction import NOT_SEEN, say_label, say_spans, say_types, score
from kptm.finetuning.task_encoding import Batch, batch_of, classes_of, encode_row
from kptm.finetuning.task_rows import read_rows

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from torch import Tensor

    from kptm.finetuning.classifier import TaskModel
    from kptm.finetuning.config import FinetuneConfig
    from kptm.finetuning.finetune_report import FinetuneReport, TaskScore
    from kptm.finetuning.prediction import TaskPrediction
    from kptm.finetuning.task_encoding import EncodedRow
    from kptm.finetuning.task_rows import Rows, TaskRow
    from kptm.fusion import FusedModel
    from kptm.linking import Linker


class FinetunedModel:
    """A fine-tuned model, as :func:`~kptm.finetuning.finetune` returns it.

    Attributes:
        model: The fused model with its classifier.
        labels: The labels that it can predict, sorted.
        config: The settings of its training.
        report: The loss curve and the scores of its training.
    """

    def __init__(
        self,
        model: TaskModel,
        labels: Sequence[str],
        config: FinetuneConfig,
        report: FinetuneReport | None = None,
    ) -> None:
        self.model = model.eval()
        self.labels = tuple(labels)
        self.config = config
        self.report = report

    @property
    def task(self) -> str:
        """The task that it was trained for."""
        return self.model.task

    @property
    def fused(self) -> FusedModel:
        """The fused model with its fine-tuned weights."""
        fused: FusedModel = self.model.fused
        return fused

    def predict(
        self, rows: Rows, *, linker: Linker | None = None, batch_size: int = 64
    ) -> list[TaskPrediction]:
        """Classify rows; the predictions are in the rows' order.

        Args:
            rows: Rows as for training, of which labels are not read; for "text" and "tokens", plain
                texts are enough.
            linker: A linker for the texts of rows without ``links``; a model that was trained
                with links needs links here too.
            batch_size: Rows per batch.

        Raises:
            TripleFormatError: A field of a row is missing or malformed.
        """
        return self._say(read_rows(rows, self.task, gold=False, linker=linker), batch_size)

    def evaluate(self, rows: Rows, *, linker: Linker | None = None) -> TaskScore:
        """Score the model: accuracy, for "typing" micro F1, for "tokens" the F1 of spans.

        Args:
            rows: Labelled rows, as for training.
            linker: A linker for the texts of rows without ``links``.

        Raises:
            TripleFormatError: A field of a row is missing or malformed.
            ModelError: There are no rows.
        """
        return self.score(read_rows(rows, self.task, gold=True, linker=linker))

    def score(self, rows: Sequence[TaskRow]) -> TaskScore:
        """Score the model on rows that are already read; see :meth:`evaluate`.

        Raises:
            ModelError: There are no rows.
        """
        if not rows:
            raise ModelError("there are no rows to evaluate on; pass at least one")
        return score(rows, self._say(rows, 64), self.task)

    def save_pretrained(self, folder: str | Path) -> None:
        """Write the model, its classifier, labels and checksums to a folder.

        Raises:
            ModelError: The folder cannot be written, or has other files.
        """
        save(StoredParts(self.model, self.labels, self.config, self.report), folder)

    @classmethod
    def from_pretrained(cls, folder: str | Path, *, device: str = "cpu") -> FinetunedModel:
        """Read a model that :meth:`save_pretrained` wrote.

        Args:
            folder: The model's folder.
            device: "cpu", "auto" for the accelerator if there is one, or another device's name.

        Raises:
            ModelError: The folder is missing or damaged, or its model is of another kind.
            EmbeddingError: There is no such device.
        """
        where = choose_device(device)
        parts = load(folder)
        return cls(parts.model.to(where), parts.labels, parts.config, parts.report)

    def _say(self, rows: Sequence[TaskRow], size: int) -> list[TaskPrediction]:
        encoded = [encode_row(self.fused, row, self.task) for row in rows]
        predictions = [NOT_SEEN] * len(rows)
        encodable = [(number, row) for number, row in enumerate(encoded) if row is not None]
        encodable.sort(key=lambda item: len(item[1].text.ids))  # batches of like length
        for start in range(0, len(encodable), size):
            part = encodable[start : start + size]
            for (number, row), logits in zip(
                part, self._logits([row for _, row in part]), strict=True
            ):
                predictions[number] = self._answer(logits, row)
        return [replace(item, row=row.number) for item, row in zip(predictions, rows, strict=True)]

    @torch.no_grad()
    def _logits(self, rows: Sequence[EncodedRow]) -> Tensor:
        with_knowledge = self.config.use_knowledge
        batch = batch_of(rows, self.fused.pad_id, with_knowledge=with_knowledge)
        device = self.fused.device
        tensors = {name: tensor.to(device) for name, tensor in batch.tensors.items()}
        logits: Tensor = self.model(Batch(tensors, batch.spans.to(device)))
        return logits.cpu()

    def _answer(self, logits: Tensor, row: EncodedRow) -> TaskPrediction:
        if self.task == "tokens":
            return say_spans(logits, classes_of(self.labels, self.task), row)
        if self.task == "typing":
            return say_types(logits, self.labels, self.config.threshold)
        return say_label(logits, self.labels)
