"""Stores that a workspace had a graph, so that a missing graph is not treated as an empty one."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from kg.files.atomic import write_text
from kptm.errors import WorkspaceError

if TYPE_CHECKING:
    from pathlib import Path

    from kptm.workspace.layout import Layout


def check_graph(layout: Layout) -> None:
    """Refuse a workspace whose graph is missing.

    Raises:
        WorkspaceError: There is no graph, but the workspace's state, embeddings or link indexes
            show that there was one.
    """
    with suppress(FileNotFoundError):
        if layout.graph.stat().st_size:
            return
    revision = _last_revision(layout)
    if revision:
        raise WorkspaceError(
            f"{layout.graph}: is missing or empty, but the workspace had a graph (revision"
            f" {revision} or later);"
            " put the file back or restore a copy. For an empty graph make a new workspace:"
            " kptm init"
        )


def check_server_graph(layout: Layout, revision: int, name: str) -> None:
    """Refuse a workspace whose graph on a server is empty and was not before.

    Args:
        layout: The paths of the workspace.
        revision: The newest revision of the graph.
        name: The database, for the message.

    Raises:
        WorkspaceError: The graph is empty, but the workspace's files show that it was not.
    """
    known = 0 if revision else _last_revision(layout)
    if known:
        raise WorkspaceError(
            f"{name}: has no graph, but the workspace had one (revision {known} or later); restore"
            " the database, or correct its URL under [database] in kptm.toml"
        )


def note_graph(layout: Layout, revision: int) -> None:
    """Store the graph's revision, unless the folder is not writable."""
    if not revision or _number(layout.state) == revision:
        return
    with suppress(OSError):
        if os.access(layout.folder, os.W_OK):
            write_text(layout.state, json.dumps({"revision": revision}) + "\n")


def _last_revision(layout: Layout) -> int:
    manifests = (
        layout.state,
        layout.embeddings / "embeddings.json",
        layout.linking_index / "manifest.json",
    )
    return max(map(_number, manifests))


def _number(path: Path) -> int:
    """The revision in a JSON file; 0 if it has none."""
    try:
        content: Any = json.loads(path.read_text(encoding="utf-8"))
        return int(content["revision"] or 0)
    except (OSError, ValueError, LookupError, TypeError):
        return 0
