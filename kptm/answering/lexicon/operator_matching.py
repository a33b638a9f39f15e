"""Finds the operators among the tokens of a question."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from kg.naming.folding import canonical
from kptm.answering.lexicon.amounts.periods import names_month, times
from kptm.answering.lexicon.amounts.question_numbers import find_numbers
from kptm.answering.lexicon.match import Match
from kptm.answering.lexicon.spelling.splitting import APOSTROPHES

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from kptm.answering.lexicon.amounts.periods import Time
    from kptm.answering.lexicon.amounts.question_numbers import NumberMention
    from kptm.answering.lexicon.language import Language
    from kptm.answering.lexicon.spelling.splitting import Token
    from kptm.answering.lexicon.tables import Operator

Span = tuple[int, int]
BEGINNING = "^"
"""In conditions on the preceding word, this means the beginning of the question."""


class OperatorMatch(NamedTuple):
    """An operator at tokens ``start`` to ``end``."""

    start: int
    end: int
    operator: Operator


class _Question(NamedTuple):
    """The tokens of a question with their keys, and positions on which operators depend.

    Attributes:
        tokens: All tokens.
        keys: The key by which each token is looked up.
        opening: The number of opening words without content ("and", "please").
        ranked: The positions after ranks.
        begun: The positions at which numbers and times begin.
        ended: The positions after numbers, with and without their units, and after times.
    """

    tokens: Sequence[Token]
    keys: Sequence[str]
    opening: int
    ranked: frozenset[int]
    begun: frozenset[int]
    ended: frozenset[int]


def find_matches(
    tokens: Sequence[Token],
    tables: Language,
    year: Callable[[], int | None],
    is_known: Callable[[str], bool],
) -> list[Match]:
    """All operators of a question, longest first.

    Args:
        tokens: The tokens.
        tables: The tables of their language.
        year: Function that returns the year of dates without one, or None.
        is_known: Whether a day is a value of the graph.
    """
    keys = [tables.spelling.key(token.folded) for token in tokens]
    numbers = find_numbers(tokens, keys, tables.numbers)
    measured = {item.start for item in numbers if item.unit and item.end > item.start + 1}
    found_times = times(tokens, keys, numbers, tables.times, None, is_known)
    if names_month(keys, found_times, tables.times) and (default_year := year()) is not None:
        found_times = times(tokens, keys, numbers, tables.times, default_year, is_known)
    periods = [
        time
        for time in found_times
        if time.end > time.start + 1 or time.start not in measured  # "1000 km"
    ]
    hits, words = _operators(_question(tokens, keys, numbers, periods, tables), tables)
    covering = _covering(hits, words, numbers, periods)
    matches = [_match(hit) for hit in hits]
    matches += _number_matches(numbers, periods)
    days = {(time.start, time.end) for time in periods if time.moment}
    matches = [match for match in matches if not _is_covered(match, covering, days)]
    matches += [Match(time.start, time.end, "time", period=time.period) for time in periods]
    return sorted(dict.fromkeys(matches), key=lambda match: (match.start - match.end, match.start))


def _question(
    tokens: Sequence[Token],
    keys: Sequence[str],
    numbers: Iterable[NumberMention],
    periods: Iterable[Time],
    tables: Language,
) -> _Question:
    """Collect the positions in a question on which the conditions of operators depend."""
    opening = next((at for at, key in enumerate(keys) if key not in tables.openers), 0)
    ranked = frozenset(item.end for item in numbers if item.ordinal)
    spans = [(item.start, item.end) for item in numbers]
    spans += [(time.start, time.end) for time in periods if time.moment]
    begun = frozenset(start for start, _ in spans)
    ended = frozenset(end for _, end in spans)
    return _Question(tokens, keys, opening, ranked, begun, ended)


def _operators(question: _Question, tables: Language) -> tuple[list[OperatorMatch], list[Span]]:
    """The operators allowed at their positions, and the spans of phrases that are not operators."""
    hits: list[OperatorMatch] = []
    words: list[Span] = []
    for at in range(len(question.keys)):
        for end, operator, _ in tables.operators.find(question.keys, at):
            if operator is None:
                words.append((at, end))
            elif _stands(operator, question, at, end):
                hits.append(OperatorMatch(at, end, operator))
    doubtful = [hit for hit in hits if hit.operator.unless_asked or hit.operator.unless_compared]
    return _drop_contradicted(hits, doubtful) if doubtful else hits, words


def _stands(operator: Operator, question: _Question, start: int, end: int) -> bool:
    """Whether an operator is allowed at its position."""
    keys = question.keys
    before = keys[start - 1] if start else ""
    return not (
        (operator.initial and start > question.opening)
        or (operator.not_initial and start <= question.opening)
        or (operator.final and end < len(keys))
        or (operator.typed and _canonical_text(question.tokens[start:end]) not in operator.typed)
        or (operator.nearby and operator.nearby.isdisjoint(keys))
        or (operator.without and not operator.without.isdisjoint(keys))
        or (operator.after_apostrophe and question.tokens[start].text[0] not in APOSTROPHES)
        or (operator.after_rank and start not in question.ranked)
        or (operator.before_number and end not in question.begun)
        or (operator.after_number and start not in question.ended)
        or (operator.not_after and before in operator.not_after)
        or (operator.not_before and end < len(keys) and keys[end] in operator.not_before)
        or (operator.after and not any(_is_after(before, word) for word in operator.after))
    )


def _canonical_text(tokens: Sequence[Token]) -> str:
    return canonical(" ".join(token.text for token in tokens).lower())


def _is_after(before: str, word: str) -> bool:
    """Whether the preceding word fulfils a condition: a word, an ending "-ed", or "^"."""
    if word == BEGINNING:
        return not before
    return before.endswith(word[1:]) if word[0] == "-" else before == word


def _drop_contradicted(
    hits: list[OperatorMatch], doubtful: Sequence[OperatorMatch]
) -> list[OperatorMatch]:
    """Drop the operators that need a question in which no other word asks, or compares."""
    certain = [hit.operator for hit in hits if hit not in doubtful]
    asks = any(operator.kind in ("ask", "count") for operator in certain)
    compares = any(operator.comparison and not operator.order for operator in certain)
    return [
        hit
        for hit in hits
        if not (hit.operator.unless_asked and asks)
        and not (hit.operator.unless_compared and compares)
    ]


def _number_matches(numbers: Iterable[NumberMention], periods: Iterable[Time]) -> list[Match]:
    """The numbers and ranks of a question as matches."""
    moments = {(time.start, time.end) for time in periods if time.moment}
    return [
        Match(
            item.start,
            item.end,
            "ordinal" if item.ordinal else "number",
            number=item.number,
            unit=item.unit,
        )
        for item in numbers
        if not (item.unit and (item.start, item.end) in moments)  # "1995年" is a date
    ]


def _covering(
    hits: Iterable[OperatorMatch],
    words: Iterable[Span],
    numbers: Iterable[NumberMention],
    periods: Iterable[Time],
) -> list[Span]:
    """The spans of several tokens within which shorter operators are ignored."""
    spans = [(hit.start, hit.end) for hit in hits if not hit.operator.inner]
    spans += words
    spans += [(item.start, item.end) for item in numbers]
    spans += [(time.start, time.end) for time in periods if time.moment]
    return [(start, end) for start, end in dict.fromkeys(spans) if end > start + 1]


def _is_covered(match: Match, covering: Iterable[Span], days: Collection[Span]) -> bool:
    """Whether a match lies within a longer span, such as one of the days of the question."""
    length = match.end - match.start
    if match.kind == "number" and not match.unit:  # the number with its unit is a separate match
        covering = [span for span in covering if span[0] != match.start or span in days]
    return any(
        start <= match.start and match.end <= end and end - start > length
        for start, end in covering
    )


def _match(hit: OperatorMatch) -> Match:
    item = hit.operator
    return Match(
        hit.start,
        hit.start if item.empty else hit.end,
        item.kind,
        item.order,
        item.comparison,
        item.hints,
        item.answer,
        item.generic,
    )
