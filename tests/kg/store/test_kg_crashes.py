"""A process that is killed at any moment leaves the state before or after its change.

Many processes can read while one writes.
"""

import hashlib
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import crashes
import pytest

from kg import KnowledgeGraph

pytestmark = pytest.mark.usefixtures("separate_process")

KILLS = int(os.environ.get("KPTM_KILLS", "24"))
"""A release is tried with 200."""

SECONDS = float(os.environ.get("KPTM_SECONDS", "3"))
"""For how long many read and one writes; a release is tried with 60."""


def state(graph):
    """The whole visible state of a graph: all statements and their sources, then and now."""
    found = hashlib.sha256()
    for number in range(graph.revision() + 1):
        found.update(graph.at(number).fingerprint().encode())
    for key in ("a1", "x7", "x8", "canary"):
        found.update(
            repr([(c.revision, c.kind, c.fact, c.source) for c in graph.history(key)]).encode()
        )
    return (
        graph.fingerprint(),
        tuple(sorted(graph.stats().items())),
        [(item.number, item.kind) for item in graph.revisions(limit=99)],
        found.hexdigest(),
    )


class Child:
    """A process on a graph."""

    def __init__(self, place, folder):
        self.process = subprocess.Popen(
            [sys.executable, crashes.__file__, str(place), str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout.readline() == "ready\n"

    def begin(self, step):
        self.process.stdin.write(f"{step}\n")
        self.process.stdin.flush()

    def kill(self):
        self.process.kill()
        self.process.communicate()


def test_a_killed_change_is_done_or_undone(new_place, tmp_path, kind):
    crashes.write_files(tmp_path)
    states, took = [], []
    with KnowledgeGraph.open(new_place("whole.db")) as whole:
        states.append(state(whole))
        for step in crashes.STEPS:
            began = time.perf_counter()
            step(whole, tmp_path)
            took.append(time.perf_counter() - began)
            states.append(state(whole))
    assert len({repr(item) for item in states}) == len(states)
    random_ = random.Random()
    place, at, kills, finished = new_place("torn.db"), 0, 0, 0
    while kills < (KILLS if kind == "sqlite" else KILLS // 4):
        child = Child(place, tmp_path)
        child.begin(at)
        time.sleep(random_.uniform(0, 1.3 * took[at]))
        child.kill()
        kills += 1
        with KnowledgeGraph.open(place) as torn:
            found = state(torn)
        assert found in (states[at], states[at + 1]), (at, found, states[at], states[at + 1])
        if found == states[at + 1]:
            finished += 1
            at += 1
        if at == len(crashes.STEPS):
            place, at = new_place(f"torn{kills}.db"), 0


READER = """
import sys, time
from kg import KnowledgeGraph
end = time.time() + float(sys.argv[2])
seen = set()
with KnowledgeGraph.open(sys.argv[1]) as graph:
    while time.time() < end:
        found = list(graph.match(relation="r"))
        assert len(found) % 1000 == 0, len(found)
        number, triples = graph.snapshot()
        assert len(triples) % 1000 == 0, len(triples)
        assert len(list(graph.at(number).match())) == len(triples), number
        rows = list(graph.query([("?a", "r", "?b"), ("?b", "r", "hub")]))
        assert len(rows) % 500 == 0, len(rows)
        seen.add(number)
print(len(seen))
"""


def test_eight_readers_never_see_half_a_change_of_the_writer(new_place, tmp_path):
    place = new_place("shared.db")
    graph = KnowledgeGraph.open(place)
    readers = [
        subprocess.Popen(
            [sys.executable, "-c", READER, str(place), str(SECONDS + 2)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(8)
    ]
    end = time.time() + SECONDS
    written = 0
    while time.time() < end:
        lines = [f"{written}a{n}\tr\t{written}b{n}\n" for n in range(500)]
        lines += [f"{written}b{n}\tr\thub\n" for n in range(500)]
        path = tmp_path / f"{written}.tsv"
        path.write_text("".join(lines))
        graph.load(path)
        path.unlink()
        if written % 3 == 2:
            graph.undo()
        written += 1
    graph.close()
    for reader in readers:
        out, err = reader.communicate()
        assert reader.returncode == 0, err
        assert int(out) >= 1
    assert written > 1


@pytest.mark.parametrize("what", ["entity", "source"])
def test_no_byte_of_what_is_purged_is_left(new_place, tmp_path, what, kind, request):
    words = [
        "Zwitscherkey",
        "Zwitscherlabel",
        "Zwitscheralias",
        "Zwitscherdescription",
        "Zwitscherfact",
    ]
    source = tmp_path / "Zwitschersource.jsonl"
    key, label, alias, description, fact = words
    source.write_text(
        f'{{"key": "{key}", "label": "{label}", "aliases": ["{alias}"], "description":'
        f' "{description}"}}\n'
        f'{{"head": "{key}", "relation": "r", "value": "{fact}"}}\n["{key}", "r", "x"]\n'
    )
    place = new_place("purged.db")
    with KnowledgeGraph.open(place) as graph:
        graph.add([(f"k{n}", "r", "x") for n in range(500)])
        graph.load(source)
        graph.search(label)
        graph.edit(key, "r", "k3", old="x")
        graph.undo()
        before = graph.fingerprint()
        source.unlink()
        report = graph.purge(**{what: key if what == "entity" else str(source)})
        if what == "source":  # what was edited by hand is the user's
            graph.purge(entity=key)
        else:
            graph.purge(source=str(source))
        assert set(words) <= {*report.names, key}
        assert graph.fingerprint() != before
        assert graph.search(label) == []
        assert not graph.entities([key])
        left = _bytes(graph, tmp_path, kind)
    left += _bytes(None, tmp_path, kind) if kind == "sqlite" else b""
    assert not [word for word in [*words, source.name] if word.encode() in left]


def _bytes(graph, folder: Path, kind):
    """All bytes of the database's files."""
    if kind == "sqlite":
        return b"".join(path.read_bytes() for path in folder.glob("purged.db*"))
    with graph.database.reading() as sql:
        tables = sql.all(
            "SELECT relname FROM pg_class WHERE relkind IN ('r', 'i', 't') AND relpages > 0"
        )
        paths = [sql.one("SELECT pg_relation_filepath(?::regclass)", (name,)) for (name,) in tables
                 if not name.startswith(("pg_", "sql_"))]  # fmt: skip
        return b"".join(bytes(sql.one("SELECT pg_read_binary_file(?)", (path,))) for path in paths)
