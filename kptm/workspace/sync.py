"""Synchronises a workspace with a folder of texts and triples.

The manifest marks a file as pending before it is read, and has its hash afterwards. A killed run
leaves pending files, which the next run reads again; reading a file is a transaction or repeatable.
"""

from __future__ import annotations

import os.path
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kg.errors import KGError
from kptm.errors import KPTMError
from kptm.sync.folder import FileKind, FoundFile, files_of
from kptm.sync.manifest import PENDING, Manifest, file_hash
from kptm.workspace.files.stage_locks import stage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kptm.workspace.changes.edits import WorkspaceEdits
    from kptm.workspace.extraction import WorkspaceExtraction
    from kptm.workspace.graph import WorkspaceGraph
    from kptm.workspace.models import WorkspaceModels

    Progress = Callable[[int, str], None]

FILES_PER_MANIFEST = 20
"""Files between two writes of the manifest."""


@dataclass(frozen=True, slots=True)
class FileChange:
    """The synchronisation of one file.

    Attributes:
        name: Its path below the folder.
        kind: "texts", "triples" or "entities"; "" for a file that is not read.
        action: "added", "changed", "deleted", "failed", or "skipped" (unknown format).
        note: The result, or the reason of a failure.
    """

    name: str
    kind: str
    action: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class SyncReport:
    """The result of a synchronisation.

    Attributes:
        changes: The changed, skipped and failed files, by name.
        unchanged: The number of unchanged files.
    """

    changes: tuple[FileChange, ...]
    unchanged: int

    def count(self, action: str) -> int:
        """The number of files with an action."""
        return sum(change.action == action for change in self.changes)


class WorkspaceSync:
    """Synchronises the workspace with a folder."""

    def __init__(
        self,
        base: WorkspaceGraph,
        models: WorkspaceModels,
        edits: WorkspaceEdits,
        extraction: WorkspaceExtraction,
    ) -> None:
        self.base, self.models, self.edits, self.extraction = base, models, edits, extraction
        self.layout, self.graph = base.layout, base.graph

    def sync(
        self,
        folder: str | Path,
        *,
        extract: bool | None = None,
        precision: float = 0.9,
        progress: Progress | None = None,
    ) -> SyncReport:
        """Make the workspace hold exactly what the files of a folder state.

        New and changed files with triples and entities are loaded; those with texts are indexed and
        searched for facts to propose. A changed file replaces its earlier content. Facts and texts
        that only a deleted file stated end, in the graph, passages, modeledge and proposals. All
        changes are in the history and can be undone. A file that fails is reported and tried again
        next time; the others are synchronised. Files that were loaded in other ways stay as they
        are.

        Args:
            folder: The folder, with its subfolders; hidden files are left out.
            extract: Whether to propose facts from new texts; by default if there is a trained
                extractor (:meth:`kptm.Workspace.extract`).
            precision: The precision of these proposals.
            progress: Called with the number of files done, and the name of the next.

        Raises:
            WorkspaceError: The folder is missing, or another process is synchronising; nothing is
                changed.
        """
        root = Path(os.path.abspath(folder))  # noqa: PTH100  # resolve() would follow links
        with stage(self.layout, "sync"):
            manifest = Manifest.read(self.layout.sync_manifest)
            run = _Run(self, root, manifest, extract, precision, progress)
            changes = list(run.changes())
        changes.sort(key=lambda change: change.name)
        processed = sum(change.action in ("added", "changed", "failed") for change in changes)
        skipped = sum(change.action == "skipped" for change in changes)
        return SyncReport(tuple(changes), run.count - processed - skipped)

    def forget_file(self, path: str | Path) -> int:
        """End everything that only a file states: triples, entities, texts, accepted proposals.

        Args:
            path: The file, identified by its absolute path; it need not exist any more.

        Returns:
            The newest revision made; 0 if the file stated nothing.
        """
        from kg.loading.retraction import forget_file
        from kptm.modeledge.sql.documents import sources_of

        database = self.graph.database
        self.base.note_change()
        with self.graph.transaction():
            last = self.graph.proposals.withdraw(str(path))
            for source in sources_of(database, path):
                last = max(last, self._forget_texts(path, source))
            revision = forget_file(database, path)
            if revision:
                self.base.note_ended_facts(revision)
        return max(last, revision)

    def _forget_texts(self, path: str | Path, source: str) -> int:
        """End the texts of a file, and their modeledge if their source has no other texts."""
        from kg.store.rows.sources import document_of
        from kptm.modeledge.sql.documents import document_source

        if not document_source(self.graph.database, path, source).others:
            return self.edits.forget(source=source)["revision"]
        number = self.graph.log.note("forget", str(path)[:200])
        document = document_of(path)
        if not self.models.passages.write(
            (), source=source, document=document, revision=number, replace=True
        ):
            self.graph.log.withdraw(number)
            return 0
        return number


