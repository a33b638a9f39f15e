"""When facts hold: the qualifiers for start, end and point in time of what sources state."""

from __future__ import annotations

import re
from collections import defaultdict
from datetime import UTC, datetime
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from kg.store.read.triples import CERTAIN, alive, source_condition
from kg.store.rows.dictionary import ids_of, known_literals
from kg.types import Literal
from kg.values.forms import parse
from kg.values.quantities import DATE, quantity, year
from kg.vocabulary import LABELS

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from kg.sql.cursor import Sql
    from kg.types import TimeNames

_ALWAYS = Fraction(10) ** 15
"""Seconds: thirty million years before and after."""


class Moments(NamedTuple):
    """The first and the last second of a time."""

    low: Fraction
    high: Fraction

    def meets(self, other: Moments) -> bool:
        """Whether the two have a moment in common."""
        return self.low <= other.high and other.low <= self.high


def moments(text: str, *, start: bool) -> Moments | None:
    """The seconds of an ISO 8601 date or year; "" is an open start or end; None for other text."""
    if not text:
        return Moments(-_ALWAYS, -_ALWAYS) if start else Moments(_ALWAYS, _ALWAYS)
    value = parse(text, "date")
    size = None if value is None else quantity(value)
    return None if size is None else Moments(size.low, size.high)


def time_relations(sql: Sql, names: TimeNames, at: int | None) -> dict[int, str]:
    """Relations so called that qualify facts: their ids with "start", "end" or "point"."""
    roles = {name.casefold(): role for role, given in names._asdict().items() for name in given}
    found: dict[int, str] = {}
    for number, key in sql.all("SELECT id, key FROM relation"):
        last = re.split("[/#]", key)[-1]
        readable = last.replace("_", " ").casefold()
        role = roles.get(key.casefold()) or roles.get(last.casefold()) or roles.get(readable)
        if role is not None:
            found[int(number)] = role
    for number, name in _relations_of_labels(sql, [name for given in names for name in given], at):
        found.setdefault(number, roles[name.casefold()])
    used = "SELECT 1 FROM qualifier WHERE relation_id = ? LIMIT 1"
    return {number: role for number, role in found.items() if sql.one(used, (number,)) is not None}


def _relations_of_labels(sql: Sql, names: Sequence[str], at: int | None) -> list[tuple[int, str]]:
    """The ids of relations with one of the labels, in any language that English is stated in."""
    literals = [Literal(name, language=language) for name in names for language in ("", "en")]
    ids = {number: item.value for item, number in known_literals(sql, literals).items()}
    labels = ids_of(sql, "relation", LABELS)
    if not ids or not labels:
        return []
    tails, parameter = sql.values(sorted(ids))
    given = ", ".join(f"{number:d}" for number in sorted(labels.values()))
    rows = sql.all(
        "SELECT r.id, x.tail_id FROM triple x JOIN entity e ON e.id = x.head_id"
        " JOIN relation r ON r.key = e.key"
        f" WHERE x.tail_id IN {tails} AND x.relation_id IN ({given}) AND {alive(at)} ORDER BY r.id",
        (parameter,),
    )
    return [(int(number), ids[tail]) for number, tail in rows]


def times(
    sql: Sql, triples: Collection[int], roles: Mapping[int, str], at: int | None
) -> dict[int, list[Moments | None]]:
    """When the sources say that each triple holds, one a statement.

    None if it does not say when.
    """
    if not roles or not triples:
        return {}
    listed, parameter = sql.values(sorted(triples))
    relations = ", ".join(f"{number:d}" for number in sorted(roles))
    rows = sql.all(
        "SELECT s.triple_id, s.source_id, s.rev_added, s.seq, q.relation_id, l.value, l.datatype,"
        " l.language, l.unit"
        " FROM triple_source s LEFT JOIN qualifier q ON q.triple_id = s.triple_id"
        " AND q.source_id = s.source_id"
        f" AND q.rev_added = s.rev_added AND q.seq = s.seq AND q.relation_id IN ({relations})"
        " LEFT JOIN literal l ON l.id = q.value_id"
        f" WHERE s.triple_id IN {listed} AND {source_condition(at)}"
        f" AND {CERTAIN}",
        (parameter,),
    )
    statements: dict[tuple[int, ...], list[tuple[str, Moments]]] = defaultdict(list)
    for *statement, relation, value, datatype, language, unit in rows:
        said_when = statements[tuple(statement)]
        when = None if value is None else _moments(Literal(value, datatype, language, unit))
        if when is not None:
            said_when.append((roles[relation], when))
    found: dict[int, list[Moments | None]] = defaultdict(list)
    for (triple, *_), parts in statements.items():
        found[triple].append(_together(parts))
    return dict(found)


def _moments(value: Literal) -> Moments | None:
    size = quantity(value)
    if size is not None and size.dimension != DATE:
        dated = year(value)
        size = None if dated is None else quantity(dated)
    return None if size is None else Moments(size.low, size.high)


def _together(parts: Sequence[tuple[str, Moments]]) -> Moments | None:
    """The time of a statement from its qualifiers."""
    if not parts:
        return None
    starts = [when.low for role, when in parts if role in ("start", "point")]
    ends = [when.high for role, when in parts if role in ("end", "point")]
    return Moments(min(starts, default=-_ALWAYS), max(ends, default=_ALWAYS))


def hold(when: Sequence[Moments | None], period: Moments) -> int | None:
    """How a fact holds in a period: 0 if some source says so, 1 if none dates it, else None."""
    if any(item is not None and item.meets(period) for item in when):
        return 0
    return 1 if not when or None in when else None


def now() -> Moments:
    """Today."""
    return _day(datetime.now(UTC).date().isoformat())


@lru_cache(maxsize=1)
def _day(text: str) -> Moments:
    found = moments(text, start=True)
    if found is None:
        raise ValueError(text)
    return found


def currency(when: Sequence[Moments | None], today: Moments) -> tuple[int, Fraction]:
    """The sort key of a fact: first what holds today, then what is undated, then the latest end."""
    dated = [item for item in when if item is not None]
    if any(item.meets(today) for item in dated):
        return 0, Fraction(0)
    if len(dated) < len(when) or not dated:
        return 1, Fraction(0)
    over = [item.high for item in dated if item.high < today.low]
    return (2, -max(over)) if over else (3, min(item.low for item in dated))
