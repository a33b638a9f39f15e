"""The settings with which a stage links a corpus, and the folder of its shards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from kptm.corpora.shard_pools import RayCluster


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkPass:
    """One pass of the linker over a corpus.

    Attributes:
        name: The name of the pass, and of its folder.
        threshold: The minimum p of a link; None for the learnt one.
        any_case: Whether names are also found in another case.
        group: The number of texts that a stage links at a time; 0 if it links one stream.
    """

    name: str
    threshold: float | None = None
    any_case: bool = False
    group: int = 0

    def identity(self, linker: str) -> str:
        """A text that identifies the linker's settings in this pass.

        Args:
            linker: The identity of the linker.
        """
        changed = self.threshold is not None or self.any_case or self.group
        if not changed:  # as the shards of kptm link
            return linker
        return f"{linker}, threshold {self.threshold}, any case {self.any_case}, {self.group}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CorpusShards:
    """Where and by whom the corpus of a stage is linked.

    Attributes:
        folder: The folder of the shards, which has a folder for each pass.
        jobs: The number of workers; by default as in kptm.toml, on Ray one for each CPU.
        ray: The cluster; by default processes of this machine.
        documents: The number of documents after which a shard ends; by default 5,000.
    """

    folder: Path
    jobs: int | None = None
    ray: RayCluster | None = None
    documents: int | None = None
