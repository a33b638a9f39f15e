"""Coherence of the candidates in a passage: facts between them, shared neighbours, repetition.

Each candidate counts with its probability, so coherence is computed after the first pass has scored
each mention independently.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kptm.linking.index.link_index import find, ranges
from kptm.linking.names.surface_forms import FIRST_PART, Kind

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kptm.linking.detection.mention_candidates import Candidates
    from kptm.linking.index.overlay_index import Layers

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]

COHERENCE = "fact", "shared neighbours", "again", "part, fact", "part, shared neighbours"
"""The features that :func:`coherence` returns."""
MIN_P = 0.01
"""Pairs leave out an entity with less than this share of each of its mentions' probability."""
MAX_HUB_CANDIDATES = 40
"""A neighbour shared by more candidates is ignored: everything is in some country."""
MAX_SUM = 3.0
"""The upper limit of the sum over other candidates."""


def coherence(layers: Layers, candidates: Candidates, probability: Floats) -> dict[str, Floats]:
    """The features of C candidates, by name, that depend on the other mentions of their passage.

    Args:
        layers: The index of the graph.
        candidates: The candidates.
        probability: C, the probability of each from the first pass.
    """
    group = candidates.passage[candidates.of] * len(layers) + candidates.entity
    among = probability / np.maximum(
        np.add.reduceat(probability, candidates.first[:-1])[candidates.of], 1e-9
    )
    nodes, node_of = np.unique(group, return_inverse=True)
    trust = np.zeros(len(nodes))
    np.maximum.at(trust, node_of, probability)
    company = np.zeros(len(nodes), np.bool_)
    company[node_of[among >= MIN_P]] = True
    facts, shared = _pairs(layers, nodes, company)
    own = _own(candidates, node_of)
    part = ((candidates.kind >= FIRST_PART) & (candidates.kind != Kind.PEOPLE)).astype(np.float64)
    columns = {
        "fact": _sum_trust(facts, node_of, candidates.of, trust, own),
        "shared neighbours": _sum_trust(shared, node_of, candidates.of, trust, own),
        "again": _again(candidates, node_of, probability),
    }
    for name in ("fact", "shared neighbours"):
        columns[f"part, {name}"] = part * columns[name]
        columns[name] = (1 - part) * columns[name]
    return columns


Pairs = tuple["Ints", "Ints", "Floats"]


def _pairs(layers: Layers, nodes: Ints, company: NDArray[np.bool_]) -> tuple[Pairs, Pairs]:
    """Pairs (a, b, weight) of nodes in one passage: with facts, and with shared neighbours.

    A node is an entity in a passage.
    """
    in_company = np.flatnonzero(company)
    size = len(layers)
    passage, entity = np.divmod(nodes[in_company], size)
    near, of = layers.near(entity)
    # The number passage · size + entity keeps the nodes of two passages apart.
    ends = passage[of] * size + near
    node_of_end = np.minimum(np.searchsorted(nodes, ends), max(len(nodes) - 1, 0))
    hit = (
        (nodes[node_of_end] == ends) & company[node_of_end] if len(nodes) else np.zeros(0, np.bool_)
    )
    node, neighbour = in_company[of[hit]], node_of_end[hit]
    # Both directions, each pair once, encoded as one number a · n + b.
    linked = np.unique(
        np.concatenate([node * len(nodes) + neighbour, neighbour * len(nodes) + node])
    )
    a, b = np.divmod(linked, max(len(nodes), 1))
    counted = np.zeros(len(nodes))
    counted[in_company] = layers.degrees(entity)
    facts = (a, b, _scale(counted, a, b))
    # Nodes that share a neighbour: each member of the group of one end with each other member.
    order = np.argsort(ends, kind="stable")
    ends, member = ends[order], in_company[of[order]]
    _, first, counts = np.unique(ends, return_index=True, return_counts=True)
    # A hub's neighbours have little in common, and the number of their pairs is quadratic.
    is_small = (counts > 1) & (counts <= MAX_HUB_CANDIDATES)
    first, counts = first[is_small], counts[is_small]
    weight = 1 / np.log(2 + layers.degrees(ends[first] % size)) if len(first) else np.zeros(0)
    row, group = ranges(first, counts)
    mate, of_row = ranges(first[group], counts[group])
    a, b, w = member[row[of_row]], member[mate], weight[group[of_row]]
    different = a != b
    a, b, w = a[different], b[different], w[different]
    pair, inverse = np.unique(a * len(nodes) + b, return_inverse=True)
    total = np.bincount(inverse, w, len(pair))
    a, b = np.divmod(pair, max(len(nodes), 1))
    return facts, (a, b, total * _scale(counted, a, b))


def _scale(degree: Floats, a: Ints, b: Ints) -> Floats:
    """The weight of pairs of nodes, at most 1; it decreases with the degrees of both entities."""
    return np.minimum(10 / np.sqrt((1 + degree[a]) * (1 + degree[b])), 1.0)


def _own(candidates: Candidates, node_of: Ints) -> NDArray[np.uint64]:
    """Sorted keys (mention, node) of all candidates, to exclude pairs within a mention."""
    return np.sort(_key(candidates.of, node_of))


def _key(mention: Ints, node: Ints) -> NDArray[np.uint64]:
    return mention.astype(np.uint64) << np.uint64(32) | node.astype(np.uint64)


def _sum_trust(
    pairs: Pairs, node_of: Ints, mention: Ints, trust: Floats, own: NDArray[np.uint64]
) -> Floats:
    """Σ weight · trust over the nodes paired with each candidate, C, limited to :data:`MAX_SUM`.

    Nodes that are candidates of the same mention are excluded.
    """
    a, b, weight = pairs
    # The pairs are sorted by ``a``, so first[n] : first[n + 1] are those of node n.
    first = np.searchsorted(a, np.arange(len(trust) + 1))
    pair, candidate = ranges(first[node_of], np.diff(first)[node_of])
    others = find(own, _key(mention[candidate], b[pair])) < 0
    pair, candidate = pair[others], candidate[others]
    return np.minimum(np.bincount(candidate, weight[pair] * trust[b[pair]], len(node_of)), MAX_SUM)


def _again(candidates: Candidates, node_of: Ints, probability: Floats) -> Floats:
    """The highest probability of the same entity at another mention of the passage, C."""
    order = np.lexsort((-probability, node_of))
    nodes = node_of[order]
    first = np.flatnonzero(np.concatenate([[True], nodes[1:] != nodes[:-1]]))
    # The rank of each probability within its node: 0 is the highest.
    rank = np.arange(len(order)) - np.repeat(first, np.diff(np.append(first, len(order))))
    best, second = np.zeros(len(probability)), np.zeros(len(probability))
    top = np.zeros(int(node_of.max(initial=-1)) + 1)
    next_ = np.zeros(len(top))
    top[nodes[rank == 0]] = probability[order[rank == 0]]
    next_[nodes[rank == 1]] = probability[order[rank == 1]]
    is_best = np.zeros(len(probability), np.bool_)
    is_best[order[rank == 0]] = True
    best, second = top[node_of], next_[node_of]
    # The candidate with the highest probability gets the second highest, not its own.
    return np.where(is_best, second, best)
