"""Moves all statements of merged entities to the entities that are kept.

In one revision, each statement of a source ends and begins again about the kept entity, with its
line, span, confidence and qualifiers. Undoing the revision (``kg/store/write/undo.py``) restores
both entities.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from kg.store.merging.merged_keys import merged_key
from kg.store.read.triples import newest
from kg.store.rows import dictionary, name_index, quantity_rows
from kg.store.rows.schema import FIRST_RELATION
from kg.store.write import liveness
from kg.store.write.statements import Details, present_statements
from kg.types import Literal, readable_label
from kg.vocabulary import ALIAS, DESCRIPTIONS, LABELS, PRIOR, SAME_AS, UNDERSTOOD

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from kg.sql.cursor import Sql

_COLUMNS = (
    "s.triple_id, s.source_id, s.rev_added, s.seq, s.line, s.span_start, s.span_end, s.confidence,"
    " x.head_id, x.relation_id, x.tail_id"
)
_LABELS, _DESCRIPTIONS = (
    frozenset(UNDERSTOOD.index(name) + 1 for name in names) for names in (LABELS, DESCRIPTIONS)
)
_ALIAS, _PRIOR = (UNDERSTOOD.index(name) + 1 for name in (ALIAS, PRIOR))

Key = tuple[int, int, int]
"""Head, relation and tail of a triple, as ids."""


class _Row(NamedTuple):
    triple: int
    source: int
    revision: int
    seq: int
    line: int | None
    start: int | None
    end: int | None
    confidence: float | None
    head: int
    relation: int
    tail: int


class _Moved(NamedTuple):
    row: _Row
    key: Key
    details: Details


def merge(sql: Sql, revision: int, pairs: Mapping[int, int], *, source: int) -> int:
    """Move the statements of merged entities in a revision; return the number moved.

    Args:
        sql: A writing transaction.
        revision: The number of the revision.
        pairs: Maps the id of each merged entity to the id of the entity that is kept.
        source: The id of the source that states the merge.
    """
    rows = list(dict.fromkeys(_rows(sql, sorted(pairs))))
    qualifiers = _qualifiers(sql, rows)
    relation = _relation(sql)
    keys = _keys(sql, sorted(pairs))
    literals = dictionary.literal_ids(sql, (merged_key(key) for key in keys.values()))
    moved = list(_as_moved(sql, rows, pairs, qualifiers))
    own = _names_of_keys(sql, pairs, keys)
    sql.many(
        "UPDATE triple_source SET rev_removed = ?"
        " WHERE triple_id = ? AND source_id = ? AND rev_added = ? AND seq = ?",
        [(revision, *row[:4]) for row in rows],
    )
    liveness.reconcile_retracted(sql, revision)
    plain: list[tuple[Key, int]] = [
        ((kept, relation, literals[merged_key(keys[gone])]), source)
        for gone, kept in sorted(pairs.items())
    ]
    plain += [(key, source) for key in own]
    _state(sql, revision, moved, plain)
    return len(rows)


def _rows(sql: Sql, gone: Sequence[int]) -> Iterator[_Row]:
    """The statements that name a merged entity, as head, tail or value of a qualifier."""
    listed, parameter = sql.values(gone)
    for end in ("head_id", "tail_id"):
        query = (
            f"SELECT {_COLUMNS} FROM triple x JOIN triple_source s ON s.triple_id = x.id"
            f" WHERE x.{end} IN {listed} AND s.rev_removed IS NULL ORDER BY x.id, s.source_id"
        )
        yield from map(_Row._make, sql.all(query, (parameter,)))
    query = (
        f"SELECT {_COLUMNS} FROM qualifier q JOIN triple_source s ON s.triple_id = q.triple_id"
        " AND s.source_id = q.source_id AND s.rev_added = q.rev_added AND s.seq = q.seq"
        f" JOIN triple x ON x.id = s.triple_id WHERE q.value_id IN {listed}"
        " AND s.rev_removed IS NULL ORDER BY x.id, s.source_id"
    )
    yield from map(_Row._make, sql.all(query, (parameter,)))


def _qualifiers(
    sql: Sql, rows: Sequence[_Row]
) -> dict[tuple[int, int, int, int], tuple[tuple[int, int], ...]]:
    listed, parameter = sql.values(sorted({row.triple for row in rows if row.seq}))
    query = (
        "SELECT triple_id, source_id, rev_added, seq, relation_id, value_id FROM qualifier"
        f" WHERE triple_id IN {listed} ORDER BY position"
    )
    by_statement: dict[tuple[int, int, int, int], list[tuple[int, int]]] = defaultdict(list)
    for row in sql.all(query, (parameter,)):
        by_statement[row[0], row[1], row[2], row[3]].append((row[4], row[5]))
    return {key: tuple(pairs) for key, pairs in by_statement.items()}


def _as_moved(
    sql: Sql,
    rows: Sequence[_Row],
    pairs: Mapping[int, int],
    qualifiers: Mapping[tuple[int, int, int, int], tuple[tuple[int, int], ...]],
) -> Iterator[_Moved]:
    """The statements that begin about the kept entities, without those that are left out."""
    single = _Single(sql, pairs)
    for row in rows:
        head, tail = pairs.get(row.head, row.head), pairs.get(row.tail, row.tail)
        kind: int | None = row.relation
        if row.head in pairs:
            kind = single.relation(row, head)
        if kind is not None:
            pairs_of = qualifiers.get(row[:4], ())
            values = tuple((name, pairs.get(value, value)) for name, value in pairs_of)
            details: Details = (row.confidence, row.start, row.end, values)
            yield _Moved(row, (head, kind, tail), details)


class _Single:
    """Decides what becomes of the labels, descriptions and priors of merged entities.

    An entity has one of each in a language: a label becomes an alias, and a description or prior is
    left out, if the kept entity has one.
    """

    def __init__(self, sql: Sql, pairs: Mapping[int, int]) -> None:
        listed, parameter = sql.values(sorted({*pairs, *pairs.values()}))
        query = (
            "SELECT x.head_id, x.relation_id, l.language, x.tail_id FROM triple x"
            f" JOIN literal l ON l.id = x.tail_id WHERE x.head_id IN {listed}"
            f" AND x.relation_id <= {len(UNDERSTOOD)} AND x.rev_removed = 0"
        )
        self._language: dict[int, str] = {}
        self._has: set[tuple[int, int, str]] = set()
        self._by: dict[tuple[int, int, str], int] = {}
        for head, relation, language, tail in sql.all(query, (parameter,)):
            self._language[tail] = language
            if head not in pairs:
                self._has.add((head, _slot(relation), language))
        for kept in {*pairs.values()}:
            if not _is_catalogue(sql, kept):
                self._has.add((kept, _slot(min(_LABELS)), ""))

    def relation(self, row: _Row, kept: int) -> int | None:
        """The relation of the statement about the kept entity; None if it is left out."""
        slot = _slot(row.relation)
        if not slot:
            return row.relation
        key = (kept, slot, self._language.get(row.tail, ""))
        first = self._by.setdefault(key, row.head)
        if key not in self._has and first == row.head:
            return row.relation
        return _ALIAS if row.relation in _LABELS else None


def _slot(relation: int) -> int:
    """A relation for all those of which an entity has one value in each language; 0 for others."""
    if relation in _LABELS:
        return min(_LABELS)
    if relation in _DESCRIPTIONS:
        return min(_DESCRIPTIONS)
    return _PRIOR if relation == _PRIOR else 0


def _is_catalogue(sql: Sql, number: int) -> bool:
    """Whether the key of an entity is a catalogue number, which is no name."""
    key = str(sql.one("SELECT key FROM entity WHERE id = ?", (number,)))
    return name_index.is_catalogue_number(key) is not None


def _names_of_keys(sql: Sql, pairs: Mapping[int, int], keys: Mapping[int, str]) -> list[Key]:
    """Aliases of the kept entities from keys that are names, of merged entities without a label."""
    labels = ", ".join(map(str, sorted(_LABELS)))
    listed, parameter = sql.values(sorted(pairs))
    query = (
        f"SELECT DISTINCT head_id FROM triple WHERE head_id IN {listed}"
        f" AND relation_id IN ({labels}) AND rev_removed = 0"
    )
    labelled = {int(row[0]) for row in sql.all(query, (parameter,))}
    names = {
        gone: Literal(readable_label(key))
        for gone, key in sorted(keys.items())
        if gone not in labelled and not name_index.is_catalogue_number(key)
    }
    ids = dictionary.literal_ids(sql, names.values())
    name_index.add_names(sql, ((ids[name], name.value) for name in names.values()))
    return [(pairs[gone], _ALIAS, ids[name]) for gone, name in names.items()]


def _state(
    sql: Sql, revision: int, moved: Sequence[_Moved], plain: Sequence[tuple[Key, int]]
) -> None:
    """Begin the statements of sources again, each once."""
    keys = list(dict.fromkeys([*(item.key for item in moved), *(key for key, _ in plain)]))
    ids = _triples(sql, revision, keys)
    targets = {(ids[item.key], item.row.source) for item in moved}
    targets |= {(ids[key], source) for key, source in plain}
    known = present_statements(sql, targets)
    seqs: dict[tuple[int, int], int] = defaultdict(int)
    rows, qualifiers = [], []
    stated = [
        *((item.key, item.row.source, item.row.line, item.details) for item in moved),
        *((key, source, None, _NOTHING) for key, source in plain),
    ]
    for key, source, line, details in stated:
        target = (ids[key], source)
        if details in known[target]:
            continue
        seq = 0
        if details != _NOTHING:
            seq = seqs[target] = seqs[target] + 1
        known[target][details] = (*target, revision, seq)
        rows.append((*target, revision, seq, line, *details[1:3], details[0]))
        qualifiers += [
            (*target, revision, seq, position, *pair) for position, pair in enumerate(details[3])
        ]
    columns = "triple_id, source_id, rev_added, seq"
    sql.insert("triple_source", f"{columns}, line, span_start, span_end, confidence", sorted(rows))
    sql.insert("qualifier", f"{columns}, position, relation_id, value_id", sorted(qualifiers))
    liveness.reconcile_added(sql, revision)


_NOTHING: Details = (None, None, None, ())


def _triples(sql: Sql, revision: int, keys: Sequence[Key]) -> dict[Key, int]:
    """The ids of triples; new triples get one."""
    listed, parameter = sql.values(sorted({key[0] for key in keys}))
    query = f"SELECT head_id, relation_id, tail_id, id FROM triple WHERE head_id IN {listed}"
    wanted = set(keys)
    existing = {
        key: int(row[3]) for row in sql.all(query, (parameter,)) if (key := row[:3]) in wanted
    }
    last = newest(sql)
    fresh = [key for key in keys if key not in existing]
    new_ids = {key: last + i for i, key in enumerate(fresh, 1)}
    rows = [(number, *key, revision, 0) for key, number in new_ids.items()]
    sql.insert("triple", "id, head_id, relation_id, tail_id, rev_added, rev_removed", rows)
    quantity_rows.add_measures(sql, last)
    return {**existing, **new_ids}


def _relation(sql: Sql) -> int:
    """The id of ``owl:sameAs``, which becomes a relation of the graph."""
    from kg.store.write.load_keys import Keys  # imports NumPy

    return Keys(sql, "relation", FIRST_RELATION).ids({SAME_AS: None})[0][SAME_AS]


def _keys(sql: Sql, ids: Sequence[int]) -> dict[int, str]:
    listed, parameter = sql.values(list(ids))
    return dict(sql.all(f"SELECT id, key FROM entity WHERE id IN {listed}", (parameter,)))
