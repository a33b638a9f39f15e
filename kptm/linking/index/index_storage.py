"""A link index in a folder: an array a file, read by memory map, with checksums of all of them."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

import numpy as np

from kg.files.atomic import recover, replace_folder
from kg.files.checksums import file_sha256
from kptm.linking.index.link_index import LinkIndex

if TYPE_CHECKING:
    from pathlib import Path

    from kg.graph import KnowledgeGraph

VERSION = 7
MANIFEST = "manifest.json"
HISTORY = 1_000
"""Revisions that tell one graph from another."""


def identity(graph: KnowledgeGraph, revision: int) -> str:
    """SHA-256 of the last revisions of a graph up to ``revision``: time, kind, note."""
    rows = [
        [item.number, item.kind, item.note, item.at]
        for item in graph.at(revision).revisions(limit=HISTORY)
    ]
    return hashlib.sha256(json.dumps(rows).encode()).hexdigest()


def save(index: LinkIndex, folder: Path, revision: int, graph: str) -> None:
    """Write an index; a reader sees the one before or this one, whatever happens.

    Args:
        index: The arrays.
        folder: Where; an index in it is replaced.
        revision: The graph's, of which it was made.
        graph: The graph's :func:`identity`.

    Raises:
        OSError: It cannot be written, or other files lie there.
    """
    own = {MANIFEST, *(f"{name}.npy" for name in LinkIndex.names())}
    if folder.is_dir() and any(path.name not in own for path in folder.iterdir()):
        raise FileExistsError(f"{folder}: holds other files, which would be lost")
    with replace_folder(folder) as fresh:
        sums = {}
        for name in LinkIndex.names():
            with (fresh / f"{name}.npy").open("wb") as out:
                np.save(out, getattr(index, name), allow_pickle=False)
            sums[name] = file_sha256(fresh / f"{name}.npy")
        manifest = {"version": VERSION, "revision": revision, "graph": graph, "sha256": sums}
        (fresh / MANIFEST).write_text(json.dumps(manifest, indent=1), encoding="utf-8")


def load(folder: Path) -> tuple[LinkIndex, int, str] | None:
    """The index in a folder, its revision and its graph's identity; None if absent or damaged."""
    recover(folder)
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        if manifest["version"] != VERSION:
            return None
        arrays = {}
        for name in LinkIndex.names():
            path = folder / f"{name}.npy"
            if file_sha256(path) != manifest["sha256"][name]:
                return None
            arrays[name] = _map(path)
        return LinkIndex(**arrays), int(manifest["revision"]), str(manifest["graph"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _map(path: Path) -> np.ndarray:
    found: np.ndarray = np.load(path, mmap_mode="r", allow_pickle=False)
    return np.asarray(found)  # the subclass of a memory map makes each small operation slower
