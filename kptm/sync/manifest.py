"""The manifest of synchronised files with their hashes: ``sync.json``, written atomically."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kg.files.atomic import write_text
from kptm.errors import WorkspaceError

if TYPE_CHECKING:
    from pathlib import Path

FORMAT = 1
PENDING = ""
"""In place of the hash of a file whose synchronisation has not finished."""
BYTES_PER_CHUNK = 2**20


@dataclass
class Manifest:
    """The synchronised files.

    Attributes:
        files: By folder, and by path below it: (hash, kind) of the file.
    """

    files: dict[str, dict[str, tuple[str, str]]] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> Manifest:
        """Read a manifest; an empty one if there is no file.

        Raises:
            WorkspaceError: The file is damaged.
        """
        if not path.exists():
            return cls()
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            if content["format"] != FORMAT:
                raise ValueError(f"format {content['format']}")
            return cls(
                {
                    str(folder): {
                        str(name): (str(mark), str(kind)) for name, (mark, kind) in files.items()
                    }
                    for folder, files in content["files"].items()
                }
            )
        except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
            raise WorkspaceError(
                f"{path}: is damaged ({error}); restore it from a copy, or remove it:"
                " all files are then read"
                " again, but statements of files that are gone stay"
            ) from error

    def write(self, path: Path) -> None:
        """Write the manifest atomically."""
        content = {"format": FORMAT, "files": self.files}
        write_text(path, json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True) + "\n")


def file_hash(path: Path) -> str:
    """The SHA-256 of a file's bytes."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(BYTES_PER_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
