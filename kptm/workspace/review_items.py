"""What a person reviews: a proposal with its labels, and rules that accept many at once."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from kptm.errors import ConfigError

if TYPE_CHECKING:
    from kg.review.proposal import Proposal
    from kptm.constraints.constraint import Violation

_RULE = re.compile(r"\s*(?P<relation>.*?)\s*>=\s*(?P<least>\d*\.?\d+)\s*").fullmatch


class ReviewItem(NamedTuple):
    """A proposal as a person sees it.

    Attributes:
        proposal: The proposal.
        head: The label of its head.
        relation: The label of its relation.
        tail: The label of its tail, or its value.
        violations: The constraints that it breaks.
    """

    proposal: Proposal
    head: str
    relation: str
    tail: str
    violations: tuple[Violation, ...]


@dataclass(frozen=True, slots=True)
class AcceptanceRule:
    """Which proposals are accepted without a look at each.

    Attributes:
        relation: Of this relation alone; None for all.
        minimum: From this confidence on.
    """

    relation: str | None
    minimum: float

    @classmethod
    def parse(cls, text: str) -> AcceptanceRule:
        """Read ``capital>=.95``, or ``>=.95`` for all relations.

        Raises:
            ConfigError: It is written in another way.
        """
        found = _RULE(text)
        least = float(found["least"]) if found else 2.0
        if found is None or least > 1:
            raise ConfigError(
                f"{text!r} is no rule; write RELATION>=CONFIDENCE, as in capital>=.95, or >=.95 for"
                " all relations"
            )
        return cls(found["relation"] or None, least)
