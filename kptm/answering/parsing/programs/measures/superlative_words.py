"""The numbers beside a superlative: "second largest", "three longest", "top 3"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kptm.answering.parsing.programs.builder import bits

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kptm.answering.lexicon import Match

MAX_RESULTS = 100
"""The most results that may be asked for; a greater number beside "largest" has other meanings."""


def ordinal_before(operators: Sequence[Match], number: int) -> tuple[int, int | None]:
    """The rank from an ordinal before a superlative ("second largest"): 1 by default.

    Args:
        operators: The operators of the question.
        number: The index of the superlative.

    Returns:
        The rank, and the index of the ordinal, or None.
    """
    for i, other in enumerate(operators):
        if other.kind == "ordinal" and other.end == operators[number].start and other.number:
            return int(other.number), i
    return 1, None


def wanted_count(operators: Sequence[Match], number: int, used: int) -> tuple[int, int | None]:
    """How many results are asked for ("three longest", "top 3"): 1 by default.

    Args:
        operators: The operators of the question.
        number: The index of the superlative.
        used: Bit mask of the tokens that are explained.

    Returns:
        The count, and the index of the number, or None.
    """
    match = operators[number]
    for i, other in enumerate(operators):
        beside = other.end == match.start or other.start == match.end
        if other.kind == "number" and beside and not other.unit and not bits(other) & used:
            count = other.number or 0.0
            if 1 < count <= MAX_RESULTS and count == int(count):
                return int(count), i
    return 1, None
