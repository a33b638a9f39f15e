"""A question read as a path: an entity, and the relations from it to what is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kg.types import Step


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One way to understand a question.

    Attributes:
        entity: The entity asked about.
        path: The hops from it to what is asked for.
        link_score: p(entity | its name).
        answers: What the graph says.
        score: p that this is meant.
        scores: p of each answer; empty where the question came as names.
        unexplained: The question's words that the path does not explain, as they are written.
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
        """Whether the last hop leads from head to tail."""
        return self.path[-1].forward
