"""The index of ``search``: trigrams of keys and names, folded by :mod:`kg.naming.folding`.

The id of a row is positive for the key of an entity, and negative for a literal that names one.
Only a purge removes names; whether a name is live is looked up in the triples. SQLite uses FTS5,
PostgreSQL a table with a trigram index if the extension pg_trgm is available.

A key that is a catalogue number ("Q90", "/m/027rn") is not indexed by trigrams; the index of keys
finds it by its beginning.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kg.naming.folding import fold
from kg.types import searchable
from kg.vocabulary import NAMES, UNDERSTOOD

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from kg.sql.cursor import Sql

MAX_INDEXED_CHARACTERS = 200
"""The maximum number of characters of an indexed name; a longer one is a text, not a name."""


WAITING = "64MB"
"""Size of PostgreSQL's list of names that are not in the index yet; a search reads all of it."""

ROWS_PER_PAGE = 20_000
"""Rows per page of a rebuild."""

is_catalogue_number = re.compile(r"[A-Za-z0-9/:.#-]*[0-9][A-Za-z0-9/:.#-]*").fullmatch


def expect_many(sql: Sql) -> None:
    """Let PostgreSQL collect the new names of this transaction and index them together."""
    if sql.postgresql:
        sql.run(f"SET LOCAL gin_pending_list_limit = '{WAITING}'")


def add_keys(sql: Sql, keys: Mapping[str, int]) -> None:
    """Index new entities by their keys, written as people write names."""
    rows = [
        (number, fold(searchable(key))[:MAX_INDEXED_CHARACTERS])
        for key, number in keys.items()
        if not is_catalogue_number(key)
    ]
    sql.insert("name_index", _COLUMNS[sql.postgresql], rows)


def add_names(sql: Sql, names: Iterable[tuple[int, str]]) -> None:
    """Index literals (id, value) as names, unless they are indexed already."""
    wanted = dict(names)
    if not wanted:
        return
    listed, parameter = sql.values(list(wanted))
    column = "id" if sql.postgresql else "rowid"
    query = f"SELECT {column} FROM name_index WHERE {column} IN {listed}"
    indexed = {row[0] for row in sql.all(query, (parameter,))}
    rows = (
        (number, fold(name)[:MAX_INDEXED_CHARACTERS])
        for number, name in wanted.items()
        if number not in indexed
    )
    sql.insert("name_index", _COLUMNS[sql.postgresql], rows)


def rebuild(sql: Sql) -> None:
    """Rebuild the index from all keys and names, live or not."""
    sql.run("DELETE FROM name_index")
    for rows in _pages(sql, "SELECT key, id FROM entity WHERE id > ? ORDER BY id"):
        add_keys(sql, dict(rows))
    names = ", ".join(str(UNDERSTOOD.index(name) + 1) for name in NAMES)
    query = (
        "SELECT l.value, l.id FROM literal l WHERE l.id > ? AND l.id IN"
        f" (SELECT x.tail_id FROM triple x WHERE x.relation_id IN ({names})) ORDER BY l.id"
    )
    for rows in _pages(sql, query):
        add_names(sql, [(number, name) for name, number in rows])


def _pages(sql: Sql, query: str) -> Iterator[list[tuple[str, int]]]:
    """Yield pages of (text, id) in the order of ids; other processes can write between pages."""
    last = -(2**63)
    while rows := sql.all(f"{query} LIMIT {ROWS_PER_PAGE:d}", (last,)):
        yield [(row[0], int(row[1])) for row in rows]
        last = rows[-1][1]


_COLUMNS = {False: "rowid, surface", True: "id, surface"}
