"""Joins the shards of a corpus, in order, in one file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg.errors import TripleFormatError
from kg.files.outputs import check_output
from kptm.corpora.shard_files import write_json_lines, write_parquet
from kptm.corpora.shard_manifest import shard_path

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

PARQUET = ".parquet"


def check_target(target: Path, folder: Path, inputs: Iterable[Path]) -> None:
    """Refuse to write to an input or among the shards.

    Raises:
        TripleFormatError: The target is an input or in the folder of shards.
    """
    check_output(target, inputs)
    if target.resolve().is_relative_to(folder.resolve()):
        raise TripleFormatError(target, None, "is in the folder of shards; name another file")


def merge_shards(folder: Path, shards: int, target: Path) -> None:
    """Write the rows of all shards to one file, atomically; memory holds one shard at a time.

    Args:
        folder: The folder of the shards.
        shards: Their number.
        target: The file: Parquet if it is called .parquet, else JSON Lines.

    Raises:
        TripleFormatError: The target cannot be written.
    """
    paths = [shard_path(folder, number) for number in range(shards)]
    if target.suffix.lower() != PARQUET:
        write_json_lines(paths, target)
        return
    try:
        write_parquet(paths, target)
    except OSError as error:
        raise TripleFormatError(target, None, f"cannot be written ({error})") from error
