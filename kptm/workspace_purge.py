"""Purging a workspace: rows of modeledge and files of stages that hold a name which is gone."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

    from kptm.workspace_changing import WorkspaceChanging

SHORTEST = 3
"""Characters of a name by which copies are looked for; a shorter one is in every file."""

CHUNK = 2**24
"""Bytes of a file that are searched at a time."""

KEPT = ("graph.db", "graph.db-wal", "graph.db-shm", "graph.db.index", "kptm.toml")
"""Files that are no stage's: the graph's rows are deleted one by one."""


@dataclass(frozen=True, slots=True)
class Purged:
    """What was deleted.

    Attributes:
        statements: Statements of sources, with their history.
        triples: Triples, attributes and labels that nobody says any more.
        records: Records of modeledge.
        artefacts: Files and folders of stages, which have to be run again.
        revision: The revision that the purge made.
    """

    statements: int
    triples: int
    records: int
    artefacts: tuple[str, ...]
    revision: int


def purge(ws: WorkspaceChanging, *, entity: str | None, source: str | None) -> Purged:
    """Purge a workspace; see :meth:`kptm.Workspace.purge`."""
    report = ws.graph.purge(entity=entity, source=source)
    names = {*report.names, *([entity] if entity else []), *([source] if source else [])}
    names = {name for name in names if len(name) >= SHORTEST}
    records = ws.modeledge.purge(names)
    artefacts = [path for path in sorted(ws.folder.iterdir()) if path.name not in KEPT]
    gone = [path for path in artefacts if _holds(path, names)]
    for path in gone:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
    return Purged(
        statements=report.statements,
        triples=report.triples,
        records=records,
        artefacts=tuple(path.name for path in gone),
        revision=report.revision,
    )


def _holds(path: Path, names: Collection[str]) -> bool:
    """Whether a file, or one in a folder, holds a name, in any case, as it is or as JSON escapes it."""
    wanted = {
        form.lower().encode("utf-8", "replace")
        for name in names
        for form in (name, name.casefold(), json.dumps(name)[1:-1])
    }
    files = path.rglob("*") if path.is_dir() else [path]
    return any(
        name in chunk
        for file in files
        if file.is_file()
        for chunk in _chunks(file, max(map(len, wanted), default=0))
        for name in wanted
    )


def _chunks(file: Path, overlap: int) -> Iterator[bytes]:
    """The bytes of a file in lower case, each chunk with the end of the one before it."""
    with file.open("rb") as stream:
        end = b""
        while raw := stream.read(CHUNK):
            raw = end + raw
            # Letters that are not ASCII are lower-cased as text; bytes that are no text stay.
            yield raw.decode("utf-8", "surrogateescape").lower().encode("utf-8", "surrogateescape")
            end = raw[-overlap:] if overlap else b""
