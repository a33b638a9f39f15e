"""A process that changes a graph, step after step, for a test to kill.

    python crashes.py PLACE FOLDER STEP [STEP …]

It prints "ready", then reads lines, runs a step for each line, and prints "done" after the step.
"""

import sys

from kg import KnowledgeGraph
from kg.types import EntityRecord

ROWS = 4_000


def write_files(folder):
    """The files that the steps load."""
    for name in "ab":
        rows = (f"{name}{n % 900}\tr{n % 5}\tx{n * 7 % 1_000}\n" for n in range(ROWS))
        (folder / f"{name}.tsv").write_text("".join(rows))


def load(name):
    return lambda graph, folder: graph.load(f"{folder}/{name}.tsv", source=name)


def canary(graph, folder):
    graph.add([EntityRecord(key="canary", label="Tweety"), ("canary", "r0", "x7")], source="bird")


STEPS = [
    load("a"),
    load("b"),
    lambda graph, folder: graph.edit("a1", "r1", "x2", old="x7"),
    canary,
    lambda graph, folder: graph.undo(),
    lambda graph, folder: graph.undo(3),
    canary,
    lambda graph, folder: graph.purge(source="bird"),
    lambda graph, folder: graph.remove(relation="r3"),
    lambda graph, folder: graph.purge(source="a"),
    lambda graph, folder: graph.undo(9),
    lambda graph, folder: graph.forget(source="b"),
    lambda graph, folder: graph.undo(),
    lambda graph, folder: graph.purge(entity="x8"),
]

if __name__ == "__main__":
    place, folder = sys.argv[1:]
    with KnowledgeGraph.open(place) as graph:
        print("ready", flush=True)
        for line in sys.stdin:
            STEPS[int(line)](graph, folder)
            print("done", flush=True)
