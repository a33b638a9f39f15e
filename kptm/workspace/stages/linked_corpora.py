"""Links corpora of any size to a workspace's graph, in several processes or on Ray."""

from __future__ import annotations

import hashlib
import logging
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from kptm.errors import ConfigError, CorpusError, LinkingError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kptm.corpora import CorpusReport, RayCluster
    from kptm.corpora.link_passes import CorpusShards, LinkPass
    from kptm.corpora.shard_pools import ShardPool
    from kptm.corpora.sharded_texts import ShardedTexts
    from kptm.linking import LinkerSnapshot
    from kptm.workspace.graph import WorkspaceGraph

logger = logging.getLogger(__name__)


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
        """Link the texts of files shard by shard; the same call resumes after a kill.

        The rows are exactly those of :meth:`kptm.Workspace.link`, whatever the number of
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
        from kptm.corpora.link_passes import CorpusShards, LinkPass
        from kptm.corpora.merged_shards import check_target, merge_shards
        from kptm.texts import text_files

        folder = Path(shards)
        files = [file for path in paths for file in text_files(path)]
        if out is not None:
            self._base.layout.check_output(Path(out))
            check_target(Path(out), folder, files)
        where = CorpusShards(folder=folder, jobs=jobs, ray=ray, documents=documents)
        settings = LinkPass(name="links")
        report = self._link(files, folder, where, settings, candidates, progress)
        if out is not None:
            merge_shards(folder, report.shards, Path(out))
        return report

    def link_pass(
        self,
        path: str | Path,
        where: CorpusShards,
        settings: LinkPass,
        progress: Callable[[int], None] | None = None,
    ) -> ShardedTexts:
        """Link the texts of a file or folder as a stage does; the same call resumes after a kill.

        Links that the files have already are not used.

        Args:
            path: The file or folder.
            where: The folder, in which the pass has a folder of its own, and the workers.
            settings: The settings of the linker.
            progress: Called with the number of documents done.

        Raises:
            CorpusError: The folder is one of ``kptm link --shards``, or as :meth:`link_corpus`.
            LinkingError: As :meth:`link_corpus`.
            TripleFormatError: A file cannot be read.
        """
        from kptm.corpora.shard_manifest import MANIFEST
        from kptm.corpora.sharded_texts import ShardedTexts
        from kptm.texts import text_files

        if (where.folder / MANIFEST).exists():
            raise CorpusError(
                f"{where.folder}: has the shards of kptm link; name another folder, in which each"
                " pass over the texts gets a folder"
            )
        folder = where.folder / settings.name
        report = self._link(text_files(path), folder, where, settings, True, progress)
        if report.rejected:
            logger.warning(
                "%s lines skipped, the first: %s; all of them are in %s",
                f"{report.rejected:,}",
                report.rejected_examples[0],
                report.rejected_file,
            )
        return ShardedTexts(folder, report.shards, report.documents)

    def link_for_index(
        self, path: str | Path | None, where: CorpusShards, progress: Callable[[int], None] | None
    ) -> tuple[ShardedTexts, ShardedTexts]:
        """Link texts as ``Workspace.index`` does: the likely links, then all senses for passages.

        Args:
            path: A file or folder; None if the texts are in none.
            where: The folder of both passes, and the workers.
            progress: Called with the number of documents done in each pass.

        Raises:
            ConfigError: The texts are in no file.
            CorpusError: As :meth:`link_pass`.
        """
        from kptm.corpora.link_passes import LinkPass

        if path is None:
            raise ConfigError("shards: are for the texts of a file or folder")
        links = self.link_pass(path, where, LinkPass(name="links"), progress)
        senses = LinkPass(name="senses", threshold=0.0)
        return links, self.link_pass(path, where, senses, progress)

    def _link(
        self,
        files: Sequence[Path],
        folder: Path,
        where: CorpusShards,
        settings: LinkPass,
        candidates: bool,
        progress: Callable[[int], None] | None,
    ) -> CorpusReport:
        """Link files in one pass."""
        from kptm import __version__
        from kptm.corpora.corpus_linking import link_corpus
        from kptm.corpora.corpus_shards import DOCUMENTS_PER_SHARD
        from kptm.corpora.shard_manifest import ShardOrigin

        self._base.layout.check_output(folder)
        identity, snapshot = self._snapshot(settings)
        origin = ShardOrigin.of(
            files,
            linker=hashlib.sha256(settings.identity(identity).encode()).hexdigest(),
            kptm=__version__,
            candidates=candidates,
            documents=where.documents or DOCUMENTS_PER_SHARD,
        )

        def open_pool() -> ShardPool:
            if where.ray is not None:
                from kptm.corpora.ray_pool import RayPool

                return RayPool(snapshot, candidates, where.jobs, where.ray)
            return self._local_pool(snapshot, candidates, where.jobs, folder)

        advance = progress or (lambda _: None)
        return link_corpus(files, folder, origin, open_pool, advance, group=settings.group)

    def _snapshot(self, settings: LinkPass) -> tuple[str, LinkerSnapshot]:
        """The linker of this moment, with its identity."""
        linker = self._base.linker
        if self._base.config.linking.encoder:
            raise LinkingError(
                "shards are linked without an encoder, which several workers cannot share; take"
                " linking.encoder out of kptm.toml, or link without shards"
            )
        identity, snapshot = linker.identity(), linker.snapshot(settings.threshold)
        if linker.identity() != identity:
            raise CorpusError("the graph has changed at this moment; start again")
        return identity, replace(snapshot, any_case=settings.any_case, group=settings.group)

    def _local_pool(
        self, snapshot: LinkerSnapshot, candidates: bool, jobs: int | None, folder: Path
    ) -> ShardPool:
        from kptm.corpora.process_pool import ProcessPool
        from kptm.corpora.shard_pools import LocalPool

        workers = jobs or self._base.config.linking.jobs
        if workers == 1:
            return LocalPool(snapshot, candidates)
        return ProcessPool(snapshot, candidates, workers, folder / ".linker")
