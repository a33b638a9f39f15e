"""Constraints and violations, as values."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kg.types import Literal


class ConstraintKind(StrEnum):
    """What a constraint says.

    Attributes:
        DOMAIN: Heads of the relation have one of some types.
        RANGE: Tails of the relation have one of some types.
        FUNCTIONAL: A head has one tail.
        INVERSE_FUNCTIONAL: A tail has one head.
        SYMMETRIC: It holds in both directions.
        ASYMMETRIC: It never holds in both.
        DISJOINT: Nothing has both types.
        SHAPE: A shape in SHACL.
    """

    DOMAIN = "domain"
    RANGE = "range"
    FUNCTIONAL = "functional"
    INVERSE_FUNCTIONAL = "inverse functional"
    SYMMETRIC = "symmetric"
    ASYMMETRIC = "asymmetric"
    DISJOINT = "disjoint"
    SHAPE = "shape"


@dataclass(frozen=True, slots=True)
class Constraint:
    """What holds of a relation, or of two types.

    Attributes:
        kind: What it says.
        subject: The relation's key; of disjoint types the first; of a shape its name.
        types: The types of a domain or range; of disjoint types the second; of a shape the
            component of SHACL.
        support: How many cases agree.
        exceptions: How many do not.
        is_declared: Whether ``kptm.toml`` states it; else it is learnt from the graph.
    """

    kind: ConstraintKind
    subject: str
    types: tuple[str, ...] = ()
    support: int = 0
    exceptions: int = 0
    is_declared: bool = False

    def __str__(self) -> str:
        if self.kind in (ConstraintKind.DOMAIN, ConstraintKind.RANGE):
            return f"{self.kind} of {self.subject} is {' or '.join(self.types)}"
        if self.kind == ConstraintKind.DISJOINT:
            return f"nothing is {self.subject} and {self.types[0]}"
        if self.kind == ConstraintKind.SHAPE:
            return f"shape {self.subject} ({self.types[0]})"
        return f"{self.subject} is {self.kind}"


@dataclass(frozen=True, slots=True)
class Violation:
    """A fact that breaks a constraint.

    Attributes:
        constraint: Which one.
        head: The head of the fact; of disjoint types what has both; of a shape its focus node.
        relation: Its relation, "" of disjoint types; of a shape the path, as SPARQL writes it.
        tail: Its tail.
        reason: What is wrong.
        proposal: The number of the proposal, 0 of a fact.
    """

    constraint: Constraint
    head: str
    relation: str
    tail: str | Literal
    reason: str
    proposal: int = 0
