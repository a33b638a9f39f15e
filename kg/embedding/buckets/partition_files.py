"""Partitions on disk, each a file with vectors and the optimiser's state.

A partition that has changed is written beside its older file, and a small file that is replaced
atomically says which files are valid. So a training that is killed continues from the last of these
moments, with the same result.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import torch
from safetensors.torch import load_file, save_file

from kg.errors import EmbeddingError, EmbeddingMismatchError
from kg.files.atomic import write_text

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor

STATE = "state.json"


class PartitionFiles:
    """The tensors of partitions, and of what belongs to all of them.

    Args:
        folder: The folder of the files, which is created.
        identity: The training, as JSON values; files of another one are refused.

    Attributes:
        progress: What was committed with the files; empty at the start.

    Raises:
        EmbeddingMismatchError: The folder has the files of another training.
        EmbeddingError: The folder's state cannot be read.
    """

    def __init__(self, folder: Path, identity: dict[str, Any]) -> None:
        self._folder = folder
        self._identity = json.loads(json.dumps(identity))
        self._files: dict[str, str] = {}
        self._uncommitted: set[str] = set()
        self.progress: dict[str, Any] = {}
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / STATE).exists():
            return
        try:
            state = json.loads((folder / STATE).read_text(encoding="utf-8"))
            of_training, self._files = state["training"], state["files"]
            self.progress = state["progress"]
        except (OSError, ValueError, LookupError, TypeError) as error:
            raise EmbeddingError(
                f"{folder / STATE}: cannot be read ({error}); delete it"
            ) from error
        if of_training != self._identity:
            raise EmbeddingMismatchError(
                f"{folder}: has the partitions of another training; delete the folder, or continue"
                " with that graph and configuration"
            )

    def read(self, name: str) -> dict[str, Tensor]:
        """The tensors that were written under a name.

        Raises:
            EmbeddingError: The file is missing or damaged.
        """
        path = self._folder / self._files[name]
        try:
            tensors: dict[str, Tensor] = load_file(path)
        except Exception as error:
            raise EmbeddingError(
                f"{path}: cannot be read ({error}); delete the folder and train again"
            ) from error
        # A copy, because safetensors maps the file into memory, and steps change the tensors.
        return {key: torch.clone(value) for key, value in tensors.items()}

    def write(self, name: str, tensors: dict[str, Tensor]) -> None:
        """Write tensors beside the older file; :meth:`commit` makes them valid."""
        older = self._files.get(name, "0-")
        self._files[name] = f"{int(older.partition('-')[0]) + 1}-{name}.safetensors"
        save_file(tensors, self._folder / self._files[name])
        if older in self._uncommitted:
            (self._folder / older).unlink()
        self._uncommitted.add(self._files[name])

    def commit(self, progress: dict[str, Any]) -> None:
        """Make what was written since the last commit valid, and delete older files."""
        self.progress = progress
        state = {"training": self._identity, "files": self._files, "progress": progress}
        write_text(self._folder / STATE, json.dumps(state))
        self._uncommitted = set()
        valid = set(self._files.values())
        for path in self._folder.glob("*-*.safetensors"):
            if path.name not in valid:
                path.unlink()
