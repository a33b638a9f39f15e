"""Finds the ids of live triples that are to be changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg.store.rows.schema import FIRST_RELATION
from kg.values.node import node_of, node_query

if TYPE_CHECKING:
    from kg.sql.cursor import Sql


def ids(sql: Sql, head: str | None, relation: str | None, tail: str | None) -> list[int]:
    """The ids of the facts that match a pattern; a tail may be a value."""
    where = [f"relation_id >= {FIRST_RELATION}", "rev_removed <= 0"]
    parameters: list[object] = []
    if relation is not None:
        where.append("relation_id = (SELECT id FROM relation WHERE key = ?)")
        parameters.append(relation)
    for column, node in (("head_id", head), ("tail_id", tail)):
        if node is not None:
            query, node_parameters = node_query(node)
            where.append(f"{column} = ({query})")
            parameters += node_parameters
    query = f"SELECT id FROM triple WHERE {' AND '.join(where)} ORDER BY id"
    return [number for (number,) in sql.all(query, parameters)]


def about(sql: Sql, key: str) -> list[int]:
    """The ids of all triples of an entity, labels too."""
    numbers: list[int] = []
    for end in ("head_id", "tail_id"):
        query = (
            f"SELECT id FROM triple WHERE {end} = (SELECT id FROM entity WHERE key = ?)"
            " AND rev_removed <= 0"
        )
        numbers += [number for (number,) in sql.all(query, (key,))]
    return sorted(set(numbers))


def tails(sql: Sql, head: str, relation: str) -> dict[str, int]:
    """The tails of (head, relation), each with the id of its triple."""
    query = (
        "SELECT t.key, l.value, l.datatype, l.language, l.unit, x.id FROM triple x"
        " LEFT JOIN entity t ON t.id = x.tail_id LEFT JOIN literal l ON l.id = x.tail_id"
        " WHERE x.head_id = (SELECT id FROM entity WHERE key = ?)"
        " AND x.relation_id = (SELECT id FROM relation WHERE key = ?)"
        " AND x.rev_removed <= 0 ORDER BY x.id"
    )
    return {node_of(row[:5]): int(row[5]) for row in sql.all(query, (head, relation))}
