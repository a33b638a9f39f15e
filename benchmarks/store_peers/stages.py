"""Where raw sqlite3 spends its load: seconds of each stage, no profiler.

    python -m store_peers.stages TRIPLES.TSV FOLDER

The stages of reading, numbering and inserting take turns a batch at a time, as they do in a load.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter

from store_peers import raw_sqlite
from store_peers.child import peak_mb
from store_peers.contest import BATCH


class Stages:
    """Seconds by stage; a stage entered again adds up."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        began = perf_counter()
        yield
        self.seconds[name] = self.seconds.get(name, 0.0) + perf_counter() - began


def batches(path: Path, stage: Stages) -> Iterator[list[list[str]]]:
    """Split lines, a batch at a time."""
    with path.open(encoding="utf-8", newline="\n") as lines:
        while True:
            with stage("read and split"):
                rows = [line[:-1].split("\t") for _, line in zip(range(BATCH), lines, strict=False)]
            if not rows:
                return
            yield rows


def load(path: Path, folder: Path, stage: Stages) -> None:
    """The load of :mod:`store_peers.raw_sqlite`, taken apart."""
    entities: dict[str, int] = {}
    relations: dict[str, int] = {}
    connection = raw_sqlite.connect(folder / "stages.db")
    connection.execute("BEGIN IMMEDIATE")
    for statement in raw_sqlite.TABLES:
        connection.execute(statement)
    for lines in batches(path, stage):
        with stage("names to numbers"):
            rows = [
                (
                    entities.setdefault(head, len(entities)),
                    relations.setdefault(relation, len(relations)),
                    entities.setdefault(tail, len(entities)),
                )
                for head, relation, tail in lines
            ]
        with stage("insert triples"):
            connection.executemany("INSERT INTO triple VALUES (?, ?, ?)", rows)
    with stage("insert names"):
        connection.executemany("INSERT INTO entity (key, id) VALUES (?, ?)", entities.items())
        connection.executemany("INSERT INTO relation (key, id) VALUES (?, ?)", relations.items())
    for statement in raw_sqlite.AFTER:
        with stage(" ".join(statement.split())[:60]):
            connection.execute(statement)
    with stage("commit"):
        connection.execute("COMMIT")
    with stage("close"):
        connection.close()


def main(path: Path, folder: Path) -> None:
    """Load and print."""
    stage = Stages()
    began = perf_counter()
    load(path, folder, stage)
    whole = perf_counter() - began
    print("| stage of raw sqlite3 | s |\n|---|---|")
    for name, seconds in stage.seconds.items():
        print(f"| {name} | {seconds:.2f} |")
    print(f"| all | {whole:.2f} |\n\npeak {peak_mb():.0f} MB")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
