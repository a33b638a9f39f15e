"""The tokens of a workspace: names, roles and hashes, in a file that only its owner may read.

A token has 256 random bits, so nobody can guess it, and one SHA-256 is enough. Slow hashes are
needed only for passwords that people choose.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import secrets
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from kg.errors import shorten
from kg.files.atomic import replace_path
from kg.files.process_lock import Held, process_lock
from kptm.errors import ConfigError
from kptm.serving.access.roles import AccessRole

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PREFIX = "kptm_"
"""Every token begins with this, so that tools which search for leaked secrets can find it."""
TOKEN_BYTES = 32
"""The number of random bytes of a token."""
MAX_TOKEN_CHARACTERS = 256
"""The maximum number of characters of a client's token that are hashed."""
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
HASH = re.compile(r"[0-9a-f]{64}")
VERSION = 1
OWNER_ONLY = 0o600
"""The permissions of the file."""
LOCK_SECONDS = 10.0
"""Seconds that a change waits for the change of another process."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessToken:
    """A token without its secret.

    Attributes:
        name: The name of the token, which the logs show.
        role: The permissions of a client with this token.
        created: The time at which the token was created, in ISO 8601, UTC.
        sha256: The hash of the whole token, in hexadecimal digits.
    """

    name: str
    role: AccessRole
    created: str
    sha256: str


class TokenFile:
    """The tokens of a workspace, in a file.

    The file is read again when another process has changed it.

    Args:
        path: The file; it need not exist.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._state: tuple[int, int, int] | None = None
        self._tokens: tuple[AccessToken, ...] = ()

    def tokens(self) -> tuple[AccessToken, ...]:
        """All tokens, in the order in which they were created.

        Raises:
            ConfigError: The file is malformed, or cannot be read.
        """
        try:
            status = self._path.stat()
            # Each change makes a new file, so its inode differs even if time and size do not.
            state = (status.st_mtime_ns, status.st_size, status.st_ino)
            if state != self._state:
                self._tokens = _parse(self._path.read_bytes())
                self._state = state
        except FileNotFoundError:
            self._state, self._tokens = None, ()
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ConfigError(
                f"{self._path}: cannot be read as a file of tokens ({error}); restore it, or delete"
                " it and make new tokens"
            ) from error
        return self._tokens

    def add(self, name: str, role: AccessRole) -> str:
        """Create a token and return it; the file stores only its hash.

        Args:
            name: A name that no other token has.
            role: The permissions of a client with this token.

        Raises:
            ConfigError: The name is taken, or is not 1 to 64 letters, digits, ".", "_" and "-" with
                a letter or digit first, or the file cannot be changed.
        """
        if not NAME.fullmatch(name):
            raise ConfigError(
                f"{shorten(name)!r}: a token's name has up to 64 letters, digits, '.', '_' and '-',"
                " and begins with a letter or digit"
            )
        secret = PREFIX + secrets.token_urlsafe(TOKEN_BYTES)
        with self._changing():
            before = self.tokens()
            if any(token.name == name for token in before):
                raise ConfigError(
                    f"{name}: there is a token of that name; choose another, or remove it first"
                )
            at = datetime.now(UTC).isoformat(timespec="seconds")
            new = AccessToken(name=name, role=role, created=at, sha256=_digest(secret))
            self._write((*before, new))
        return secret

    def remove(self, name: str) -> None:
        """Remove a token; servers refuse it from the next request on.

        Raises:
            ConfigError: There is no token of that name, or the file cannot be changed.
        """
        with self._changing():
            before = self.tokens()
            after = tuple(token for token in before if token.name != name)
            if len(after) == len(before):
                names = ", ".join(token.name for token in before) or "none yet"
                raise ConfigError(f"{shorten(name)}: there is no such token; there are: {names}")
            self._write(after)

    def find(self, text: str) -> AccessToken | None:
        """The token whose secret is ``text``, or None.

        All hashes are compared, each in constant time, so that the duration reveals nothing.

        Raises:
            ConfigError: The file is malformed, or cannot be read.
        """
        digest, match = _digest(text[:MAX_TOKEN_CHARACTERS]), None
        for token in self.tokens():
            if hmac.compare_digest(token.sha256, digest):
                match = token
        return match

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """Hold the lock of the file, so that no change of another process is lost."""
        lock = self._path.with_name(f".{self._path.name}.lock")
        deadline = time.monotonic() + LOCK_SECONDS
        while True:
            with suppress(Held), process_lock(lock):
                yield
                return
            if time.monotonic() > deadline:
                raise ConfigError(f"{self._path}: another process is changing it; try again")
            time.sleep(0.02)

    def _write(self, tokens: tuple[AccessToken, ...]) -> None:
        rows = [
            {
                "name": token.name,
                "role": token.role,
                "created": token.created,
                "sha256": token.sha256,
            }
            for token in tokens
        ]
        with replace_path(self._path) as fresh:
            fresh.chmod(OWNER_ONLY)
            fresh.write_text(
                json.dumps({"version": VERSION, "tokens": rows}, indent=1) + "\n", encoding="utf-8"
            )


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _parse(raw: bytes) -> tuple[AccessToken, ...]:
    """Read and check the content of a file of tokens."""
    content = json.loads(raw)
    if content["version"] != VERSION:
        raise ValueError(f"version {content['version']!r} is unknown")
    if not all(HASH.fullmatch(row["sha256"]) for row in content["tokens"]):
        raise ValueError("a hash does not have 64 hexadecimal digits")
    return tuple(
        AccessToken(
            name=str(row["name"]),
            role=AccessRole(row["role"]),
            created=str(row["created"]),
            sha256=str(row["sha256"]),
        )
        for row in content["tokens"]
    )
