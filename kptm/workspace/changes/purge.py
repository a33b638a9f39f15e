"""Purges a workspace: rows of graph and modeledge, and stages' files with a purged name.

Files are deleted first and the graph last, so that after a kill the same purge can be run again.
Only files that kptm wrote are deleted (:mod:`kptm.workspace.files.stage_files`); other files with a
name are listed.
"""

from __future__ import annotations

from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kg.errors import UnknownKeyError
from kg.store.rows import proposal_rows
from kg.store.write import purge as graph_purge
from kg.types import PurgeReport
from kptm import held_names
from kptm.errors import WorkspaceError
from kptm.modeledge.sql import provenance
from kptm.workspace.files.stage_files import artefacts_of, foreign_files
from kptm.workspace.files.stage_locks import STAGES, stage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from kptm.workspace.files.stage_files import Artefact
    from kptm.workspace.models import WorkspaceModels

    Progress = Callable[[int, str], None]

MAX_SEARCHED_WORDS = 200
"""Words of purged texts to search for; with more, everything learnt from texts is deleted."""
MAX_SEARCHED_TEXTS = 200
"""Purged texts that are searched for in files that kptm did not write."""
FROM_TEXTS = (
    "model",
    "pretraining",
    "phrasings.json",
    "reader.safetensors",
    "questions.json",
    "learnt.jsonl",
    "weights.json",
    "extraction.safetensors",
)


@dataclass(frozen=True, slots=True)
class PurgePlan:
    """The plan of a purge.

    Attributes:
        entity: The key of the entity, if one is purged.
        source: The source, if one is purged.
        names: The names that are searched for in files and in modeledge.
        artefacts: The outputs of stages with a name, which will be deleted.
        foreign: Files with a name that kptm did not write, which are not touched.
        words: Words that only the purged texts have.
    """

    entity: str | None
    source: str | None
    names: frozenset[str]
    artefacts: tuple[Artefact, ...]
    foreign: tuple[str, ...]
    words: frozenset[str] = frozenset()

    @property
    def files(self) -> tuple[str, ...]:
        """The files that will be deleted."""
        return tuple(str(file) for artefact in self.artefacts for file in artefact.files)


@dataclass(frozen=True, slots=True)
class Purged:
    """The result of a purge.

    Attributes:
        statements: The number of deleted statements of sources, with their history.
        triples: The number of deleted triples, attributes and labels.
        records: The number of deleted records of modeledge.
        artefacts: The deleted outputs of stages, which must be run again.
        revision: The revision of the purge; 0 if the graph had nothing to purge.
        files: The files that were deleted.
        foreign: Files with a name that kptm did not write, which were not touched.
        passages: The number of deleted passages.
    """

    statements: int
    triples: int
    records: int
    artefacts: tuple[str, ...]
    revision: int
    files: tuple[str, ...] = ()
    foreign: tuple[str, ...] = ()
    passages: int = 0


