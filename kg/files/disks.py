"""Finds a full disk."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

MIN_FREE_BYTES = 64 * 1024
"""Free bytes below which a disk counts as full, since SQLite cannot open its shared memory."""


def full_disk(*folders: Path) -> str:
    """The first folder whose disk is full, including the folder for temporary files; "" if none."""
    for folder in (*folders, Path(tempfile.gettempdir())):
        try:
            if shutil.disk_usage(folder).free < MIN_FREE_BYTES:
                return str(folder.absolute())
        except OSError:
            continue
    return ""
