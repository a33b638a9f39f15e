"""PyTorch Geometric: a graph as ``Data`` or ``HeteroData``; needs ``kptm[pyg]``.

    facts ─► edges, in their order; entities ─► nodes, in the order of their first fact

Edges are the facts between entities. Facts whose tails are values are no edges, and an entity
without a fact is no node; ``graph.attributes()`` and ``graph.entities()`` have them. The library
warns of types and relations whose names have two underscores in a row.
"""

from __future__ import annotations

from array import array
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from kptm.errors import ConfigError

try:
    from torch_geometric.data import Data, HeteroData
except ModuleNotFoundError as error:
    raise ConfigError('this needs PyTorch Geometric: pip install "kptm[pyg]"') from error

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kg.embedding import EntityEmbeddings
    from kg.types import Triple
    from kg.view import GraphView

__all__ = ["UNTYPED", "HeteroTensors", "RelationTensors", "to_data", "to_hetero_data"]

UNTYPED = "entity"
"""The node type of entities without a type, or with none of those that were named."""
_ROWS_PER_BATCH = 10_000
_MAX_NAMED = 5


@dataclass(frozen=True, slots=True)
class RelationTensors:
    """A graph whose edges have a relation each, with N nodes and E edges.

    Attributes:
        data: ``edge_index`` (2, E) and ``edge_type`` (E,), int64; ``num_nodes``. With embeddings
            also ``x`` (N, width), float32, and ``has_vector`` (N,), bool.
        entities: The key of each node.
        relations: The key of each edge type.
    """

    data: Data
    entities: tuple[str, ...]
    relations: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class HeteroTensors:
    """A graph whose nodes and edges have types.

    Attributes:
        data: For each node type ``num_nodes``, and with embeddings ``x`` and ``has_vector``; for
            each edge type (type of heads, relation, type of tails) ``edge_index`` (2, edges).
        entities: By node type, the key of each node.
    """

    data: HeteroData
    entities: dict[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class _Edges:
    """Facts as numbers of their heads, relations and tails."""

    entities: tuple[str, ...]
    relations: tuple[str, ...]
    heads: torch.Tensor
    kinds: torch.Tensor
    tails: torch.Tensor


def to_data(
    graph: GraphView,
    *,
    triples: Iterable[Triple] | None = None,
    embeddings: EntityEmbeddings | None = None,
) -> RelationTensors:
    """A graph with one kind of node, as relational models such as R-GCN take it.

    Args:
        graph: The graph.
        triples: The facts; by default all of the graph.
        embeddings: Vectors for ``x``. Entities that have none, because they are newer, get zeros,
            and are False in ``has_vector``.

    Raises:
        EmbeddingMismatchError: The embeddings were trained on another graph.
    """
    edges = _edges(graph.match() if triples is None else triples)
    data = Data(
        edge_index=torch.stack([edges.heads, edges.tails]),
        edge_type=edges.kinds,
        num_nodes=len(edges.entities),
    )
    if embeddings is not None:
        embeddings.check(graph)
        data.x, data.has_vector = _features(edges.entities, embeddings)
    return RelationTensors(data, edges.entities, edges.relations)


def to_hetero_data(
    graph: GraphView,
    *,
    triples: Iterable[Triple] | None = None,
    types: Sequence[str] = (),
    embeddings: EntityEmbeddings | None = None,
) -> HeteroTensors:
    """A graph whose nodes are grouped by type, and whose edges by relation and types of both ends.

    A node has one type: the first of ``types`` that its entity has. By default it is the one of the
    entity's types that most entities among the facts have; of equally frequent ones, the first by
    alphabet. Others are of type ``entity``.

    Args:
        graph: The graph.
        triples: The facts; by default all of the graph.
        types: Types by priority.
        embeddings: As for :func:`to_data`.

    Raises:
        ConfigError: No entity has one of the types.
        EmbeddingMismatchError: The embeddings were trained on another graph.
    """
    edges = _edges(graph.match() if triples is None else triples)
    if embeddings is not None:
        embeddings.check(graph)
    type_of = _node_types(_types(graph, edges.entities), types)
    keys: dict[str, list[str]] = {}
    place = []  # of each entity: its number among the nodes of its type
    for key, kind in zip(edges.entities, type_of, strict=True):
        keys.setdefault(kind, []).append(key)
        place.append(len(keys[kind]) - 1)
    data = HeteroData()
    for kind, members in keys.items():
        data[kind].num_nodes = len(members)
        if embeddings is not None:
            data[kind].x, data[kind].has_vector = _features(members, embeddings)
    _add_edges(data, edges, type_of, torch.tensor(place, dtype=torch.int64))
    return HeteroTensors(data, {kind: tuple(members) for kind, members in keys.items()})


def _edges(triples: Iterable[Triple]) -> _Edges:
    entities: dict[str, int] = {}
    relations: dict[str, int] = {}
    heads, kinds, tails = array("q"), array("q"), array("q")
    for head, relation, tail in triples:
        heads.append(entities.setdefault(head, len(entities)))
        tails.append(entities.setdefault(tail, len(entities)))
        kinds.append(relations.setdefault(relation, len(relations)))
    return _Edges(
        tuple(entities), tuple(relations), *(_tensor(column) for column in (heads, kinds, tails))
    )


def _tensor(numbers: array[int]) -> torch.Tensor:
    if not numbers:  # an empty buffer is refused
        return torch.empty(0, dtype=torch.int64)
    return torch.frombuffer(numbers, dtype=torch.int64)


def _features(
    keys: Sequence[str], embeddings: EntityEmbeddings
) -> tuple[torch.Tensor, torch.Tensor]:
    """The vectors of entities, zeros where there is none, and where there is one."""
    has_vector = torch.tensor([key in embeddings for key in keys], dtype=torch.bool)
    x = torch.zeros(len(keys), embeddings.dim)
    x[has_vector] = embeddings.vectors([key for key in keys if key in embeddings])
    return x, has_vector


def _types(graph: GraphView, keys: Sequence[str]) -> list[tuple[str, ...]]:
    """The types of each entity."""
    types: list[tuple[str, ...]] = []
    for start in range(0, len(keys), _ROWS_PER_BATCH):
        part = keys[start : start + _ROWS_PER_BATCH]
        entities = graph.entities(part)
        types += [entities[key].types if key in entities else () for key in part]
    return types


def _node_types(types: Sequence[tuple[str, ...]], wanted: Sequence[str]) -> list[str]:
    """One type for each entity."""
    counts = Counter(name for names in types for name in names)
    common = sorted(counts, key=lambda name: (-counts[name], name))
    for name in wanted:
        if name not in counts:
            known = ", ".join(common[:_MAX_NAMED]) or "none"
            raise ConfigError(f"types: no entity has the type {name!r}; there are {known}")
    order = {name: i for i, name in enumerate(wanted or common)}
    return [
        min((name for name in names if name in order), key=order.__getitem__, default=UNTYPED)
        for names in types
    ]


def _add_edges(
    data: HeteroData, edges: _Edges, type_of: Sequence[str], place: torch.Tensor
) -> None:
    """Add the edges of each (type of heads, relation, type of tails), in the order of facts."""
    kinds = tuple(dict.fromkeys(type_of))
    number = {kind: i for i, kind in enumerate(kinds)}
    kind_of = torch.tensor([number[kind] for kind in type_of], dtype=torch.int64)
    # A number for each combination: (type of head · relations + relation) · types + type of tail.
    combined = (kind_of[edges.heads] * len(edges.relations) + edges.kinds) * len(kinds)
    combined += kind_of[edges.tails]
    order = combined.argsort(stable=True)
    values, starts = np.unique(combined[order].numpy(), return_index=True)
    ends_of_runs = [*starts[1:].tolist(), len(order)]
    for value, start, end in zip(values.tolist(), starts.tolist(), ends_of_runs, strict=False):
        chosen = order[start:end]
        rest, tail = divmod(value, len(kinds))
        head, relation = divmod(rest, len(edges.relations))
        ends = [place[edges.heads[chosen]], place[edges.tails[chosen]]]
        data[kinds[head], edges.relations[relation], kinds[tail]].edge_index = torch.stack(ends)