class Work:
    """Reports the progress of a purge as a percentage of the bytes to read and rewrite.

    Args:
        ws: The workspace.
        progress: Called with the percentage and a text, or None.
        passes: The number of passes over the database.
    """

    def __init__(self, ws: WorkspaceModels, progress: Progress | None, *, passes: int) -> None:
        self._progress = progress
        self._done = 0
        self._whole = 1
        if progress is not None:
            artefacts = artefacts_of(ws.layout)
            files = [file for artefact in artefacts for file in artefact.files]
            self._database = ws.tables.size(ws.graph)
            self._whole += passes * self._database
            self._whole += sum(map(_size, (*files, *foreign_files(ws.layout, artefacts))))

    def read(self, *files: Path) -> None:
        """Note that files were searched."""
        if self._progress is not None:
            self._note(sum(map(_size, files)), "looking through files")

    def rewrote(self, step: str) -> None:
        """Note a pass over the database."""
        if self._progress is not None:
            self._note(self._database, step)

    def _note(self, size: int, step: str) -> None:
        self._done += size
        if self._progress is not None:
            self._progress(min(99, 100 * self._done // self._whole), step)


def plan(
    ws: WorkspaceModels, *, entity: str | None, source: str | None, progress: Progress | None
) -> PurgePlan:
    """What :func:`purge` would delete; see :meth:`kptm.Workspace.plan_purge`."""
    return _plan(ws, entity, source, Work(ws, progress, passes=1))


def _plan(ws: WorkspaceModels, entity: str | None, source: str | None, work: Work) -> PurgePlan:
    report = _in_graph(ws, entity, source)
    work.rewrote("the graph's names found")
    names = {name for name in report.names if len(name) >= held_names.MIN_SUBSTRING_CHARACTERS}
    # A short value such as "5" is not a name: it occurs in every text.
    names |= {name for name in report.called if any(map(str.isalpha, name))}
    names |= {entity} if entity is not None else set()
    texts: list[str] = []
    words: set[str] = set()
    if source is not None:
        with ws.graph.database.reading() as sql:
            texts = provenance.texts_of(sql, source, alone=True)
            others = provenance.texts_of(sql, source, alone=False) if texts else []
        read = ws.passages.texts_of(source, alone=True)
        others += ws.passages.texts_of(source, alone=False) if read else []
        texts = list(dict.fromkeys([*texts, *read]))
        words = held_names.words(texts) - held_names.words(others)
        words -= held_names.words(_names_in_graph(ws)) if words else set()
    files = {*names, *([source] if source is not None else [])}
    artefacts = [
        artefact for artefact in artefacts_of(ws.layout) if _is_held(artefact, files, words, work)
    ]
    whole = {
        text
        for text in texts[:MAX_SEARCHED_TEXTS]
        if len(text) >= held_names.MIN_SUBSTRING_CHARACTERS
    }
    foreign = sorted(_foreign(ws, files | whole, work))
    return PurgePlan(
        entity, source, frozenset(names), tuple(artefacts), tuple(foreign), frozenset(words)
    )


def purge(
    ws: WorkspaceModels, *, entity: str | None, source: str | None, progress: Progress | None
) -> Purged:
    """Purge a workspace; see :meth:`kptm.Workspace.purge`."""
    work = Work(ws, progress, passes=4)
    with ExitStack() as locks:
        for name in STAGES:  # a running stage could write the name again
            locks.enter_context(stage(ws.layout, name))
        planned = _plan(ws, entity, source, work)
        for artefact in planned.artefacts:
            try:
                artefact.delete()
            except OSError as error:
                raise WorkspaceError(
                    f"{error.filename or artefact.path}: cannot be deleted ({error.strerror}), so"
                    " the graph was not purged; change its permissions and purge again"
                ) from error
        records = ws.modeledge.purge(planned.names, source=source)
        passages = ws.passages.purge(planned.names, source=source)
        work.rewrote("modeledge purged")
        if source is not None:  # a source that was only indexed is in the history too
            many = len(planned.words) > MAX_SEARCHED_WORDS
            contents = [source, *planned.names, *(() if many else planned.words)]
            graph_purge.clean_history(ws.graph.database, contents, all_contents=many)
        work.rewrote("history purged")
        report = PurgeReport(0, 0, (), 0)
        if source is None or _is_in_graph(ws, source):
            report = ws.graph.purge(entity=entity, source=source)
    return Purged(
        statements=report.statements,
        triples=report.triples,
        records=records,
        passages=passages,
        artefacts=tuple(artefact.name for artefact in planned.artefacts),
        revision=report.revision,
        files=planned.files,
        foreign=planned.foreign,
    )


def _in_graph(ws: WorkspaceModels, entity: str | None, source: str | None) -> PurgeReport:
    """The purge of the graph; an empty one for a source that only modeledge has."""
    try:
        return graph_purge.plan(ws.graph.database, entity=entity, source=source)
    except UnknownKeyError:
        with ws.graph.database.reading() as sql:
            if source is None or not (
                provenance.is_source(sql, source) or ws.passages.is_source(source)
            ):
                raise
    return PurgeReport(0, 0, (), 0)


def _is_in_graph(ws: WorkspaceModels, source: str) -> bool:
    with ws.graph.database.reading() as sql:
        known = sql.one("SELECT 1 FROM source WHERE name = ?", (source,)) is not None
        return known or proposal_rows.is_source(sql, source)


def _names_in_graph(ws: WorkspaceModels) -> Iterator[str]:
    with ws.graph.database.reading() as sql:
        for table, column in (("entity", "key"), ("literal", "value"), ("relation", "key")):
            for (name,) in sql.cursor(f"SELECT {column} FROM {table}"):  # noqa: S608  # our own names
                yield name


def _is_held(artefact: Artefact, names: set[str], words: set[str], work: Work) -> bool:
    is_held = _holds(artefact, names, words)
    work.read(*artefact.files)
    return is_held


def _holds(artefact: Artefact, names: set[str], words: set[str]) -> bool:
    from_texts = artefact.name in FROM_TEXTS or artefact.name.startswith(
        ("finetuned/", "compressed/", "modules/")
    )
    if len(words) > MAX_SEARCHED_WORDS and from_texts:
        return True
    wanted = names | (words if len(words) <= MAX_SEARCHED_WORDS else set())
    return any(held_names.holds(file, wanted) for file in artefact.files)


def _foreign(ws: WorkspaceModels, names: set[str], work: Work) -> Iterator[str]:
    for path in foreign_files(ws.layout, artefacts_of(ws.layout)):
        if _reads(path, names):
            yield str(path.relative_to(ws.folder))
        work.read(path)
    for path in ws.layout.stages:  # outputs that are links to other places
        inside = (path, *path.rglob("*")) if path.is_symlink() else ()
        if any(file.is_file() and _reads(file, names) for file in inside):
            yield str(path.relative_to(ws.folder))


def _size(path: Path) -> int:
    with suppress(OSError):
        return path.stat().st_size
    return 0


def _reads(path: Path, names: set[str]) -> bool:
    with suppress(OSError):  # the file may be unreadable or gone
        return held_names.holds(path, names, alone=True)
    return False
