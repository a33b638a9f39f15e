"""Finds what killed processes left in a workspace: temporary entries and abandoned locks."""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from kg.files.temporary import is_temporary, release
from kptm.workspace.files.stage_locks import STAGES
from kptm.workspace.health.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kptm.workspace.layout import Layout


def check_leftovers(layout: Layout) -> Iterator[Finding]:
    """The temporary entries and locks that no process holds."""
    replaced_names = {path.name for path in layout.replaced}
    for path in _temporary_entries(layout):
        if _is_held(path):
            continue
        # A folder renamed aside may be the only copy of a model, so these are not to be deleted.
        is_recovered = path.parent in layout.model_folders or (
            path.parent == layout.folder
            and any(path.name.startswith(f".{name}.") for name in replaced_names)
        )
        remedy = "run kptm stats, which cleans up" if is_recovered else f"delete {path}"
        text = f"{path}: was left by a process that was killed"
        yield Finding("leftover-file", False, text, remedy)
    for stage in STAGES:
        path = layout.lock(stage)
        if path.is_file() and not _is_held(path):
            text = f"{path}: the kptm {stage} that wrote it was killed"
            yield Finding("lock-abandoned", False, text, f"run kptm {stage} again, or delete it")


def _temporary_entries(layout: Layout) -> list[Path]:
    paths = []
    folders = (
        layout.folder,
        layout.linking,
        layout.linking_encoder,
        *layout.model_folders,
        layout.snapshots,
    )
    for folder in folders:
        with suppress(OSError):
            paths += [Path(item.path) for item in os.scandir(folder) if is_temporary(item.name)]
    return sorted(paths)


def _is_held(path: Path) -> bool:
    """Whether a process holds the lock of an entry; True on a file system without locks."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:  # on a file system without locks, nothing counts as abandoned
        return True
    finally:
        release(handle)
    return False
