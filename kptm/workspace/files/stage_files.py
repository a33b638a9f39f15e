"""Finds the files of a workspace that kptm wrote, which are all that a purge may delete.

The folder of a stage has a manifest of its files, or files with fixed names. Other files there, and
everything that only a symbolic link leads to, belong to the user.
"""

from __future__ import annotations

import os
import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kg.files.atomic import remove
from kg.files.temporary import GONE, NEW, OLD, sync
from kptm.fusion.model_manifest import MANIFESTS, own_files

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kptm.workspace.layout import Layout

_TEMPORARY = re.compile(r"\..+\.[0-9a-f]{12}(" + "|".join(map(re.escape, (NEW, OLD, GONE))) + ")")
_EMBEDDINGS = re.compile(r"embeddings\.json|vectors\.safetensors|model\.safetensors|rows\.db")
_PARTITIONS = re.compile(
    r"triples|vectors\.safetensors|rows\.db|partitions/(state\.json|\d+-\w+\.safetensors)"
)
_LINKING = re.compile(
    r"(index/)?(manifest\.json|\w+\.npy)|encoder/[0-9a-f]{16}/(\w+\.npy|\w+\.json)"
)
_PRETRAINING = re.compile(
    r"run\.json|(texts|descriptions)/\d+\.(arrow|json)"
    r"|checkpoint-\d+/[^/]+\.(safetensors|pt|pth|bin|json)"
)
_SNAPSHOTS = re.compile(r"\d+-[0-9a-z_]+/(ids\.npy|rows\.npy|alive\.npy|index\.faiss|shard\.json)")


@dataclass(frozen=True, slots=True)
class Artefact:
    """The output of a stage.

    Attributes:
        name: Its name for people: ``embeddings``, ``finetuned/relation``.
        path: The file or folder.
        files: The files that kptm wrote, in the order in which they are deleted.
    """

    name: str
    path: Path
    files: tuple[Path, ...]

    def delete(self) -> None:
        """Delete the files, and the folder if it is empty then.

        Raises:
            OSError: A file cannot be deleted.
        """
        if not self.files:
            return
        if self.path.is_dir() and not set(_entries(self.path)) - set(self.files):
            remove(self.path)
            return
        for file in self.files:
            file.unlink(missing_ok=True)
        folders = {parent for file in self.files for parent in file.parents}
        inside = (path for path in folders if path.is_relative_to(self.path))
        for folder in sorted(inside, key=lambda path: -len(path.parts)):
            with suppress(OSError):  # the folder is not empty
                folder.rmdir()
        sync(self.path.parent)


def artefacts_of(layout: Layout) -> list[Artefact]:
    """The existing outputs of all stages of a workspace, without the graph."""
    artefacts = [
        _folder(layout, layout.embeddings, _matching(_EMBEDDINGS)),
        _folder(layout, layout.embeddings_partitions, _matching(_PARTITIONS)),
        _folder(layout, layout.linking, _matching(_LINKING)),
        _folder(layout, layout.model, own_files),
        run_of(layout),
        *(_folder(layout, path, own_files) for path in _inside(layout.finetuned)),
        *(_folder(layout, path, own_files) for path in _inside(layout.compressed)),
        *(_folder(layout, path, own_files) for path in _inside(layout.modules)),
    ]
    for path in (
        layout.embeddings_checkpoint,
        layout.phrasings,
        layout.reader,
        layout.questions,
        layout.lessons,
        layout.weights,
        layout.extractor,
        layout.duplicates,
        layout.sync_manifest,
    ):
        if path.is_file() and not path.is_symlink():
            artefacts += [Artefact(path.name, path, (path,))]
    artefacts += [
        Artefact(path.name, path, tuple(_files(path)) if path.is_dir() else (path,))
        for path in (
            *_inside(layout.folder),
            *_inside(layout.finetuned),
            *_inside(layout.compressed),
            *_inside(layout.modules),
        )
        if _TEMPORARY.fullmatch(path.name)
    ]
    return [artefact for artefact in artefacts if artefact.files]


def run_of(layout: Layout) -> Artefact:
    """The files of a pretraining run."""
    return _folder(layout, layout.pretraining, _pretraining)


def delete_workspace(layout: Layout) -> None:
    """Delete all files that kptm wrote in a folder; other files stay.

    Raises:
        OSError: A file cannot be deleted.
    """
    for artefact in artefacts_of(layout):
        artefact.delete()
    Artefact("snapshots", layout.snapshots, _own(layout.snapshots, _matching(_SNAPSHOTS))).delete()
    for path in (*layout.graph_files, layout.state, layout.config):
        path.unlink(missing_ok=True)
    inner = (layout.finetuned, layout.compressed, layout.modules, layout.linking)
    for path in (*inner, layout.folder):
        with suppress(OSError):  # the folder does not exist, or is not empty
            path.rmdir()


def foreign_files(layout: Layout, artefacts: list[Artefact]) -> Iterator[Path]:
    """The files in a workspace's folder that kptm did not write; links are not followed."""
    own = {file for artefact in artefacts for file in artefact.files}
    own.update(layout.graph_files)
    own.update(_own(layout.snapshots, _matching(_SNAPSHOTS)))
    return (path for path in _files(layout.folder) if path not in own)


def _folder(layout: Layout, path: Path, own: Callable[[Path], set[Path]]) -> Artefact:
    return Artefact(path.relative_to(layout.folder).as_posix(), path, _own(path, own))


def _own(folder: Path, own: Callable[[Path], set[Path]]) -> tuple[Path, ...]:
    """The existing files of a folder that ``own`` names, in the order in which to delete them."""
    if folder.is_symlink() or not folder.is_dir():
        return ()
    there = own(folder)
    # The manifest is deleted last: it names the files, so an interrupted deletion can be repeated.
    marks = (*MANIFESTS, "embeddings.json", "run.json")
    return tuple(
        sorted(
            (path for path in _files(folder) if path in there),
            key=lambda path: (path.name in marks, -len(path.parts), str(path)),
        )
    )


def _matching(pattern: re.Pattern[str]) -> Callable[[Path], set[Path]]:
    """A function that returns the files of a folder whose relative paths match a pattern."""

    def own(folder: Path) -> set[Path]:
        return {
            path
            for path in _files(folder)
            if pattern.fullmatch(path.relative_to(folder).as_posix())
        }

    return own


def _pretraining(folder: Path) -> set[Path]:
    return _matching(_PRETRAINING)(folder) | own_files(folder / "start")


def _inside(folder: Path) -> list[Path]:
    """The entries of a folder, without links; none if it is a link itself."""
    if folder.is_symlink() or not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if not path.is_symlink())


def _entries(folder: Path) -> Iterator[Path]:
    """All files and links below a folder; links are not followed."""
    for parent, folders, names in os.walk(folder):
        for name in sorted((*folders, *names)):
            path = Path(parent, name)
            if path.is_symlink() or not path.is_dir():
                yield path


def _files(folder: Path) -> Iterator[Path]:
    """The regular files below a folder, without links."""
    return (path for path in _entries(folder) if path.is_file() and not path.is_symlink())
