"""The types of a constraint and of a violation of one."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kg.types import Literal


class ConstraintKind(StrEnum):
    """The kinds of constraints.

    Attributes:
        DOMAIN: Heads of the relation have one of some types.
        RANGE: Tails of the relation have one of some types.
        FUNCTIONAL: A head has at most one tail.
        INVERSE_FUNCTIONAL: A tail has at most one head.
        SYMMETRIC: The relation holds in both directions.
        ASYMMETRIC: The relation never holds in both directions.
        DISJOINT: No entity has both types.
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
    """A rule about the facts of a relation, about two types, or a SHACL shape.

    Attributes:
        kind: Its kind.
        subject: The key of the constrained relation, the first of two disjoint types, or the name
            of a shape.
        types: The types of a domain or range, the second of two disjoint types, or the SHACL
            component of a shape.
        support: How many facts or entities of the graph agree with it.
        exceptions: How many do not agree with it.
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
    """A fact, entity or proposal that breaks a constraint.

    Attributes:
        constraint: The constraint that is broken.
        head: The head of the fact, the entity that has both disjoint types, or the focus node of a
            shape.
        relation: The relation of the fact; empty for disjoint types; for a shape the path, in the
            syntax of SPARQL.
        tail: The tail of the fact.
        reason: Why the constraint is broken, in words.
        proposal: The number of the proposal that breaks it, 0 for a fact of the graph.
    """

    constraint: Constraint
    head: str
    relation: str
    tail: str | Literal
    reason: str
    proposal: int = 0
