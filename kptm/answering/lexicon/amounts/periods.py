"""Finds times in a question, as periods of ISO 8601."""

from __future__ import annotations

import calendar
import datetime as dt
import re
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from kg.programs import Period

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from kptm.answering.lexicon.amounts.question_numbers import NumberMention
    from kptm.answering.lexicon.spelling.splitting import Token
    from kptm.answering.lexicon.tables import TimeTables

_YEAR = re.compile(r"[12]\d{3}")
_OLD = re.compile(r"[1-9]\d{0,3}")
_DECADE = re.compile(r"((?:[12]\d)?\d0)(.*)")
_DAY = re.compile(r"(?:0?[1-9]|[12]\d|3[01])")
_DOTTED = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})")
_ROMAN = re.compile(r"(x{0,2})(ix|iv|v?i{0,3})(.*)")
_ROMANS = {"i": 1, "v": 5, "x": 10}


class Time(NamedTuple):
    """A period at tokens ``start`` to ``end``: a moment, alone or with a word such as "since"."""

    start: int
    end: int
    period: Period
    moment: bool = False


class Moment(NamedTuple):
    """The first and the last day or year of a moment, as numbers: (1995,) or (1995, 7, 4)."""

    first: tuple[int, ...]
    last: tuple[int, ...]


def times(
    tokens: Sequence[Token],
    keys: Sequence[str],
    numbers: Sequence[NumberMention],
    tables: TimeTables,
    year: int | None = None,
    is_known: Callable[[str], bool] = lambda day: False,
) -> list[Time]:
    """All times of a question: moments ("2000"), and moments with other words ("since 2000").

    Args:
        tokens: The tokens of the question.
        keys: The keys of the tokens.
        numbers: The numbers among the tokens.
        tables: The tables of the language.
        year: The year of dates without one; None if they are not to be found.
        is_known: Whether a day (ISO 8601) is a value of the graph. It decides between 4 July and
            7 April for "04/07/1995".
    """
    if not (
        year
        or any(key[:1].isdecimal() for key in keys)
        or any(item.ordinal for item in numbers)
        or not tables.centuries.isdisjoint(keys)
        or not tables.decades.keys().isdisjoint(keys)
    ):
        return []  # most questions have no time
    reader = _Slots(tokens, keys, numbers, tables, is_known)
    moments: dict[int, list[tuple[int, Moment]]] = {}
    reach = 0
    for at, key in enumerate(keys):
        if key in tables.openers or key[:1].isdecimal() or at in reader.ranks or tables.roman:
            moments_here = list(_moments(reader, keys, at, year))
            longest = max((end for end, _ in moments_here), default=0)
            if longest > reach:  # parts of a date are not separate times
                moments[at] = [item for item in moments_here if item[0] == longest]
                reach = longest
    if not moments:
        return []
    result = [
        Time(at, end, _period("in", [moment]), moment=True)
        for at, moments_at in moments.items()
        for end, moment in moments_at
    ]

    def read(name: str, at: int) -> list[tuple[int, object]]:
        return list(moments.get(at, ())) if name == "moment" else []

    for at in range(len(keys)):
        for hit in tables.phrases.find(keys, at, read):
            values = [value for _, value in hit.slots if isinstance(value, Moment)]
            if values[0].first <= values[-1].last:
                result.append(Time(at, hit.end, _period(hit.item, values)))
    return [item for item in dict.fromkeys(result) if item.moment or not _is_within(item, result)]


def names_month(keys: Sequence[str], times_found: Sequence[Time], tables: TimeTables) -> bool:
    """Whether a question names a month that is part of no time, because its year is missing."""
    return any(
        key in tables.months and not any(time.start <= at < time.end for time in times_found)
        for at, key in enumerate(keys)
    )


