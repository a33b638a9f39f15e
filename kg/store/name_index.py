"""The index behind ``search``: keys and names, folded, cut in trigrams.

A row's id is the entity's whose key it is (positive), or the literal's that names one (negative). Names are
never taken out but by a purge: what is alive is asked of the triples. SQLite has FTS5 for it, PostgreSQL a
table with a trigram index where the extension pg_trgm may be had.

A key that is a number of a catalogue ("Q90", "/m/027rn") is not cut: it is found whole or by its beginning in
the index of keys.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kg.types import searchable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from kg.store.sql import Sql

MAX_NAME = 200
"""Characters of a name that are indexed; a longer one is text, not a name."""


WAITING = "64MB"
"""Of names that PostgreSQL takes before it sorts them into the index; a search reads them one by one."""

_CATALOGUE = re.compile(r"[A-Za-z0-9/:.#-]*[0-9][A-Za-z0-9/:.#-]*").fullmatch


def folded(text: str) -> str:
    """``text`` as it is compared: without case, runs of white space as one."""
    return " ".join(text.casefold().split())


def expect_many(sql: Sql) -> None:
    """Let new names of this transaction wait in a list, which PostgreSQL sorts in behind it."""
    if sql.postgresql:
        sql.run(f"SET LOCAL gin_pending_list_limit = '{WAITING}'")


def add_keys(sql: Sql, keys: Mapping[str, int]) -> None:
    """Index new entities by their keys as people write them."""
    rows = [
        (number, folded(searchable(key))[:MAX_NAME])
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
        (number, folded(name)[:MAX_NAME]) for number, name in wanted.items() if number not in there
    )
    sql.insert("name_index", _COLUMNS[sql.postgresql], rows)


_COLUMNS = {False: "rowid, surface", True: "id, surface"}
