"""Checkpoints that survive a kill: an unfinished one is ignored.

The Trainer writes a checkpoint's files one by one. A marker with their checksums is written last,
by rename; resuming takes the newest checkpoint with a valid marker, and refuses one of another run.
Older ones are removed only when a newer one is sealed.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from kg.files.atomic import remove, write_text
from kg.files.checksums import file_sha256
from kptm.errors import CheckpointError

if TYPE_CHECKING:
    from pathlib import Path

MARKER = "complete.json"
_NAME = re.compile(r"checkpoint-(\d+)")


def seal(folder: Path, run: str) -> None:
    """Mark a checkpoint as complete and as belonging to ``run``."""
    files = {
        path.name: file_sha256(path)
        for path in sorted(folder.iterdir())
        if path.is_file() and path.name != MARKER
    }
    write_text(folder / MARKER, json.dumps({"run": run, "sha256": files}))


def newest(folder: Path, run: str) -> Path | None:
    """The newest complete checkpoint of ``run``; unfinished ones are skipped.

    Raises:
        CheckpointError: The checkpoints belong to another run.
    """
    for path in reversed(_checkpoints(folder)):
        owner = _owner(path)
        if owner is None:
            continue
        if owner != run:
            raise CheckpointError(
                f"{path}: belongs to another model, other texts or other settings;"
                " remove the folder to start again, or name another one"
            )
        return path
    return None


def keep_newest(folder: Path, count: int) -> None:
    """Remove all sealed checkpoints except the ``count`` newest."""
    sealed = [path for path in _checkpoints(folder) if (path / MARKER).exists()]
    for path in sealed[:-count]:
        remove(path)


def step_of(checkpoint: Path) -> int:
    """The number of steps before a checkpoint was written."""
    return int(checkpoint.name.partition("-")[2])


def _checkpoints(folder: Path) -> list[Path]:
    """Checkpoints, complete or not, oldest first."""
    paths = (path for path in folder.glob("checkpoint-*") if _NAME.fullmatch(path.name))
    return sorted(paths, key=step_of)


def _owner(checkpoint: Path) -> str | None:
    """The run that a checkpoint belongs to; None if it was not finished or is damaged."""
    try:
        marker = json.loads((checkpoint / MARKER).read_text(encoding="utf-8"))
        files = marker["sha256"].items()
        is_complete = all(file_sha256(checkpoint / name) == sha for name, sha in files)
        return str(marker["run"]) if is_complete else None
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return None
