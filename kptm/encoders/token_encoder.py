"""Hidden states of the tokens of texts, from any Hugging Face encoder; nothing is trained.

In shapes, T is the number of tokens of a text, and H the hidden size of the encoder.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from kptm.encoders.model_files import fingerprint, model_folder

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

TEXTS_PER_BATCH = 32
"""How many texts, of similar lengths, are encoded in a batch."""
MAX_TOKENS = 256
"""How many tokens of a text are encoded at most; later tokens have no state."""


@dataclass(frozen=True, slots=True)
class TokenStates:
    """The hidden states of a text's tokens, without special tokens.

    Attributes:
        starts: The offset of each token's first character, shape (T,).
        ends: The offset after each token's last character, shape (T,).
        states: The last layer's hidden states, shape (T, H).
    """

    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    states: Floats

    def mean(self, start: int, end: int) -> Floats:
        """The mean state of a span's tokens, shape (H,), of norm 1; zeros if it has no token."""
        first = int(np.searchsorted(self.ends, start, side="right"))
        last = int(np.searchsorted(self.starts, end))
        if last <= first:
            return np.zeros(self.states.shape[1], np.float32)
        mean = self.states[first:last].mean(axis=0)
        return np.asarray(mean / max(float(np.linalg.norm(mean)), 1e-6), np.float32)


class TokenEncoder:
    """An encoder in a local folder, whose weights are loaded when a text is first encoded.

    Args:
        path: The folder, or the name of an installed package with a model, such as that of
            ``kptm[encoder]``.
        device: "auto" for the accelerator if there is one, or a device's name, such as "cpu".

    Raises:
        LinkingError: There is no such encoder.
    """

    def __init__(self, path: str | Path, *, device: str = "auto") -> None:
        self.path, self._device = model_folder(path), device

    @cached_property
    def fingerprint(self) -> str:
        """A digest of the model's files, which determine its states."""
        return fingerprint(self.path)

    @cached_property
    def width(self) -> int:
        """The hidden size H."""
        return int(self._model.config.hidden_size)

    @cached_property
    def _tokenizer(self) -> Any:
        from transformers import AutoTokenizer

        return AutoTokenizer.from_pretrained(self.path, local_files_only=True)

    @cached_property
    def _model(self) -> Any:
        from transformers import AutoModel

        from kg.embedding.devices import choose_device

        model = AutoModel.from_pretrained(self.path, local_files_only=True).eval()
        return model.to(choose_device(self._device))

    def encode(self, texts: Sequence[str]) -> list[TokenStates]:
        """The hidden states of each text, in order; texts of similar lengths share a batch."""
        import torch

        if not texts:
            return []
        tokens = self._tokenizer(
            list(texts),
            truncation=True,
            max_length=MAX_TOKENS,
            return_offsets_mapping=True,
            return_special_tokens_mask=True,
        )
        ids = tokens["input_ids"]
        order = sorted(range(len(texts)), key=lambda at: (-len(ids[at]), at))
        states: dict[int, TokenStates] = {}
        with torch.inference_mode():
            for start in range(0, len(order), TEXTS_PER_BATCH):
                chosen = order[start : start + TEXTS_PER_BATCH]
                batch = self._tokenizer.pad(
                    {"input_ids": [ids[at] for at in chosen]}, return_tensors="pt"
                ).to(self._model.device)
                hidden = self._model(**batch).last_hidden_state.float().cpu().numpy()
                for row, at in enumerate(chosen):
                    real = np.flatnonzero(np.array(tokens["special_tokens_mask"][at]) == 0)
                    spans = np.array(tokens["offset_mapping"][at], np.int64).reshape(-1, 2)[real]
                    states[at] = TokenStates(spans[:, 0], spans[:, 1], hidden[row, real])
        return [states[at] for at in range(len(texts))]
