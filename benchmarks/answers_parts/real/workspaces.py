"""Workspaces of the graphs: each is loaded once into a folder and copied before it is used."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import kg
import kptm
from kptm import Workspace

from .progress import say

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    Build = Callable[[Workspace], None]


class Workspaces:
    """Loaded workspaces by name.

    Attributes:
        folder: Their folder, outside the project.
        settings: `section.key=value` settings of each copy, as in `kptm --set`.
    """

    def __init__(self, folder: Path, settings: Sequence[str] = ()) -> None:
        self.folder, self.settings = folder / _version(), tuple(settings)
        self.folder.mkdir(parents=True, exist_ok=True)

    def _load(self, name: str, build: Build) -> Path:
        """Build a workspace unless its folder exists; return the folder."""
        target = self.folder / name
        if not (target / "kptm.toml").is_file():
            partial = self.folder / f"{name}.partial"
            shutil.rmtree(partial, ignore_errors=True)
            began = time.perf_counter()
            with Workspace.open(partial) as ws:
                build(ws)
                ws.ask("what is this")  # the first question builds the derived files
            partial.rename(target)
            say(f"{name}: loaded in {time.perf_counter() - began:.1f} s")
        return target

    @contextmanager
    def copy(self, name: str, build: Build) -> Iterator[Workspace]:
        """Yield a temporary copy of the workspace `name`, which `build` fills if it is missing."""
        source = self._load(name, build)
        with tempfile.TemporaryDirectory(dir=self.folder, prefix=f"{name}.copy.") as folder:
            target = Path(folder) / "ws"
            shutil.copytree(source, target)
            with Workspace.open(target, create=False, changes=self.settings) as ws:
                yield ws


def _version() -> str:
    """A hash of kg and kptm: another version may store a graph differently."""
    digest = hashlib.sha256()
    for package in (kg, kptm):
        root = Path(package.__path__[0])
        for path in sorted(root.rglob("*")):
            if path.suffix in {".py", ".json", ".toml", ".tsv", ".txt"}:
                digest.update(path.relative_to(root).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()[:12]


def load_world(ws: Workspace) -> None:
    """Load the example world, and index its texts for phrasings."""
    from kptm.examples import World

    world = World()
    ws.load_entities(world.entities)
    ws.load(world.triples)
    ws.load_entities(world.relations)
    ws.index(world.corpus, source="corpus")


def load_world_with_values(ws: Workspace) -> None:
    """Load the example world, including its numbers, quantities and dates."""
    from kptm.examples import World

    load_world(ws)
    ws.load(World().values)
