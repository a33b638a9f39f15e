"""The integrity of a workspace's database: its pages, its references and its schema."""

from __future__ import annotations

import sqlite3
from collections import Counter
from contextlib import closing
from typing import TYPE_CHECKING

from kg.errors import StoreError
from kg.sql.location import Location
from kg.sql.migrate import HEAD
from kg.store.rows import revisions
from kg.store.write.purge import PENDING
from kptm.errors import WorkspaceError
from kptm.workspace.files.graph_state import check_graph
from kptm.workspace.health.findings import Finding

if TYPE_CHECKING:
    from pathlib import Path

    from kptm.workspace.layout import Layout

_MOST = 3
"""Problems that a finding quotes."""
RESTORE = "restore a backup into a new folder: kptm restore FILE NEW/"
_REFERENCES = (
    ("triple", "head_id", "entity", "1"),
    ("triple", "relation_id", "relation", "1"),
    ("triple", "tail_id", "entity", "triple.tail_id > 0"),
    ("triple", "tail_id", "literal", "triple.tail_id < 0"),
    ("triple_source", "triple_id", "triple", "1"),
    ("triple_source", "source_id", "source", "1"),
)
"""Table, column, the table that it refers to, and for which rows."""
_BUSY = ("locked", "busy")


def check_database(layout: Layout) -> tuple[list[Finding], bool]:
    """Check the database without a change; return the findings and whether it can be read."""
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
        rows = connection.execute(f"PRAGMA quick_check({_MOST})").fetchall()
        if rows != [("ok",)]:
            text = "; ".join(str(row[0]) for row in rows)
            return [_finding("database-damaged", f"{path}: {text}", RESTORE)], False
        findings, usable = _schema(path, connection)
        if usable:
            findings += [*_references(path, connection), *_purge(path, connection)]
    return findings, usable


def _schema(path: Path, connection: sqlite3.Connection) -> tuple[list[Finding], bool]:
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
    if not {"alembic_version", "triple"} <= tables:
        text = f"{path}: has no tables of a graph"
        return [_finding("schema-unknown", text, RESTORE)], False
    row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    version = "" if row is None else str(row[0])
    if version == HEAD:
        return [], True
    text = f"{path}: has schema {version or 'unknown'}, and this kptm writes {HEAD}"
    if version < HEAD:
        remedy = "run kptm backup, then kptm stats: opening a workspace migrates it"
        return [Finding("schema-old", False, text, remedy)], False
    return [_finding("schema-new", text, "upgrade kptm: pip install --upgrade kptm")], False


def _references(path: Path, connection: sqlite3.Connection) -> list[Finding]:
    """References to rows that do not exist: few tables declare them as foreign keys."""
    found = [(f"{table}", other) for table, _, other, _ in
             connection.execute("PRAGMA foreign_key_check")]  # fmt: skip
    for table, column, other, condition in _REFERENCES:
        query = (
            f"SELECT count(*) FROM {table} WHERE {condition} AND NOT EXISTS"  # noqa: S608  # our own names
            f" (SELECT 1 FROM {other} WHERE {other}.id = {table}.{column})"
        )
        found += [(table, other)] * connection.execute(query).fetchone()[0]
    places = [f"{count:,} rows of {table} lack their {other}"
              for (table, other), count in Counter(found).items()]  # fmt: skip
    if not places:
        return []
    return [_finding("references-broken", f"{path}: {', '.join(places)}", RESTORE)]


def _purge(path: Path, connection: sqlite3.Connection) -> list[Finding]:
    query = "SELECT 1 FROM revision WHERE kind = ? AND note = ?"
    if connection.execute(query, (revisions.PURGE, PENDING)).fetchone() is None:
        return []
    text = f"{path}: a purge was interrupted, so the file may still hold deleted bytes"
    return [Finding("purge-unfinished", False, text, "run kptm stats, which finishes it")]


def _finding(name: str, text: str, remedy: str) -> Finding:
    return Finding(name, True, text, remedy)


def _unreadable(path: Path, reason: str) -> Finding:
    text = f"{path}: cannot be read ({reason})"
    return _finding("file-unreadable", text, f"change the permissions of {path.name}, or {RESTORE}")
