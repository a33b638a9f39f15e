"""The manifest of a folder of shards: their origin, and which shards are finished.

``manifest.json`` is written once. It identifies corpus, linker and settings. ``shards.jsonl`` gets
a line for each finished shard, after its file is in place and synced, and a final line with the
totals. From the first incomplete or damaged line on, the log is cut off; if a shard has two lines,
the later one counts.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from kg.errors import TripleFormatError
from kg.files.atomic import replace_path, write_text
from kg.files.checksums import file_sha256
from kg.files.temporary import sync
from kptm.errors import CorpusError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from kptm.corpora.corpus_shards import Shard
    from kptm.corpora.shard_files import LinkedShard

VERSION = 1
MANIFEST, LOG, REJECTED = "manifest.json", "shards.jsonl", "rejected.jsonl"


def shard_path(folder: Path, number: int) -> Path:
    """The file of a shard."""
    return folder / f"{number:06}.parquet"


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardOrigin:
    """The origin of shards, which must be the same when a run resumes.

    Attributes:
        files: The path, size and SHA-256 of each file of the corpus.
        linker: SHA-256 of the linker's identity: graph, coefficients, coreference.
        kptm: The version of kptm.
        candidates: Whether the candidates of links are stored.
        documents: The number of documents of a shard.
    """

    files: list[dict[str, Any]]
    linker: str
    kptm: str
    candidates: bool
    documents: int

    @classmethod
    def of(
        cls, files: Sequence[Path], *, linker: str, kptm: str, candidates: bool, documents: int
    ) -> ShardOrigin:
        """Describe the origin; each file is read for its checksum.

        Raises:
            TripleFormatError: A file cannot be read.
        """
        entries = []
        for path in files:
            try:
                size, checksum = path.stat().st_size, file_sha256(path)
            except OSError as error:
                reason = f"cannot be read ({error.strerror}); check the path"
                raise TripleFormatError(path, None, reason) from error
            entries.append({"path": str(path), "bytes": size, "sha256": checksum})
        return cls(
            files=entries, linker=linker, kptm=kptm, candidates=candidates, documents=documents
        )


class ShardFolder:
    """A folder of shards with its manifest.

    Args:
        folder: The folder; it is created if it does not exist.
        origin: The files, the linker and the settings of the shards.

    Raises:
        CorpusError: The folder has other files, or shards of another origin.
        OSError: The folder cannot be read or written.
    """

    def __init__(self, folder: Path, origin: ShardOrigin) -> None:
        self.folder, self._size = folder, origin.documents
        folder.mkdir(parents=True, exist_ok=True)
        value = {"version": VERSION, **asdict(origin)}
        if (folder / MANIFEST).exists():
            _compare(folder, value)
        else:
            other = sorted(path.name for path in folder.iterdir() if not _is_own(path.name))
            if other:
                raise CorpusError(f"{folder}: has other files ({other[0]}); name an empty folder")
            write_text(folder / MANIFEST, json.dumps(value, indent=1))
        self._finished: dict[int, dict[str, Any]] = {}
        self._total: dict[str, Any] | None = None
        self._read_log()

    @property
    def rejected(self) -> Path:
        """The file of rejected lines."""
        return self.folder / REJECTED

    @property
    def size(self) -> int:
        """The number of documents of a shard."""
        return self._size

    def path(self, number: int) -> Path:
        """The file of a shard."""
        return shard_path(self.folder, number)

    def links_if_finished(self, shard: Shard) -> int | None:
        """The number of links of a shard that is finished and intact; None if it must be linked."""
        entry = self._intact(shard.number)
        wanted = shard.description()
        if entry is None or {name: entry.get(name) for name in wanted} != wanted:
            return None
        links: int = entry["links"]
        return links

    def add(self, shard: Shard, linked: LinkedShard) -> None:
        """Write a shard, then its line in the manifest.

        Raises:
            OSError: The folder cannot be written.
        """
        path = self.path(shard.number)
        with replace_path(path) as fresh:
            fresh.write_bytes(linked.data)
            checksum = file_sha256(fresh)
        entry = {**shard.description(), "links": linked.links, "sha256": checksum}
        self._append(entry)
        self._finished[shard.number] = entry

    def finish(self, total: dict[str, Any]) -> None:
        """Record that all shards are finished, with the totals of the corpus.

        Raises:
            OSError: The folder cannot be written.
        """
        if self._total != total:
            self._append({"total": total})
            self._total = total

    def _intact(self, number: int) -> dict[str, Any] | None:
        """The line of a shard in the log, if the file has the checksum that the line states."""
        entry = self._finished.get(number)
        path = self.path(number)
        if entry is None or not path.is_file() or file_sha256(path) != entry["sha256"]:
            return None
        return entry

    def _append(self, entry: dict[str, Any]) -> None:
        with (self.folder / LOG).open("ab") as stream:
            stream.write(json.dumps(entry).encode() + b"\n")
            stream.flush()
            os.fsync(stream.fileno())
        sync(self.folder)

    def _read_log(self) -> None:
        log = self.folder / LOG
        if not log.exists():
            return
        whole = 0
        for raw in log.read_bytes().splitlines(keepends=True):
            entry = _entry(raw)
            if entry is None:
                break
            whole += len(raw)
            if "total" in entry:
                self._total = entry["total"]
            else:
                self._finished[entry["shard"]] = entry
        os.truncate(log, whole)  # what follows was cut off by a kill, or is damaged


def _entry(raw: bytes) -> dict[str, Any] | None:
    """A whole line of the log; None if it is damaged."""
    if not raw.endswith(b"\n"):
        return None
    try:
        value = json.loads(raw)
        if "total" in value:
            return {"total": {name: int(value["total"][name]) for name in _COUNTS}}
        return {**value, "shard": int(value["shard"]), "links": int(value["links"]),
                "sha256": str(value["sha256"])}  # fmt: skip
    except (ValueError, KeyError, TypeError):
        return None


_COUNTS = "shards", "documents", "links", "rejected"


def _is_own(name: str) -> bool:
    """Whether a file may be a temporary one of a run that was killed before the manifest."""
    return name.startswith(".")


def _compare(folder: Path, wanted: dict[str, Any]) -> None:
    """Refuse shards of another origin.

    Raises:
        CorpusError: The manifest is damaged or differs.
    """
    try:
        stored = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        reasons = [
            reason(stored[name], wanted[name])
            for name, reason in _REASONS.items()
            if stored[name] != wanted[name]
        ]
    except (ValueError, KeyError, TypeError) as error:
        raise CorpusError(
            f"{folder / MANIFEST}: is damaged; delete the folder, or name another one"
        ) from error
    if reasons:
        raise CorpusError(
            f"{folder}: its shards were made {reasons[0]}; name another folder, or delete this one"
            " to link everything again"
        )


def _other_files(stored: list[dict[str, Any]], wanted: list[dict[str, Any]]) -> str:
    """Say which file differs first."""
    names = {entry["path"] for entry in stored} ^ {entry["path"] for entry in wanted}
    if names:
        return f"of other files ({min(names)} is in one corpus only)"
    pairs = zip(stored, wanted, strict=True)
    changed = next((old["path"] for old, new in pairs if old != new), None)
    return f"of an earlier version of {changed}"


_REASONS = {
    "version": lambda *_: "in another format of shards",
    "kptm": lambda found, _: f"by kptm {found}",
    "linker": lambda *_: "with another graph or other settings of the linker",
    "candidates": lambda found, _: f"with{'' if found else 'out'} candidates",
    "documents": lambda found, wanted: f"of {found} documents each, not {wanted}",
    "files": _other_files,
}
"""How a difference is described, by its name in the manifest."""
