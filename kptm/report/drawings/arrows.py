"""Draws relations between boxes: lines with arrowheads, and names where they fit."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kptm.report.drawings.label_placement import Box, text_width
from kptm.report.drawings.palette import GREY
from kptm.report.markup import px, short, text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_SIZE = 11.0


@dataclass(frozen=True, slots=True)
class Bond:
    """The facts between two entities.

    Attributes:
        head: The head of the first fact.
        tail: The tail of the first fact.
        names: The relations, each once.
        slot: The colour of the first relation.
        back: Whether there is a fact in the other direction.
        said: All facts in words.
    """

    head: str
    tail: str
    names: tuple[str, ...]
    slot: int
    back: bool
    said: str


def bonds_between(
    triples: Sequence[tuple[str, str, str]], colours: Mapping[str, int]
) -> list[Bond]:
    """One bond for each pair of entities, with all relations between them in both directions."""
    pairs: dict[frozenset[str], list[tuple[str, str, str]]] = {}
    for triple in triples:
        if triple[0] != triple[2]:
            pairs.setdefault(frozenset((triple[0], triple[2])), []).append(triple)
    bonds = []
    for between in pairs.values():
        head, first, tail = between[0]
        names = tuple(dict.fromkeys(relation for _, relation, _ in between))
        facts = "; ".join(" — ".join(triple) for triple in between)
        back = any(t[0] == tail for t in between)
        bonds.append(Bond(head, tail, names, colours.get(first, GREY), back, facts))
    return bonds


def arrow(bond: Bond, boxes: Mapping[str, Box]) -> str:
    """The line from box to box, with its arrowheads."""
    head, tail = boxes[bond.head], boxes[bond.tail]
    x1, y1 = head.edge(tail.x, tail.y)
    x2, y2 = tail.edge(head.x, head.y)
    heads = _head(x1, y1, x2, y2) + (_head(x2, y2, x1, y1) if bond.back else "")
    return (
        f'<g class="bond mark c{bond.slot}"><title>{text(bond.said)}</title>'
        f'<path class="curve" d="M{px(x1)} {px(y1)}L{px(x2)} {px(y2)}"/>'
        f'<path class="tip" d="{heads}"/></g>'
    )


def _head(x1: float, y1: float, x2: float, y2: float) -> str:
    length = math.hypot(x2 - x1, y2 - y1)
    if length < 1:
        return ""
    ux, uy = (x2 - x1) / length, (y2 - y1) / length
    bx, by = x2 - 8 * ux, y2 - 8 * uy
    return (
        f"M{px(x2)} {px(y2)}L{px(bx - 4 * uy)} {px(by + 4 * ux)}"
        f"L{px(bx + 4 * uy)} {px(by - 4 * ux)}z"
    )


def bond_names(bonds: Sequence[Bond], boxes: Mapping[str, Box]) -> str:
    """Names on the lines, where they overlap neither a box nor each other."""
    occupied = list(boxes.values())
    parts = []
    for bond in bonds:
        label = short(" · ".join(bond.names), 30)
        head, tail = boxes[bond.head], boxes[bond.tail]
        x1, y1 = head.edge(tail.x, tail.y)
        x2, y2 = tail.edge(head.x, head.y)
        half = text_width(label, _SIZE) / 2
        for share in (0.5, 0.4, 0.6, 0.3, 0.7, 0.22, 0.78):
            box = Box(x1 + (x2 - x1) * share, y1 + (y2 - y1) * share, half, 7.0)
            if not any(box.hits(other, 4) for other in occupied):
                occupied.append(box)
                parts.append(
                    f'<text class="relation mark c{bond.slot}" x="{px(box.x)}" y="{px(box.y)}" '
                    f'text-anchor="middle" dominant-baseline="central">{text(label)}</text>'
                )
                break
    return "".join(parts)
