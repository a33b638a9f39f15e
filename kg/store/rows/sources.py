"""Sources: who says something, and in which file. One row for each file in which a source speaks.

A file is the same one when it has the same absolute path; links are not followed, so that
``latest.tsv`` may lead elsewhere tomorrow.
"""

from __future__ import annotations

import os.path
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from kg.naming.valid_names import printable

if TYPE_CHECKING:
    from kg.sql.cursor import Sql

STDIN = "-"
"""The path that means standard input, which is never the same twice."""


class Speaker(NamedTuple):
    """Who says what a load writes.

    Attributes:
        name: The source; where nobody named one, the path of the file as it was given.
        document: The file, see :func:`document_of`; "" for none, None for whatever file the source
            speaks in.
        is_path: Whether the name is the path of the file.
        replace: Whether what is not stated again ends: None for what this file stated, True for all
            that the source states in any file, False for nothing.
    """

    name: str
    document: str | None = None
    is_path: bool = False
    replace: bool | None = False


class FileSource(NamedTuple):
    """A source in one file.

    Attributes:
        id: Its row.
        is_new: Whether nothing was ever loaded from it.
    """

    id: int
    is_new: bool


def document_of(path: str | Path) -> str:
    """What a file is recognised by when it is loaded again; "" for standard input."""
    name = str(path)
    if name == STDIN:
        return ""
    if isinstance(path, str) and path.startswith("pykeen:"):
        return path
    return printable(os.path.abspath(name))  # noqa: PTH100  # resolve() would follow links


def get_or_create(
    sql: Sql, name: str, document: str | None, *, is_graph: bool = False
) -> FileSource:
    """The source of a name in a file, which is written down where it is new."""
    if document is None:
        rows = ids_of(sql, name)
        if rows:
            return FileSource(min(rows), False)
        document = ""
    query = "SELECT id FROM source WHERE name = ? AND document = ?"
    found = sql.one(query, (name, document))
    if found is not None:
        return FileSource(int(found), False)
    number = int(sql.one("SELECT max(id) FROM source") or 0) + 1
    sql.run(
        "INSERT INTO source (id, name, is_graph, document) VALUES (?, ?, ?, ?)",
        (number, name, int(is_graph), document),
    )
    return FileSource(number, True)


def of_file(sql: Sql, name: str, document: str | None) -> FileSource:
    """The source of a file if the user names none: the name under which it was first loaded.

    Args:
        sql: A writing transaction.
        name: The path as it is given now.
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
        # Loaded before files were noted: the path alone says which one it is.
        old = sql.one("SELECT id FROM source WHERE name = ? AND document = ''", (name,))
        if old is not None:
            sql.run("UPDATE source SET document = ? WHERE id = ?", (document, old))
            return FileSource(int(old), False)
    return get_or_create(sql, name, document)


def ids_of(sql: Sql, name: str) -> list[int]:
    """The rows of a source, one for each of its files."""
    return [int(row[0]) for row in sql.all("SELECT id FROM source WHERE name = ?", (name,))]


def other_documents(sql: Sql, number: int) -> list[str]:
    """The other files in which the source of a row speaks, sorted."""
    query = (
        "SELECT b.document FROM source a JOIN source b ON b.name = a.name AND b.id <> a.id"
        " WHERE a.id = ? AND b.document <> '' ORDER BY b.document"
    )
    return [str(row[0]) for row in sql.all(query, (number,))]


def graphs_in(sql: Sql, document: str | None) -> list[int]:
    """The named graphs that a file speaks for."""
    query = "SELECT id FROM source WHERE document = ? AND is_graph = 1"
    return [int(row[0]) for row in sql.all(query, (document,))] if document else []


def replaced_by(sql: Sql, speaker: Speaker, found: FileSource) -> frozenset[int]:
    """The rows of sources whose statements a load replaces."""
    if speaker.replace is False or (speaker.replace is None and not speaker.document):
        return frozenset()
    rows = {*graphs_in(sql, speaker.document)}
    if speaker.replace:
        rows |= {*ids_of(sql, speaker.name)}
    if found.is_new:
        return frozenset(rows - {found.id})
    return frozenset(rows | {found.id})
