"""A program on its way: what it denotes, which tokens it explains, and what speaks for it."""

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
    """A program for a question, or a part of one.

    Attributes:
        program: The program.
        mask: The tokens that it explains, as bits.
        names: Those of them that are names.
        operators: The operators that it uses, as bits of their numbers.
        features: What speaks for it and against it, with how much.
        score: The sum of the features by their weights, and of what the tokens weigh that it
            explains.
        size: Operations.
        floating: Steps that no word says.
        mention: The name, of one that is a name alone.
        nodes: What it denotes, of a set.
        number: What it denotes, of a number.
        truth: What it denotes, of a question whether something is so.
        counted: What a number counts.
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
        """What it denotes, as something that can be compared."""
        if self.truth is not None:
            return self.truth
        return self.number if self.number is not None else frozenset(self.nodes)
