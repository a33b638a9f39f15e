"""The options --shards, --jobs, --ray and --shard-size of the stages that read a corpus."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from kptm.corpora import CorpusShards

F = TypeVar("F", bound="Callable[..., Any]")

_OPTIONS = (
    click.option("--shards", type=click.Path(file_okay=False), metavar="FOLDER",
                 help="Link the texts in several workers, shard by shard, into this folder; after"
                      " a kill the same command goes on."),
    click.option("--jobs", type=click.IntRange(1), metavar="N",
                 help="Workers for --shards; by default as in kptm.toml."),
    click.option("--ray", metavar="ADDRESS", is_flag=False, flag_value="",
                 help="Link the shards on a Ray cluster; without an address, on one that is"
                      " started on this machine."),
    click.option("--shard-size", type=click.IntRange(1), metavar="N",
                 help="Documents after which a shard ends; by default 5,000."),
)  # fmt: skip


def corpus_options(command: F) -> F:
    """Add the options to a command."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def corpus_shards(
    folder: str | None, jobs: int | None, ray: str | None, size: int | None
) -> CorpusShards | None:
    """The value of the options; None without --shards.

    Raises:
        click.UsageError: There are other options without --shards.
    """
    if folder is None:
        if jobs is not None or ray is not None or size is not None:
            raise click.UsageError("--jobs, --ray and --shard-size need --shards FOLDER")
        return None
    from kptm.corpora import CorpusShards, RayCluster

    cluster = None if ray is None else RayCluster(ray)
    return CorpusShards(folder=Path(folder), jobs=jobs, ray=cluster, documents=size)
