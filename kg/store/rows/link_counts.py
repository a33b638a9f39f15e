"""Counts per source how often texts use a name for an entity, stored as qualifiers of the name."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from kg.store.rows import dictionary
from kg.store.rows.schema import FIRST_RELATION
from kg.types import Attribute, LinkCount, Literal, Qualifier, Statement
from kg.vocabulary import ALIAS, LINKED, NAMES, SEEN, UNDERSTOOD, XSD

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from kg.sql.cursor import Sql

_NAMES = ", ".join(str(UNDERSTOOD.index(name) + 1) for name in NAMES)
_INTEGER = f"{XSD}integer"
MAX_DIGITS = 10
"""The maximum number of digits of a count, because a file may contain any text in its place."""


class _SourceName(NamedTuple):
    """A name of an entity, as a source states it."""

    source: str
    key: str
    name: str


def counts(sql: Sql, keys: Collection[str] | None = None) -> dict[tuple[str, str], tuple[int, int]]:
    """For each (key, name), how often texts linked the name to the entity, and how often it occurs.

    The counts are summed over all sources.
    """
    linked: Counter[tuple[str, str]] = Counter()
    seen: Counter[tuple[str, str]] = Counter()
    for name, (links, occurrences) in _by_source(sql, keys).items():
        linked[name.key, name.name] += links
        seen[name.key, name.name] += occurrences
    return {pair: (linked[pair], seen[pair]) for pair in seen}


def _by_source(sql: Sql, keys: Collection[str] | None) -> dict[_SourceName, tuple[int, int]]:
    """The newest totals of each source, which are the highest because totals only increase."""
    where, parameters = "", []
    if keys is not None:
        ids = sorted(dictionary.ids_of(sql, "entity", list(keys)).values())
        if not ids:
            return {}
        listed, parameter = sql.values(ids)
        where, parameters = f" AND x.head_id IN {listed}", [parameter]
    query = (
        "SELECT c.name, e.key, n.value, p.key, v.value FROM qualifier q"
        " JOIN relation p ON p.id = q.relation_id JOIN literal v ON v.id = q.value_id"
        " JOIN triple_source s ON s.triple_id = q.triple_id AND s.source_id = q.source_id"
        " AND s.rev_added = q.rev_added AND s.seq = q.seq AND s.rev_removed IS NULL"
        " JOIN triple x ON x.id = q.triple_id JOIN entity e ON e.id = x.head_id"
        " JOIN literal n ON n.id = x.tail_id JOIN source c ON c.id = q.source_id"
        f" WHERE p.key IN (?, ?) AND x.relation_id IN ({_NAMES}){where}"
    )
    totals: dict[_SourceName, tuple[int, int]] = {}
    for source, key, name, relation, value in sql.stream(query, (LINKED, SEEN, *parameters)):
        count = int(value) if value.isdecimal() and len(value) < MAX_DIGITS else 0
        source_name = _SourceName(source, key, name)
        linked, seen = totals.get(source_name, (0, 0))
        totals[source_name] = (
            (max(linked, count), seen) if relation == LINKED else (linked, max(seen, count))
        )
    return totals


def statements(sql: Sql, source: str, new: Sequence[LinkCount]) -> Iterator[Statement]:
    """The statements of a source's new totals: its previous counts plus ``new``."""
    before = _by_source(sql, {item.entity for item in new})
    labels = _labels(sql, {item.entity for item in new})
    for item in new:
        linked, seen = before.get(_SourceName(source, item.entity, item.name), (0, 0))
        pairs = ((LINKED, linked + item.linked), (SEEN, seen + item.seen))
        yield Statement(
            Attribute(
                item.entity,
                labels.get((item.entity, item.name), ALIAS),
                Literal(item.name),
            ),
            qualifiers=tuple(Qualifier(name, Literal(str(n), _INTEGER)) for name, n in pairs),
        )


def _labels(sql: Sql, keys: Collection[str]) -> dict[tuple[str, str], str]:
    """The relation by which an entity has each name, so that a label is not added as an alias."""
    ids = sorted(dictionary.ids_of(sql, "entity", list(keys)).values())
    if not ids:
        return {}
    listed, parameter = sql.values(ids)
    query = (
        "SELECT e.key, n.value, r.key FROM triple x JOIN entity e ON e.id = x.head_id"
        " JOIN literal n ON n.id = x.tail_id JOIN relation r ON r.id = x.relation_id"
        f" WHERE x.relation_id IN ({_NAMES}) AND x.relation_id < {FIRST_RELATION}"
        f" AND n.datatype = '' AND n.language = '' AND x.rev_removed = 0 AND x.head_id IN {listed}"
        " ORDER BY x.relation_id DESC"
    )
    return {(key, name): relation for key, name, relation in sql.all(query, (parameter,))}
