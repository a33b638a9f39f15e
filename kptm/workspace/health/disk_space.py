"""How much disk a workspace takes, and whether enough is free."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from kg.files.disks import full_disk
from kptm.workspace.health.findings import Finding

if TYPE_CHECKING:
    from kptm.workspace.layout import Layout


def disk_space(layout: Layout) -> tuple[dict[str, int], int, list[Finding]]:
    """Bytes by part of the workspace, free bytes, and findings."""
    sizes = {"graph": sum(map(_size, layout.graph_files))}
    parts = [*layout.stages, layout.snapshots]
    sizes |= {path.name: size for path in parts if (size := _size(path))}
    sizes["other"] = _size(layout.folder) - sum(sizes.values())
    findings = []
    free = shutil.disk_usage(layout.folder).free
    if folder := full_disk(layout.folder):
        text = f"the disk of {folder} is full"
        findings.append(Finding("disk-full", True, text, "free some space"))
    elif free < sizes["graph"]:
        text = f"{free:,} bytes are free, fewer than the graph's {sizes['graph']:,}"
        remedy = "free some space: kptm backup and kptm purge write the graph a second time"
        findings.append(Finding("disk-low", False, text, remedy))
    return sizes, free, findings


def _size(path: Path) -> int:
    """The bytes of a file, or of all files below a folder; links are not followed."""
    if path.is_dir() and not path.is_symlink():
        return sum(
            _size(Path(parent, name)) for parent, _, names in os.walk(path) for name in names
        )
    try:
        return path.lstat().st_size
    except OSError:
        return 0
