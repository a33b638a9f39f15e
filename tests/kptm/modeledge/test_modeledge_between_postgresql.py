"""Moving between models and stores on PostgreSQL, compared with SQLite."""

import shutil

import numpy as np
import pytest

from kg import EntityRecord, KnowledgeGraph
from kptm import FusedModel, FusionConfig, LinkedText, Modeledge
from kptm.data import Phrasings

NAMES = ("Georgia", "Tbilisi", "New_York", "Paris", "Seine", "Jordan", "Dead_Sea")
PHRASINGS = Phrasings({"capital": ["[Y] is the capital of [X]."]})


@pytest.fixture(scope="module")
def models(embeddings, tokenizer_of, config_of):
    tokenizer = tokenizer_of("bert")
    return [
        FusedModel.build(
            config_of("bert", tokenizer), embeddings, FusionConfig(seed=seed), tokenizer=tokenizer
        ).eval()
        for seed in (0, 1)
    ]


def documents(first, last):
    for number in range(first, last):
        one, other = NAMES[number % 7], NAMES[(number + 1 + number // 7) % 7]
        if one != other:
            text = f"{one} has {other}, {number}."
            at = len(one) + 5
            yield LinkedText.from_spans(text, [(0, len(one), one), (at, at + len(other), other)])


def held(store):
    found = [
        (space.name, repr(entry.record), entry.sources, vector.round(4).tobytes())
        for space in store.spaces()
        for entry, vector in store.entries(space.name)
    ]
    return sorted(found)


def history(places, models, folder):
    """Make every kind of change, and yield the content of the store after each."""
    old, new = models
    with KnowledgeGraph.open(places[0]) as graph, KnowledgeGraph.open(places[1]) as other:
        ours, theirs = Modeledge.of(graph), Modeledge.of(other)
        graph.add([EntityRecord(key=name, label=name) for name in NAMES])
        for store, tail, source, first in ((ours, "Tbilisi", "x", 0), (theirs, "Paris", "y", 20)):
            store.write(old, documents(first, first + 40), source=source)
            store.write_facts(old, graph, [("Georgia", "capital", tail)], PHRASINGS, source=source)
        ours.add(np.eye(3), ["a", "b", "b"], space="mine", source="x", precision="float16")
        theirs.add(np.eye(3), ["a", "b", "c"], space="mine", source="x", precision="float16")
        ours.forget(text=next(iter(documents(25, 26))).text)
        for policy in ("both", "theirs", "newest"):
            report = ours.merge(theirs, policy=policy)
            yield held(ours), report.added, report.same, report.forgotten, len(report.conflicts)
            ours.undo(report.operation)
            yield held(ours)
        count = ours.export(folder)
        report = theirs.load(folder)
        yield held(theirs), count, report.added, report.attested
        report = ours.migrate(new, method="auto", replace=True)
        yield held(ours), report.replaced, [item.moved for item in report.spaces]
        recalled = ours.recall(new, LinkedText("[MASK] has Paris, 3."), k=3)
        yield [round(hit.score, 4) for hit in recalled[0][0].hits]
        ours.undo(report.operations[0])
        yield held(ours)
        assert all(not check.problems for check in ours.verify())


def test_it_is_what_sqlite_does(postgresql, models, empty_graph, tmp_path):
    urls = [postgresql.new() for _ in range(2)]
    files = [shutil.copy(empty_graph, tmp_path / f"{number}.db") for number in range(2)]
    there = list(history(urls, models, tmp_path / "there"))
    here = list(history(files, models, tmp_path / "here"))
    for one, other in zip(there, here, strict=True):
        assert one == other
