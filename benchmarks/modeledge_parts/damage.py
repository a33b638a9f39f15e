"""Ways to damage a file of a snapshot."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import numpy as np

PAGE = 4_096


def files_of(database: str | Path, space: str) -> list[Path]:
    """The files of a space's snapshot, by name; none where SQL names none."""
    connection = sqlite3.connect(database)
    query = (
        "SELECT folder FROM modeledge_snapshot JOIN modeledge_space ON id = space_id WHERE name = ?"
    )
    rows = connection.execute(query, (space,)).fetchall()
    connection.close()
    root = Path(f"{database}.index")
    return sorted((root / rows[0][0]).iterdir()) if rows else []


def _changed(path: Path, at: int, new: bytes) -> None:
    """Put other bytes at a place.

    The file is a new one, as a mapped one would change under its reader.
    """
    content = bytearray(path.read_bytes())
    content[at : at + len(new)] = new
    path.unlink()
    path.write_bytes(content)


def flip(path: Path, _other: Path, seed: int = 0) -> None:
    """One bit, anywhere."""
    content = path.read_bytes()
    at = int(np.random.default_rng(seed).integers(len(content)))
    _changed(path, at, bytes([content[at] ^ 1 << seed % 8]))


def zero(path: Path, _other: Path, seed: int = 0) -> None:
    """A page of zeros, or all of a smaller file; nothing where that is what there is."""
    content = path.read_bytes()
    pages = [at for at in range(0, len(content), PAGE) if any(content[at : at + PAGE])]
    at = pages[int(np.random.default_rng(seed).integers(len(pages)))]
    _changed(path, at, bytes(min(PAGE, len(content) - at)))


def cut(path: Path, _other: Path, seed: int = 0) -> None:
    """The end is missing."""
    content = path.read_bytes()
    path.unlink()
    path.write_bytes(content[: int(np.random.default_rng(seed).integers(len(content)))])


def swap(path: Path, other: Path, seed: int = 0) -> None:
    """The file of another space's snapshot."""
    if (
        path.read_bytes() == other.read_bytes()
    ):  # the same is no damage; what stands in it is changed then
        flip(path, other, seed)
        return
    path.unlink()
    shutil.copy(other, path)


def lose(path: Path, _other: Path, seed: int = 0) -> None:
    """No file."""
    path.unlink()


DAMAGES = {"flipped bit": flip, "zeroed page": zero, "cut": cut, "swapped": swap, "missing": lose}
