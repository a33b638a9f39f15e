"""How long a move takes, and how much memory."""

from __future__ import annotations

import random
import resource
import time
from typing import TYPE_CHECKING

import numpy as np

from kptm import Workspace
from kptm.workspace import move

if TYPE_CHECKING:
    from pathlib import Path

VECTORS = 0.05
"""Records of modeledge a triple."""
DIM = 128


def measure(triples: int, folder: Path, url: str) -> int:
    """Fill a workspace, move it, print a table; return 0."""
    place = folder / "ws"
    chance = random.Random(0)
    nodes = max(triples // 5, 10)
    with (folder / "t.tsv").open("w") as stream:
        for _ in range(triples):
            head, relation, tail = (
                chance.randrange(nodes),
                chance.randrange(50),
                chance.randrange(nodes),
            )
            stream.write(f"e{head}\tr{relation}\te{tail}\n")
    with Workspace.init(place) as ws:
        start = time.monotonic()
        ws.load(folder / "t.tsv")
        loaded = time.monotonic() - start
        rng = np.random.default_rng(0)
        for _ in range(int(triples * VECTORS) // 1_000):
            vectors = rng.normal(size=(1_000, DIM)).astype(np.float32)
            ws.modeledge.add(vectors, [f"e{n}" for n in range(1_000)], space="s", source="x")
    size = sum(path.stat().st_size for path in place.glob("graph.db*"))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.monotonic()
    report = move(place, url)
    took = time.monotonic() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print("| triples | rows | file | SQLite's load | move | rows a second | peak before | after |")
    print("|---|---|---|---|---|---|---|---|")
    figures = (
        f"{triples:,}",
        f"{report.rows:,}",
        f"{size / 1e6:.0f} MB",
        f"{loaded:.1f} s",
        f"{took:.1f} s",
        f"{report.rows / took:,.0f}",
        f"{before / 1024:.0f} MB",
        f"{peak / 1024:.0f} MB",
    )
    print(f"| {' | '.join(figures)} |")
    return 0
