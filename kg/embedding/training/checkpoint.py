"""Checkpoints of an interrupted training: one safetensors file, written atomically."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from kg.embedding.training.state import Epoch, TrainingState
from kg.errors import EmbeddingError, EmbeddingMismatchError
from kg.files.atomic import replace_path

if TYPE_CHECKING:
    from pathlib import Path

    from kg.embedding.training.state import Tensors

CHECKPOINT_SECONDS = 60.0
"""Seconds between two checkpoints."""
PARTS = "model", "best", "optimizer", "rng"
"""Fields of :class:`TrainingState` that hold tensors."""

WITHIN = "step", "loss", "rows"
"""Fields of :class:`TrainingState` that say how far an unfinished epoch has come."""


class Checkpoint:
    """The state of a training in a safetensors file.

    Args:
        path: The file.
        training: The identity of the training, its graph and configuration, as JSON values. A
            checkpoint of another training is refused.
        every: Seconds between two writes; None for :data:`CHECKPOINT_SECONDS`.
    """

    def __init__(self, path: Path, training: dict[str, object], every: float | None = None) -> None:
        self._path, self.every = path, CHECKPOINT_SECONDS if every is None else every
        self._training = json.loads(json.dumps(training))

    def read(self) -> TrainingState | None:
        """Read the state; None if there is no checkpoint yet.

        Raises:
            EmbeddingMismatchError: The checkpoint is of another graph or configuration.
            EmbeddingError: The file is damaged.
        """
        if not self._path.exists():
            return None
        try:
            with safe_open(self._path, "pt") as file:
                metadata = file.metadata() or {}
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            meta = json.loads(metadata["kptm"])
            training, digest = meta["training"], meta.pop("sha256")
            if digest != _digest(meta, tensors):
                raise EmbeddingError(f"{self._path}: damaged (checksum differs); delete it")
        except (OSError, ValueError, LookupError, SafetensorError) as error:
            raise EmbeddingError(f"{self._path}: cannot be read ({error}); delete it") from error
        different = [
            f"{name} was {str(training.get(name))[:12]}, is {str(value)[:12]}"
            for name, value in self._training.items()
            if training.get(name) != value
        ]
        if different:
            raise EmbeddingMismatchError(
                f"{self._path}: the checkpoint is of another training ({'; '.join(different)});"
                " delete it, or continue with that graph and configuration"
            )
        parts: dict[str, Tensors] = {name: {} for name in PARTS}
        for name, value in tensors.items():
            part, _, rest = name.partition("/")
            parts[part][rest] = value
        curve = tuple(Epoch(*row) for row in meta["curve"])
        state = TrainingState(
            curve, parts["model"], parts["best"], parts["optimizer"], parts["rng"]
        )
        return state._replace(**{name: meta.get(name, 0) for name in WITHIN})

    def write(self, state: TrainingState) -> None:
        """Write the state atomically in place of the previous checkpoint."""
        tensors = {
            f"{part}/{name}": value
            for part in PARTS
            for name, value in getattr(state, part).items()
        }
        meta: dict[str, object] = {
            "training": self._training,
            "curve": [list(item) for item in state.curve],
            **{name: getattr(state, name) for name in WITHIN},
        }
        meta["sha256"] = _digest(meta, tensors)
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with replace_path(self._path) as temporary:
            save_file(tensors, temporary, metadata={"kptm": json.dumps(meta)})

    def remove(self) -> None:
        """Delete the checkpoint, after the training has finished."""
        self._path.unlink(missing_ok=True)


def _digest(meta: dict[str, object], tensors: Tensors) -> str:
    digest = hashlib.sha256(json.dumps(meta, sort_keys=True).encode())
    for name in sorted(tensors):
        digest.update(name.encode())
        digest.update(tensors[name].contiguous().numpy().tobytes())
    return digest.hexdigest()
