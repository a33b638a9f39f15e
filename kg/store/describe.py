"""All that is known of one entity, with who says it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg.store.schema import FIRST_RELATION
from kg.store.triples import alive, said
from kg.types import Attested, Attribute, Literal, Triple

if TYPE_CHECKING:
    from kg.store.sql import Sql


def facts(sql: Sql, key: str, at: int | None, limit: int) -> list[Attested]:
    """The facts of an entity as head or tail, each with its sources; at most ``limit`` a side."""
    found: list[Attested] = []
    for end in ("head_id", "tail_id"):
        query = (
            "SELECT h.key, r.key, t.key, l.value, l.datatype, l.language, l.unit, x.id, x.rev_added"
            " FROM triple x JOIN relation r ON r.id = x.relation_id JOIN entity h ON h.id = x.head_id"
            " LEFT JOIN entity t ON t.id = x.tail_id LEFT JOIN literal l ON l.id = x.tail_id"
            f" WHERE x.{end} = (SELECT id FROM entity WHERE key = ?)"
            f" AND x.relation_id >= {FIRST_RELATION} AND {alive(at)}"
            f" ORDER BY x.relation_id, x.head_id, x.tail_id LIMIT {limit:d}"
        )
        for row in sql.all(query, (key,)):
            fact = (
                Attribute(row[0], row[1], Literal(*row[3:7]))
                if row[2] is None
                else Triple(*row[:3])
            )
            found.append(Attested(fact, _sources(sql, row[7], at)))
    return list(dict.fromkeys(found))


def _sources(sql: Sql, number: int, at: int | None) -> tuple[tuple[str, int | None], ...]:
    """Who says a triple, and on which line."""
    query = (
        "SELECT c.name, s.line FROM triple_source s JOIN source c ON c.id = s.source_id"
        f" WHERE s.triple_id = ? AND {said(at)} ORDER BY s.rev_added, s.source_id, s.seq"
    )
    return tuple((name, line) for name, line in sql.all(query, (number,)))
