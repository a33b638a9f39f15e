"""Review of proposals: items with labels, and rules that accept many at once."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from kg.vocabulary import SAME_AS
from kptm.errors import ConfigError

if TYPE_CHECKING:
    from kg.review.proposal import Proposal
    from kg.view import GraphView
    from kptm.constraints.constraint import Violation

_RULE = re.compile(r"\s*(?P<relation>.*?)\s*>=\s*(?P<least>\d*\.?\d+)\s*")


class ReviewItem(NamedTuple):
    """A proposal for review.

    Attributes:
        proposal: The proposal.
        head: The label of its head.
        relation: The label of its relation.
        tail: The label of its tail, or its value.
        violations: The constraints that it violates.
    """

    proposal: Proposal
    head: str
    relation: str
    tail: str
    violations: tuple[Violation, ...]


def relation_key(graph: GraphView, name: str) -> str:
    """The key of a relation; "same as" is that of proposed duplicates.

    Raises:
        UnknownKeyError: The relation does not exist.
    """
    if name.casefold() in ("same as", "owl:sameas", SAME_AS.casefold()):
        return SAME_AS
    return graph.relation(name).key


@dataclass(frozen=True, slots=True)
class AcceptanceRule:
    """A rule that accepts proposals without individual review.

    Attributes:
        relation: Only proposals of this relation; None for all.
        minimum: The minimum confidence.
    """

    relation: str | None
    minimum: float

    @classmethod
    def parse(cls, text: str) -> AcceptanceRule:
        """Read ``capital>=.95``, or ``>=.95`` for all relations.

        Raises:
            ConfigError: The text is malformed.
        """
        match = _RULE.fullmatch(text)
        least = float(match["least"]) if match else 2.0
        if match is None or least > 1:
            raise ConfigError(
                f"{text!r} is not a rule; write RELATION>=CONFIDENCE, as capital>=.95, or >=.95 for"
                " all relations"
            )
        return cls(match["relation"] or None, least)
