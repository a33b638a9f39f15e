"""The integrity of a workspace's database: its pages, its references and its schema."""

from __future__ import annotations

import sqlite3
from collections import Counter
from contextlib import closing
from typing import TYPE_CHECKING

from kg.errors import StoreError
from kg.sql.cursor import Sql
from kg.sql.location import Location
from kg.sql.migrate import HEAD, VERSION_TABLE
from kg.store.rows import revisions
from kg.store.write.purge import PENDING
from kptm.errors import ConfigError, WorkspaceError
from kptm.workspace.files.graph_state import check_graph, check_server_graph
from kptm.workspace.health.findings import Finding

if TYPE_CHECKING:
    from pathlib import Path

    from kptm.workspace.database.workspace_tables import WorkspaceTables
    from kptm.workspace.layout import Layout

_MAX_QUOTED_PROBLEMS = 3
"""Problems that a finding quotes."""
RESTORE = "restore a backup into a new folder: kptm restore FILE NEW/"
_REFERENCES = (
    ("triple", "head_id", "entity", "true"),
    ("triple", "relation_id", "relation", "true"),
    ("triple", "tail_id", "entity", "triple.tail_id > 0"),
    ("triple", "tail_id", "literal", "triple.tail_id < 0"),
    ("triple_source", "triple_id", "triple", "true"),
    ("triple_source", "source_id", "source", "true"),
)
"""Table, column, the table that it refers to, and for which rows."""
_BUSY = ("locked", "busy")
_TABLES = {
    False: "SELECT name FROM sqlite_master",
    True: "SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema()",
}
"""The names of all tables, by whether the database is PostgreSQL."""


def check_database(layout: Layout, tables: WorkspaceTables) -> tuple[list[Finding], bool]:
    """Check the database without changing it; return the findings and whether it can be read."""
    return _check_server(layout, tables) if tables.on_server else _check_file(layout)


def _check_server(layout: Layout, tables: WorkspaceTables) -> tuple[list[Finding], bool]:
    restore = "restore the database with pg_restore"
    try:
        with tables.connect() as sql:
            findings, usable = _schema(tables.name, sql, restore)
            if usable:
                findings += [
                    *_references(tables.name, sql, restore),
                    *_purge(tables.name, sql),
                ]
                check_server_graph(layout, revisions.latest(sql), tables.name)
    except (StoreError, ConfigError) as error:
        remedy = "correct it, then run kptm doctor again"
        return [_finding("database-unreachable", str(error), remedy)], False
    except WorkspaceError as error:
        return [_finding("graph-missing", str(error), restore)], False
    return findings, usable


def _check_file(layout: Layout) -> tuple[list[Finding], bool]:
    path = layout.graph
    try:
        check_graph(layout)
    except (WorkspaceError, OSError) as error:
        return [_finding("graph-missing", str(error), RESTORE)], False
    if not path.exists() and not path.is_symlink():
        return [], False  # a new workspace: its graph is made when it is opened
    if not path.is_file():
        return [_unreadable(path, "is not a plain file")], False
    try:
        path.open("rb").close()
        return _examine(path)
    except OSError as error:
        return [_unreadable(path, error.strerror or str(error))], False
    except (sqlite3.Error, StoreError) as error:
        if any(word in str(error) for word in _BUSY):
            text = f"{path}: another process holds it, so it was not checked"
            advice = Finding("database-busy", False, text, "run kptm doctor again later")
            return [advice], False
        return [_finding("database-damaged", f"{path}: {error}", RESTORE)], False


def _examine(path: Path) -> tuple[list[Finding], bool]:
    connect = Location(path).reader(always=True)
    if connect is None:
        return [], False
    with closing(connect()) as connection:
        rows = connection.execute(f"PRAGMA quick_check({_MAX_QUOTED_PROBLEMS})").fetchall()
        if rows != [("ok",)]:
            text = "; ".join(str(row[0]) for row in rows)
            return [_finding("database-damaged", f"{path}: {text}", RESTORE)], False
        sql = Sql(connection, postgresql=False)
        findings, usable = _schema(str(path), sql, RESTORE)
        if usable:
            findings += [*_references(str(path), sql, RESTORE), *_purge(str(path), sql)]
    return findings, usable


def _schema(name: str, sql: Sql, restore: str) -> tuple[list[Finding], bool]:
    tables = {table for (table,) in sql.all(_TABLES[sql.postgresql])}
    if not {VERSION_TABLE, "triple"} <= tables:
        text = f"{name}: has no tables of a graph"
        return [_finding("schema-unknown", text, restore)], False
    version = str(sql.one("SELECT version_num FROM alembic_version") or "")
    if version == HEAD:
        return [], True
    text = f"{name}: has schema {version or 'unknown'}, but this kptm writes {HEAD}"
    if version < HEAD:
        copy = "pg_dump" if sql.postgresql else "kptm backup"
        remedy = f"run {copy}, then kptm stats: opening a workspace migrates it"
        return [Finding("schema-old", False, text, remedy)], False
    return [_finding("schema-new", text, "upgrade kptm: pip install --upgrade kptm")], False


def _references(name: str, sql: Sql, restore: str) -> list[Finding]:
    """Find references to missing rows, most of which no foreign key prevents."""
    declared = [] if sql.postgresql else sql.all("PRAGMA foreign_key_check")
    dangling = [(str(table), other) for table, _, other, _ in declared]
    for table, column, other, condition in _REFERENCES:
        query = (
            f"SELECT count(*) FROM {table} WHERE {condition} AND NOT EXISTS"  # noqa: S608  # our own names
            f" (SELECT 1 FROM {other} WHERE {other}.id = {table}.{column})"
        )
        dangling += [(table, other)] * int(sql.one(query))
    places = [f"{count:,} rows of {table} lack their {other}"
              for (table, other), count in Counter(dangling).items()]  # fmt: skip
    if not places:
        return []
    return [_finding("references-broken", f"{name}: {', '.join(places)}", restore)]


def _purge(name: str, sql: Sql) -> list[Finding]:
    query = "SELECT 1 FROM revision WHERE kind = ? AND note = ?"
    if sql.one(query, (revisions.PURGE, PENDING)) is None:
        return []
    text = f"{name}: a purge was interrupted, so the file may still hold deleted bytes"
    return [Finding("purge-unfinished", False, text, "run kptm stats, which finishes it")]


def _finding(name: str, text: str, remedy: str) -> Finding:
    return Finding(name, True, text, remedy)


def _unreadable(path: Path, reason: str) -> Finding:
    text = f"{path}: cannot be read ({reason})"
    return _finding("file-unreadable", text, f"change the permissions of {path.name}, or {RESTORE}")
