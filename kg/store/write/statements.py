"""Writes statements that have a source of their own, a confidence, a span or qualifiers."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from kg.store.rows import dictionary
from kg.store.rows.schema import DOUBTED
from kg.store.write import liveness
from kg.types import Literal, Qualifier, Statement
from kg.vocabulary import DEPRECATED, IRI, RANK

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kg.sql.cursor import Sql
    from kg.store.write.restated import Row
    from kg.store.write.writer import Writer

Details = tuple[float | None, int | None, int | None, tuple[tuple[int, int], ...]]
"""Confidence, span and qualifiers (relation id, value id) of a statement."""

_PLAIN: Details = (None, None, None, ())

_DEPRECATED = Qualifier(RANK, Literal(DEPRECATED, IRI))
"""A source that states a fact with this rank holds it to be wrong, whatever its confidence."""


def write(writer: Writer, sql: Sql, items: Sequence[tuple[int, Statement]]) -> None:
    """Write statements, each with its line; equal statements of one source are written once."""
    items = writer.refuse_new_entities(items)
    if not items:
        return
    lines = [line for line, _ in items]
    sources = [writer.source_of(item.source) for _, item in items]
    details = _details(writer, sql, [item for _, item in items])
    plain = [at for at, detail in enumerate(details) if detail == _PLAIN]
    detailed = [at for at, detail in enumerate(details) if detail != _PLAIN]
    for chosen, attest in ((plain, True), (detailed, False)):
        if chosen:
            ids, added = writer.now(
                [lines[at] for at in chosen],
                [items[at][1].fact for at in chosen],
                [sources[at] for at in chosen],
                attest=attest,
            )
            writer.added += added
            if not attest:
                keys = zip(ids, (sources[at] for at in chosen), strict=True)
                statements = zip(keys, (details[at] for at in chosen), strict=True)
                _attest(writer, sql, list(statements), [lines[at] for at in chosen])


def _details(writer: Writer, sql: Sql, items: Sequence[Statement]) -> list[Details]:
    pairs = [pair for item in items for pair in item.qualifiers]
    relations = writer.relation_ids(pair.relation for pair in pairs)
    entities = writer.entity_ids(pair.value for pair in pairs if isinstance(pair.value, str))
    values = dictionary.literal_ids(
        sql, (pair.value for pair in pairs if isinstance(pair.value, Literal))
    )

    def number(value: str | Literal) -> int:
        return values[value] if isinstance(value, Literal) else entities[value]

    return [
        (
            0.0 if _DEPRECATED in item.qualifiers else item.confidence,
            *(item.span or (None, None)),
            tuple((relations[pair.relation], number(pair.value)) for pair in item.qualifiers),
        )
        for item in items
    ]


Key = tuple[int, int]
"""(id of a triple, id of a source)."""


def _attest(
    writer: Writer, sql: Sql, statements: Sequence[tuple[Key, Details]], lines: Sequence[int]
) -> None:
    """Write statements with details, except those that are current already."""
    current = present_statements(sql, {key for key, _ in statements})
    newest: dict[Key, int] = _newest(sql, {key for key, _ in statements}, writer.revision)
    rows, qualifiers = [], []
    repeated: list[tuple[Row, int]] = []
    for (key, details), line in zip(statements, lines, strict=True):
        if details in current[key]:
            repeated.append((current[key][details], line))
            continue
        seq = newest[key] = newest.get(key, 0) + 1
        current[key][details] = (*key, writer.revision, seq)
        rows.append((*key, writer.revision, seq, line or None, *details[1:3], details[0]))
        qualifiers += [
            (*key, writer.revision, seq, position, *pair)
            for position, pair in enumerate(details[3])
        ]
    columns = "triple_id, source_id, rev_added, seq"
    ids = {key[0] for key, _ in statements}
    doubted = {key[0] for key, details in statements if details[0] == 0}
    sql.insert("triple_source", f"{columns}, line, span_start, span_end, confidence", rows)
    sql.insert("qualifier", f"{columns}, position, relation_id, value_id", qualifiers)
    writer.changed |= bool(rows)
    writer.note_restated([item for item in repeated if item[0][2] < writer.revision])
    if rows:
        liveness.reconcile(sql, sorted(doubted | _wrong_triples(sql, ids)), writer.revision)


def _wrong_triples(sql: Sql, ids: Iterable[int]) -> set[int]:
    """The triples that only sources with confidence 0 state."""
    listed, parameter = sql.values(sorted(ids))
    query = f"SELECT id FROM triple WHERE id IN {listed} AND rev_removed = {DOUBTED}"
    return {number for (number,) in sql.all(query, (parameter,))}


def present_statements(sql: Sql, keys: Iterable[Key]) -> dict[Key, dict[Details, Row]]:
    """The current statements of (triple, source) pairs: their details, and their row."""
    listed, parameter = sql.values(sorted({key[0] for key in keys}))
    query = (
        "SELECT s.triple_id, s.source_id, s.rev_added, s.seq, s.confidence, s.span_start,"
        " s.span_end, q.relation_id, q.value_id FROM triple_source s"
        " LEFT JOIN qualifier q ON q.triple_id = s.triple_id AND q.source_id = s.source_id"
        " AND q.rev_added = s.rev_added AND q.seq = s.seq"
        f" WHERE s.triple_id IN {listed} AND s.rev_removed IS NULL ORDER BY q.position"
    )
    details_of: dict[Row, Details] = {}
    for row in sql.all(query, (parameter,)):
        before = details_of.get(row[:4], (*row[4:7], ()))
        pairs = before[3] if row[7] is None else (*before[3], (row[7], row[8]))
        details_of[row[:4]] = (*before[:3], pairs)
    current: dict[Key, dict[Details, Row]] = defaultdict(dict)
    for row, details in details_of.items():
        current[row[0], row[1]][details] = row
    return current


def _newest(sql: Sql, keys: Iterable[Key], revision: int) -> dict[Key, int]:
    """The highest ``seq`` of each (triple, source) in this revision."""
    listed, parameter = sql.values(sorted({key[0] for key in keys}))
    query = (
        "SELECT triple_id, source_id, max(seq) FROM triple_source"
        f" WHERE triple_id IN {listed} AND rev_added = ? GROUP BY triple_id, source_id"
    )
    return {(row[0], row[1]): int(row[2]) for row in sql.all(query, (parameter, revision))}
