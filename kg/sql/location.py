"""The path or URL of a database: its name in messages, without the password, and its open file."""

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
_NO_DRIVER = re.compile(r"postgres(?:ql)?://")
_MIN_MASKED_CHARACTERS = 3
"""A password of at least this many characters is masked wherever a message contains it."""


def with_driver(url: str) -> str:
    """A database's URL with psycopg as the driver of PostgreSQL, unless it names one.

    SQLAlchemy's own default is psycopg2, which kptm does not use.
    """
    return _NO_DRIVER.sub("postgresql+psycopg://", url) if _NO_DRIVER.match(url) else url


class Location:
    """The path or the URL of a database.

    Args:
        where: The path or URL.

    Attributes:
        name: The name in messages: a URL's password is masked.
        path: SQLite's file; None for a URL.

    Raises:
        StoreError: ``where`` is neither a valid path nor a valid URL.
    """

    def __init__(self, where: str | Path) -> None:
        text = str(where)
        if "\0" in text:
            raise StoreError(f"{text!r}: no file can have a NUL in its name")
        is_url = isinstance(where, str) and "://" in where
        self.path = None if is_url else Path(where)
        self._secrets = tuple(_secrets(text)) if is_url else ()
        self.name = self.mask_password(text)
        user_info = _USER_INFO.match(text.partition("?")[0]) if is_url else None
        if user_info and "@" in user_info["password"]:
            raise StoreError(
                f"{self.name!r}: the password holds an @; write it as %40, and / as %2F, : as %3A"
            )
        self._opened: tuple[int, int] | None = None

    def mask_password(self, text: str) -> str:
        """Replace the password in a text."""
        for secret in self._secrets:
            if len(secret) >= _MIN_MASKED_CHARACTERS:
                text = text.replace(secret, MASK)
        for pattern in (_ANYWHERE, _PARAMETER) if self._secrets else ():
            text = pattern.sub(
                lambda match: match["before"] + MASK + match.groupdict().get("after", ""), text
            )
        return text

    def has_secret(self, error: BaseException) -> bool:
        """Whether an error, or one of its causes, contains the password."""
        chain: BaseException | None = error
        while chain is not None:
            if self.mask_password(str(chain)) != str(chain):
                return True
            chain = chain.__cause__ or chain.__context__
        return False

    def check_folder(self) -> None:
        """Check that a file can be made at the path.

        Raises:
            StoreError: The path is a folder, or its folder does not exist.
        """
        if self.path is None:
            return
        if not self.path.parent.is_dir():
            raise StoreError(f"{self.name}: there is no folder {self.path.parent}; make it first")
        if self.path.is_dir():
            raise StoreError(f"{self.name}: is a folder; name a file in it")

    def reader(self, *, always: bool = False) -> Callable[[], sqlite3.Connection] | None:
        """A function that connects to a file read-only; None if the folder can be written.

        SQLite would write its log beside the file even to read it. If there is no log, the file is
        opened as immutable, and changes by other processes are then not seen.

        Args:
            always: Whether to connect read-only even if the folder can be written.
        """
        path = self.path
        if path is None or not path.is_file():
            return None
        if not always and os.access(path.parent, os.W_OK):
            return None
        log = path.with_name(path.name + "-wal")
        has_log = log.exists() and log.stat().st_size > 0
        uri = f"{path.absolute().as_uri()}?mode=ro" + ("" if has_log else "&immutable=1")
        return lambda: sqlite3.connect(uri, uri=True, check_same_thread=False)

    def note_opened(self) -> None:
        """Remember which file is open."""
        self._opened = self._identity()

    def check_opened(self) -> None:
        """Check that the path still names the opened file, so that a write is not lost.

        Raises:
            StoreError: The file was deleted or replaced.
        """
        if self._opened is not None and self._identity() != self._opened:
            raise StoreError(
                f"{self.name}: the file was deleted or replaced while it was open, so nothing was"
                " written; open it again"
            )

    def _identity(self) -> tuple[int, int] | None:
        try:
            status = self.path.stat() if self.path is not None else None
        except OSError:
            return None
        return None if status is None else (status.st_dev, status.st_ino)

    def full_disk(self) -> str:
        """The folder whose disk is full, either the file's or the temporary one; "" for none."""
        folders = [] if self.path is None else [self.path.parent]
        return full_disk(*folders)


def _secrets(url: str) -> list[str]:
    """The passwords of a URL and of its parameters, each as written and decoded."""
    address, _, _ = url.partition("?")
    passwords = [m["password"] for m in [_USER_INFO.match(address)] if m]
    passwords += [m["password"] for m in _PARAMETER.finditer(url)]
    return [
        text for secret in passwords for text in dict.fromkeys((secret, unquote(secret))) if text
    ]
