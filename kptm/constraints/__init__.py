"""Constraints: what facts of a relation have in common, and which facts and proposals break it.

Names are loaded when first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg.lazy import lazy

if TYPE_CHECKING:
    from kptm.constraints.checking import CheckReport
    from kptm.constraints.config import ConstraintsConfig
    from kptm.constraints.constraint import Constraint, ConstraintKind, Violation

__all__ = ["CheckReport", "Constraint", "ConstraintKind", "ConstraintsConfig", "Violation"]
_HOMES = {
    "kptm.constraints.checking": ("CheckReport",),
    "kptm.constraints.config": ("ConstraintsConfig",),
    "kptm.constraints.constraint": ("Constraint", "ConstraintKind", "Violation"),
}
__getattr__, __dir__ = lazy(__name__, _HOMES)