def _is_within(item: Time, others: Sequence[Time]) -> bool:
    """Whether a time is part of a longer one, as "de 1995" is part of "antes de 1995"."""
    length = item.end - item.start
    return any(
        other.start <= item.start and item.end <= other.end and other.end - other.start > length
        for other in others
    )


class _Slots:
    """Reads the parts of a date at a position."""

    def __init__(
        self,
        tokens: Sequence[Token],
        keys: Sequence[str],
        numbers: Sequence[NumberMention],
        tables: TimeTables,
        is_known: Callable[[str], bool],
    ) -> None:
        self.is_known = is_known
        self.tokens = tokens
        self.keys = keys
        self.ranks = {item.start: item for item in numbers if item.number in range(1, 32)}
        self.tables = tables

    def __call__(self, name: str, at: int) -> list[tuple[int, object]]:
        """The values of a slot at a position, as (position after it, value)."""
        if at >= len(self.keys):
            return []
        key = self.keys[at]
        if name == "month":
            return self._month(at)
        if name == "rank":
            return self._rank(key, at)
        if name == "day":
            return self._day(key, at)
        if name == "decade" and key in self.tables.decades:
            return [(at + 1, self.tables.decades[key])]
        if not key[:1].isdecimal():
            return []
        if name == "year":
            return [(at + 1, int(key))] if _YEAR.fullmatch(key) else []
        if name == "old":
            return [(at + 1, int(key))] if _OLD.fullmatch(key) else []
        return self._decade(key, at) if name == "decade" else self._iso(key, at)

    def _day(self, key: str, at: int) -> list[tuple[int, object]]:
        if _DAY.fullmatch(key):
            return [(at + 1, int(key))]
        rank = self.ranks.get(at)
        return [(rank.end, int(rank.number))] if rank and 1 <= rank.number <= 31 else []

    def _month(self, at: int) -> list[tuple[int, object]]:
        """The number of a month whose name has one to three words."""
        ends = range(at + 1, min(at + 3, len(self.keys)) + 1)
        names = ((end, " ".join(self.keys[at:end])) for end in ends)
        months = self.tables.months
        return [(end, months[name]) for end, name in names if name in months]

    def _rank(self, key: str, at: int) -> list[tuple[int, object]]:
        """The rank of a century: "19th", "19", or in Roman numerals "XIX"."""
        rank = self.ranks.get(at)
        if rank is not None:
            return [(rank.end, int(rank.number))] if 1 <= rank.number <= 30 else []
        if key.isdecimal() and 1 <= len(key) <= 2 and key.strip("0"):
            return [(at + 1, int(key))]
        match = _ROMAN.fullmatch(key) if self.tables.roman else None
        if match is None or match[3] not in _ROMAN_ENDINGS or not match[1] + match[2]:
            return []
        return [(at + 1, _roman(match[1] + match[2]))]

    def _decade(self, key: str, at: int) -> list[tuple[int, object]]:
        """The first year of a decade in digits: "1990s", "90s"."""
        match = _DECADE.fullmatch(key)
        if match is None or (match[2] and match[2] not in self.tables.decade_suffixes):
            return []
        if not match[2] and "" not in self.tables.decade_suffixes:
            return []
        year = int(match[1])
        return [(at + 1, year + 1900 if year < 100 else year)]

    def _iso(self, key: str, at: int) -> list[tuple[int, object]]:
        """A day in digits: "4.7.1995" is one token, "1995-07-04" and "4/7/1995" are three.

        Some write the month first. If "4/7/1995" may be two days, it is the one that the graph has.
        """
        if dotted := _DOTTED.fullmatch(key):
            day, month, year = map(int, dotted.groups())
            return [(at + 1, (year, month, day))]
        parts = self.tokens[at : at + 3]
        digits = [part.folded for part in parts]
        joined = all(after.start == before.end + 1 for before, after in pairwise(parts))
        if len(parts) < 3 or not joined or not all(text.isdecimal() for text in digits):
            return []
        first, second, third = map(int, digits)
        if _YEAR.fullmatch(key) and all(len(text) == 2 for text in digits[1:]):
            return [(at + 3, (first, second, third))]
        if not _YEAR.fullmatch(digits[2]) or not all(_DAY.fullmatch(text) for text in digits[:2]):
            return []
        days = {day for day in ((third, second, first), (third, first, second)) if _is_day(*day)}
        if len(days) > 1:
            days = {day for day in days if self.is_known(iso(day))}
        return [(at + 3, day) for day in days] if len(days) == 1 else []


