"""Matches of the lexicon in a question: spans of tokens that are operators."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from kg.programs import Period
    from kg.programs.expressions import Comparison, Order

Kind: TypeAlias = Literal[
    "count", "superlative", "comparison", "negation", "and", "or", "both", "either", "all", "sum",
    "mean", "difference", "than", "ordinal", "yesno", "ask", "now", "time", "number", "list",
    "fill", "named", "whose", "passive", "measure", "having", "lacking",
]  # fmt: skip
"""Kinds of operators; :class:`Match` says which attributes each one has."""


@dataclass(frozen=True, slots=True)
class Match:
    """Tokens ``start`` to ``end`` (excluded) of a question that are an operator.

    Attributes:
        start: The first token.
        end: The token after the last one. Equals ``start`` for a match without tokens: a verb in
            first position makes a yes-or-no question ("grenzt Polen an Ungarn").
        kind: "count" (how many), "superlative" (largest), "comparison" (more than), "negation",
            "and", "or", "both", "either", "all", "sum" (total), "mean" (average), "difference" (how
            much longer), "than" (away from its comparative), "ordinal" (second), "yesno" (does, at
            the beginning), "ask" (who, how long), "now" (current), "time" (in 1995), "number",
            "list" (show me), "fill" (words that add nothing), "named", "whose" (of which,
            possessive 's: the one who has stands before it), "passive" ("by" after a participle:
            the one who does stands after it), "measure" (an adjective of degree: long, in "100 km
            long"), "having" and "lacking" (dead, alive: with and without a date of death).
        order: For a superlative: "max" or "min" of the values of the hints. For a measure, a bare
            comparative and a difference: the direction of the adjective.
        comparison: For a comparison: "<", "<=", ">", ">=", "=", "!=", or "between" the two values
            that follow.
        hints: English names of relations that the words suggest as the measure, as the relation
            asked for, or as the one that things have or lack, most likely first.
        answer: For "ask": the expected kind of answer: "person", "place", "date", "value", "kind"
            (what kind of), "any", or "reason" (why, how), which graphs rarely contain.
        generic: Whether other words must name the measure, or the things to count: "most", "more
            than".
        number: The value of a number, or the rank of an ordinal.
        unit: For a number: the symbol of the unit after it, such as "km2" or "$".
        period: For a time: its period.
    """

    start: int
    end: int
    kind: Kind
    order: Order | Literal[""] = ""
    comparison: Comparison | Literal["between", ""] = ""
    hints: tuple[str, ...] = ()
    answer: str = ""
    generic: bool = False
    number: float | None = None
    unit: str = ""
    period: Period | None = None
