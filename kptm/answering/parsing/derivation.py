"""Derivations: programs with their denotation, their features, and the tokens they explain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kg.programs import Program
    from kg.types import Literal
    from kptm.answering.parsing.question.question_spans import Mention

Features = tuple[tuple[str, float], ...]


@dataclass(slots=True, kw_only=True)
class Derivation:
    """A complete or partial program for a question.

    Attributes:
        program: The program.
        mask: Bit mask of the tokens that it explains.
        names: Bit mask of those tokens that belong to names.
        operators: Bit mask of the operators that it uses, by their index in the question.
        features: Its features, as (name, value).
        score: The weighted sum of the features, plus the weights of the explained tokens.
        size: The number of operations.
        floating: The number of steps that no word of the question names.
        mention: The mention, if the program is a single name.
        nodes: The denoted nodes, if the program denotes a set.
        number: The denoted number, if it denotes a number.
        truth: The denoted truth value, if it is a yes-or-no program.
        counted: The nodes that it counts, if it is a count.
    """

    program: Program
    mask: int
    names: int
    operators: int
    features: Features
    score: float
    size: int = 0
    floating: int = 0
    mention: Mention | None = None
    nodes: tuple[str, ...] = ()
    number: Literal | None = None
    truth: bool | None = None
    counted: tuple[str, ...] = ()

    @property
    def denotation(self) -> object:
        """The denotation as a hashable value: a truth value, a number, or a frozenset of nodes."""
        if self.truth is not None:
            return self.truth
        return self.number if self.number is not None else frozenset(self.nodes)
