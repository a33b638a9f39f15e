"""Derivations: programs with their denotation, the tokens they explain, and their features."""

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
        mask: The tokens that it explains, as bits.
        names: The tokens of the mask that belong to names, as bits.
        operators: The operators that it uses, as bits of their numbers.
        features: Its features, (name, value).
        score: The weighted sum of the features, plus the weights of the explained tokens.
        size: The number of operations.
        floating: The number of steps without any word in the question.
        mention: The mention, if the program is a single name.
        nodes: For a set: the denoted nodes.
        number: For a number: the denoted number.
        truth: For a yes-or-no program: the denoted truth value.
        counted: For a count: the nodes that it counts.
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
        """The denotation as a hashable value, for comparison."""
        if self.truth is not None:
            return self.truth
        return self.number if self.number is not None else frozenset(self.nodes)
