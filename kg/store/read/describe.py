"""Reads facts with their sources and revisions: all facts of an entity, or given facts."""

from __future__ import annotations

from collections import defaultdict
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from kg.store.read.triples import alive, recorded_condition, source_condition
from kg.store.rows.dictionary import known_literals, storable
from kg.store.rows.schema import FIRST_RELATION
from kg.types import Attested, Attribute, Literal, Triple
from kg.values.node import ValueKey
from kg.vocabulary import PREFERRED, RANK

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kg.sql.cursor import Sql

TRIPLES_PER_STATEMENT = 300
"""Number of triples per SQL statement."""


def facts(
    sql: Sql, key: str, at: int | None, limit: int, *, deprecated: bool = False
) -> list[Attested]:
    """The facts with an entity as head, then as tail, each with its sources.

    Args:
        sql: A reading transaction.
        key: The key of the entity.
        at: The revision, None for now.
        limit: The maximum number of facts with the entity as head, and of those with it as tail.
        deprecated: Whether to include facts that are recorded as wrong.
    """
    is_listed = recorded_condition(at) if deprecated else alive(at)
    facts_with_ids: list[tuple[Triple | Attribute, int]] = []
    for end in ("head_id", "tail_id"):
        query = (
            "SELECT h.key, r.key, t.key, l.value, l.datatype, l.language, l.unit, x.id, x.rev_added"
            " FROM triple x JOIN relation r ON r.id = x.relation_id"
            " JOIN entity h ON h.id = x.head_id"
            " LEFT JOIN entity t ON t.id = x.tail_id LEFT JOIN literal l ON l.id = x.tail_id"
            f" WHERE x.{end} = (SELECT id FROM entity WHERE key = ?)"
            f" AND x.relation_id >= {FIRST_RELATION} AND {is_listed}"
            f" ORDER BY x.relation_id, x.head_id, x.tail_id LIMIT {limit:d}"
        )
        for row in sql.all(query, (key,)):
            fact = (
                Attribute(row[0], row[1], Literal(*row[3:7]))
                if row[2] is None
                else Triple(*row[:3])
            )
            facts_with_ids.append((fact, row[7]))
    attestation_of = _attestations(sql, [number for _, number in facts_with_ids], at)
    return [
        Attested(fact, *attestation_of[number])
        for fact, number in dict.fromkeys(facts_with_ids)
        if number in attestation_of
    ]


def read_attestations(sql: Sql, wanted: Iterable[Triple], at: int | None) -> dict[Triple, Attested]:
    """The live triples among ``wanted``, each with its sources, read in batches."""
    number_of = _numbers(sql, wanted, at)
    attestation_of = _attestations(sql, list(number_of.values()), at)
    return {
        item: Attested(item, *attestation_of[number])
        for item, number in number_of.items()
        if number in attestation_of
    }


def confidences(sql: Sql, wanted: Iterable[Triple], at: int | None) -> dict[Triple, float]:
    """The confidence of the live triples for which every source states a confidence.

    It is the highest of these, as in :func:`read_attestations`.
    """
    # Most graphs state no confidence; then this one query finds nothing and suffices.
    stated = (
        "EXISTS (SELECT 1 FROM triple_source s WHERE s.triple_id = x.id"
        f" AND s.confidence IS NOT NULL AND {source_condition(at)})"
    )
    number_of = _numbers(sql, wanted, at, stated)
    attestation_of = _attestations(sql, list(number_of.values()), at) if number_of else {}
    return {
        item: confidence
        for item, number in number_of.items()
        if number in attestation_of
        and (confidence := attestation_of[number].confidence) is not None
    }


