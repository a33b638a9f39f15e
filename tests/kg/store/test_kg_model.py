"""The store against a Python model: after any changes both hold the same triples and history."""

import hashlib
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from kg import KnowledgeGraph, StoreError, Triple

NODES = [
    "A",
    "a",
    "NA",
    "null",
    "'; DROP TABLE triple; --",
    "%",
    "é",
    "e\u0301",
    "x\u2028",
    "\x7f\t\n",
]
EDGES = ["P1", "p1", "r_inverse", '"', "_"]
node, edge = st.sampled_from(NODES), st.sampled_from(EDGES)
triple = st.builds(Triple, node, edge, node)


def digest(triples):
    """The fingerprint as its docstring says it, written again."""
    found = hashlib.sha256()
    for parts in sorted([part.encode() for part in item] for item in triples):
        for part in parts:
            found.update(len(part).to_bytes(8, "big"))
            found.update(part)
    return found.hexdigest()


class GraphMachine(RuleBasedStateMachine):
    template: Path

    @initialize()
    def start(self):
        self.folder = Path(tempfile.mkdtemp())
        shutil.copy(self.template, self.folder / "g.db")
        self.graph = KnowledgeGraph.open(self.folder / "g.db")
        self.alive: dict[Triple, int] = {}  # in the order they came, with the revision that did it
        self.ended: dict[int, list[Triple]] = {}
        self.past: list[frozenset[Triple]] = [frozenset()]

    def teardown(self):
        if hasattr(self, "graph"):
            self.graph.close()
            shutil.rmtree(self.folder)

    @property
    def newest(self):
        return len(self.past) - 1

    def commit(self, ended, begun):
        """One revision of the model: end some triples, begin others."""
        number = len(self.past)
        for item in ended:
            del self.alive[item]
        self.ended[number] = list(ended)
        for item in begun:
            self.alive.setdefault(item, number)
        self.past.append(frozenset(self.alive))
        return number

    @rule(items=st.lists(triple, max_size=6))
    def add(self, items):
        fresh = list(dict.fromkeys(item for item in items if item not in self.alive))
        assert self.graph.add(items) == len(fresh)
        if fresh:
            self.commit([], fresh)

    @rule(head=st.none() | node, relation=st.none() | edge, tail=st.none() | node)
    def remove(self, head, relation, tail):
        if head is relation is tail is None:
            with pytest.raises(StoreError, match="needs a head"):
                self.graph.remove()
            return
        gone = self.matching(head, relation, tail)
        assert self.graph.remove(head=head, relation=relation, tail=tail) == len(gone)
        if gone:
            self.commit(gone, [])

    @precondition(lambda self: self.alive)
    @rule(data=st.data())
    def edit(self, data):
        ends = sorted(
            {end for past in self.past for item in past for end in (item.head, item.tail)}
        )
        edges = sorted({item.relation for past in self.past for item in past})
        head, tail = data.draw(st.sampled_from(ends)), data.draw(st.sampled_from(ends))
        relation = data.draw(st.sampled_from(edges))
        values = [item.tail for item in self.matching(head, relation, None)]
        old = data.draw(st.none() | st.sampled_from(ends))
        if tail in values or (old is None and len(values) > 1) or (old and old not in values):
            with pytest.raises(StoreError):
                self.graph.edit(head, relation, tail, old=old)
            return
        replaced = values if old is None else [old]
        ended = [Triple(head, relation, value) for value in replaced]
        number = self.commit(ended, [Triple(head, relation, tail)])
        assert self.graph.edit(head, relation, tail, old=old) == number

    @precondition(lambda self: self.newest)
    @rule(data=st.data())
    def undo_any(self, data):
        number = data.draw(st.integers(1, self.newest))
        ended = [item for item, began in self.alive.items() if began == number]
        back = [item for item in self.ended[number] if item not in self.alive]
        if not ended and not back:
            with pytest.raises(StoreError, match="left to undo"):
                self.graph.undo(number)
            return
        assert self.graph.undo(number) == self.commit(ended, back)

    @precondition(lambda self: self.newest)
    @rule()
    def undo_the_newest_gives_back_the_copy_from_before(self):
        before = self.past[-2]
        newest = self.newest
        ended = [item for item, began in self.alive.items() if began == newest]
        assert self.graph.undo() == self.commit(ended, self.ended[newest])
        assert frozenset(self.graph.match()) == before == self.past[-1]

    @rule(head=st.none() | node, relation=st.none() | edge, tail=st.none() | node)
    def match(self, head, relation, tail):
        assert list(self.graph.match(head, relation, tail)) == self.matching(head, relation, tail)

    @rule(data=st.data())
    def fingerprint_of_the_past(self, data):
        number = data.draw(st.integers(0, self.newest))
        assert self.graph.fingerprint(number) == digest(self.past[number])

    @invariant()
    def holds_the_same(self):
        if not hasattr(self, "graph"):
            return
        assert list(self.graph.match()) == list(self.alive)
        assert self.graph.revision() == self.newest
        assert self.graph.stats()["triples"] == len(self.alive)

    def matching(self, head, relation, tail):
        wanted = (head, relation, tail)
        return [
            item
            for item in self.alive
            if all(want is None or want == part for want, part in zip(wanted, item, strict=True))
        ]


def test_the_store_agrees_with_a_python_model(template):
    GraphMachine.template = template
    machine = GraphMachine.TestCase
    machine.settings = settings(max_examples=25, stateful_step_count=20, deadline=None)
    machine().runTest()
