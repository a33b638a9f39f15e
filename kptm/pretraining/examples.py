"""The stream of training examples: a pure function of (texts, config, position)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch.utils.data import Dataset

from kptm.data.collate import IGNORED, collate
from kptm.data.order import pass_length, pass_order
from kptm.pretraining.masking import MaskedText, ask_next, mask_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kptm.data.tokenize import EncodedText
    from kptm.pretraining.config import PretrainConfig


class Examples(Dataset[MaskedText]):
    """Example i of the run: which text, and how it is masked, hang on (seed, i) alone.

    The Trainer reads it in order; each pass over the texts has its own permutation. Without a mask token texts are
    asked as a decoder is.
    """

    def __init__(
        self,
        texts: Sequence[EncodedText],
        config: PretrainConfig,
        mask_id: int | None,
        vocab: Sequence[int],
    ) -> None:
        self._texts = texts
        self._lengths = [len(text.ids) for text in texts]
        self._config = config
        self._mask_id = mask_id
        self._vocab = vocab
        self._pass = -1
        self._order = np.zeros(0, dtype=np.int64)

    def __len__(self) -> int:
        return self._config.steps * self._config.batch_size

    def __getitem__(self, index: int) -> MaskedText:
        size = self._config.batch_size
        number, place = divmod(index, pass_length(len(self._texts), size))
        if number != self._pass:
            self._order = pass_order(self._lengths, size, self._config.seed, number)
            self._pass = number
        text = self._texts[int(self._order[place])]
        seed = (self._config.seed, index, 1)
        if self._mask_id is None:
            return ask_next(text, self._config, seed)
        return mask_text(text, self._config, self._mask_id, self._vocab, seed)


class Collator:
    """Batches of masked texts, as keyword arguments of the training step."""

    def __init__(self, pad_id: int, entities: int, config: PretrainConfig) -> None:
        self._pad_id = pad_id
        self._entities = entities
        self._config = config

    def __call__(self, examples: Sequence[MaskedText]) -> dict[str, torch.Tensor]:
        """Pad and stack; ``target_rows`` follow the blanks' order."""
        batch = collate(
            [example.text for example in examples],
            self._pad_id,
            with_knowledge=self._config.use_knowledge,
        )
        batch.labels = torch.full_like(batch.input_ids, IGNORED)
        for number, example in enumerate(examples):
            batch.labels[number, : len(example.labels)] = torch.tensor(example.labels)
        batch.target_rows = torch.tensor(
            [row for example in examples for row in example.rows], dtype=torch.long
        )
        if self._config.entity_negatives and len(batch.target_rows):
            rows = self._drawn(batch.target_rows.numpy())
            batch.score_rows = torch.from_numpy(rows)
            batch.target_rows = torch.searchsorted(batch.score_rows, batch.target_rows)
        return batch.tensors()

    def _drawn(self, right: np.ndarray) -> np.ndarray:
        """The right rows and others, sorted: a pure function of the batch, as all that is drawn here."""
        rng = np.random.default_rng((self._config.seed, 2, *right.tolist()))
        others = rng.integers(self._entities, size=self._config.entity_negatives)
        return np.unique(np.concatenate([right, others]))