def _numbers(
    sql: Sql, wanted: Iterable[Triple], at: int | None, condition: str = "1 = 1"
) -> dict[Triple, int]:
    """The ids of the live triples that satisfy a condition on ``x``, in the order of ``wanted``."""
    facts = list(dict.fromkeys(wanted))
    literals = {fact.tail.literal for fact in facts if isinstance(fact.tail, ValueKey)}
    value_ids = known_literals(sql, literals)
    rows: list[tuple[int, str, str, int, str]] = []
    for place, (head, relation, tail) in enumerate(facts):
        # Ids of values are negative, so that 0 can mean an entity. A fact does not begin with a
        # value or end in an unknown one.
        value = value_ids.get(tail.literal) if isinstance(tail, ValueKey) else 0
        if value is None or isinstance(head, ValueKey):
            continue
        if storable(head) and storable(relation) and (value or storable(tail)):
            rows.append((place, head, relation, value, "" if value else tail))
    number_of: dict[int, int] = {}
    for start in range(0, len(rows), TRIPLES_PER_STATEMENT):
        part = rows[start : start + TRIPLES_PER_STATEMENT]
        marks = ", ".join(["(?, ?, ?, ?, ?)"] * len(part))
        # SQLite executes a CROSS JOIN in this order, so that each table is searched by its index.
        query = (
            f"WITH w (n, h, r, v, t) AS (VALUES {marks}) SELECT w.n, x.id"
            " FROM w CROSS JOIN entity h CROSS JOIN relation r CROSS JOIN triple x"
            " WHERE h.key = w.h AND r.key = w.r AND x.head_id = h.id AND x.relation_id = r.id"
            " AND x.tail_id = CASE WHEN w.v < 0 THEN w.v"
            " ELSE (SELECT e.id FROM entity e WHERE e.key = w.t) END"
            f" AND {alive(at)} AND {condition}"
        )
        number_of.update(sql.all(query, list(chain.from_iterable(part))))
    return {fact: number_of[place] for place, fact in enumerate(facts) if place in number_of}


class _Attestation(NamedTuple):
    """The fields of :class:`Attested` other than the fact."""

    sources: tuple[tuple[str, int | None], ...]
    revision: int
    confidence: float | None
    rank: str


def _attestations(sql: Sql, numbers: Sequence[int], at: int | None) -> dict[int, _Attestation]:
    """The sources, confidence and rank of each triple.

    Sources with confidence 0 count only if there are no others; the triple is then deprecated.
    """
    listed, parameter = sql.values(sorted(set(numbers)))
    query = (
        "SELECT s.triple_id, c.name, s.line, s.rev_added, s.confidence FROM triple_source s"
        " JOIN source c ON c.id = s.source_id"
        f" WHERE s.triple_id IN {listed} AND {source_condition(at)}"
        " ORDER BY s.rev_added, s.source_id, s.seq"
    )
    rows: dict[int, list[tuple[str, int | None, int, float | None]]] = defaultdict(list)
    for number, *row in sql.all(query, (parameter,)):
        rows[number].append((row[0], row[1], row[2], row[3]))
    preferred = _preferred_triples(sql, list(rows), at)
    attestations = {}
    for number, all_rows in rows.items():
        certain = [row for row in all_rows if row[3] != 0]
        rank = "preferred" if number in preferred else "normal"
        counted = certain or all_rows
        confidences = [row[3] for row in counted if row[3] is not None]
        attestations[number] = _Attestation(
            sources=tuple((name, line) for name, line, _, _ in counted),
            revision=counted[0][2],
            confidence=max(confidences) if len(confidences) == len(counted) else None,
            rank=rank if certain else "deprecated",
        )
    return attestations


def _preferred_triples(sql: Sql, numbers: Sequence[int], at: int | None) -> set[int]:
    """The triples with preferred rank."""
    rank = sql.one("SELECT id FROM relation WHERE key = ?", (RANK,))
    if rank is None:
        return set()
    listed, parameter = sql.values(sorted(numbers))
    query = (
        "SELECT DISTINCT q.triple_id FROM qualifier q JOIN literal l ON l.id = q.value_id"
        " JOIN triple_source s ON s.triple_id = q.triple_id AND s.source_id = q.source_id"
        " AND s.rev_added = q.rev_added AND s.seq = q.seq"
        f" WHERE q.triple_id IN {listed} AND q.relation_id = ? AND l.value = ?"
        f" AND {source_condition(at)}"
    )
    return {number for (number,) in sql.all(query, (parameter, rank, PREFERRED))}
