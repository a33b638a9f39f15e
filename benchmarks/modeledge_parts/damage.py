"""Ways to damage a file of a snapshot."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import numpy as np

PAGE = 4_096


def files_of(database: str | Path, space: str) -> list[Path]:
    """The files of a space's snapshot, sorted by name; empty if the space has no snapshot."""
    connection = sqlite3.connect(database)
    query = (
        "SELECT folder FROM modeledge_snapshot JOIN modeledge_space ON id = space_id WHERE name = ?"
    )
    rows = connection.execute(query, (space,)).fetchall()
    connection.close()
    root = Path(f"{database}.index")
    return sorted((root / rows[0][0]).iterdir()) if rows else []


def _overwrite(path: Path, at: int, new: bytes) -> None:
    """Write a copy of a file with other bytes at a position.

    A file changed in place would change under a reader that has mapped it.
    """
    content = bytearray(path.read_bytes())
    content[at : at + len(new)] = new
    path.unlink()
    path.write_bytes(content)


def flip(path: Path, _other: Path, seed: int = 0) -> None:
    """Flip one bit at random."""
    content = path.read_bytes()
    at = int(np.random.default_rng(seed).integers(len(content)))
    _overwrite(path, at, bytes([content[at] ^ 1 << seed % 8]))


def zero(path: Path, _other: Path, seed: int = 0) -> None:
    """Overwrite a page that is not all zeros with zeros; a smaller file is one page."""
    content = path.read_bytes()
    pages = [at for at in range(0, len(content), PAGE) if any(content[at : at + PAGE])]
    at = pages[int(np.random.default_rng(seed).integers(len(pages)))]
    _overwrite(path, at, bytes(min(PAGE, len(content) - at)))


def cut(path: Path, _other: Path, seed: int = 0) -> None:
    """Cut off the end of the file."""
    content = path.read_bytes()
    path.unlink()
    path.write_bytes(content[: int(np.random.default_rng(seed).integers(len(content)))])


def swap(path: Path, other: Path, seed: int = 0) -> None:
    """Put the file of another space's snapshot in its place."""
    if path.read_bytes() == other.read_bytes():
        flip(path, other, seed)  # an equal file would be no damage
        return
    path.unlink()
    shutil.copy(other, path)


def lose(path: Path, _other: Path, seed: int = 0) -> None:
    """Delete the file."""
    path.unlink()


DAMAGES = {"flipped bit": flip, "zeroed page": zero, "cut": cut, "swapped": swap, "missing": lose}
