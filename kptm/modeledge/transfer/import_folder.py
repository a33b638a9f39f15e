"""Reads the records of an exported folder."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file

from kptm.errors import ModeledgeError
from kptm.modeledge.records import Record
from kptm.modeledge.sql.spaces import PRECISIONS, VectorSpace
from kptm.modeledge.sql.transfer_record import TransferRecord
from kptm.modeledge.transfer import export_manifest
from kptm.modeledge.transfer.export_folder import VECTORS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from kptm.modeledge.records import Fact
    from kptm.modeledge.transfer.conflicts import TimedFact

_TEXTS = ("kind", "value", "text", "origin", "at")


@dataclass(frozen=True, slots=True)
class Exported:
    """An exported folder whose checksums are correct.

    Attributes:
        folder: The folder.
        content: The content of the manifest.
    """

    folder: Path
    content: dict[str, Any]

    @property
    def name(self) -> str:
        """The name of the folder in the log."""
        return f"from {self.folder}"

    def spaces(self) -> list[VectorSpace]:
        """The spaces, numbered as in the manifest."""
        try:
            spaces = [
                VectorSpace(number, str(item["name"]), int(item["dim"]), str(item["precision"]))
                for number, item in enumerate(self.content["spaces"])
            ]
        except (LookupError, TypeError, ValueError) as error:
            raise self._file_error(
                export_manifest.MANIFEST, f"spaces are malformed ({error!r})"
            ) from error
        for space in spaces:
            if space.precision not in PRECISIONS or space.dim < 1:
                raise self._file_error(
                    export_manifest.MANIFEST, f"{space.name} has no vectors that can be stored"
                )
        return spaces

    def facts(self) -> Iterator[TimedFact]:
        """Yield the facts that records state, each once with its newest time.

        All of them are held in memory.
        """
        newest: dict[Fact, str] = {}
        for shard in self._shards():
            for item in self._items(shard):
                triple = item.record.triple
                if triple is not None:
                    newest[triple] = max(item.at, newest.get(triple, ""))
        for (head, relation, tail), at in newest.items():
            yield head, relation, tail, at

    def pages(
        self, space: VectorSpace
    ) -> Iterator[tuple[list[TransferRecord], NDArray[np.float32]]]:
        """Yield the records of a space with their vectors, a pair of files at a time."""
        for shard in self._shards():
            if shard["space"] == space.id:
                items = list(self._items(shard))
                yield items, self._vectors(shard, space, len(items))

    def _shards(self) -> Iterator[dict[str, Any]]:
        for shard in self.content.get("shards", ()):
            if not isinstance(shard, dict) or not {"space", "records", "vectors"} <= set(shard):
                raise self._file_error(export_manifest.MANIFEST, "shards are malformed")
            if not {shard["records"], shard["vectors"]} <= set(self.content["sha256"]):
                raise self._file_error(
                    export_manifest.MANIFEST, "a shard has files without a checksum"
                )
            yield shard

    def _items(self, shard: dict[str, Any]) -> Iterator[TransferRecord]:
        name = shard["records"]
        # Only \n ends a line here, because texts may contain other line endings.
        with (self.folder / name).open(encoding="utf-8", newline="\n") as lines:
            for number, line in enumerate(lines, 1):
                try:
                    yield _item(json.loads(line))
                except (ValueError, LookupError, TypeError) as error:
                    raise self._file_error(f"{name}:{number}", f"no record ({error!r})") from error

    def _vectors(
        self, shard: dict[str, Any], space: VectorSpace, count: int
    ) -> NDArray[np.float32]:
        name = shard["vectors"]
        try:
            vectors: NDArray[Any] = load_file(self.folder / name)[VECTORS]
        except (OSError, LookupError, SafetensorError) as error:
            raise self._file_error(name, f"no vectors ({error!r})") from error
        if vectors.shape != (count, space.dim) or vectors.dtype != space.dtype:
            raise self._file_error(
                name, f"{vectors.dtype} {vectors.shape} are not {count} of {space.name}"
            )
        return vectors.astype(np.float32, copy=False)

    def _file_error(self, name: str, reason: str) -> ModeledgeError:
        return ModeledgeError(f"{self.folder / name}: {reason}; {export_manifest.AGAIN}")


def of_folder(folder: str | Path) -> Exported:
    """Open an exported folder after checking its checksums.

    Raises:
        ModeledgeError: A file is missing or damaged.
    """
    folder = Path(folder).absolute()
    return Exported(folder, export_manifest.read(folder))


def _item(value: dict[str, Any]) -> TransferRecord:
    """Parse the record of a line.

    Raises:
        ValueError: A value is invalid.
        LookupError: A value is missing.
        TypeError: A value has the wrong type.
    """
    context, sources, triple = value["context"], value["sources"], value["triple"]
    texts = [*(value[name] for name in _TEXTS), *context, *sources, *(triple or ())]
    if not all(isinstance(text, str) for text in texts):
        raise ValueError("a part of it is not text")
    if triple is not None and len(triple) != 3:
        raise ValueError("a triple has three parts")
    record = Record(
        kind=value["kind"],
        value=value["value"],
        context=tuple(context),
        text=value["text"],
        start=int(value["start"]),
        end=int(value["end"]),
        triple=None if triple is None else (triple[0], triple[1], triple[2]),
    )
    return TransferRecord(0, value["origin"], record, tuple(sources), value["at"])
