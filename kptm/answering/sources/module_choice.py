"""The modules with which the fused model reads each question."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kptm.fusion.modules.type_router import route

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kg.graph import KnowledgeGraph
    from kptm.fusion import ModularModel

AUTO = "auto"
"""In place of a name: the module is chosen for each question, by the types of linked entities."""


@dataclass(frozen=True, slots=True)
class ModuleChoice:
    """Chooses the modules for each question.

    Attributes:
        graph: The graph, with the types of entities.
        modules: The model with its modules; between questions its own module is active.
        names: The modules for all questions, stacked in this order, or "auto" alone.
    """

    graph: KnowledgeGraph
    modules: ModularModel
    names: tuple[str, ...]

    def of(self, entities: Iterable[str]) -> tuple[str, ...]:
        """The names of the modules for a question.

        Args:
            entities: The keys of the entities to which the question is linked.
        """
        if self.names != (AUTO,):
            return self.names
        return (route(self.modules.modules, self._types(dict.fromkeys(entities))),)

    def _types(self, keys: Iterable[str]) -> list[str]:
        entities = self.graph.entities(keys)
        return [kind for entity in entities.values() for kind in entity.types]
