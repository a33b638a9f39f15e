"""The models of a workspace by name: its own, and compressed copies of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from kptm.errors import WorkspaceError
from kptm.fusion.model_manifest import MANIFESTS

if TYPE_CHECKING:
    from kptm.workspace.layout import Layout


def model_folder(layout: Layout, name: str) -> Path:
    """The folder of a model.

    Args:
        layout: The workspace's paths.
        name: The name of a compressed model, or a folder; "" for the workspace's own model.

    Raises:
        WorkspaceError: There is no such model.
    """
    if not name:
        if not layout.has_model:
            raise WorkspaceError(f"{layout.folder}: has no model yet; run kptm pretrain")
        return layout.model
    known = compressed_models(layout)
    if name in known:
        return layout.compressed_for(name)
    if (Path(name) / MANIFESTS[0]).is_file():
        return Path(name)
    there = f"it has {', '.join(known)}" if known else "make one with kptm compress"
    raise WorkspaceError(f"{layout.folder}: has no compressed model {name!r}; {there}")


def compressed_models(layout: Layout) -> list[str]:
    """The names of the compressed models, sorted."""
    folders = layout.compressed.iterdir() if layout.compressed.is_dir() else ()
    return sorted(path.name for path in folders if (path / MANIFESTS[0]).is_file())
