"""Reads statements: patterns, triples of entities, degrees, exports, and the fingerprint."""

from __future__ import annotations

import hashlib
from functools import cache
from itertools import chain, groupby
from typing import TYPE_CHECKING, Any, NamedTuple

from kg.store.rows import dictionary
from kg.store.rows.schema import FIRST_RELATION
from kg.types import Attribute, Literal, Qualifier, Statement, Triple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kg.sql.cursor import Sql


class Pattern(NamedTuple):
    """A pattern of triples; None matches anything."""

    head: str | None
    relation: str | None
    tail: str | None


def alive(at: int | None, name: str = "x") -> str:
    """The condition that the triple ``name`` is live, now or at a revision."""
    if at is None:
        return f"{name}.rev_removed = 0"
    return f"{name}.rev_added <= {at:d} AND EXISTS ({_stated_condition(at, name)} AND {CERTAIN})"


def newest(sql: Sql) -> int:
    """The greatest id of a triple, 0 if there is none."""
    return int(sql.one("SELECT max(id) FROM triple") or 0)


def recorded_condition(at: int | None, name: str = "x") -> str:
    """The condition that any source states the triple ``name``, even with confidence 0."""
    if at is None:
        return f"{name}.rev_removed <= 0"
    return f"{name}.rev_added <= {at:d} AND EXISTS ({_stated_condition(at, name)})"


CERTAIN = "(s.confidence IS NULL OR s.confidence > 0)"
"""The condition that a source does not state ``s`` as wrong."""


def _stated_condition(at: int, name: str) -> str:
    return f"SELECT 1 FROM triple_source s WHERE s.triple_id = {name}.id AND {source_condition(at)}"


def source_condition(at: int | None, name: str = "s") -> str:
    """The condition that a source makes the statement ``name``, now or at a revision."""
    if at is None:
        return f"{name}.rev_removed IS NULL"
    later = f"({name}.rev_removed IS NULL OR {name}.rev_removed > {at:d})"
    return f"{name}.rev_added <= {at:d} AND {later}"


_FACTS = (
    "FROM triple x JOIN relation r ON r.id = x.relation_id"
    " JOIN entity h ON h.id = x.head_id JOIN entity t ON t.id = x.tail_id"
)


@cache
def _match(head: bool, relation: bool, tail: bool, at: int | None) -> str:
    """The statement for patterns that give these parts, which are its parameters."""
    where = [alive(at)]
    where.append("x.relation_id = (SELECT id FROM relation WHERE key = ?)" if relation else _FACT)
    # Rows come in the order of the index that the database uses, so that it need not sort them.
    if head:
        where.insert(0, "x.head_id = (SELECT id FROM entity WHERE key = ?)")
        order = "x.relation_id, x.tail_id"
    elif tail:
        order = "x.relation_id, x.head_id"
    else:
        order = "x.id"
    if tail:
        where.append("x.tail_id = (SELECT id FROM entity WHERE key = ?)")
    return f"SELECT h.key, r.key, t.key {_FACTS} WHERE {' AND '.join(where)} ORDER BY {order}"


_FACT = f"x.relation_id >= {FIRST_RELATION}"


def matching(pattern: Pattern, at: int | None) -> tuple[str, list[str]]:
    """The statement that lists the triples of a pattern, and its parameters."""
    head, relation, tail = pattern
    parameters = [part for part in pattern if part is not None]
    return _match(head is not None, relation is not None, tail is not None, at), parameters


def incident_triples(
    sql: Sql, keys: Sequence[str], at: int | None, limit: int | None
) -> list[Triple]:
    """The (first) triples that have one of ``keys`` as head or tail, in the order of their ids."""
    return [item for _, item in sorted({*chain(*_sides(sql, keys, at, limit))})[:limit]]


def outgoing_first(
    sql: Sql, keys: Sequence[str], at: int | None, limit: int | None
) -> list[Triple]:
    """Like :func:`incident_triples`, but triples with one of ``keys`` as head come first."""
    return [item for _, item in dict.fromkeys(chain(*_sides(sql, keys, at, limit)))][:limit]


def _sides(
    sql: Sql, keys: Sequence[str], at: int | None, limit: int | None
) -> Iterator[list[tuple[int, Triple]]]:
    """Yield the first triples with one of ``keys`` as head, then as tail, each with its id."""
    ids = list(dictionary.ids_of(sql, "entity", keys).values())
    listed, parameter = sql.values(ids)
    for end in ("head_id", "tail_id") if ids else ():
        query = (
            f"SELECT x.id, h.key, r.key, t.key {_FACTS}"
            f" WHERE x.{end} IN {listed} AND {_FACT} AND {alive(at)} ORDER BY x.id"
        )
        if limit is not None:
            query += f" LIMIT {limit:d}"
        yield [(row[0], Triple(*row[1:])) for row in sql.all(query, (parameter,))]


def stream_ids(sql: Sql) -> Iterator[tuple[int, int, int]]:
    """Stream the ids of head, relation and tail of every live triple whose tail is an entity."""
    yield from sql.stream(
        "SELECT x.head_id, x.relation_id, x.tail_id FROM triple x"
        f" WHERE {_FACT} AND x.tail_id > 0 AND {alive(None)}"
    )


