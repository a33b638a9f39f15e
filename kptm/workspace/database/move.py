"""Moves the tables of a workspace from SQLite to PostgreSQL.

    lock the file ─► copy ─► index ─► verify ─► place all tables ─► kptm.toml ─► set the file aside

If the process is killed, at most a page of rows is lost, and the next process continues. Until all
tables are placed, the workspace is in SQLite and the database shows none of them.
"""

from __future__ import annotations

import sqlite3
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kg.errors import StoreError
from kg.sql.cursor import Sql
from kg.sql.database import BUSY_SECONDS, Database
from kg.sql.partitions import check_number
from kg.sql.server import connect
from kg.store.read import triples
from kptm.errors import WorkspaceError
from kptm.workspace import config as workspace_config
from kptm.workspace.database.database_config import split_password
from kptm.workspace.database.move_staging import MoveStaging
from kptm.workspace.database.moved_tables import Digest, moved_tables
from kptm.workspace.files.graph_state import check_graph
from kptm.workspace.files.stage_locks import STAGES, stage
from kptm.workspace.layout import Layout

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kptm.workspace.config import WorkspaceConfig
    from kptm.workspace.database.moved_tables import MovedTable

    Progress = Callable[[int, str], None]

ROWS_PER_TRANSACTION = 20_000
"""Rows copied in one transaction."""


@dataclass(frozen=True, slots=True)
class MoveReport:
    """The result of a move.

    Attributes:
        folder: The workspace.
        database: The URL of the database, without a password.
        file: The new path of SQLite's file; "" if an earlier process renamed it.
        rows: The number of rows in all tables.
        resumed: The number of rows that an earlier process had copied.
        revision: The newest revision of the graph.
        fingerprint: The fingerprint of the graph, which both databases have.
    """

    folder: str
    database: str
    file: str
    rows: int
    resumed: int
    revision: int
    fingerprint: str

    def to_dict(self) -> dict[str, Any]:
        """The values as JSON has them."""
        return asdict(self)


def move(
    folder: str | Path,
    url: str,
    *,
    partitions: int | None = None,
    progress: Progress | None = None,
) -> MoveReport:
    """Move graph, passages and modeledge of a workspace from SQLite to PostgreSQL.

    Counts and digests of all tables and the fingerprint of the graph are compared before the
    workspace is switched over. The file is kept under another name. Other processes cannot write to
    the workspace meanwhile.

    Args:
        folder: The workspace.
        url: The URL of an empty PostgreSQL database. A password in it is not stored.
        partitions: The number of hash partitions of the largest tables there, from 2 to 128; by
            default they are not divided.
        progress: Called with the number of rows processed, and the name of the step.

    Raises:
        WorkspaceError: There is no workspace, a stage runs in it, its tables are in PostgreSQL
            already, the database is not empty, or it has an unfinished move with another number of
            partitions.
        ConfigError: The URL is malformed.
        StoreError: A database cannot be read or written, or the copied rows differ from the file.
    """
    layout = Layout(Path(folder))
    if not layout.is_workspace():
        raise WorkspaceError(f"{folder}: there is no workspace; make one with kptm init")
    settings = workspace_config.read(layout.config)
    plain_url, password = split_password(url)
    if partitions is not None:
        check_number(partitions, plain_url, postgresql=True)
    if settings.database.url:
        return _finish(layout, settings, plain_url)
    check_graph(layout)
    if not layout.graph.is_file():
        raise WorkspaceError(
            f"{folder}: has no graph yet; make the workspace with kptm init --database"
        )
    Database(layout.graph).close()  # migrates an older one
    config = replace(settings.database, url=plain_url)
    url_with_password = config.with_password(password)
    with ExitStack() as stack:
        for name in STAGES:
            stack.enter_context(stage(layout, name))
        source = stack.enter_context(_lock_file(layout.graph))
        staging = MoveStaging(
            stack.enter_context(connect(url_with_password)),
            url_with_password,
            plain_url,
            str(layout.graph.resolve()),
            partitions=partitions,
        )
        staging.lock()
        report = _Move(layout, source, staging, progress).run(plain_url)
        workspace_config.write(layout.config, replace(settings, database=config))
        staging.drop()
        return replace(report, file=_set_aside(layout))


