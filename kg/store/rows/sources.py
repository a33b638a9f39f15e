"""The sources of statements, with one row per source and file.

A file is identified by its absolute path, without following symbolic links: ``latest.tsv`` stays
the same source when the link is pointed at a newer file.
"""

from __future__ import annotations

import os.path
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from kg.naming.valid_names import printable

if TYPE_CHECKING:
    from kg.sql.cursor import Sql

STDIN = "-"
"""The path that means standard input; its content is different each time."""


class LoadSource(NamedTuple):
    """The source and the file of the statements that a load writes.

    Attributes:
        name: The source; if the user did not name one, the path of the file as the user wrote it.
        document: The file, see :func:`document_of`; "" for none, None for any file of the source.
        is_path: Whether the name is the path of the file.
        replace: Which statements end if the load does not state them again: None for those of this
            file, True for those of the source in any file, False for none.
    """

    name: str
    document: str | None = None
    is_path: bool = False
    replace: bool | None = False


class FileSource(NamedTuple):
    """A source in one file.

    Attributes:
        id: The id of its row.
        is_new: Whether its row was created now, so that no statement has it as source yet.
    """

    id: int
    is_new: bool


def document_of(path: str | Path) -> str:
    """The name by which a file is recognised when it is loaded again; "" for standard input."""
    name = str(path)
    if name == STDIN:
        return ""
    if isinstance(path, str) and path.startswith("pykeen:"):
        return path
    return printable(os.path.abspath(name))  # noqa: PTH100  # resolve() would follow links


def get_or_create(
    sql: Sql, name: str, document: str | None, *, is_graph: bool = False
) -> FileSource:
    """The source with a name in a file; a new one is stored."""
    if document is None:
        rows = ids_of(sql, name)
        if rows:
            return FileSource(min(rows), False)
        document = ""
    query = "SELECT id FROM source WHERE name = ? AND document = ?"
    stored = sql.one(query, (name, document))
    if stored is not None:
        return FileSource(int(stored), False)
    number = int(sql.one("SELECT max(id) FROM source") or 0) + 1
    sql.run(
        "INSERT INTO source (id, name, is_graph, document) VALUES (?, ?, ?, ?)",
        (number, name, int(is_graph), document),
    )
    return FileSource(number, True)


def of_file(sql: Sql, name: str, document: str | None) -> FileSource:
    """The source of a file if the user names none: the one under which it was first loaded, if any.

    Args:
        sql: A writing transaction.
        name: The path as the user wrote it now.
        document: The file; see :func:`document_of`.
    """
    if document:
        rows = sql.all(
            "SELECT id, name FROM source WHERE document = ? AND is_graph = 0 ORDER BY id",
            (document,),
        )
        same = [number for number, other in rows if Path(other).name == Path(name).name]
        if same:
            return FileSource(int(same[0]), False)
        # Rows of old databases have no document; their name is the path.
        old = sql.one("SELECT id FROM source WHERE name = ? AND document = ''", (name,))
        if old is not None:
            sql.run("UPDATE source SET document = ? WHERE id = ?", (document, old))
            return FileSource(int(old), False)
    return get_or_create(sql, name, document)


def ids_of(sql: Sql, name: str) -> list[int]:
    """The rows of a source, one for each of its files."""
    return [int(row[0]) for row in sql.all("SELECT id FROM source WHERE name = ?", (name,))]


def other_documents(sql: Sql, number: int) -> list[str]:
    """The other files of the source of a row, sorted."""
    query = (
        "SELECT b.document FROM source a JOIN source b ON b.name = a.name AND b.id <> a.id"
        " WHERE a.id = ? AND b.document <> '' ORDER BY b.document"
    )
    return [str(row[0]) for row in sql.all(query, (number,))]


def graphs_in(sql: Sql, document: str | None) -> list[int]:
    """The named graphs of a file."""
    query = "SELECT id FROM source WHERE document = ? AND is_graph = 1"
    return [int(row[0]) for row in sql.all(query, (document,))] if document else []


def replaced_by(sql: Sql, load_source: LoadSource, file_source: FileSource) -> frozenset[int]:
    """The rows of sources whose statements a load replaces."""
    if load_source.replace is False or (load_source.replace is None and not load_source.document):
        return frozenset()
    rows = {*graphs_in(sql, load_source.document)}
    if load_source.replace:
        rows |= {*ids_of(sql, load_source.name)}
    if file_source.is_new:
        return frozenset(rows - {file_source.id})
    return frozenset(rows | {file_source.id})
