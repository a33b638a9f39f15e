"""Divided tables beside plain ones on PostgreSQL: load, size, hops in both directions, edits."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING

import numpy as np
from store_peers import data
from store_peers.contest import Digest

from kg import KnowledgeGraph
from kg.sql.database import Database

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

EDITS = 50
"""New facts that a round adds one by one, and then undoes."""

MAX_TAILS = 200
"""Entities that are asked for as tails end at most as many triples: hubs end a fifth of all."""

COLUMNS = {
    "one hop from the head": "out",
    "one hop from the tail": "in",
    "two hops": "two",
    "add a fact": "edit",
    "undo it": "undo",
}


@dataclass
class Arm:
    """A graph with or without partitions, and the seconds that it took."""

    partitions: int
    graph: KnowledgeGraph
    loaded: float
    bytes: int
    seconds: dict[str, list[float]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return f"{self.partitions} partitions" if self.partitions else "plain"


@dataclass(frozen=True)
class Questions:
    """The keys to ask, and the digests of the right answers."""

    out: list[str]
    into: list[str]
    two: list[str]
    answers: dict[str, str]


def measure(
    triples: int,
    partitions: Iterable[int],
    rounds: int,
    seed: int,
    folder: Path,
    new_database: Callable[[], str],
) -> int:
    """Load each arm, ask all in turns, print a table; return how many answers were wrong.

    Args:
        triples: The number of distinct triples.
        partitions: The number of partitions of each arm; 0 for plain tables.
        rounds: How often each arm is asked everything.
        seed: Of the triples.
        folder: For the file that is loaded.
        new_database: Makes an empty database and gives its URL.
    """
    questions = _write(triples, seed, folder)
    arms = [_load(number, folder / "triples.tsv", new_database()) for number in partitions]
    wrong = 0
    for number in range(rounds):
        for arm in arms if number % 2 == 0 else reversed(arms):
            wrong += _ask(arm, questions)
            wrong += _edit(arm, number)
    _print(triples, arms, rounds)
    for arm in arms:
        arm.graph.close()
    print(f"\nwrong answers: {wrong}")
    return wrong


def _write(triples: int, seed: int, folder: Path) -> Questions:
    """Write the file; the right answers are computed from the arrays that it was written from."""
    made = data.make(triples, seed)
    rng = np.random.default_rng(seed + 1)
    data.write(made, rng, folder / "triples.tsv")
    asked = data.Questions(made, rng)
    answers = asked.answers()
    order = np.argsort(made.tails, kind="stable")
    tails = made.tails[order]
    sizes = np.bincount(made.tails, minlength=len(made.keys))
    chosen = rng.choice(
        np.flatnonzero((sizes > 0) & (sizes <= MAX_TAILS)), data.ONE_HOP, replace=False
    ).tolist()
    digest = Digest()
    for tail in chosen:
        start, end = np.searchsorted(tails, [tail, tail + 1])
        rows = order[start:end]
        pairs = zip(made.heads[rows].tolist(), made.relations[rows].tolist(), strict=True)
        digest.pairs(made.keys[tail], [(made.keys[head], made.names[rel]) for head, rel in pairs])
    keys = made.keys
    return Questions(
        out=[keys[head] for head in asked.one],
        into=[keys[tail] for tail in chosen],
        two=[keys[head] for head in asked.two],
        answers={**answers, "in": digest.text()},
    )


def _load(partitions: int, path: Path, url: str) -> Arm:
    Database(url, partitions=partitions or None).close()
    graph = KnowledgeGraph.open(url)
    start = time.perf_counter()
    graph.load(path)
    seconds = time.perf_counter() - start
    # Without this, the arms would be asked before or after autovacuum, by chance.
    graph.database.maintain("VACUUM ANALYZE")
    with graph.database.quick() as sql:
        size = int(sql.one("SELECT pg_database_size(current_database())"))
    arm = Arm(partitions, graph, seconds, size)
    print(f"{arm.name}: loaded in {seconds:.0f} s", flush=True)
    return arm


def _ask(arm: Arm, questions: Questions) -> int:
    """Ask everything once; return how many kinds of questions had a wrong answer."""
    graph = arm.graph
    found = {"one": Digest(), "in": Digest(), "two": Digest()}
    for key in questions.out:
        triples = _timed(arm, "out", lambda key=key: list(graph.match(head=key)))
        found["one"].pairs(key, triples)
    for key in questions.into:
        triples = _timed(arm, "in", lambda key=key: list(graph.match(tail=key)))
        found["in"].pairs(key, [(triple.head, triple.relation) for triple in triples])
    for key in questions.two:
        patterns = [(key, "?r", "?x"), ("?x", "?s", "?y")]
        ends = _timed(arm, "two", lambda p=patterns: list(graph.query(p, select=["?y"])))
        found["two"].ends(key, ends)
    return sum(found[name].text() != questions.answers[name] for name in found)


def _edit(arm: Arm, number: int) -> int:
    """Add facts and undo them; return how many answers were wrong afterwards."""
    before = arm.graph.revision()
    for at in range(EDITS):
        fact = (f"new{number}_{at}", "edited", "new")
        _timed(arm, "edit", lambda fact=fact: arm.graph.add([fact]))
    wrong = int(len(list(arm.graph.match(relation="edited"))) != EDITS)
    revisions = range(arm.graph.revision(), before, -1)
    for revision in revisions:
        _timed(arm, "undo", lambda revision=revision: arm.graph.undo(revision))
    return wrong + int(bool(list(arm.graph.match(relation="edited"))))


def _timed(arm: Arm, name: str, run: Callable[[], list]) -> list:
    start = time.perf_counter()
    found = run()
    arm.seconds.setdefault(name, []).append(time.perf_counter() - start)
    return found


def _median_interval(seconds: list[float]) -> tuple[float, float]:
    """The 95% bootstrap interval of the median."""
    drawn = np.random.default_rng(0).choice(np.array(seconds), (400, len(seconds)))
    low, high = np.percentile(np.median(drawn, axis=1), [2.5, 97.5])
    return float(low), float(high)


def _print(triples: int, arms: list[Arm], rounds: int) -> None:
    print(f"\n{triples:,} triples, {rounds} rounds; medians in ms with 95% bootstrap intervals\n")
    print("| | load | bytes a triple | " + " | ".join(COLUMNS) + " |")
    print("|---" * (len(COLUMNS) + 3) + "|")
    for arm in arms:
        cells = [arm.name, f"{arm.loaded:.0f} s", f"{arm.bytes / triples:.0f}"]
        for name in COLUMNS.values():
            low, high = (1e3 * bound for bound in _median_interval(arm.seconds[name]))
            cells.append(f"{1e3 * median(arm.seconds[name]):.2f} [{low:.2f}, {high:.2f}]")
        print(f"| {' | '.join(cells)} |", flush=True)
