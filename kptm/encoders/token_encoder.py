"""States of the tokens of texts, from any encoder of Hugging Face as it is; nothing is trained.

Shapes: T tokens of a text, H the width of the encoder.
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

BATCH = 32
"""Texts of about one length that are encoded at a time."""
LENGTH = 256
"""Tokens of a text, at most; what stands after them has no state."""


@dataclass(frozen=True, slots=True)
class TokenStates:
    """The states of a text's tokens, without those that the tokenizer adds.

    Attributes:
        starts: T offsets of their first characters.
        ends: T offsets after their last ones.
        states: T × H.
    """

    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    states: Floats

    def mean(self, start: int, end: int) -> Floats:
        """The mean state of a span's tokens, (H,), of length 1; zeros where it has none."""
        first = int(np.searchsorted(self.ends, start, side="right"))
        last = int(np.searchsorted(self.starts, end))
        if last <= first:
            return np.zeros(self.states.shape[1], np.float32)
        found = self.states[first:last].mean(axis=0)
        return np.asarray(found / max(float(np.linalg.norm(found)), 1e-6), np.float32)


class TokenEncoder:
    """Any encoder in a local folder. Its weights are loaded when a text is first encoded.

    Args:
        path: The folder, or the name of an installed package that has one, such as the one of
            ``kptm[encoder]``.
        device: "auto" computes on the accelerator if there is one, "cpu" on the CPU; or its name.

    Raises:
        LinkingError: There is no such model.
    """

    def __init__(self, path: str | Path, *, device: str = "auto") -> None:
        self.path, self._device = model_folder(path), device

    @cached_property
    def fingerprint(self) -> str:
        """What tells its states from those of others."""
        return fingerprint(self.path)

    @cached_property
    def width(self) -> int:
        """H."""
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
        """The states of texts, in their order; those of about one length are encoded together."""
        import torch

        if not texts:
            return []
        given = self._tokenizer(
            list(texts),
            truncation=True,
            max_length=LENGTH,
            return_offsets_mapping=True,
            return_special_tokens_mask=True,
        )
        ids = given["input_ids"]
        order = sorted(range(len(texts)), key=lambda at: (-len(ids[at]), at))
        found: dict[int, TokenStates] = {}
        with torch.inference_mode():
            for start in range(0, len(order), BATCH):
                chosen = order[start : start + BATCH]
                batch = self._tokenizer.pad(
                    {"input_ids": [ids[at] for at in chosen]}, return_tensors="pt"
                ).to(self._model.device)
                hidden = self._model(**batch).last_hidden_state.float().cpu().numpy()
                for row, at in enumerate(chosen):
                    real = np.flatnonzero(np.array(given["special_tokens_mask"][at]) == 0)
                    spans = np.array(given["offset_mapping"][at], np.int64).reshape(-1, 2)[real]
                    found[at] = TokenStates(spans[:, 0], spans[:, 1], hidden[row, real])
        return [found[at] for at in range(len(texts))]
