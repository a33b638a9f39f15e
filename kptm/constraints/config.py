"""Constraints that a person declares: the section ``[constraints]`` of ``kptm.toml``."""

from __future__ import annotations

from dataclasses import dataclass, field

from kptm.constraints.constraint import Constraint, ConstraintKind
from kptm.errors import ConfigError


@dataclass(frozen=True, kw_only=True)
class ConstraintsConfig:
    """The declared constraints, and when a constraint is learnt from the graph.

    Attributes:
        domain: The types of a relation's heads, by its key.
        range: The types of a relation's tails, by its key.
        functional: Relations in which a head has at most one tail.
        inverse_functional: Relations in which a tail has at most one head.
        symmetric: Relations that always hold in both directions.
        asymmetric: Relations that never hold in both directions.
        disjoint: Pairs of types that no entity may have both of, each written ``city | country``.
        learn: Whether constraints learnt from the graph's facts are checked too.
        support: How many facts or entities must agree with a constraint for it to be learnt.
        agreement: The share of the facts or entities that must agree with a learnt constraint,
            above 0.5 and at most 1.
    """

    domain: dict[str, tuple[str, ...]] = field(default_factory=dict)
    range: dict[str, tuple[str, ...]] = field(default_factory=dict)
    functional: tuple[str, ...] = ()
    inverse_functional: tuple[str, ...] = ()
    symmetric: tuple[str, ...] = ()
    asymmetric: tuple[str, ...] = ()
    disjoint: tuple[str, ...] = ()
    learn: bool = True
    support: int = 20
    agreement: float = 0.97

    def __post_init__(self) -> None:
        for name in ("domain", "range"):
            types = {key: _texts(name, value) for key, value in getattr(self, name).items()}
            object.__setattr__(self, name, types)
        for name in ("functional", "inverse_functional", "symmetric", "asymmetric", "disjoint"):
            object.__setattr__(self, name, _texts(name, getattr(self, name)))
        if any(len(_pair(pair)) != 2 for pair in self.disjoint):
            raise ConfigError('disjoint: give pairs of types, as in ["city | country"]')
        if self.support < 1 or not 0.5 < self.agreement <= 1:
            raise ConfigError("support is at least 1, agreement above 0.5 and at most 1")

    def declared_constraints(self) -> list[Constraint]:
        """The declared constraints."""
        constraints = [
            Constraint(kind, relation, types, is_declared=True)
            for kind, given in (
                (ConstraintKind.DOMAIN, self.domain),
                (ConstraintKind.RANGE, self.range),
            )
            for relation, types in sorted(given.items())
        ]
        constraints += [
            Constraint(kind, relation, is_declared=True)
            for kind, given in (
                (ConstraintKind.FUNCTIONAL, self.functional),
                (ConstraintKind.INVERSE_FUNCTIONAL, self.inverse_functional),
                (ConstraintKind.SYMMETRIC, self.symmetric),
                (ConstraintKind.ASYMMETRIC, self.asymmetric),
            )
            for relation in given
        ]
        return constraints + [
            Constraint(ConstraintKind.DISJOINT, first, (second,), is_declared=True)
            for first, second in map(_pair, self.disjoint)
        ]


def _pair(text: str) -> list[str]:
    return [part for one in text.split("|") if (part := one.strip())]


def _texts(name: str, value: object) -> tuple[str, ...]:
    names = (value,) if isinstance(value, str) else value
    if not isinstance(names, list | tuple) or not all(isinstance(text, str) for text in names):
        raise ConfigError(f"{name}: give names as text, in a list")
    return tuple(names)
