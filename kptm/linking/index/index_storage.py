"""Storage of a link index: a folder with one memory-mapped file per array, and checksums."""

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

VERSION = 10
MANIFEST = "manifest.json"
MAX_REVISIONS = 1_000
"""The number of newest revisions that identify a graph."""


def identity(graph: KnowledgeGraph, revision: int) -> str:
    """SHA-256 of a graph's last revisions up to ``revision``: number, kind, note and time."""
    rows = [
        [item.number, item.kind, item.note, item.at]
        for item in graph.at(revision).revisions(limit=MAX_REVISIONS)
    ]
    return hashlib.sha256(json.dumps(rows).encode()).hexdigest()


def save(index: LinkIndex, folder: Path, revision: int, graph: str) -> None:
    """Write an index atomically: a reader sees either the old or the new one.

    Args:
        index: The index.
        folder: The folder; an index in it is replaced.
        revision: The revision of the graph from which the index was built.
        graph: The graph's :func:`identity`.

    Raises:
        OSError: The index cannot be written, or the folder contains other files.
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
    """Load an index, its revision and its graph's identity; None if absent, damaged or outdated."""
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
    array: np.ndarray = np.load(path, mmap_mode="r", allow_pickle=False)
    return np.asarray(array)  # small operations are slower on numpy.memmap
