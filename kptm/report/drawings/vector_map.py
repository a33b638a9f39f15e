"""A map of entities' vectors: similar vectors are near each other."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING, Any

from kptm.report.drawings.map_labels import Dot, map_labels
from kptm.report.drawings.palette import COLOURS, GREY
from kptm.report.drawings.scale import Scale
from kptm.report.markup import legend, px, svg, text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kptm.report.report_data import MapPoint

WIDTH, HEIGHT = 960, 680
_REST = "other"


def project(table: Any, seed: int = 0) -> list[tuple[float, float]]:
    """Project vectors to two dimensions: PCA to at most 32, then t-SNE initialised by PCA.

    Up to eight vectors are projected by PCA alone. Vectors are normalised first, because their
    length reflects an entity's frequency more than its meaning. Equal vectors and seeds give equal
    maps on the same machine.

    Args:
        table: An array or tensor of real numbers, shape (N, E); numbers that are not finite
            count as zero.
        seed: The seed of t-SNE.

    Returns:
        N positions (x, y), in arbitrary units.
    """
    import numpy as np
    from sklearn.decomposition import PCA
    from sklearn.manifold import TSNE

    source = table.detach().cpu().double().numpy() if hasattr(table, "detach") else table
    rows = np.nan_to_num(np.asarray(source, dtype=np.float64), nan=0.0, posinf=0.0, neginf=0.0)
    if rows.shape[0] == 0 or rows.size == 0:
        return [(0.0, 0.0)] * rows.shape[0]
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    rows = rows / np.where(norms > 0, norms, 1.0)
    count = rows.shape[0]
    if np.ptp(rows, axis=0).max() < 1e-12:
        return [(0.0, 0.0)] * count
    size = min(32, *rows.shape)
    flat = PCA(n_components=size, svd_solver="full").fit_transform(rows)
    plane = np.zeros((count, 2))
    plane[:, : min(2, size)] = flat[:, :2]
    if count > 8:
        start = (plane / (plane[:, 0].std() or 1.0) * 1e-4).astype(np.float32)
        perplexity = min(25.0, (count - 1) / 3)
        tsne = TSNE(perplexity=perplexity, init=start, random_state=seed, max_iter=750, n_jobs=1)
        plane = tsne.fit_transform(flat)
    return [(float(x), float(y)) for x, y in plane]


def group_slots(points: Sequence[MapPoint]) -> dict[str, int]:
    """The slot of the palette of each of the largest groups, ordered by size, then by name.

    Groups without a slot are drawn in grey.
    """
    sizes = Counter(point.group for point in points if point.group)
    order = sorted(sizes, key=lambda group: (-sizes[group], group))
    return {group: i for i, group in enumerate(order[:COLOURS])}


def dots(points: Sequence[MapPoint], width: float, height: float) -> list[Dot]:
    """The finite points, scaled to a drawing of this size, grey ones first."""
    finite = _finite(points)
    if not finite:
        return []
    edge = 14
    x = Scale(min(p.x for p in finite), max(p.x for p in finite), edge, width - edge)
    y = Scale(min(p.y for p in finite), max(p.y for p in finite), height - edge, edge)
    colours = group_slots(finite)
    placed = [Dot(p.label, p.group, colours.get(p.group, GREY), x(p.x), y(p.y)) for p in finite]
    return sorted(placed, key=lambda dot: dot.slot != GREY)


def _finite(points: Sequence[MapPoint]) -> list[MapPoint]:
    return [point for point in points if math.isfinite(point.x) and math.isfinite(point.y)]


def scatter(points: Sequence[MapPoint]) -> str:
    """The map with its legend; "" without points."""
    placed = dots(points, WIDTH, HEIGHT)
    if not placed:
        return ""
    body = "".join(_mark(dot) for dot in placed) + map_labels(placed, WIDTH, HEIGHT)
    entries: Mapping[str, int] = group_slots(_finite(points))
    if any(dot.slot == GREY for dot in placed):
        entries = {**entries, _REST: GREY}
    title = f"Map of {len(placed)} entities, with a colour for each of: {', '.join(entries)}"
    drawing = svg(WIDTH, HEIGHT, title, body, "map")
    return f'<figure class="keyed">{legend(entries, shapes=True)}{drawing}</figure>'


def _mark(dot: Dot) -> str:
    group = f" — {dot.group}" if dot.group else ""
    x, y = dot.x, dot.y
    shape = (
        f'<circle cx="{px(x)}" cy="{px(y)}" r="4.5"/>',
        f'<path d="M{px(x - 5.5)} {px(y)}l5.5 -5.5 5.5 5.5 -5.5 5.5z"/>',
        f'<path d="M{px(x - 5.2)} {px(y + 4.2)}h10.4l-5.2 -9.4z"/>',
    )[dot.slot % 3]
    return f'<g class="mark dot c{dot.slot}"><title>{text(dot.label + group)}</title>{shape}</g>'


def constellation(points: Sequence[MapPoint]) -> str:
    """The map as an ornament: only points, hidden from screen readers."""
    paths: dict[int, list[str]] = {}
    for dot in dots(points, WIDTH, HEIGHT):
        paths.setdefault(dot.slot, []).append(f"M{px(dot.x)} {px(dot.y)}h.01")
    body = "".join(f'<path class="c{slot}" d="{"".join(d)}"/>' for slot, d in paths.items())
    return (
        f'<svg class="stars" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'preserveAspectRatio="xMidYMid slice" aria-hidden="true">{body}</svg>'
    )
