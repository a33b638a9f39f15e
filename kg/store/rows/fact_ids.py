"""Reads the facts between entities as ids, and the keys of ids in the order of the keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from kg.store.rows.schema import FIRST_RELATION

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kg.sql.cursor import Sql


def greatest_id(sql: Sql, table: Literal["entity", "relation"]) -> int:
    """The greatest id of a table, 0 if it is empty."""
    return int(sql.one(f"SELECT max(id) FROM {table}") or 0)


def stream_keys(sql: Sql, table: Literal["entity", "relation"]) -> Iterator[tuple[int, str]]:
    """Stream the id and the key of every row, in the order of the keys."""
    for number, key in sql.stream(f"SELECT id, key FROM {table} ORDER BY key"):
        yield int(number), key


def stream_fact_ids(sql: Sql) -> Iterator[tuple[int, int, int]]:
    """Stream the ids of head, relation and tail of every live fact whose tail is an entity."""
    yield from sql.stream(
        "SELECT head_id, relation_id, tail_id FROM triple"
        f" WHERE relation_id >= {FIRST_RELATION} AND tail_id > 0 AND rev_removed = 0"
    )
