"""The manifest of an export: its files, their contents and checksums, and its own checksum."""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING, Any

from kg.files.checksums import file_sha256
from kptm.errors import ModeledgeError

if TYPE_CHECKING:
    from pathlib import Path

MANIFEST = "manifest.json"
FORMAT = 1
_FILE = re.compile(r"(records|vectors)-\d{5,}\.(jsonl|safetensors)")
AGAIN = "export the store again"


def write(folder: Path, content: dict[str, Any]) -> None:
    """Write the manifest of all files in a folder.

    Raises:
        OSError: The manifest cannot be written.
    """
    digests = {path.name: file_sha256(path) for path in sorted(folder.iterdir())}
    full_content = {"format": FORMAT, **content, "sha256": digests}
    (folder / MANIFEST).write_bytes(_manifest_bytes(full_content))


def read(folder: Path) -> dict[str, Any]:
    """Read a manifest and check all files against it.

    Raises:
        ModeledgeError: A file is missing or damaged.
    """
    path = folder / MANIFEST
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise ModeledgeError(f"{path}: no export of a store there ({error})") from error
    try:
        content = json.loads(raw.decode("utf-8"))
        digests = content["sha256"]
        del content["checksum"]
        # The bytes are compared, because any other JSON text was not written by this module.
        is_intact = raw == _manifest_bytes(content) and all(map(_FILE.fullmatch, digests))
    except (ValueError, LookupError, TypeError, AttributeError):
        is_intact = False
    if not is_intact:
        raise ModeledgeError(f"{path}: damaged (checksum differs); {AGAIN}")
    if content["format"] != FORMAT:
        raise ModeledgeError(
            f"{path}: format {content['format']} is not {FORMAT},"
            f" the one this version reads; {AGAIN}"
        )
    for name, digest in digests.items():
        try:
            actual = file_sha256(folder / name)
        except OSError as error:
            raise ModeledgeError(f"{folder / name}: cannot be read ({error}); {AGAIN}") from error
        if actual != digest:
            raise ModeledgeError(f"{folder / name}: damaged (checksum differs); {AGAIN}")
    return dict(content)


def _manifest_bytes(content: dict[str, Any]) -> bytes:
    """The bytes of a manifest, with its own checksum at the end."""
    digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    return (json.dumps({**content, "checksum": digest}, indent=1) + "\n").encode()
