"""Checkpoints that survive a kill: one that was not finished is not seen.

The Trainer writes a checkpoint's files one by one. A marker with their checksums is written last, by
rename; resuming takes the newest checkpoint whose marker holds and whose run is this run.
"""

from __future__ import annotations

import json
import re
import shutil
from typing import TYPE_CHECKING

from kptm.errors import CheckpointError
from kptm.fusion.storage import file_sha256

if TYPE_CHECKING:
    from pathlib import Path

MARKER = "complete.json"
_NAME = re.compile(r"checkpoint-(\d+)")


def seal(folder: Path, run: str) -> None:
    """Mark a checkpoint as whole and as belonging to ``run``."""
    files = {
        path.name: file_sha256(path)
        for path in sorted(folder.iterdir())
        if path.is_file() and path.name != MARKER
    }
    fresh = folder / (MARKER + ".new")
    fresh.write_text(json.dumps({"run": run, "sha256": files}), encoding="utf-8")
    fresh.rename(folder / MARKER)


def newest(folder: Path, run: str) -> Path | None:
    """The newest whole checkpoint of ``run``; unfinished ones are removed.

    Raises:
        CheckpointError: The checkpoints belong to another run.
    """
    found = sorted(
        (path for path in folder.glob("checkpoint-*") if _NAME.fullmatch(path.name)),
        key=lambda path: int(path.name.split("-")[1]),
        reverse=True,
    )
    for path in found:
        try:
            marker = json.loads((path / MARKER).read_text(encoding="utf-8"))
            whole = all(file_sha256(path / name) == sha for name, sha in marker["sha256"].items())
        except (OSError, ValueError, KeyError):
            whole = False
        if not whole:
            shutil.rmtree(path)
            continue
        if marker["run"] != run:
            raise CheckpointError(
                f"{path}: belongs to another model, other texts or other settings; remove the folder"
                " to start anew"
            )
        return path
    return None
