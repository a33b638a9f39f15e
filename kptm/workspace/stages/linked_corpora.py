"""Links corpora of any size to a workspace's graph, in several processes or on Ray."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from kptm.errors import CorpusError, LinkingError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kptm.corpora import CorpusReport, RayCluster
    from kptm.corpora.shard_pools import ShardPool
    from kptm.linking import LinkerSnapshot
    from kptm.workspace.graph import WorkspaceGraph


class LinkedCorpora:
    """The corpora that are linked to a workspace's graph."""

    def __init__(self, base: WorkspaceGraph) -> None:
        self._base = base

    def link_corpus(
        self,
        paths: Sequence[str | Path],
        shards: str | Path,
        *,
        out: str | Path | None = None,
        jobs: int | None = None,
        ray: RayCluster | None = None,
        candidates: bool = False,
        documents: int | None = None,
        progress: Callable[[int], None] | None = None,
    ) -> CorpusReport:
        """Link the texts of files shard by shard; the same call goes on after a kill.

        The rows are those of :meth:`kptm.Workspace.link`, to the bit, whatever the number of
        workers. Lines that are no documents are skipped, counted and written to
        ``rejected.jsonl``.

        Args:
            paths: Files and folders: .txt, .jsonl, .ndjson, also .gz, and .parquet.
            shards: The folder of the shards, one Parquet file for some thousand documents.
            out: A file for all rows in order, as Parquet if it is called .parquet, else as JSON
                Lines.
            jobs: The number of workers; by default as in kptm.toml, on Ray one for each CPU.
            ray: The cluster to link on; by default processes of this machine.
            candidates: Whether to store the candidates of each link.
            documents: The number of documents after which a shard ends; by default 5,000.
            progress: Called with the number of documents done.

        Raises:
            CorpusError: The shards were made of other texts, with another graph or with other
                settings; another run writes them; workers die again and again; Ray is missing.
            LinkingError: The linker has an encoder, which several workers cannot share.
            TripleFormatError: A file cannot be read, or ``out`` cannot be written.
            WorkspaceError: An output is a part of the workspace.
        """
        from kptm import __version__
        from kptm.corpora.corpus_linking import link_corpus
        from kptm.corpora.corpus_shards import DOCUMENTS
        from kptm.corpora.merged_shards import check_target, merge_shards
        from kptm.corpora.shard_manifest import ShardOrigin
        from kptm.texts import text_files

        folder = Path(shards)
        self._base.layout.check_output(folder)
        files = [file for path in paths for file in text_files(path)]
        if out is not None:
            self._base.layout.check_output(Path(out))
            check_target(Path(out), folder, files)
        identity, snapshot = self._snapshot()
        origin = ShardOrigin.of(
            files,
            linker=hashlib.sha256(identity.encode()).hexdigest(),
            kptm=__version__,
            candidates=candidates,
            documents=documents or DOCUMENTS,
        )

        def open_pool() -> ShardPool:
            if ray is not None:
                from kptm.corpora.ray_pool import RayPool

                return RayPool(snapshot, candidates, jobs, ray)
            return self._local_pool(snapshot, candidates, jobs, folder)

        report = link_corpus(files, folder, origin, open_pool, progress or (lambda _: None))
        if out is not None:
            merge_shards(folder, report.shards, Path(out))
        return report

    def _snapshot(self) -> tuple[str, LinkerSnapshot]:
        """The linker of this moment, with its identity."""
        linker = self._base.linker
        if self._base.config.linking.encoder:
            raise LinkingError(
                "shards are linked without an encoder, which several workers cannot share; take"
                " linking.encoder out of kptm.toml, or link without shards"
            )
        identity, snapshot = linker.identity(), linker.snapshot()
        if linker.identity() != identity:
            raise CorpusError("the graph has changed at this moment; start again")
        return identity, snapshot

    def _local_pool(
        self, snapshot: LinkerSnapshot, candidates: bool, jobs: int | None, folder: Path
    ) -> ShardPool:
        from kptm.corpora.process_pool import ProcessPool
        from kptm.corpora.shard_pools import LocalPool

        workers = jobs or self._base.config.linking.jobs
        if workers == 1:
            return LocalPool(snapshot, candidates)
        return ProcessPool(snapshot, candidates, workers, folder / ".linker")
