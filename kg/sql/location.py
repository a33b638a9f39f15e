"""Where a database lies: its name for messages, without the password, and the open file."""

from __future__ import annotations

import os
import re
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from kg.errors import StoreError
from kg.files.disks import full_disk

if TYPE_CHECKING:
    from collections.abc import Callable

_USER_INFO = re.compile(r"[^:/?#]+://[^:/@]*:(?P<password>.*)@", re.DOTALL)
_ANYWHERE = re.compile(r"(?P<before>\w://[^:/@\s]*:)(?P<password>\S*)(?P<after>@)")
_PARAMETER = re.compile(r"(?P<before>[?&](?:password|passfile|sslpassword)=)(?P<password>[^&]*)")
MASK = "***"
_SHORT = 3
"""Characters of a password from which on it is looked for anywhere in a message."""


class Location:
    """A path or a URL.

    Args:
        where: It.

    Attributes:
        name: For messages: a URL's password is masked.
        path: The file of SQLite; None of a URL.

    Raises:
        StoreError: It cannot be one.
    """

    def __init__(self, where: str | Path) -> None:
        self.given = str(where)
        if "\0" in self.given:
            raise StoreError(f"{self.given!r}: no file can have a NUL in its name")
        is_url = isinstance(where, str) and "://" in where
        self.path = None if is_url else Path(where)
        self._secrets = tuple(_secrets(self.given)) if is_url else ()
        self.name = self.mask_password(self.given)
        user_info = _USER_INFO.match(self.given.partition("?")[0]) if is_url else None
        if user_info and "@" in user_info["password"]:
            raise StoreError(
                f"{self.name!r}: the password holds an @; write it as %40, and / as %2F, : as %3A"
            )
        self._opened: tuple[int, int] | None = None

    def mask_password(self, text: str) -> str:
        """A text without the password."""
        for secret in self._secrets:
            if len(secret) >= _SHORT:
                text = text.replace(secret, MASK)
        for pattern in (_ANYWHERE, _PARAMETER) if self._secrets else ():
            text = pattern.sub(
                lambda found: found["before"] + MASK + found.groupdict().get("after", ""), text
            )
        return text

    def has_secret(self, error: BaseException) -> bool:
        """Whether an error, or one that it comes from, says the password."""
        chain: BaseException | None = error
        while chain is not None:
            if self.mask_password(str(chain)) != str(chain):
                return True
            chain = chain.__cause__ or chain.__context__
        return False

    def check_folder(self) -> None:
        """Refuse a path that cannot be a file.

        Raises:
            StoreError: As said.
        """
        if self.path is None:
            return
        if not self.path.parent.is_dir():
            raise StoreError(f"{self.name}: there is no folder {self.path.parent}; make it first")
        if self.path.is_dir():
            raise StoreError(f"{self.name}: is a folder; name a file in it")

    def reader(self, *, always: bool = False) -> Callable[[], sqlite3.Connection] | None:
        """How to connect to a file in a folder that cannot be written; None where it can.

        SQLite would write its log beside the file even to read it. Without a log the file is read
        as it is; what another process writes to it then is not seen.

        Args:
            always: Whether to connect so to a file in any folder.
        """
        path = self.path
        if path is None or not path.is_file():
            return None
        if not always and os.access(path.parent, os.W_OK):
            return None
        log = path.with_name(path.name + "-wal")
        still = not log.exists() or not log.stat().st_size
        uri = f"{path.absolute().as_uri()}?mode=ro" + ("&immutable=1" if still else "")
        return lambda: sqlite3.connect(uri, uri=True, check_same_thread=False)

    def note_opened(self) -> None:
        """Remember which file is open."""
        self._opened = self._identity()

    def check_opened(self) -> None:
        """Refuse to write to a file that nobody will find: its path names another one, or none.

        Raises:
            StoreError: As said.
        """
        if self._opened is not None and self._identity() != self._opened:
            raise StoreError(
                f"{self.name}: the file was deleted or replaced while it was open, so nothing was"
                " written; open it again"
            )

    def _identity(self) -> tuple[int, int] | None:
        try:
            found = self.path.stat() if self.path is not None else None
        except OSError:
            return None
        return None if found is None else (found.st_dev, found.st_ino)

    def full_disk(self) -> str:
        """The folder whose disk is full, the file's or that of temporary files; "" for none."""
        folders = [] if self.path is None else [self.path.parent]
        return full_disk(*folders)


def _secrets(url: str) -> list[str]:
    """The password of a URL, as it is written and decoded, and those of its parameters."""
    address, _, _ = url.partition("?")
    found = [m["password"] for m in [_USER_INFO.match(address)] if m]
    found += [m["password"] for m in _PARAMETER.finditer(url)]
    return [part for secret in found for part in dict.fromkeys((secret, unquote(secret))) if part]
