"""The store and a Python model give the same answers, now and at every revision."""

import hashlib
from dataclasses import dataclass
from itertools import product
from unicodedata import normalize

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
SOURCES = ["user", "file", "%s"]
node, edge, source = st.sampled_from(NODES), st.sampled_from(EDGES), st.sampled_from(SOURCES)
triple = st.builds(Triple, node, edge, node)
VARIABLES = ["?x", "?y", "?r"]


def digest(triples):
    """The fingerprint as its docstring says it, written again."""
    found = hashlib.sha256()
    for parts in sorted([part.encode() for part in item] for item in triples):
        for part in parts:
            found.update(len(part).to_bytes(8, "big"))
            found.update(part)
    return found.hexdigest()


@dataclass
class Said:
    """A statement of a triple by a source, from one revision to another."""

    fact: Triple
    source: str
    added: int
    removed: int | None = None

    def at(self, number):
        return self.added <= number and (self.removed is None or self.removed > number)


def answers(triples, patterns, select):
    """All bindings of a basic graph pattern, by trying every choice of triples."""
    found = set()
    for choice in product(triples, repeat=len(patterns)):
        bound = {}
        for pattern, item in zip(patterns, choice, strict=True):
            for term, part in zip(pattern, item, strict=True):
                if (term if term[0] != "?" else bound.setdefault(term, part)) != part:
                    break
            else:
                continue
            break
        else:
            found.add(tuple(bound[name] for name in select))
    return found


