"""Exports a store to a folder that can be read without kptm.

- ``records-00000.jsonl``: one record per line, with its sources, triple and origin's digest
- ``vectors-00000.safetensors``: the vectors of these records in the same order
- ``manifest.json``: the spaces, the pairs of files of each space, and the checksum of each file

Only live records are written, in their current state, without the log and the indexes.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from safetensors import SafetensorError
from safetensors.numpy import save_file

from kg.files.atomic import replace_folder
from kptm.errors import ModeledgeError, ModelError
from kptm.fusion.model_manifest import check_target
from kptm.modeledge.sql import oplog, spaces, transfer_record
from kptm.modeledge.transfer import export_manifest

if TYPE_CHECKING:
    from collections.abc import Callable

    from kg.sql.database import Database
    from kptm.modeledge.sql.transfer_record import TransferRecord

RECORDS_PER_SHARD = 8_192
"""The number of records in a pair of files."""

VECTORS = "vectors"
"""The name of the only tensor in a file."""


def export(database: Database, folder: str | Path, progress: Callable[[int], None] | None) -> int:
    """Write the live records to a folder; see :meth:`kptm.Modeledge.export`."""
    folder = Path(folder).absolute()
    try:
        check_target(folder, export_manifest.MANIFEST)
        with replace_folder(folder) as fresh:
            return _write(database, fresh, progress)
    except (OSError, SafetensorError) as error:
        raise ModeledgeError(f"{folder}: cannot be written ({error})") from error
    except ModelError as error:
        raise ModeledgeError(str(error)) from error


def _write(database: Database, folder: Path, progress: Callable[[int], None] | None) -> int:
    shards: list[dict[str, Any]] = []
    space_list: list[dict[str, Any]] = []
    record_count = 0
    with database.reading() as sql:
        for space in spaces.list_all(sql):
            if not len(oplog.living(sql, space.id)):
                continue
            for items, vectors in transfer_record.pages(sql, space, RECORDS_PER_SHARD):
                number = f"{len(shards):05d}"
                files = (f"records-{number}.jsonl", f"{VECTORS}-{number}.safetensors")
                with (folder / files[0]).open("w", encoding="utf-8", newline="\n") as lines:
                    lines.writelines(_line(item) for item in items)
                save_file({VECTORS: vectors.astype(space.dtype)}, folder / files[1])
                shards.append(
                    {
                        "space": len(space_list),
                        "records": files[0],
                        "vectors": files[1],
                        "count": len(items),
                    }
                )
                record_count += len(items)
                if progress is not None:
                    progress(record_count)
            space_list.append({"name": space.name, "dim": space.dim, "precision": space.precision})
    export_manifest.write(folder, {"spaces": space_list, "shards": shards})
    return record_count


def _line(item: TransferRecord) -> str:
    record = item.record
    value = {
        "kind": record.kind,
        "value": record.value,
        "context": record.context,
        "text": record.text,
        "start": record.start,
        "end": record.end,
        "triple": record.triple,
        "sources": item.sources,
        "origin": item.digest,
        "at": item.at,
    }
    return json.dumps(value, ensure_ascii=False) + "\n"
