"""Finds the workspaces to serve, and the names under which they are served."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from kg.errors import shorten
from kptm.errors import WorkspaceError
from kptm.workspace.layout import Layout

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = ""
"""The name of a workspace that is served alone, at the root of the server."""
STATIC = Path(__file__).parents[1] / "static"
OWN_PATHS = frozenset(("api", "healthz", "readyz", "metrics"))
"""The first parts of the server's own paths, beside the files of the page."""


def served_folders(folders: Sequence[Path]) -> dict[str, Path]:
    """The folders of the workspaces to serve, by name.

    Args:
        folders: Workspaces, and folders whose subfolders are workspaces; at least one.

    Returns:
        One workspace that is given itself has the name ``ROOT``. Any others have the names of
        their folders, in the given order, and in alphabetical order within a folder.

    Raises:
        WorkspaceError: Two workspaces have the same name, or a name cannot be part of an address.
    """
    if len(folders) == 1 and not _inside(folders[0]):
        return {ROOT: folders[0]}  # opening it says what is wrong if it is no workspace
    folder_of_name: dict[str, Path] = {}
    for folder in folders:
        for workspace in _inside(folder) or [folder]:
            name = workspace.resolve().name
            _check_name(name, workspace)
            if name in folder_of_name:
                raise WorkspaceError(
                    f"{workspace}: {folder_of_name[name]} is called {shorten(name)!r} too, so both"
                    " would have one address; rename one of the folders"
                )
            folder_of_name[name] = workspace
    return folder_of_name


def _inside(folder: Path) -> list[Path]:
    """The workspaces in a folder that is none itself."""
    if Layout(folder).is_workspace() or not folder.is_dir():
        return []
    return sorted(inner for inner in folder.iterdir() if Layout(inner).is_workspace())


def _check_name(name: str, folder: Path) -> None:
    """Refuse a name that cannot be the first part of a path.

    Raises:
        WorkspaceError: The name is that of a path of the server, or is not UTF-8.
    """
    if not name or name in OWN_PATHS or (STATIC / name).is_file():
        raise WorkspaceError(
            f"{folder}: the server has a path of its own called {name!r}; rename the folder"
        )
    try:
        name.encode()
    except UnicodeEncodeError:
        raise WorkspaceError(
            f"{str(folder)!a}: the name is not UTF-8, so no address can contain it; rename"
            " the folder"
        ) from None
