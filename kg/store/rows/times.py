"""The times of facts, from their qualifiers for start, end and point in time."""

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
from kg.values.base_quantities import DATE, quantity, year
from kg.values.value_forms import parse
from kg.vocabulary import LABELS

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from kg.sql.cursor import Sql
    from kg.types import TimeNames

_ALWAYS = Fraction(10) ** 15
"""Seconds of thirty million years, for an open start or end."""


class Moments(NamedTuple):
    """The first and the last second of a period."""

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
    """The qualifier relations with one of some names: their ids, with "start", "end" or "point"."""
    roles = {name.casefold(): role for role, of_role in names._asdict().items() for name in of_role}
    role_of: dict[int, str] = {}
    for number, key in sql.all("SELECT id, key FROM relation"):
        last = re.split("[/#]", key)[-1]
        readable = last.replace("_", " ").casefold()
        role = roles.get(key.casefold()) or roles.get(last.casefold()) or roles.get(readable)
        if role is not None:
            role_of[int(number)] = role
    all_names = [name for of_role in names for name in of_role]
    for number, name in _relations_of_labels(sql, all_names, at):
        role_of.setdefault(number, roles[name.casefold()])
    used = "SELECT 1 FROM qualifier WHERE relation_id = ? LIMIT 1"
    return {
        number: role for number, role in role_of.items() if sql.one(used, (number,)) is not None
    }


def _relations_of_labels(sql: Sql, names: Sequence[str], at: int | None) -> list[tuple[int, str]]:
    """The ids of relations with one of the labels, in English or without a language."""
    literals = [Literal(name, language=language) for name in names for language in ("", "en")]
    ids = {number: item.value for item, number in known_literals(sql, literals).items()}
    labels = ids_of(sql, "relation", LABELS)
    if not ids or not labels:
        return []
    tails, parameter = sql.values(sorted(ids))
    label_ids = ", ".join(f"{number:d}" for number in sorted(labels.values()))
    rows = sql.all(
        "SELECT r.id, x.tail_id FROM triple x JOIN entity e ON e.id = x.head_id"
        " JOIN relation r ON r.key = e.key"
        f" WHERE x.tail_id IN {tails} AND x.relation_id IN ({label_ids}) AND {alive(at)}"
        " ORDER BY r.id",
        (parameter,),
    )
    return [(int(number), ids[tail]) for number, tail in rows]


def times(
    sql: Sql, triples: Collection[int], roles: Mapping[int, str], at: int | None
) -> dict[int, list[Moments | None]]:
    """The period of each statement of each triple; None for a statement without a time."""
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
        qualifiers = statements[tuple(statement)]
        when = None if value is None else _moments(Literal(value, datatype, language, unit))
        if when is not None:
            qualifiers.append((roles[relation], when))
    periods: dict[int, list[Moments | None]] = defaultdict(list)
    for (triple, *_), qualifiers in statements.items():
        periods[triple].append(_period(qualifiers))
    return dict(periods)


def _moments(value: Literal) -> Moments | None:
    size = quantity(value)
    if size is not None and size.dimension != DATE:
        dated = year(value)
        size = None if dated is None else quantity(dated)
    return None if size is None else Moments(size.low, size.high)


def _period(qualifiers: Sequence[tuple[str, Moments]]) -> Moments | None:
    """The period of a statement from its qualifiers; None if there are none."""
    if not qualifiers:
        return None
    starts = [when.low for role, when in qualifiers if role in ("start", "point")]
    ends = [when.high for role, when in qualifiers if role in ("end", "point")]
    return Moments(min(starts, default=-_ALWAYS), max(ends, default=_ALWAYS))


def hold(when: Sequence[Moments | None], period: Moments) -> int | None:
    """Rank a fact by its times: 0 if a source dates it into a period, 1 if a source gives no date.

    None if all sources date it outside the period.
    """
    if any(item is not None and item.meets(period) for item in when):
        return 0
    return 1 if not when or None in when else None


def now() -> Moments:
    """Today."""
    return _day(datetime.now(UTC).date().isoformat())


@lru_cache(maxsize=1)
def _day(text: str) -> Moments:
    day = moments(text, start=True)
    if day is None:
        raise ValueError(text)
    return day


def currency(when: Sequence[Moments | None], today: Moments) -> tuple[int, Fraction]:
    """The sort key of a fact: facts that hold today, undated ones, past ones by latest end, future.

    Future facts are sorted by their start.
    """
    dated = [item for item in when if item is not None]
    if any(item.meets(today) for item in dated):
        return 0, Fraction(0)
    if len(dated) < len(when) or not dated:
        return 1, Fraction(0)
    over = [item.high for item in dated if item.high < today.low]
    return (2, -max(over)) if over else (3, min(item.low for item in dated))
