"""The key of an encrypted backup, from a file or an environment variable."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from kptm.errors import WorkspaceError

VARIABLE = "KPTM_BACKUP_KEY"
"""The environment variable with the key."""
MIN_KEY_BYTES, MAX_KEY_BYTES = 16, 2**16
"""The minimum and maximum length of a key, in bytes."""
_HOW = "make one with: openssl rand -hex 32 > my.key"


@dataclass(frozen=True, slots=True)
class BackupKey:
    """The secret that encrypts a backup; it is not part of the object's text.

    Line ends after it do not count, so that ``KPTM_BACKUP_KEY=$(cat my.key)`` and ``--key-file
    my.key`` are the same key.

    Attributes:
        secret: 16 to 65,536 bytes: random ones, or a long passphrase.
    """

    secret: bytes = field(repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "secret", self.secret.rstrip(b"\r\n"))
        if not MIN_KEY_BYTES <= len(self.secret) <= MAX_KEY_BYTES:
            raise WorkspaceError(
                f"the key has {len(self.secret):,} bytes, but a key has"
                f" {MIN_KEY_BYTES} to {MAX_KEY_BYTES:,}; {_HOW}"
            )

    @classmethod
    def from_file(cls, path: str | Path) -> BackupKey:
        """Read the key from a file.

        Raises:
            WorkspaceError: The content is too short or too long.
            OSError: The file cannot be read.
        """
        with Path(path).open("rb") as file:
            content = file.read(MAX_KEY_BYTES + 3)  # a longer file need not be read to its end
        try:
            return cls(content)
        except WorkspaceError as error:
            raise WorkspaceError(f"{path}: {error}") from None

    @classmethod
    def from_environment(cls) -> BackupKey | None:
        """Read the key from ``KPTM_BACKUP_KEY``; None if the variable is not set.

        Raises:
            WorkspaceError: The value is too short or too long.
        """
        value = os.environ.get(VARIABLE)
        if value is None:
            return None
        try:
            return cls(os.fsencode(value))
        except WorkspaceError as error:
            raise WorkspaceError(f"the environment variable {VARIABLE}: {error}") from None
