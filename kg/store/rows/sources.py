"""Rows of the table ``source``: one for each pair of a source and a file.

The column ``name`` has the source, and ``document`` the identity of the file (:func:`document_of`):
its absolute path, without following symbolic links, so that ``latest.tsv`` stays the same file when
the link is pointed at a newer one.
"""

from __future__ import annotations

import os.path
import re
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from kg.naming.valid_names import printable

if TYPE_CHECKING:
    from kg.sql.cursor import Sql

_SERVER = re.compile(r"(?:bolt|neo4j)(?:\+s|\+ssc)?://")
STDIN = "-"
"""The path that means standard input; its content is different each time."""
Replaced = Literal["file", "source", "nothing"]
"""Whose statements end if a load does not state them again: those that the load's source made in
its file, those that it made in any file, or none."""


class LoadSource(NamedTuple):
    """The source and the file of the statements that a load writes.

    Attributes:
        name: The source; if the user did not name one, the path of the file as the user wrote it.
        document: The identity of the file (:func:`document_of`); "" if there is no file, None if
            any file of the source will do.
        is_path: Whether the name is the path of the file, because the user named no source.
        replace: Whose statements end if the load does not state them again.
        key_column: The name of the column of keys, for a table with one entity per row.
    """

    name: str
    document: str | None = None
    is_path: bool = False
    replace: Replaced = "nothing"
    key_column: str = ""


class SourceRow(NamedTuple):
    """The row of a source and a file.

    Attributes:
        id: The id of the row.
        is_new: Whether the row was created now, so that no statement has it as source yet.
    """

    id: int
    is_new: bool


def is_server(path: object) -> bool:
    """Whether text that stands for a file is the URL of a server of graphs, read over Bolt."""
    return isinstance(path, str) and _SERVER.match(path) is not None


def document_of(path: str | Path) -> str:
    """The identity by which a file is recognised when it is loaded again; "" for standard input."""
    name = str(path)
    if name == STDIN:
        return ""
    if isinstance(path, str) and (is_server(path) or path.startswith("pykeen:")):
        return path  # a server, or a data set of PyKEEN
    return printable(os.path.abspath(name))  # noqa: PTH100  # resolve() would follow links


def get_or_create(
    sql: Sql, name: str, document: str | None, *, is_graph: bool = False
) -> SourceRow:
    """The row of a source and a file, which is created if there is none.

    With ``document`` None, it is the first row of the source.
    """
    if document is None:
        rows = ids_of(sql, name)
        if rows:
            return SourceRow(min(rows), False)
        document = ""
    query = "SELECT id FROM source WHERE name = ? AND document = ?"
    stored = sql.one(query, (name, document))
    if stored is not None:
        return SourceRow(int(stored), False)
    number = int(sql.one("SELECT max(id) FROM source") or 0) + 1
    sql.run(
        "INSERT INTO source (id, name, is_graph, document) VALUES (?, ?, ?, ?)",
        (number, name, int(is_graph), document),
    )
    return SourceRow(number, True)


def of_file(sql: Sql, name: str, document: str | None) -> SourceRow:
    """The row of a file for which the user names no source.

    It is that of an earlier load of the file without a named source, which is found by the identity
    of the file, or in old databases by its path; without an earlier load it is a new row.

    Args:
        sql: A writing transaction.
        name: The path as the user wrote it now.
        document: The identity of the file.
    """
    if document:
        rows = sql.all(
            "SELECT id, name FROM source WHERE document = ? AND is_graph = 0 ORDER BY id",
            (document,),
        )
        # A source that the user named has another name than the file.
        same = [number for number, other in rows if Path(other).name == Path(name).name]
        if same:
            return SourceRow(int(same[0]), False)
        # Rows of old databases have no document; their name is the path.
        old = sql.one("SELECT id FROM source WHERE name = ? AND document = ''", (name,))
        if old is not None:
            sql.run("UPDATE source SET document = ? WHERE id = ?", (document, old))
            return SourceRow(int(old), False)
    return get_or_create(sql, name, document)


def store_key_column(sql: Sql, row: SourceRow, load_source: LoadSource, *, adds: bool) -> bool:
    """Store the name of the key column of a load; return whether it was another one before.

    If the load adds to statements from a table with another key column, there is no one name for
    all rows, and "" is stored.

    Args:
        sql: A writing transaction.
        row: The row of the load's source and file.
        load_source: The source and the file of the load.
        adds: Whether the earlier statements stay.
    """
    if load_source.document is None:
        return False
    key = load_source.key_column
    stored = sql.one("SELECT key_column FROM source WHERE id = ?", (row.id,))
    if adds and not row.is_new and stored != key:
        key = ""
    if stored == key:
        return False
    sql.run("UPDATE source SET key_column = ? WHERE id = ?", (key, row.id))
    return True


def ids_of(sql: Sql, name: str) -> list[int]:
    """The ids of the rows of a source, one for each of its files."""
    return [int(row[0]) for row in sql.all("SELECT id FROM source WHERE name = ?", (name,))]


def other_documents(sql: Sql, number: int) -> list[str]:
    """The other files of a row's source, sorted."""
    query = (
        "SELECT b.document FROM source a JOIN source b ON b.name = a.name AND b.id <> a.id"
        " WHERE a.id = ? AND b.document <> '' ORDER BY b.document"
    )
    return [str(row[0]) for row in sql.all(query, (number,))]


def graphs_in(sql: Sql, document: str | None) -> list[int]:
    """The ids of the rows of a file's named graphs."""
    query = "SELECT id FROM source WHERE document = ? AND is_graph = 1"
    return [int(row[0]) for row in sql.all(query, (document,))] if document else []


def replaced_by(sql: Sql, load_source: LoadSource, row: SourceRow) -> frozenset[int]:
    """The ids of the rows whose statements a load replaces.

    Args:
        sql: A writing transaction.
        load_source: The source and the file of the load.
        row: Their row.
    """
    if load_source.replace == "nothing":
        return frozenset()
    if load_source.replace == "file" and not load_source.document:
        return frozenset()
    ids = {*graphs_in(sql, load_source.document)}
    if load_source.replace == "source":
        ids |= {*ids_of(sql, load_source.name)}
    return frozenset(ids - {row.id} if row.is_new else ids | {row.id})
