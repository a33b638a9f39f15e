"""Draws the neighbourhood of an entity: names in boxes, relations as coloured arrows."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from kptm.report.drawings.arrows import arrow, bond_names, bonds_between
from kptm.report.drawings.label_placement import Box, text_width
from kptm.report.drawings.palette import COLOURS, GREY
from kptm.report.drawings.spread import Spread
from kptm.report.markup import legend, px, short, svg, table, text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kptm.report.report_data import Neighbourhood

_SIZE, _LONGEST = 13.0, 24
_WIDE, _NARROW = (960.0, 34), (400.0, 20)
_OTHER = "other relations"


def network(neighbourhood: Neighbourhood) -> str:
    """Draw a neighbourhood for wide and for narrow screens, with a legend and a table.

    Returns:
        A ``<figure>``, or "" without triples.
    """
    triples = tuple(dict.fromkeys(neighbourhood.triples))
    if not triples:
        return ""
    colours = _relation_slots(triples)
    drawings = "".join(
        _drawing(neighbourhood.centre, triples, colours, name, *size)
        for name, size in (("wide", _WIDE), ("narrow", _NARROW))
    )
    keys = colours
    if len({relation for _, relation, _ in triples}) > len(colours):
        keys = {**colours, _OTHER: GREY}
    facts = table("The facts as a table", ("head", "relation", "tail"), triples)
    return f'<figure class="keyed">{legend(keys)}{drawings}</figure>{facts}'


def _relation_slots(triples: Sequence[tuple[str, str, str]]) -> dict[str, int]:
    counts = Counter(relation for _, relation, _ in triples)
    order = sorted(counts, key=lambda relation: (-counts[relation], relation))
    return {relation: i for i, relation in enumerate(order[:COLOURS])}


def nearest(
    centre: str, triples: Sequence[tuple[str, str, str]], limit: int
) -> list[tuple[str, str, str]]:
    """The triples among the ``limit`` entities nearest to the centre, in breadth-first order."""
    reached = dict.fromkeys([centre])
    everything = [name for head, _, tail in triples for name in (head, tail)]
    while len(reached) < limit:
        touched = (t for t in triples if (t[0] in reached) != (t[2] in reached))
        fresh = [name for head, _, tail in touched for name in (head, tail) if name not in reached]
        fresh = fresh or [name for name in everything if name not in reached]
        if not fresh:
            break
        reached |= dict.fromkeys(list(dict.fromkeys(fresh))[: limit - len(reached)])
    return [t for t in triples if t[0] in reached and t[2] in reached]


def layout(
    centre: str, triples: Sequence[tuple[str, str, str]], width: float
) -> tuple[dict[str, Box], float]:
    """Boxes for the names without overlaps, and the height of the drawing."""
    import networkx as nx  # type: ignore[import-untyped, unused-ignore]  # stubs are optional

    graph: nx.Graph[str] = nx.Graph()
    graph.add_node(centre)
    graph.add_edges_from((head, tail) for head, _, tail in triples)
    sizes = {name: text_width(short(name, _LONGEST), _SIZE) / 2 + 11 for name in graph}
    area = sum(2 * half * 64 for half in sizes.values())
    height = min(max(area * (3.4 if width > 600 else 2.2) / width, 300.0), 1.9 * width)
    start = nx.spring_layout(graph, seed=4, iterations=300, k=1.6 / len(graph) ** 0.5)
    across, down = (_even({n: float(p[i]) for n, p in start.items()}, centre) for i in (0, 1))
    boxes = {
        name: Box(
            width / 2 * (1 + across[name]) - sizes[name] * across[name],
            height / 2 * (1 + down[name]) - 18 * down[name],
            sizes[name],
            14.0 if name != centre else 18.0,
        )
        for name in graph
    }
    room = Spread(boxes, width, height, fixed=centre, gap=20.0 if width > 600 else 9.0)
    placed = room.run((head, tail) for head, _, tail in triples if head != tail)
    top = min(box.y - box.half_height for box in placed.values()) - 2
    bottom = max(box.y + box.half_height for box in placed.values()) + 2
    return {name: replace(box, y=box.y - top) for name, box in placed.items()}, bottom - top


def _even(places: Mapping[str, float], centre: str) -> dict[str, float]:
    """Positions from -1 to 1, with the centre at 0, moved halfway to even spacing.

    A spring layout crowds the many leaves of an entity around it and leaves the rest empty.
    """
    moved = {name: value - places[centre] for name, value in places.items()}
    reach = max(map(abs, moved.values())) or 1.0
    sides = [
        sorted(n for n in moved if n != centre and (moved[n] < 0) is left) for left in (False, True)
    ]
    even = {centre: 0.0}
    for side in sides:
        for rank, name in enumerate(sorted(side, key=lambda n: abs(moved[n])), 1):
            place = moved[name] / reach
            even[name] = place / 2 + (rank / len(side) / 2) * (1 if place >= 0 else -1)
    return even


def _drawing(
    centre: str,
    triples: Sequence[tuple[str, str, str]],
    colours: dict[str, int],
    name: str,
    width: float,
    limit: int,
) -> str:
    shown = nearest(centre, triples, limit)
    boxes, height = layout(centre, shown, width)
    bonds = bonds_between(shown, colours)
    body = [arrow(bond, boxes) for bond in bonds]
    body.append(bond_names(bonds, boxes))
    for label, box in boxes.items():
        kind = "node centre" if label == centre else "node"
        body.append(
            f'<g class="{kind}"><title>{text(label)}</title>'
            f'<rect x="{px(box.x - box.half_width)}" y="{px(box.y - box.half_height)}" '
            f'width="{px(2 * box.half_width)}" height="{px(2 * box.half_height)}" '
            f'rx="{px(box.half_height)}"/><text x="{px(box.x)}" y="{px(box.y)}" '
            f'text-anchor="middle" dominant-baseline="central">'
            f"{text(short(label, _LONGEST))}</text></g>"
        )
    description = f"{centre} and {len(boxes) - 1} entities around it, {len(shown)} facts"
    drawing = svg(width, height, description, "".join(body), "network")
    hidden = len(triples) - len(shown)
    note = f'<p class="note">{hidden} more facts are in the table.</p>' if hidden else ""
    return f'<div class="{name}">{drawing}{note}</div>'