class _Move:
    """A move between two open databases."""

    def __init__(
        self,
        layout: Layout,
        source: sqlite3.Connection,
        staging: MoveStaging,
        progress: Progress | None,
    ) -> None:
        self._layout, self._source, self._staging = layout, source, staging
        self._progress = progress or (lambda rows, step: None)
        self._rows = self._resumed = 0

    def run(self, url: str) -> MoveReport:
        """Copy, verify and place all tables; the caller then renames the file."""
        are_placed = self._staging.prepare()
        if are_placed:  # by a process that was killed before it changed kptm.toml
            if not self._is_unchanged(whole=True):
                self._staging.withdraw()
                self._staging.prepare()
                self._move()
        else:
            if not self._is_unchanged(whole=False):  # the file was written to since
                self._staging.drop()
                self._staging.prepare()
            self._move()
        [(revision,)] = self._source.execute("SELECT coalesce(max(id), 0) FROM revision")
        return MoveReport(
            folder=str(self._layout.folder),
            database=url,
            file="",  # not renamed yet
            rows=sum(self._staging.progress_of(table.name)[1].rows for table in moved_tables()),
            resumed=self._resumed,
            revision=int(revision),
            fingerprint=triples.fingerprint(Sql(self._source, postgresql=False), None),
        )

    def _is_unchanged(self, *, whole: bool) -> bool:
        """Whether the file still has the copied rows and, if ``whole``, no others."""
        for table in moved_tables():
            last_copied, copied = self._staging.progress_of(table.name)
            digest, last_key = Digest(), list[Any]()
            for row, key in self._rows_of(table, []):
                if not whole and digest.rows == copied.rows:
                    break
                digest.add(row)
                last_key = key
            if digest != copied or (last_copied and last_key != last_copied):
                return False
        return True

    def _rows_of(self, table: MovedTable, last: list[Any]) -> Iterator[tuple[Any, list[Any]]]:
        """The rows of a table of the file after a key, each with its key."""
        parameters = [*last, -1]
        for row in self._source.execute(table.select(after=bool(last)), parameters):
            yield row, table.key_of(row)

    def _move(self) -> None:
        for table in moved_tables():
            self._copy(table)
        self._progress(self._rows, "indexing words")
        self._staging.index_words(ROWS_PER_TRANSACTION)
        self._progress(self._rows, "indexing")
        self._staging.make_indexes()
        self._verify()
        self._staging.place()

    def _copy(self, table: MovedTable) -> None:
        last, digest = self._staging.progress_of(table.name)
        self._rows += digest.rows
        self._resumed += digest.rows
        names = ", ".join(table.columns)
        connection = self._staging.connection
        copying = f"COPY kptm_move.{table.name} ({names}) FROM STDIN"
        while True:
            before = digest.rows
            parameters = [*last, ROWS_PER_TRANSACTION]
            rows = self._source.execute(table.select(after=bool(last)), parameters)
            with connection.transaction():
                with connection.cursor() as cursor, cursor.copy(copying) as copy:
                    for row in rows:
                        copy.write_row(row)
                        digest.add(row)
                        last = table.key_of(row)
                self._staging.note_progress(table.name, last, digest)
            self._rows += digest.rows - before
            self._progress(self._rows, table.name)
            if digest.rows - before < ROWS_PER_TRANSACTION:
                return

    def _verify(self) -> None:
        """Compare the copied rows with those of the file.

        Raises:
            StoreError: The rows differ.
        """
        for table in moved_tables():
            self._progress(self._rows, f"verifying {table.name}")
            copied = self._staging.progress_of(table.name)[1]
            if self._staging.digest(table) != copied:
                raise StoreError(
                    f"{self._layout.folder}: table {table.name} differs from the file after it was"
                    " copied, so nothing was switched over; run kptm doctor, then kptm move again"
                )
        passages = self._staging.progress_of("passage")[1].rows
        with self._staging.connection.transaction():
            arrived = triples.fingerprint(self._staging.sql(), None)
        expected = triples.fingerprint(Sql(self._source, postgresql=False), None)
        if arrived != expected or self._staging.count_words() != passages:
            raise StoreError(
                f"{self._layout.folder}: the copied graph has another fingerprint, or some words of"
                " its passages are not indexed, so nothing was switched over; run kptm move again"
            )


@contextmanager
def _lock_file(path: Path) -> Iterator[sqlite3.Connection]:
    """Open the file and keep other processes from writing to it."""
    with closing(sqlite3.connect(path, isolation_level=None, timeout=BUSY_SECONDS)) as opened:
        try:
            opened.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            raise StoreError(
                f"{path}: {error}; another process is writing to it, or it is read-only"
            ) from error
        yield opened


def _finish(layout: Layout, settings: WorkspaceConfig, url: str) -> MoveReport:
    """Complete an interrupted move after the switch: remove the schema, rename the file."""
    if settings.database.url != url:
        raise WorkspaceError(
            f"{layout.folder}: its graph is in {settings.database.url} already; to move it to"
            " another server, use pg_dump and pg_restore, and correct the URL in kptm.toml"
        )
    if not layout.graph.exists():
        raise WorkspaceError(f"{layout.folder}: its graph is in {url} already")
    url_with_password = settings.database.with_password()
    with connect(url_with_password) as connection:
        staging = MoveStaging(connection, url_with_password, url, str(layout.graph.resolve()))
        staging.lock()
        staging.drop()
        with connection.transaction():
            sql = Sql(connection, postgresql=True)
            fingerprint = triples.fingerprint(sql, None)
            revision = int(sql.one("SELECT max(id) FROM revision") or 0)
            rows = sum(
                int(sql.one(f"SELECT count(*) FROM {table.name}")) for table in moved_tables()
            )
    return MoveReport(
        str(layout.folder), url, _set_aside(layout), rows, rows, revision, fingerprint
    )


def _set_aside(layout: Layout) -> str:
    """Rename SQLite's files, so that a process that has them open cannot write to them."""
    for number in count():
        name = f"graph-before-move{f'-{number}' if number else ''}.db"
        if not layout.folder.joinpath(name).exists():
            break
    for path in layout.graph_files:
        with suppress(FileNotFoundError):
            path.rename(path.with_name(path.name.replace(layout.graph.name, name, 1)))
    return str(layout.folder / name)
