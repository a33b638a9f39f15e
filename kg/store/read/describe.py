"""Who says a fact, and since when: all facts of one entity, or those that are asked for."""

from __future__ import annotations

from collections import defaultdict
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from kg.store.read.triples import alive, recorded, said
from kg.store.rows.dictionary import ids_of
from kg.store.rows.schema import FIRST_RELATION
from kg.store.rows.values import node_ids
from kg.types import Attested, Attribute, Literal, Triple
from kg.vocabulary import PREFERRED, RANK

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kg.sql.cursor import Sql

FACTS = 300
"""Triples that one statement asks for."""


def facts(
    sql: Sql, key: str, at: int | None, limit: int, *, deprecated: bool = False
) -> list[Attested]:
    """The facts of an entity as head or tail, each with its sources; at most ``limit`` a side.

    Args:
        sql: A reading transaction.
        key: The entity.
        at: The revision, None for now.
        limit: The most facts a side.
        deprecated: Whether to list what is recorded as wrong, too.
    """
    lives = recorded(at) if deprecated else alive(at)
    found: list[tuple[Triple | Attribute, int]] = []
    for end in ("head_id", "tail_id"):
        query = (
            "SELECT h.key, r.key, t.key, l.value, l.datatype, l.language, l.unit, x.id, x.rev_added"
            " FROM triple x JOIN relation r ON r.id = x.relation_id JOIN entity h ON h.id = x.head_id"
            " LEFT JOIN entity t ON t.id = x.tail_id LEFT JOIN literal l ON l.id = x.tail_id"
            f" WHERE x.{end} = (SELECT id FROM entity WHERE key = ?)"
            f" AND x.relation_id >= {FIRST_RELATION} AND {lives}"
            f" ORDER BY x.relation_id, x.head_id, x.tail_id LIMIT {limit:d}"
        )
        for row in sql.all(query, (key,)):
            fact = (
                Attribute(row[0], row[1], Literal(*row[3:7]))
                if row[2] is None
                else Triple(*row[:3])
            )
            found.append((fact, row[7]))
    said_of = _attestations(sql, [number for _, number in found], at)
    return [
        Attested(fact, *said_of[number])
        for fact, number in dict.fromkeys(found)
        if number in said_of
    ]


def attested(sql: Sql, wanted: Iterable[Triple], at: int | None) -> dict[Triple, Attested]:
    """Those of the triples that live, each with its sources; one statement for hundreds of them."""
    number_of = _numbers(sql, wanted, at)
    said_of = _attestations(sql, list(number_of.values()), at)
    return {
        item: Attested(item, *said_of[number])
        for item, number in number_of.items()
        if number in said_of
    }


def confidences(sql: Sql, wanted: Iterable[Triple], at: int | None) -> dict[Triple, float]:
    """How sure the sources of those of the triples are that live, where each of them says it, as in :func:`attested`."""
    number_of = _numbers(sql, wanted, at)
    listed, parameter = sql.values(sorted(number_of.values()))
    query = (
        f"SELECT s.triple_id FROM triple_source s WHERE s.triple_id IN {listed}"
        f" AND s.confidence IS NOT NULL AND {said(at)}"
    )
    doubted = {number for (number,) in sql.all(query, (parameter,))} if number_of else set()
    said_of = _attestations(sql, list(doubted), at) if doubted else {}
    return {
        item: confidence
        for item, number in number_of.items()
        if number in said_of and (confidence := said_of[number].confidence) is not None
    }


def _numbers(sql: Sql, wanted: Iterable[Triple], at: int | None) -> dict[Triple, int]:
    """The ids of those of the triples that live, in their order."""
    facts = list(dict.fromkeys(wanted))
    ends = node_ids(sql, chain.from_iterable((item.head, item.tail) for item in facts))
    relations = ids_of(sql, "relation", [item.relation for item in facts])
    given = {
        (ends[item.head], relations[item.relation], ends[item.tail]): item
        for item in facts
        if item.head in ends and item.tail in ends and item.relation in relations
    }
    number_of: dict[Triple, int] = {}
    for start in range(0, len(given), FACTS):
        part = list(given)[start : start + FACTS]
        marks = ", ".join(["(?, ?, ?)"] * len(part))
        # In SQLite a CROSS JOIN keeps its order: a look-up by index for each of them.
        query = (
            f"WITH w (h, r, t) AS (VALUES {marks}) SELECT x.id, w.h, w.r, w.t"
            " FROM w CROSS JOIN triple x WHERE x.head_id = w.h AND x.relation_id = w.r"
            f" AND x.tail_id = w.t AND {alive(at)}"
        )
        for number, *row in sql.all(query, list(chain.from_iterable(part))):
            number_of[given[row[0], row[1], row[2]]] = number
    return {item: number_of[item] for item in facts if item in number_of}


class _Attestation(NamedTuple):
    """What :class:`Attested` has beside the fact."""

    sources: tuple[tuple[str, int | None], ...]
    revision: int
    confidence: float | None
    rank: str


def _attestations(sql: Sql, numbers: Sequence[int], at: int | None) -> dict[int, _Attestation]:
    """Who says each triple, how surely, with which rank; of what all sources hold for wrong, who records it."""
    listed, parameter = sql.values(sorted(set(numbers)))
    query = (
        "SELECT s.triple_id, c.name, s.line, s.rev_added, s.confidence FROM triple_source s"
        " JOIN source c ON c.id = s.source_id"
        f" WHERE s.triple_id IN {listed} AND {said(at)} ORDER BY s.rev_added, s.source_id, s.seq"
    )
    rows: dict[int, list[tuple[str, int | None, int, float | None]]] = defaultdict(list)
    for number, *row in sql.all(query, (parameter,)):
        rows[number].append((row[0], row[1], row[2], row[3]))
    first = _preferred(sql, list(rows), at)
    found = {}
    for number, all_rows in rows.items():
        certain = [row for row in all_rows if row[3] != 0]
        rank = "preferred" if number in first else "normal"
        kept = certain or all_rows
        given = [row[3] for row in kept if row[3] is not None]
        found[number] = _Attestation(
            sources=tuple((name, line) for name, line, _, _ in kept),
            revision=kept[0][2],
            confidence=max(given) if len(given) == len(kept) else None,
            rank=rank if certain else "deprecated",
        )
    return found


def _preferred(sql: Sql, numbers: Sequence[int], at: int | None) -> set[int]:
    """The triples that a source prefers to its others of the same head and relation."""
    rank = sql.one("SELECT id FROM relation WHERE key = ?", (RANK,))
    if rank is None:
        return set()
    listed, parameter = sql.values(sorted(numbers))
    query = (
        "SELECT DISTINCT q.triple_id FROM qualifier q JOIN literal l ON l.id = q.value_id"
        " JOIN triple_source s ON s.triple_id = q.triple_id AND s.source_id = q.source_id"
        " AND s.rev_added = q.rev_added AND s.seq = q.seq"
        f" WHERE q.triple_id IN {listed} AND q.relation_id = ? AND l.value = ? AND {said(at)}"
    )
    return {number for (number,) in sql.all(query, (parameter, rank, PREFERRED))}
