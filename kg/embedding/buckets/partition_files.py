"""Partitions on disk, each a file with vectors and the optimiser's state.

A partition that has changed is written beside its older file. A small file, which is replaced
atomically, says which files are valid; replacing it is a commit. A training that is killed
continues from its last commit, with the same result.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import torch
from safetensors.torch import load_file, save_file

from kg.errors import EmbeddingError, EmbeddingMismatchError
from kg.files.atomic import write_text
from kg.files.temporary import sync

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor

STATE, SUFFIX = "state.json", ".safetensors"


class PartitionFiles:
    """Tensors by name: one file for each partition, and one for the relations, which all share.

    Args:
        folder: The folder of the files, which is created.
        identity: The settings and data that identify the training, as JSON values; the files of
            another training are refused.

    Attributes:
        progress: The ``progress`` of the last commit; empty before the first.

    Raises:
        EmbeddingMismatchError: The folder has the files of another training.
        EmbeddingError: The folder's state cannot be read.
    """

    def __init__(self, folder: Path, identity: dict[str, Any]) -> None:
        self._folder = folder
        self._identity = json.loads(json.dumps(identity))  # as it is read back: tuples are lists
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
        # Files are named NUMBER-NAME.safetensors; the number grows with each write.
        older = self._files.get(name, "0-")
        self._files[name] = f"{int(older.partition('-')[0]) + 1}-{name}{SUFFIX}"
        save_file(tensors, self._folder / self._files[name])
        if older in self._uncommitted:
            (self._folder / older).unlink()
        self._uncommitted.add(self._files[name])

    def commit(self, progress: dict[str, Any]) -> None:
        """Make what was written since the last commit valid, and delete older files.

        Raises:
            OSError: The folder cannot be written.
        """
        self.progress = progress
        valid = set(self._files.values())
        # The new files are on the disk before the commit, and the old ones until after it, so that
        # one of the two is complete also if the power fails.
        for file in self._uncommitted & valid:
            sync(self._folder / file)
        sync(self._folder)
        state = {"training": self._identity, "files": self._files, "progress": progress}
        write_text(self._folder / STATE, json.dumps(state))
        self._uncommitted = set()
        for path in self._folder.glob(f"*-*{SUFFIX}"):
            if path.name not in valid and self._is_own(path.name):
                path.unlink()

    def _is_own(self, file: str) -> bool:
        """Whether :meth:`write` gives a file this name; other files of the folder are kept."""
        number, _, name = file.removesuffix(SUFFIX).partition("-")
        return number.isdecimal() and name in self._files