def _moments(
    reader: _Slots, keys: Sequence[str], at: int, year: int | None
) -> Iterator[tuple[int, Moment]]:
    """Yield (position after it, moment) for each moment that begins at a position."""
    tables = reader.tables
    hits = [(hit, dict(hit.slots)) for hit in tables.moments.find(keys, at, reader)]
    if year is not None:
        hits += [
            (hit, {**dict(hit.slots), "year": year})
            for hit in tables.yearless.find(keys, at, reader)
            if hit.end > at + 1 or keys[at] not in tables.verbs
        ]
    for hit, slots in hits:
        moment = _moment(slots)
        if moment is not None:
            yield hit.end, moment


def _moment(slots: dict[str, object]) -> Moment | None:
    """The moment from the values of a phrase's slots; None if there is no such date."""
    values = {name: value for name, value in slots.items() if isinstance(value, int)}
    if "old" in values:
        year = 1 - values["old"]  # ISO 8601 has a year 0, which is 1 BC
        return Moment((year,), (year,))
    if "decade" in values:
        return Moment((values["decade"],), (values["decade"] + 9,))
    if "rank" in values:
        last = values["rank"] * 100
        return Moment((last - 99,), (last,))
    iso = slots.get("iso")
    day = iso if isinstance(iso, tuple) else _date(values)
    if len(day) == 3:
        return Moment(day, day) if _is_day(*day) else None
    if len(day) == 2:
        return Moment((*day, 1), (*day, calendar.monthrange(*day)[1]))
    return Moment(day, day) if day else None


def _date(values: dict[str, int]) -> tuple[int, ...]:
    return tuple(values[name] for name in ("year", "month", "day") if name in values)


def _is_day(year: int, month: int, day: int) -> bool:
    return (
        1 <= month <= 12 and 1 <= year <= 9999 and 1 <= day <= calendar.monthrange(year, month)[1]
    )


def _period(relation: str, moments: Sequence[Moment]) -> Period:
    """The period that a word such as "since" makes of one moment, or "between" of two."""
    first, last = moments[0].first, moments[-1].last
    if relation == "since":
        return Period(iso(first), "")
    if relation == "until":
        return Period("", iso(last))
    if relation == "before":
        return Period("", iso(_shift_date(first, -1)))
    if relation == "after":
        return Period(iso(_shift_date(last, 1)), "")
    return Period(iso(first), iso(last))


def _shift_date(moment: tuple[int, ...], step: int) -> tuple[int, ...]:
    """The day that is ``step`` days later, or the year that is ``step`` years later."""
    if len(moment) == 1:
        return (moment[0] + step,)
    try:
        day = dt.date(*moment) + dt.timedelta(days=step)
    except OverflowError:  # beyond the range of datetime.date
        return moment
    return day.year, day.month, day.day


def iso(moment: tuple[int, ...]) -> str:
    """A year or a day in ISO 8601."""
    year = f"{'-' if moment[0] < 0 else ''}{abs(moment[0]):04d}"
    return "-".join([year, *(f"{part:02d}" for part in moment[1:])])


def _roman(letters: str) -> int:
    values = [_ROMANS[letter] for letter in letters]
    return sum(
        -value if value < after else value
        for value, after in zip(values, [*values[1:], 0], strict=True)
    )


_ROMAN_ENDINGS = frozenset(("", "e", "eme", "o"))