class _Run:
    """One synchronisation."""

    def __init__(
        self,
        ws: WorkspaceSync,
        root: Path,
        manifest: Manifest,
        extract: bool | None,
        precision: float,
        progress: Progress | None,
    ) -> None:
        self._ws, self._root, self._manifest = ws, root, manifest
        self._known = manifest.files.setdefault(str(root), {})
        wanted = ws.layout.extractor.exists() if extract is None else extract
        self._precision = precision if wanted else None
        self._progress = progress
        self.count = 0

    def changes(self) -> Iterator[FileChange]:
        """Synchronise, file by file."""
        files = files_of(self._root, excluded=[self._ws.base.folder])
        self.count = len(files)
        hashes = {file.name: self._hash(file) for file in files if file.kind is not None}
        yield from (
            FileChange(x.name, "", "skipped", "unknown format") for x in files if x.kind is None
        )
        yield from self._delete(set(hashes))
        work = [
            file
            for file in files
            if file.kind is not None
            and self._known.get(file.name, ("", ""))[0] != hashes[file.name]
        ]
        is_new = {file.name for file in work if file.name not in self._known}
        for file in work:
            kind = self._known.get(file.name, ("", str(file.kind)))[1]
            self._known[file.name] = PENDING, kind
        if work:
            self._note()
        for number, file in enumerate(work):
            if self._progress is not None:
                self._progress(number, file.name)
            yield self._take(file, hashes[file.name], file.name in is_new)
            if number % FILES_PER_MANIFEST == FILES_PER_MANIFEST - 1:
                self._note()
        if work:
            self._note()

    def _hash(self, file: FoundFile) -> str:
        try:
            return file_hash(file.path)
        except OSError:
            return "unreadable"

    def _note(self) -> None:
        self._manifest.write(self._ws.layout.sync_manifest)

    def _delete(self, present: set[str]) -> Iterator[FileChange]:
        gone = sorted(set(self._known) - present)
        for name in gone:
            kind = self._known[name][1]
            self._ws.forget_file(self._root / name)
            del self._known[name]
            yield FileChange(name, kind, "deleted")
        if gone:
            self._note()

    def _take(self, file: FoundFile, mark: str, is_new: bool) -> FileChange:
        """Read a file; if it was of another kind before, its earlier content ends."""
        before = self._known[file.name][1]
        kind, ws = str(file.kind), self._ws
        try:
            if before != kind:
                ws.forget_file(file.path)
            note = self._read(file)
        except (KGError, KPTMError, OSError) as error:
            return FileChange(file.name, kind, "failed", str(error))
        self._known[file.name] = mark, kind
        return FileChange(file.name, kind, "added" if is_new else "changed", note)

    def _read(self, file: FoundFile) -> str:
        ws = self._ws
        if file.kind == FileKind.TEXTS:
            return self._read_texts(file.path)
        load = ws.base.load if file.kind == FileKind.TRIPLES else ws.base.load_entities
        report = load(file.path)
        return f"{report.added:,} added, {report.ended:,} ended"

    def _read_texts(self, path: Path) -> str:
        from kptm.extraction.propose import text_hash
        from kptm.texts import read_texts

        ws = self._ws
        ws.models.index(path)
        proposed = 0
        if self._precision is not None:
            proposed = ws.extraction.extract(path, precision=self._precision).proposed
        withdrawn = ws.graph.proposals.withdraw(
            str(path), [text_hash(text) for text in read_texts(path)]
        )
        return f"indexed, {proposed:,} facts proposed" + (", facts withdrawn" if withdrawn else "")
