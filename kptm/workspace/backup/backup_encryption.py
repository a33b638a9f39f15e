r"""Encrypts a backup as a stream of parts, each authenticated, and reads it back at any position.

    file   = header, part 0, part 1, …, last part
    header = "kptm-encrypted-backup 1\n", salt (32 bytes), check (32 bytes)
    part   = AES-256-GCM of 65,536 bytes of the archive, and 16 bytes of tag; the last is shorter
    nonce  = number of the part (11 bytes, big-endian), and 1 for the last part, else 0 (1 byte)

scrypt (RFC 7914; N 2^17, r 8, p 1) derives 64 bytes from key and salt: the key of AES, and the
check, by which a wrong key is known before anything is decrypted. Every part authenticates the
header too. So a changed bit, a part in another's place, and a missing or additional end are errors.
The scheme is STREAM (Hoang, Reyhanitabar, Rogaway, Vizár: Online Authenticated-Encryption and its
Nonce-Reuse Misuse-Resistance, CRYPTO 2015, section 7). A nonce never repeats, because each file has
its own salt.
"""

from __future__ import annotations

import hmac
import io
import os
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, cast

from kptm.errors import ConfigError, WorkspaceError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from _typeshed import ReadableBuffer, WriteableBuffer
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    from kptm.workspace.backup.backup_key import BackupKey

SUFFIX = ".enc"
"""The last suffix of an encrypted backup, after that of its archive."""
MAGIC = b"kptm-encrypted-backup 1\n"
PART_BYTES, TAG_BYTES = 2**16, 16
"""The bytes of a part of the archive, and of the authentication tag after each."""
_SALT_BYTES = _CHECK_BYTES = 32
HEADER_BYTES = len(MAGIC) + _SALT_BYTES + _CHECK_BYTES


def is_encrypted_name(file: Path) -> bool:
    """Whether a backup with this name is encrypted."""
    return file.name.lower().endswith(SUFFIX)


@contextmanager
def encrypt(raw: IO[bytes], key: BackupKey) -> Iterator[IO[bytes]]:
    """Yield a stream for writing, whose content is encrypted to ``raw``.

    The end is only written if the block succeeds, so that an unfinished file cannot be read.

    Raises:
        ConfigError: ``cryptography`` is not installed.
    """
    salt = os.urandom(_SALT_BYTES)
    cipher, check = _derive(key, salt)
    header = MAGIC + salt + check
    raw.write(header)
    stream = _EncryptingWriter(raw, cipher, header)
    yield cast("IO[bytes]", stream)
    stream.finish()


@contextmanager
def decrypt(file: Path, raw: IO[bytes], key: BackupKey) -> Iterator[IO[bytes]]:
    """Yield the decrypted content of a backup, which can be read at any position.

    The end is authenticated first; every other part when it is read.

    Args:
        file: The backup, for errors.
        raw: Its content, at position 0.
        key: The key that it was written with.

    Raises:
        ConfigError: ``cryptography`` is not installed.
        WorkspaceError: The file is not encrypted, its key is another, or a part is damaged.
    """
    header = raw.read(HEADER_BYTES)
    if len(header) < HEADER_BYTES or not header.startswith(MAGIC):
        raise WorkspaceError(
            f"{file}: is not an encrypted backup by kptm, or its start is damaged; nothing was"
            " restored"
        )
    salt, check = header[len(MAGIC) : -_CHECK_BYTES], header[-_CHECK_BYTES:]
    cipher, wanted = _derive(key, salt)
    if not hmac.compare_digest(check, wanted):
        raise WorkspaceError(
            f"{file}: was encrypted with another key, or its first {HEADER_BYTES} bytes are"
            " damaged; nothing was restored"
        )
    with io.BufferedReader(_DecryptingReader(file, raw, cipher, header), PART_BYTES) as stream:
        yield cast("IO[bytes]", stream)


def _derive(key: BackupKey, salt: bytes) -> tuple[AESGCM, bytes]:
    """The cipher of a file, and what its header has to prove the key."""
    try:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM
        from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
    except ImportError as error:
        raise ConfigError(
            'encryption needs cryptography: pip install "kptm[encryption]"'
        ) from error
    derived = Scrypt(salt=salt, length=32 + _CHECK_BYTES, n=2**17, r=8, p=1).derive(key.secret)
    return AESGCM(derived[:32]), derived[32:]


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])


class _EncryptingWriter(io.RawIOBase):
    """Encrypts what is written, part by part."""

    def __init__(self, raw: IO[bytes], cipher: AESGCM, header: bytes) -> None:
        self._raw, self._cipher, self._header = raw, cipher, header
        self._pending = bytearray()
        self._number = 0

    def writable(self) -> bool:
        return True

    def write(self, content: ReadableBuffer, /) -> int:
        view = memoryview(content).cast("B")
        for start in range(0, len(view), PART_BYTES):
            self._pending += view[start : start + PART_BYTES]
            if len(self._pending) > PART_BYTES:  # one full part stays: it may be the last
                self._write_part(bytes(self._pending[:PART_BYTES]), last=False)
                del self._pending[:PART_BYTES]
        return len(view)

    def finish(self) -> None:
        """Write the last part, which may be empty only if the content is."""
        self._write_part(bytes(self._pending), last=True)
        self._pending.clear()

    def _write_part(self, content: bytes, *, last: bool) -> None:
        nonce = _nonce(self._number, last=last)
        self._raw.write(self._cipher.encrypt(nonce, content, self._header))
        self._number += 1


class _DecryptingReader(io.RawIOBase):
    """The decrypted content at any position; each part is authenticated before it is returned."""

    def __init__(self, file: Path, raw: IO[bytes], cipher: AESGCM, header: bytes) -> None:
        self._file, self._raw, self._cipher, self._header = file, raw, cipher, header
        body = raw.seek(0, os.SEEK_END) - HEADER_BYTES
        self._parts = max(1, -(-body // (PART_BYTES + TAG_BYTES)))
        self._size = body - self._parts * TAG_BYTES
        self._position = 0
        self._last_read = (-1, b"")
        """The number and content of the part that was read last."""
        self._read_part(self._parts - 1)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._size}[whence]
        if start + offset < 0:
            raise OSError(f"the position {start + offset} is before the start")
        self._position = start + offset
        return self._position

    def readinto(self, into: WriteableBuffer, /) -> int:
        if self._position >= self._size:
            return 0
        number, start = divmod(self._position, PART_BYTES)
        view = memoryview(into).cast("B")
        data = self._read_part(number)[start : start + len(view)]
        view[: len(data)] = data
        self._position += len(data)
        return len(data)

    def _read_part(self, number: int) -> bytes:
        from cryptography.exceptions import InvalidTag

        if self._last_read[0] != number:
            last = number == self._parts - 1
            self._raw.seek(HEADER_BYTES + number * (PART_BYTES + TAG_BYTES))
            encrypted = self._raw.read(PART_BYTES + TAG_BYTES)
            try:
                content = self._cipher.decrypt(_nonce(number, last=last), encrypted, self._header)
            except (InvalidTag, ValueError) as error:  # ValueError: shorter than a tag
                damage = (
                    "its end is missing or damaged"
                    if last
                    else f"part {number + 1:,} of {self._parts:,} is damaged, or not where it was"
                )
                raise WorkspaceError(f"{self._file}: {damage}; nothing was restored") from error
            self._last_read = (number, content)
        return self._last_read[1]
