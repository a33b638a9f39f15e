"""Reads the nodes at the ends of facts, without their relations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg.store.rows.schema import FIRST_RELATION

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kg.sql.cursor import Sql

_LIVE = f"relation_id >= {FIRST_RELATION} AND rev_removed = 0"


def stream_ends(sql: Sql) -> Iterator[tuple[int, int]]:
    """Stream the ids of head and tail of every fact; values have negative ids."""
    for head, tail in sql.stream(f"SELECT head_id, tail_id FROM triple WHERE {_LIVE}"):
        yield int(head), int(tail)


def neighbours_of(sql: Sql, nodes: Sequence[int]) -> dict[int, list[int]]:
    """The ids of the nodes on the other side of all facts of nodes."""
    listed, parameter = sql.values(list(nodes))
    neighbours: dict[int, list[int]] = {node: [] for node in nodes}
    for column, other in (("head_id", "tail_id"), ("tail_id", "head_id")):
        query = f"SELECT {column}, {other} FROM triple WHERE {column} IN {listed} AND {_LIVE}"
        for node, end in sql.stream(query, (parameter,)):
            neighbours[node].append(int(end))
    return neighbours
