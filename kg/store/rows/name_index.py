"""The index of ``search``: keys and names, folded (:mod:`kg.naming.folding`), cut in trigrams.

A row's id is the entity's whose key it is (positive), or the literal's that names one (negative).
Names are never taken out but by a purge: what is alive is asked of the triples. SQLite has FTS5 for
it, PostgreSQL a table with a trigram index where the extension pg_trgm may be had.

A key that is a number of a catalogue ("Q90", "/m/027rn") is not cut: it is found whole or by its
beginning in the index of keys.
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

MAX_NAME = 200
"""Characters of a name that are indexed; a longer one is text, not a name."""


WAITING = "64MB"
"""Names that PostgreSQL holds before it sorts them into the index; a search reads them all."""

PAGE = 20_000
"""Rows that a rebuilding reads at a time."""

_CATALOGUE = re.compile(r"[A-Za-z0-9/:.#-]*[0-9][A-Za-z0-9/:.#-]*").fullmatch


def expect_many(sql: Sql) -> None:
    """Let new names of this transaction wait in a list, which PostgreSQL sorts in behind it."""
    if sql.postgresql:
        sql.run(f"SET LOCAL gin_pending_list_limit = '{WAITING}'")


def add_keys(sql: Sql, keys: Mapping[str, int]) -> None:
    """Index new entities by their keys as people write them."""
    rows = [
        (number, fold(searchable(key))[:MAX_NAME])
        for key, number in keys.items()
        if not _CATALOGUE(key)
    ]
    sql.insert("name_index", _COLUMNS[sql.postgresql], rows)


def add_names(sql: Sql, names: Iterable[tuple[int, str]]) -> None:
    """Index literals (id, value) as names, those that are not there yet."""
    wanted = dict(names)
    if not wanted:
        return
    listed, parameter = sql.values(list(wanted))
    column = "id" if sql.postgresql else "rowid"
    query = f"SELECT {column} FROM name_index WHERE {column} IN {listed}"
    there = {row[0] for row in sql.all(query, (parameter,))}
    rows = (
        (number, fold(name)[:MAX_NAME]) for number, name in wanted.items() if number not in there
    )
    sql.insert("name_index", _COLUMNS[sql.postgresql], rows)


def rebuild(sql: Sql) -> None:
    """Fill the index anew from the keys and names that the graph holds or held."""
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
    """Rows of (text, id) by id, a page at a time, so that others can write between two pages."""
    last = -(2**31)
    while rows := sql.all(f"{query} LIMIT {PAGE:d}", (last,)):
        yield [(row[0], int(row[1])) for row in rows]
        last = rows[-1][1]


_COLUMNS = {False: "rowid, surface", True: "id, surface"}