class GraphMachine(RuleBasedStateMachine):
    new_place: object

    @initialize()
    def start(self):
        self.graph = KnowledgeGraph.open(type(self).new_place())
        self.log: list[Said] = []
        self.kinds: list[str] = [""]
        self.undoes: dict[int, set[int]] = {}

    def teardown(self):
        if hasattr(self, "graph"):
            self.graph.close()

    @property
    def newest(self):
        return len(self.kinds) - 1

    def meant(self, key):
        """The key that a name means: itself if known, else the canonically equal one."""
        ever = sorted({end for item in self.log for end in (item.fact.head, item.fact.tail)})
        if key is None or key in ever:
            return key
        equal = [end for end in ever if normalize("NFC", end) == normalize("NFC", key)]
        return equal[0] if equal else key

    def relation(self, name, number):
        """The key that a name in a pattern means: itself, else the relation of that label."""
        if name[0] == "?" or name in {item.fact.relation for item in self.log}:
            return name
        labels = {fact.relation.casefold(): fact.relation for fact in self.alive(number)}
        return labels.get(name.casefold(), name)

    def alive(self, number=None):
        return {
            item.fact for item in self.log if item.at(self.newest if number is None else number)
        }

    def live(self):
        return [item for item in self.log if item.removed is None]

    def commit(self, kind, ended, begun):
        """One revision of the model: end some statements, begin others."""
        number = len(self.kinds)
        self.kinds.append(kind)
        for item in ended:
            item.removed = number
        for fact, who in begun:
            self.log.append(Said(fact, who, number))
        return number

    @rule(items=st.lists(triple, max_size=6), who=source)
    def add(self, items, who):
        said = {item.fact for item in self.live() if item.source == who}
        before = self.alive()
        assert self.graph.add(items, source=who) == len(set(items) - before)
        if set(items) - said:
            self.commit("add", [], [(fact, who) for fact in sorted(set(items) - said)])

    @rule(head=st.none() | node, relation=st.none() | edge, tail=st.none() | node)
    def remove(self, head, relation, tail):
        if head is relation is tail is None:
            with pytest.raises(StoreError, match="needs a head"):
                self.graph.remove()
            return
        meant = self.meant(head), relation, self.meant(tail)
        gone = self.matching(self.alive(), *meant)
        assert self.graph.remove(head=head, relation=relation, tail=tail) == len(gone)
        if gone:
            self.commit("remove", [item for item in self.live() if item.fact in gone], [])

    @rule(who=source)
    def forget_a_source(self, who):
        ended = [item for item in self.live() if item.source == who]
        assert self.graph.forget(source=who) == (len(self.kinds) if ended else 0)
        if ended:
            self.commit("remove", ended, [])

    @rule(key=node)
    def forget_an_entity(self, key):
        meant = self.meant(key)
        ended = [item for item in self.live() if meant in (item.fact.head, item.fact.tail)]
        assert self.graph.forget(entity=key) == (len(self.kinds) if ended else 0)
        if ended:
            self.commit("remove", ended, [])

    @precondition(lambda self: self.alive())
    @rule(data=st.data())
    def edit(self, data):
        ends = sorted({end for item in self.log for end in (item.fact.head, item.fact.tail)})
        edges = sorted({item.fact.relation for item in self.log})
        head, tail = data.draw(st.sampled_from(ends)), data.draw(st.sampled_from(ends))
        relation = data.draw(st.sampled_from(edges))
        values = [item.tail for item in self.matching(self.alive(), head, relation, None)]
        old = data.draw(st.none() | st.sampled_from(ends))
        if tail in values or (old is None and len(values) > 1) or (old and old not in values):
            with pytest.raises(StoreError):
                self.graph.edit(head, relation, tail, old=old)
            return
        replaced = {Triple(head, relation, value) for value in (values if old is None else [old])}
        ended = [item for item in self.live() if item.fact in replaced]
        number = self.commit("edit", ended, [(Triple(head, relation, tail), "user")])
        assert self.graph.edit(head, relation, tail, old=old) == number

    @precondition(lambda self: self.newest)
    @rule(data=st.data(), later=st.booleans())
    def undo(self, data, later):
        number = data.draw(st.just(self.newest) | st.integers(1, self.newest))
        taken = self.together(number)
        facts = {fact for one in taken for fact in self.touched(one)}
        before, then, now = (
            {pair for pair in self.stated(at) if pair[0] in facts}
            for at in (number - 1, number, self.newest)
        )
        if self.kinds[number] == "purge" or before == now:
            with pytest.raises(StoreError, match=r"left to undo|purge"):
                self.graph.undo(number, later=later)
            return
        if then == now:  # what came later cancels out
            taken = {number}
        elif len(taken) > 1 and not later:
            with pytest.raises(StoreError, match="cannot be undone alone"):
                self.graph.undo(number)
            return
        ended = [item for item in self.live() if (item.fact, item.source) in now - before]
        kind = "redo" if len(taken) == 1 and self.kinds[number] == "undo" else "undo"
        new = self.commit(kind, ended, sorted(before - now))
        self.undoes[new] = taken
        assert self.graph.undo(number, later=later) == new
        found = self.graph.revisions(limit=1)[0]
        assert (found.kind, found.undoes) == (kind, tuple(sorted(taken, reverse=True)))
        self.changes(new)

    @precondition(lambda self: self.newest)
    @rule()
    def undo_the_newest_gives_back_the_graph_from_before(self):
        if self.kinds[self.newest] != "purge" and self.touched(self.newest):
            before, number = self.stated(self.newest - 1), self.newest
            now = self.stated(number)
            ended = [item for item in self.live() if (item.fact, item.source) not in before]
            kind = "redo" if self.kinds[number] == "undo" else "undo"
            new = self.commit(kind, ended, sorted(before - now))
            self.undoes[new] = {number}
            assert self.graph.undo() == new
            assert set(self.graph.match()) == {fact for fact, _ in before} == self.alive()

    def changes(self, number):
        """The log lists exactly the changes that a revision made."""
        found = {(c.kind, c.fact, c.source) for c in self.graph.log.changes(number)}
        begun = {("added", x.fact, x.source) for x in self.log if x.added == number}
        ended = {("removed", x.fact, x.source) for x in self.log if x.removed == number}
        assert found == begun | ended
        assert self.graph.log.count(number) == (len(begun), len(ended))

    def stated(self, number):
        return {(item.fact, item.source) for item in self.log if item.at(number)}

    def touched(self, number):
        return {item.fact for item in self.log if number in (item.added, item.removed)}

    def together(self, number):
        """A revision with the later ones of the same facts, or of a fact that an edit stated."""
        exclusive = set()
        for one in range(number, self.newest + 1):
            if self.kinds[one] == "edit" or exclusive & self.undoes.get(one, set()):
                exclusive.add(one)
        taken = {number}
        while True:
            facts = {fact for one in taken for fact in self.touched(one)}
            slots = {fact[:2] for fact in facts}
            edited = {fact[:2] for one in taken & exclusive for fact in self.touched(one)}
            more = {
                one
                for one in set(range(number + 1, self.newest + 1)) - taken
                if self.touched(one) & facts
                or {fact[:2] for fact in self.touched(one)}
                & (slots if one in exclusive else edited)
            }
            if not more:
                return taken
            taken |= more

    @precondition(lambda self: self.log)
    @rule(data=st.data())
    def purge_a_source(self, data):
        who = data.draw(st.sampled_from(sorted({item.source for item in self.log})))
        report = self.graph.purge(source=who)
        assert report.statements == sum(item.source == who for item in self.log)
        self.log = [item for item in self.log if item.source != who]
        assert report.revision == self.commit("purge", [], [])

    @rule(head=st.none() | node, relation=st.none() | edge, tail=st.none() | node)
    def match(self, head, relation, tail):
        found = list(self.graph.match(head, relation, tail))
        assert len(found) == len(set(found))
        head, tail = self.meant(head), self.meant(tail)
        assert set(found) == self.matching(self.alive(), head, relation, tail)

    @rule(data=st.data())
    def query(self, data):
        number = data.draw(st.none() | st.integers(0, self.newest))
        end = st.sampled_from(["?x", "?y", *NODES[:4]])
        name = st.sampled_from(["?r", *EDGES[:2]])
        patterns = data.draw(st.lists(st.tuples(end, name, end), min_size=1, max_size=2))
        select = sorted({term for item in patterns for term in item if term[0] == "?"})
        view = self.graph if number is None else self.graph.at(number)
        found = list(view.query(patterns, select=select))
        assert len(found) == len(set(found))
        meant = [(head, self.relation(name, number), tail) for head, name, tail in patterns]
        assert set(found) == answers(self.alive(number), meant, select)

    @rule(data=st.data())
    def the_past_is_as_it_was(self, data):
        number = data.draw(st.integers(0, self.newest))
        view = self.graph.at(number)
        assert set(view.match()) == self.alive(number)
        assert view.stats()["triples"] == len(self.alive(number))
        assert self.graph.fingerprint(number) == digest(self.alive(number))

    @rule(key=node)
    def history(self, key):
        wanted, asked, key = set(), key, self.meant(key)
        for item in self.log:
            if key in (item.fact.head, item.fact.tail) and item.added != item.removed:
                wanted.add((item.added, "added", item.fact, item.source))
                if item.removed is not None:
                    wanted.add((item.removed, "removed", item.fact, item.source))
        found = [(c.revision, c.kind, c.fact, c.source) for c in self.graph.history(asked)]
        assert set(found) == wanted
        assert len(found) == len(wanted)
        assert [item[0] for item in found] == sorted(item[0] for item in found)

    @invariant()
    def holds_the_same(self):
        if not hasattr(self, "graph"):
            return
        assert set(self.graph.match()) == self.alive()
        assert self.graph.revision() == self.newest
        ends = {end for item in self.alive() for end in (item.head, item.tail)}
        stats = self.graph.stats()
        assert (stats["triples"], stats["entities"]) == (len(self.alive()), len(ends))
        found = self.graph.entities(NODES)
        assert {key: entity.key for key, entity in found.items()} == {
            key: self.meant(key) for key in NODES if self.meant(key) in ends
        }

    def matching(self, triples, head, relation, tail):
        wanted = (head, relation, tail)
        return {
            item
            for item in triples
            if all(want is None or want == part for want, part in zip(wanted, item, strict=True))
        }


@pytest.mark.usefixtures("many_inputs")
def test_the_store_agrees_with_a_python_model(new_place, kind):
    class Machine(GraphMachine):
        pass

    Machine.new_place = staticmethod(new_place)
    case = Machine.TestCase
    count = {"sqlite": 80, "postgresql": 25}[kind]
    case.settings = settings(max_examples=count, stateful_step_count=25, deadline=None)
    case().runTest()
