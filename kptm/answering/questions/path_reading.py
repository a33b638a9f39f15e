"""A reading of a question as a path: an entity, and relations that lead to the answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kg.programs import Follow, Named

if TYPE_CHECKING:
    from kg.programs import Program
    from kg.types import Step


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A reading of a question as a path.

    Attributes:
        entity: The key of the entity asked about.
        path: The hops from the entity to the answers.
        link_score: p(entity | its name), from entity linking.
        answers: The nodes that the path leads to in the graph.
        score: The probability that the question means this reading.
        scores: The p of each answer; empty for a query by names.
        unexplained: The words of the question that the path does not explain, as typed.
    """

    entity: str
    path: tuple[Step, ...]
    link_score: float
    answers: tuple[str, ...]
    score: float
    scores: tuple[float, ...] = ()
    unexplained: tuple[str, ...] = ()

    @property
    def relation(self) -> str:
        """The relation of the last hop."""
        return self.path[-1].relation

    @property
    def forward(self) -> bool:
        """Whether the last hop goes from head to tail."""
        return self.path[-1].forward


def path_from_name(program: Program) -> tuple[str, tuple[Step, ...]] | None:
    """The entity and the steps of a program that is a path from one entity; None for others."""
    steps: list[Step] = []
    while isinstance(program, Follow) and program.during is None:
        steps.append(program.step)
        program = program.source
    if steps and isinstance(program, Named) and len(program.keys) == 1:
        return program.keys[0], tuple(reversed(steps))
    return None