def degrees(sql: Sql, at: int | None) -> dict[str, int]:
    """The number of live triples of each entity; entities without any are left out."""
    where = f"WHERE {_FACT} AND x.tail_id > 0 AND {alive(at)}"
    query = (
        "SELECT e.key, sum(n) FROM ("
        f"SELECT x.head_id AS id, count(*) AS n FROM triple x {where} GROUP BY x.head_id UNION ALL"
        f" SELECT x.tail_id, count(*) FROM triple x {where} GROUP BY x.tail_id"
        ") AS ends JOIN entity e ON e.id = ends.id GROUP BY e.key"
    )
    return {key: int(count) for key, count in sql.all(query)}


def attributes(
    sql: Sql, head: str | None, relation: str | None, at: int | None
) -> Iterator[Attribute]:
    """Stream the attributes of entities; labels and the like only if ``relation`` names them."""
    where, parameters = [alive(at), "x.tail_id < 0"], []
    if head is not None:
        where.append("x.head_id = (SELECT id FROM entity WHERE key = ?)")
        parameters.append(head)
    if relation is not None:
        where.append("x.relation_id = (SELECT id FROM relation WHERE key = ?)")
        parameters.append(relation)
    else:
        where.append(_FACT)
    query = (
        "SELECT h.key, r.key, l.value, l.datatype, l.language, l.unit FROM triple x"
        " JOIN relation r ON r.id = x.relation_id JOIN entity h ON h.id = x.head_id"
        f" JOIN literal l ON l.id = x.tail_id WHERE {' AND '.join(where)} ORDER BY x.id"
    )
    for row in sql.stream(query, parameters):
        yield Attribute(row[0], row[1], Literal(*row[2:]))


def statements(sql: Sql, at: int | None) -> Iterator[Statement]:
    """Stream all statements, labels too, once per source; the source is named if it is a graph."""
    query = (
        "SELECT h.key, r.key, t.key, l.value, l.datatype, l.language, l.unit, s.confidence,"
        " s.span_start, s.span_end, c.is_graph, c.name, q.position, p.key, v.key,"
        " k.value, k.datatype, k.language, k.unit, x.id, s.source_id, s.rev_added, s.seq"
        " FROM triple x JOIN triple_source s ON s.triple_id = x.id"
        " JOIN source c ON c.id = s.source_id"
        " JOIN relation r ON r.id = x.relation_id JOIN entity h ON h.id = x.head_id"
        " LEFT JOIN entity t ON t.id = x.tail_id LEFT JOIN literal l ON l.id = x.tail_id"
        " LEFT JOIN qualifier q ON q.triple_id = s.triple_id AND q.source_id = s.source_id"
        " AND q.rev_added = s.rev_added AND q.seq = s.seq"
        " LEFT JOIN relation p ON p.id = q.relation_id"
        " LEFT JOIN entity v ON v.id = q.value_id LEFT JOIN literal k ON k.id = q.value_id"
        f" WHERE {source_condition(at)} ORDER BY x.id, s.source_id, s.rev_added, s.seq, q.position"
    )
    for _, rows in groupby(sql.stream(query), key=lambda row: row[19:]):
        yield _statement(list(rows))


def count_statements(sql: Sql, at: int | None) -> int:
    """The number of statements that :func:`statements` yields."""
    return int(sql.one(f"SELECT count(*) FROM triple_source s WHERE {source_condition(at)}"))


def with_sources(sql: Sql, at: int | None) -> Iterator[tuple[Triple, str]]:
    """Stream the triples between entities, once per source that does not state them as wrong."""
    query = (
        "SELECT DISTINCT x.id, h.key, r.key, t.key, c.name FROM triple x"
        " JOIN triple_source s ON s.triple_id = x.id JOIN source c ON c.id = s.source_id"
        " JOIN relation r ON r.id = x.relation_id JOIN entity h ON h.id = x.head_id"
        " JOIN entity t ON t.id = x.tail_id"
        f" WHERE {source_condition(at)} AND {CERTAIN} AND x.relation_id >= {FIRST_RELATION}"
        " ORDER BY x.id, c.name"
    )
    for _, head, relation, tail, source in sql.stream(query):
        yield Triple(head, relation, tail), source


def _statement(rows: list[tuple[Any, ...]]) -> Statement:
    """Make a statement from its rows, one row per qualifier."""
    row = rows[0]
    fact: Triple | Attribute = (
        Attribute(row[0], row[1], Literal(*row[3:7])) if row[2] is None else Triple(*row[:3])
    )
    qualifiers = tuple(
        Qualifier(each[13], Literal(*each[15:19]) if each[14] is None else each[14])
        for each in rows
        if each[12] is not None
    )
    return Statement(
        fact,
        confidence=row[7],
        qualifiers=qualifiers,
        source=row[11] if row[10] else None,
        span=None if row[8] is None else (row[8], row[9]),
    )


def fingerprint(sql: Sql, at: int | None) -> str:
    """SHA-256 of the sorted triples that are live, now or at a revision.

    Each key is preceded by its length. Row ids and the order of loading have no influence.
    """
    query = (
        f"SELECT h.key, r.key, t.key {_FACTS} WHERE {_FACT}"
        f" AND {alive(at)} ORDER BY h.key, r.key, t.key"
    )
    digest = hashlib.sha256()
    for row in sql.stream(query):
        for part in row:
            raw = part.encode()
            digest.update(len(raw).to_bytes(8, "big") + raw)
    return digest.hexdigest()
