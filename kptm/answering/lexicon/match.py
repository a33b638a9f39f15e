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
        start: The position of the first token.
        end: The position after the last token. It equals ``start`` for a match without tokens, such
            as the verb in first position that makes "grenzt Polen an Ungarn" a yes-or-no question.
        kind: "count" (how many), "superlative" (largest), "comparison" (more than), "negation",
            "and", "or", "both", "either", "all", "sum" (total), "mean" (average), "difference" (how
            much longer), "than" (apart from its comparative), "ordinal" (second), "yesno" (does, at
            the beginning), "ask" (who, how long), "now" (current), "time" (in 1995), "number",
            "list" (show me), "fill" (words without meaning for the program), "named", "whose"
            (whose, possessive 's; the owner comes before it), "passive" ("by" after a participle;
            the agent comes after it), "measure" (an adjective of degree: long, in "100 km long"),
            "having" and "lacking" (dead, alive: with and without a date of death).
        order: For a superlative, "max" or "min" of the values of the hints. For a measure, a
            comparative alone and a difference, the direction of the adjective.
        comparison: For a comparison, "<", "<=", ">", ">=", "=", "!=", or "between" for the two
            values that follow.
        hints: English names of relations, the most likely first. The words suggest them as the
            measure, as the relation asked for, or as the relation that entities have or lack.
        answer: For "ask", the expected kind of answer: "person", "place", "date", "value", "kind"
            (what kind of), "any", or "reason" (why, how), which graphs rarely contain.
        generic: Whether other words must name the measure or the things to count, as with "most"
            and "more than".
        number: The value of a number, or the rank of an ordinal.
        unit: For a number, the symbol of its unit, such as "km2" or "$".
        period: For a time, its period.
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
