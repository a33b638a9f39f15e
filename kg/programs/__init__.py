"""Programs: a small query language over a graph, evaluated in SQL, with facts as evidence."""

from kg.programs.denotation import Denotation
from kg.programs.evaluator import Evaluator
from kg.programs.expressions import (
    Aggregate,
    Compare,
    Difference,
    Exists,
    Follow,
    Having,
    Intersection,
    Measure,
    Named,
    OfType,
    Period,
    Program,
    Subtract,
    Superlative,
    Union,
    Within,
    children,
    parts,
    readable,
)

__all__ = [
    "Aggregate", "Compare", "Denotation", "Difference", "Evaluator", "Exists", "Follow", "Having",
    "Intersection", "Measure", "Named", "OfType",
    "Period",
    "Program", "Subtract", "Superlative", "Union", "Within", "children", "parts", "readable",
]  # fmt: skip
