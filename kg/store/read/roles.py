"""Roles of entities: the relations of their facts, and whether they are head or tail in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg.store.read.triples import alive
from kg.store.rows.schema import FIRST_RELATION

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kg.sql.cursor import Sql

Roles = dict[tuple[str, bool], int]
"""The number of facts of an entity, by relation and whether the entity is the head."""

KEYS_PER_QUERY = 2_000
"""The number of keys per query."""


def roles_of(sql: Sql, keys: Sequence[str]) -> dict[str, Roles]:
    """The roles of entities; an entity without facts is left out."""
    roles: dict[str, Roles] = {}
    for i in range(0, len(keys), KEYS_PER_QUERY):
        listed, parameter = sql.values(keys[i : i + KEYS_PER_QUERY])
        for column, is_head in (("head_id", True), ("tail_id", False)):
            rows = sql.all(
                f"SELECT e.key, r.key, count(*) FROM entity e JOIN triple x ON x.{column} = e.id"
                " JOIN relation r ON r.id = x.relation_id"
                f" WHERE e.key IN {listed} AND x.relation_id >= {FIRST_RELATION} AND {alive(None)}"
                " GROUP BY e.key, r.key",
                (parameter,),
            )
            for key, relation, count in rows:
                roles.setdefault(key, {})[relation, is_head] = int(count)
    return roles
