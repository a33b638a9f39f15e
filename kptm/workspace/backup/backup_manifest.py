"""The manifest of a backup: its first member, with the size and SHA-256 of all others."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from kptm.errors import WorkspaceError

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

NAME = "kptm-backup.json"
FORMAT = 1
MAX_BYTES = 64 * 2**20
"""The maximum number of bytes of a manifest."""


@dataclass(frozen=True, slots=True)
class Member:
    """A file of a backup.

    Attributes:
        size: Its bytes.
        sha256: Its checksum.
    """

    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class BackupManifest:
    """The contents of a backup.

    Attributes:
        kptm: The version that wrote it.
        at: The time at which it was written, in UTC.
        revision: The newest revision of its graph.
        files: Its files, by their paths in the workspace.
    """

    kptm: str
    at: str
    revision: int
    files: dict[str, Member]

    def to_bytes(self) -> bytes:
        """The manifest as JSON."""
        files = {name: [member.size, member.sha256] for name, member in self.files.items()}
        document = {
            "format": FORMAT,
            "kptm": self.kptm,
            "at": self.at,
            "revision": self.revision,
            "files": files,
        }
        return json.dumps(document, indent=1).encode()

    @classmethod
    def from_bytes(cls, content: bytes, archive: Path, allowed: Collection[str]) -> BackupManifest:
        """Read and check a manifest, whose content is not trusted.

        Args:
            content: The result of :meth:`to_bytes`.
            archive: The backup, for errors.
            allowed: The files and folders of a workspace that a backup may contain.

        Raises:
            WorkspaceError: The manifest is malformed, of another format, or names a file that does
                not belong to a workspace.
        """
        try:
            document: Any = json.loads(content)
            if document["format"] != FORMAT:
                raise WorkspaceError(
                    f"{archive}: has format {document['format']}, but this kptm reads {FORMAT};"
                    " restore it with the version that wrote it, or a newer one"
                )
            files = {
                str(name): Member(int(size), str(digest))
                for name, (size, digest) in document["files"].items()
            }
            manifest = cls(
                str(document["kptm"]), str(document["at"]), int(document["revision"]), files
            )
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            raise WorkspaceError(f"{archive}: {NAME} is damaged ({error})") from error
        for name, member in files.items():
            if member.size < 0:
                raise WorkspaceError(
                    f"{archive}: {NAME} is damaged (the size of {name!r} is negative); nothing was"
                    " restored"
                )
            if not _is_safe(name, allowed):
                raise WorkspaceError(
                    f"{archive}: contains {name!r}, which does not belong to a workspace; nothing"
                    " was restored"
                )
        return manifest


def _is_safe(name: str, allowed: Collection[str]) -> bool:
    """Whether a path stays in the folder, and begins with an allowed file or folder."""
    path = PurePosixPath(name)
    return (
        path.as_posix() == name
        and not path.is_absolute()
        and ".." not in path.parts
        and "\\" not in name
        and name.isprintable()
        and bool(path.parts)
        and path.parts[0] in allowed
    )
