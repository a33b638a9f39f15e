"""Finds numbers in a question: in digits or words, with their units."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kptm.answering.lexicon.spelling.splitting import Token
    from kptm.answering.lexicon.tables import NumberTables

_DIGITS = re.compile(r"([-+]?)(\d[\d.,]*)(\D*)")
_GROUPED = re.compile(r"\d{1,3}(?:[.,]\d{3})+")
_CLOCK = re.compile(r"(\d{1,2}):(\d\d)(?::(\d\d))?")
_MAX_NUMBER = 1e30
"""Numbers from this size on are not read, because they are probably identifiers."""
_UNITS_WITH_ARTICLE = frozenset({"h", "min", "$", "€", "£"})
"""Units of which an article is the number: "an hour" is 1 h, but "goals a year" has no number."""
_BOUNDS = frozenset("least most than over under within".split())
"""Last words of bounds, after which an article is the number of any unit: "at least a year"."""
_CURRENCIES = frozenset("$€£¥₹")


CLOCK, MORNING, AFTERNOON = "clock", "clock am", "clock pm"
"""Units of times of the day, which are in hours: 10.5 for "10:30". "6 pm" is 6 with the unit of the
afternoon.
"""
NOON = 12


class NumberMention(NamedTuple):
    """A number at tokens ``start`` to ``end``; if ``ordinal``, it is a rank."""

    start: int
    end: int
    number: float
    unit: str = ""
    ordinal: bool = False


def clock_time(number: float, unit: str) -> str | None:
    """The time of the day that a number with a unit is, as "18:00:00"; None for other numbers.

    >>> clock_time(6, AFTERNOON), clock_time(10.5, CLOCK), clock_time(6, "km")
    ('18:00:00', '10:30:00', None)
    """
    if unit not in (CLOCK, MORNING, AFTERNOON) or not 0 <= number <= 2 * NOON:
        return None
    seconds = round(number * 3600)
    if unit != CLOCK and number // 1 == NOON:
        seconds -= NOON * 3600
    if unit == AFTERNOON and number < 2 * NOON and seconds < NOON * 3600:
        seconds += NOON * 3600
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def find_numbers(
    tokens: Sequence[Token], keys: Sequence[str], tables: NumberTables
) -> list[NumberMention]:
    """All numbers of a question, each with and without its unit."""
    mentions: list[NumberMention] = []
    at = 0
    while at < len(keys):
        numbers_here = _mark_ranks(_numbers_at(tokens, keys, at, tables), keys, tables)
        if at and keys[at - 1] in tables.minus and not any(item.end == at - 1 for item in mentions):
            numbers_here = [_negative(item) for item in numbers_here]  # but not in "100 minus 20"
        for item in numbers_here:
            mentions += [item, *_with_units(item, keys, tables)]
        at = max((item.end for item in numbers_here), default=at + 1)
    return mentions


def _negative(item: NumberMention) -> NumberMention:
    """A number with the word "minus" before it; a rank has none."""
    return item if item.ordinal else item._replace(start=item.start - 1, number=-item.number)


def _mark_ranks(
    numbers: list[NumberMention], keys: Sequence[str], tables: NumberTables
) -> list[NumberMention]:
    """Turn numbers into ranks if the words beside them show it: "第二", "二番目"."""
    ranked = []
    for item in numbers:
        if item.start and keys[item.start - 1] in tables.ordinal_before:
            item = item._replace(start=item.start - 1, ordinal=True)
        elif after := tables.ordinal_after.find(keys, item.end):
            item = item._replace(end=after[-1].end, ordinal=True)
        ranked.append(item)
    return ranked


def _numbers_at(
    tokens: Sequence[Token], keys: Sequence[str], at: int, tables: NumberTables
) -> list[NumberMention]:
    """The numbers that begin at a position: in digits, in words, or as a rank."""
    unit_alone = _one_unit(keys, at, tables)
    if unit_alone is not None:
        return [unit_alone]
    if hits := tables.clock.find(keys, at):
        return [NumberMention(at, hits[-1].end, hits[-1].item, CLOCK)]
    first = keys[at][:1]
    if first.isdecimal() or first in ("+", "-"):
        return _digits(tokens, keys, at, tables)
    ordinals = [
        NumberMention(at, hit.end, hit.item[1], ordinal=True)
        for hit in tables.words.find(keys, at)
        if hit.item[0] == "ordinal"
    ]
    in_words = _read_number_words(keys, at, tables)
    if in_words is not None and at + 1 < len(keys):
        after = [hit for hit in tables.words.find(keys, in_words.end) if hit.item[0] == "ordinal"]
        if after and in_words.number in range(20, 100, 10) and after[-1].item[1] < 10:
            rank = in_words.number + after[-1].item[1]  # "twenty-third"
            return [NumberMention(at, after[-1].end, rank, ordinal=True)]
    return ordinals + ([] if in_words is None else [in_words])


def _one_unit(keys: Sequence[str], start: int, tables: NumberTables) -> NumberMention | None:
    """A time or price with an article as number: "an hour", "an hour and a half", "a euro"."""
    at, number = start, 1.0
    if keys[at] in tables.halves:
        at, number = at + 1, 0.5
    if at >= len(keys) or keys[at] not in tables.articles:
        return None
    bound = start > 0 and keys[start - 1] in _BOUNDS
    units = [
        hit for hit in tables.units.find(keys, at + 1) if bound or hit.item in _UNITS_WITH_ARTICLE
    ]
    if not units:
        return None
    end = units[-1].end
    rest = keys[end : end + 3]
    half = len(rest) == 3 and rest[0] in tables.joiners and rest[1] in tables.articles
    if half and rest[2] in tables.halves:
        end, number = end + 3, number + 0.5
    return NumberMention(start, end, number, units[-1].item)


def _digits(
    tokens: Sequence[Token], keys: Sequence[str], at: int, tables: NumberTables
) -> list[NumberMention]:
    """The readings of digits: a number, a rank ("2nd"), with a factor ("10k") or a unit ("5km")."""
    if clock := _CLOCK.fullmatch(tokens[at].text):
        hours, minutes, seconds = (int(part or 0) for part in clock.groups())
        return [NumberMention(at, at + 1, hours + minutes / 60 + seconds / 3600, CLOCK)]
    split = _DIGITS.fullmatch(keys[at])
    if split is None:
        return []
    sign, digits, letters = split.groups()
    end = at + 1
    if not letters and not sign and digits.isdecimal() and len(digits) <= 3:
        while end < len(keys) and _is_group(tokens, end):
            digits += keys[end]
            end += 1
    number = value_of(digits, tables)
    if number is None:
        return []
    number = -number if sign == "-" else number
    if letters in tables.ordinal_suffixes and letters:
        return [NumberMention(at, end, number, ordinal=True)]
    mentions = []
    if letters in tables.suffixes:
        mentions.append(NumberMention(at, end, number * tables.suffixes[letters]))
    if letters:
        letters = "" if letters == "s" and len(digits) == 4 else letters  # "1990s"
        units = [hit.item for hit in tables.units.find([letters], 0)]
        return mentions + [NumberMention(at, end, number, unit) for unit in units]
    if (
        tables.ordinal_dot
        and len(digits) <= 2
        and end < len(keys)
        and tokens[end].start == tokens[at].end + 2
    ):
        mentions.append(NumberMention(at, end, number, ordinal=True))
    end, number = _apply_scales(keys, end, number, tables)
    return [*mentions, NumberMention(at, end, number)]


def _is_group(tokens: Sequence[Token], at: int) -> bool:
    """Whether a token is three digits that continue the number before it: "200 000"."""
    text = tokens[at].folded
    return len(text) == 3 and text.isdecimal() and tokens[at].start == tokens[at - 1].end + 1


def value_of(digits: str, tables: NumberTables) -> float | None:
    """The value of digits with points and commas; None if it is no number, or too large a one."""
    digits = digits.rstrip(".,")
    signs = [char for char in digits if char in ".,"]
    if len(set(signs)) == 2:
        grouping = signs[0]
        digits = digits.replace(grouping, "").replace(signs[-1], ".")
    elif signs and _GROUPED.fullmatch(digits) and (len(signs) > 1 or signs[0] in tables.grouping):
        digits = digits.replace(signs[0], "")
    else:
        digits = digits.replace(",", ".")
    if digits.count(".") > 1 or not digits.replace(".", "").isdecimal():
        return None
    number = float(digits)
    return number if number < _MAX_NUMBER else None


def _apply_scales(
    keys: Sequence[str], at: int, number: float, tables: NumberTables
) -> tuple[int, float]:
    """Multiply a number in digits by the scales after it: "200 million".

    Returns:
        The position after the scales, and the number.
    """
    while True:
        scales = [
            hit for hit in tables.words.find(keys, at) if hit.item[0] == "scale" and hit.end > at
        ]
        if not scales or number * scales[-1].item[1] >= _MAX_NUMBER:
            return at, number
        at = scales[-1].end
        number *= scales[-1].item[1]


def _read_number_words(keys: Sequence[str], at: int, tables: NumberTables) -> NumberMention | None:
    """The longest number in words at a position; an article before a scale counts as one."""
    half = _half_of_scale(keys, at, tables)
    if half is not None:
        return half
    number = _Sum(tables)
    start, end = at, at
    before_joiner: NumberMention | None = None
    if keys[at] in tables.articles:
        at += 1
    while at < len(keys):
        if (
            end > start
            and keys[at] in tables.joiners
            and number.takes(_longest(keys, at + 1, tables, number))
        ):
            before_joiner = NumberMention(start, end, number.value)
            at += 1
            number.joined = True
            continue
        step = _longest(keys, at, tables, number)
        if step is None or (at > start and end == start and step[1][0][0] != "scale"):
            break
        if not number.takes(step):
            if before_joiner is not None and step[1][0][0] == "scale":
                return before_joiner  # "between one hundred and two hundred": two numbers
            break
        at = end = step[0]
        for piece in step[1]:
            number.add(*piece)
    return None if end == start else _and_a_half(keys, start, end, number, tables)


def _half_of_scale(keys: Sequence[str], start: int, tables: NumberTables) -> NumberMention | None:
    """Half of a scale: "half a million", "eine halbe Million"."""
    at = start + (keys[start] in tables.articles)
    if at >= len(keys) or keys[at] not in tables.halves:
        return None
    at += 1
    at += at < len(keys) and keys[at] in tables.articles
    scales = [hit for hit in tables.words.find(keys, at) if hit.item[0] == "scale"]
    return NumberMention(start, scales[-1].end, scales[-1].item[1] / 2) if scales else None


def _and_a_half(
    keys: Sequence[str], start: int, end: int, number: _Sum, tables: NumberTables
) -> NumberMention:
    """A number plus half of its last scale: "two and a half million", "dos millones y medio"."""
    at = end + 1
    at += at < len(keys) and keys[at] in tables.articles
    if at < len(keys) and keys[end] in tables.joiners and keys[at] in tables.halves:
        scale = number.scale if number.scale < _MAX_NUMBER and not number.current else 1.0
        end, value = _apply_scales(keys, at + 1, number.value + scale / 2, tables)
        return NumberMention(start, end, value)
    return NumberMention(start, end, number.value)


Step = tuple[int, list[tuple[str, float]]]


def _longest(keys: Sequence[str], at: int, tables: NumberTables, before: _Sum) -> Step | None:
    """The longest number word at a position: (position after it, its parts)."""
    if at >= len(keys):
        return None
    if keys[at] in tables.articles and before.current % 100 >= 20:
        return at + 1, [("word", 1.0)]  # "vingt et un"
    hits = [hit for hit in tables.words.find(keys, at) if hit.item[0] != "ordinal"]
    if hits:
        return hits[-1].end, [hits[-1].item]
    parts = compound(keys[at], tables) if tables.compounds else None
    return None if parts is None else (at + 1, parts)


def compound(word: str, tables: NumberTables) -> list[tuple[str, float]] | None:
    """The parts of a number in one word ("zweihundertfünfzig"); None if it is not one."""
    best: list[list[tuple[str, float]] | None] = [[]] + [None] * len(word)
    for end in range(1, len(word) + 1):
        for start in range(end):
            before, piece = best[start], tables.pieces.get(word[start:end])
            if before is not None and piece is not None:
                shortest = best[end]
                if shortest is None or len(before) + 1 < len(shortest):
                    best[end] = [*before, piece]
    whole = best[-1]
    if not whole or "joiner" in (whole[0][0], whole[-1][0]):
        return None
    return whole


class _Sum:
    """Adds up the words of a number one by one.

    ``current`` is the part that the next large scale multiplies, such as "three hundred" before
    "million". ``done`` is the sum of the parts that have been multiplied. ``scale`` is the last
    large scale.
    """

    def __init__(self, tables: NumberTables) -> None:
        self.tables = tables
        self.large = 10_000 if tables.myriads else 1000
        self.done = 0.0
        self.current = 0.0
        self.scale = _MAX_NUMBER
        self.joined = False

    @property
    def value(self) -> float:
        return self.done + self.current

    def takes(self, step: Step | None) -> bool:
        """Whether the next word continues this number instead of beginning another."""
        if step is None:
            return False
        kind, number = step[1][0]
        if kind == "scale":
            return self._takes_scale(number)
        if not self.current:
            return number < self.scale
        if self.current % 10 ** len(str(int(number))) == 0:
            return True
        if self.tables.vigesimal and number < 20 and self.current % 20 == 0:
            return True  # "quatre-vingt-dix"
        tens = number in range(20, 100, 10)
        return self.tables.compounds and self.joined and tens and self.current % 100 < 10

    def _takes_scale(self, number: float) -> bool:
        if self.value * number >= _MAX_NUMBER:
            return False
        if number < self.large:
            return (self.current - self.current % number) % (number * 10) == 0
        return number < self.scale or not self.current

    def add(self, kind: str, number: float) -> None:
        """Add the value of a word, or multiply by a scale."""
        self.joined = kind == "joiner"
        if kind == "word":
            self.current += number
        elif kind == "scale" and number < self.large:
            last = self.current % number
            self.current += (last or 1) * number - last
        elif kind == "scale":
            below = self.done % number
            self.done += (below + self.current or 1) * number - below
            self.current, self.scale = 0.0, number


def _with_units(
    item: NumberMention, keys: Sequence[str], tables: NumberTables
) -> list[NumberMention]:
    """Copies of a number: one with each unit after it, and one with a currency symbol before it."""
    if item.ordinal or item.unit not in ("", CLOCK):
        return []
    after = [
        item._replace(end=hit.end, unit=hit.item)
        for hit in tables.units.find(keys, item.end)
        if not item.unit or hit.item.startswith(CLOCK)
    ]
    money = keys[item.start - 1] if item.start else ""
    before = [
        item._replace(start=item.start - 1, unit=hit.item)
        for hit in (tables.units.find([money], 0) if money in _CURRENCIES else ())
    ]
    return before + after
