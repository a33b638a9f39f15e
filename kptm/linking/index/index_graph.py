"""Reads a graph into an index: first the whole graph, later the changed entities only."""

from __future__ import annotations

from array import array
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from kptm.linking.index.index_build import Edges, IndexBuilder, key_hashes
from kptm.linking.index.link_index import find
from kptm.linking.index.overlay_index import Layers
from kptm.linking.names.genders import stated_genders

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

    from kg.types import Triple
    from kg.view import GraphView
    from kptm.linking.index.link_index import LinkIndex

ENTITIES_PER_CHUNK = 10_000
"""The number of entities read at a time."""


def read_all(graph: GraphView, progress: Callable[[int], None] | None = None) -> LinkIndex:
    """Build the index of a whole graph; ``progress`` gets the number of entities read so far."""
    builder = IndexBuilder(graph.link_counts(), stated_genders(graph))
    number: dict[str, int] = {}
    for keys in _chunks(graph.keys()):
        entities = graph.entities(keys)
        for key in keys:
            if key in entities:
                number[key] = len(number)
                builder.add(entities[key])
        if progress is not None:
            progress(len(number))
    return builder.arrays(_edges(graph.match(), number, grow=False))


def read_changed(graph: GraphView, base: LinkIndex, keys: Collection[str]) -> Layers:
    """Overlay a base index with the entities ``keys``, which have changed since it was built."""
    changed = sorted(keys)
    builder = IndexBuilder(graph.link_counts(changed), stated_genders(graph, changed))
    entities = graph.entities(changed)
    for key in changed:
        builder.add(entities[key]) if key in entities else builder.add_gone(key)
    number = {key: row for row, key in enumerate(changed)}
    edges = _edges(graph.touching(changed), number, grow=True)
    hashes = key_hashes(number)
    place_in_base = find(base.key_hash, hashes)
    known = base.key_order[np.maximum(place_in_base, 0)] if len(base.key_order) else place_in_base
    new = place_in_base < 0
    numbers = np.where(new, len(base) + np.cumsum(new) - 1, known).astype(np.int64)
    return Layers(base, builder.arrays(edges, len(number)), numbers)


def _edges(triples: Iterable[Triple], number: dict[str, int], *, grow: bool) -> Edges:
    """Number the entities of facts; without ``grow``, facts of unnumbered entities are dropped."""
    heads, tails = array("i"), array("i")
    for head, _, tail in triples:
        if grow:
            number.setdefault(head, len(number))
            number.setdefault(tail, len(number))
        elif head not in number or tail not in number:
            continue
        heads.append(number[head])
        tails.append(number[tail])
    return Edges(heads, tails)


def _chunks(keys: Iterable[str]) -> Iterator[list[str]]:
    source = iter(keys)
    while chunk := list(islice(source, ENTITIES_PER_CHUNK)):
        yield chunk
