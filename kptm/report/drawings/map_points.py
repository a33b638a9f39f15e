"""Chooses and places the entities on a map of vectors."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from kptm.report.drawings.vector_map import project
from kptm.report.report_data import MapPoint

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kg.embedding import EntityEmbeddings
    from kg.graph import KnowledgeGraph

POINTS = 600
"""The default number of entities on a map; more would not be legible."""
_OTHER = "other"


def map_points(
    graph: KnowledgeGraph,
    embeddings: EntityEmbeddings,
    *,
    groups: Sequence[str] | None = None,
    limit: int = POINTS,
    seed: int = 0,
) -> list[MapPoint]:
    """Place entities by their vectors, and colour them by type.

    Args:
        graph: The graph, for labels and types.
        embeddings: The vectors of the entities.
        groups: The types to show, by default the most common; an entity with several gets the
            first.
        limit: The maximum number of entities, sampled evenly from all entities of these types.
        seed: The seed of the projection.
    """
    entities = graph.entities(embeddings.keys)
    if groups is None:
        count = Counter(kind for entity in entities.values() for kind in entity.types)
        groups = [kind for kind, _ in sorted(count.items(), key=lambda item: (-item[1], item[0]))]
    order = {kind: place for place, kind in enumerate(groups)}
    group = {
        key: min(
            (kind for kind in entity.types if kind in order), key=order.__getitem__, default=_OTHER
        )
        for key, entity in entities.items()
    }
    typed = [key for key in embeddings.keys if group.get(key, _OTHER) != _OTHER]
    among = typed or list(entities)
    chosen = among[:: max(1, len(among) // limit)][:limit]
    places = project(embeddings.vectors(chosen), seed=seed)
    return [
        MapPoint(label=entities[key].label, group=group[key], x=x, y=y)
        for key, (x, y) in zip(chosen, places, strict=True)
    ]
