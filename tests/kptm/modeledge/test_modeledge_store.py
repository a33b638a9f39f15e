"""The store against brute force, against a dictionary in Python, and against its own tables."""

import shutil

import numpy as np
import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from kg import KnowledgeGraph
from kg.errors import StoreError
from kptm import Modeledge, ModeledgeError, Record
from kptm.modeledge.encode.ingest import DOCUMENTS_PER_TRANSACTION
from kptm.modeledge.records import decode_context, encode_context
from kptm.modeledge.sql.record_tables import metadata


@pytest.fixture
def store(empty_graph, tmp_path):
    path = tmp_path / "m.db"
    shutil.copy(empty_graph, path)
    made = Modeledge.open(path)
    yield made
    made.close()


def cosine(queries, vectors):
    """The oracle, in float64."""
    queries, vectors = queries.astype(np.float64), vectors.astype(np.float64)
    lengths = np.linalg.norm(queries, axis=1)[:, None] * np.linalg.norm(vectors, axis=1)[None]
    return queries @ vectors.T / lengths


def test_search_is_brute_force(store):
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(300, 7)).astype(np.float32) * rng.uniform(0.01, 90, (300, 1))
    store.add(vectors[:200], [str(number) for number in range(200)], space="s")
    store.add(vectors[200:], [str(number) for number in range(200, 300)], space="s")
    queries = rng.normal(size=(20, 7)).astype(np.float32)
    wanted = cosine(queries, vectors.astype(np.float32))
    for row, hits in zip(wanted, store.search(queries, k=9, space="s"), strict=True):
        best = np.argsort(-row)[:9]
        assert [hit.value for hit in hits] == [str(number) for number in best]
        assert [hit.score for hit in hits] == pytest.approx(row[best], abs=1e-5)


@pytest.mark.parametrize("scale", [1e-30, 1e30])
def test_the_length_of_a_vector_does_not_matter(store, scale):
    store.add(np.array([[3, 4], [4, -3]], np.float32) * np.float32(scale), ["a", "b"], space="s")
    hits = store.search(np.array([[3, 4]], np.float32) * np.float32(scale), space="s")[0]
    assert [(hit.value, round(hit.score, 5)) for hit in hits] == [("a", 1.0), ("b", 0.0)]


def test_fewer_rows_than_k_no_rows_and_unknown_spaces(store):
    store.add(np.eye(3), ["a", "b", "c"], space="s")
    assert len(store.search(np.eye(3), k=8, space="s")[0]) == 3
    assert store.search(np.eye(3), k=0, space="s") == [[], [], []]
    assert store.search(np.eye(3), space="nowhere") == [[], [], []]
    assert store.search(np.zeros((0, 3)), space="s") == []
    assert store.add(np.zeros((0, 3)), [], space="s")


@pytest.mark.parametrize(
    ("vectors", "values"),
    [
        (np.ones((1, 4)), ["a"]),  # another width
        (np.ones((2, 3)), ["a"]),  # too few values
        (np.ones(3), ["a", "b", "c"]),  # no rows
        (np.array([[1, np.nan, 0]]), ["a"]),
        (np.array([[1, np.inf, 0]]), ["a"]),
        (np.array([[1, 1e300, 0]]), ["a"]),  # no float32
        ([[1, 2], [3]], ["a", "b"]),
        ([["x", "y", "z"]], ["a"]),
        ([["1", "2", "3"]], ["a"]),
        (np.full((1, 3), 1 + 2j), ["a"]),
        ([[10**400, 0, 0]], ["a"]),
    ],
)
def test_rows_that_do_not_fit_are_refused_and_change_nothing(store, vectors, values):
    store.add(np.eye(3), ["a", "b", "c"], space="s")
    before = store.newest_operation()
    with pytest.raises(ModeledgeError):
        store.add(vectors, values, space="s")
    assert store.stats() == {"s": 3}
    assert store.newest_operation() == before


@pytest.mark.parametrize("query", [np.ones((1, 4)), np.ones(3), np.full((1, 3), np.nan)])
def test_a_query_that_does_not_fit(store, query):
    store.add(np.eye(3), ["a", "b", "c"], space="s")
    with pytest.raises(ModeledgeError):
        store.search(query, space="s")


@pytest.mark.parametrize(
    "value", ["Robert'); DROP TABLE modeledge_record;--", "", "💥\u202e\x1b[31m", "x" * 1_000_000]
)
def test_values_come_back_unchanged(store, value):
    record = Record(kind="own", value=value, context=(value, "b"), text=value)
    store.add(np.ones((1, 2)), [value], space=value or "s", records=[record])
    assert store.search(np.ones((1, 2)), space=value or "s")[0][0].record == record
    assert store.forget(entity=value).rows_removed == 1


@pytest.mark.parametrize(
    "keys", [(), ("a",), ("",), ("", ""), ("a\x1fb", "%1F", "%25", "ü"), ("\x1f",)]
)
def test_contexts_come_back_unchanged(keys):
    assert decode_context(encode_context(keys)) == keys


def test_forgetting_finds_whole_keys_in_the_right_case(store):
    contexts = [("us",), ("US",), ("a", "us", "b"), ("usa",), ("u%s",), ("u_",)]
    records = [Record(kind="own", value="v", context=keys) for keys in contexts]
    store.add(np.eye(6), ["v"] * 6, space="s", records=records)
    assert store.forget(entity="us").rows_removed == 2
    assert store.forget(entity="u_").rows_removed == 1
    assert store.forget(entity="us").rows_removed == 0
    with pytest.raises(ModeledgeError):
        store.forget()


def test_undo_and_undo_of_an_undo(store):
    first = store.add(np.eye(2), ["a", "b"], space="s")
    store.forget(entity="a")
    gone = store.newest_operation()

    def values():
        return sorted(hit.value for hit in store.search(np.eye(2), space="s")[0])

    assert values() == ["b"]
    store.undo(gone)
    back = store.newest_operation()
    assert values() == ["a", "b"]
    store.undo(back)  # forgotten again
    again = store.newest_operation()
    assert values() == ["b"]
    with pytest.raises(ModeledgeError):
        store.undo(back)
    store.undo(again)
    assert values() == ["a", "b"]
    assert store.undo(first).operation
    assert values() == []
    for number in (first, 99, 0, -1):
        with pytest.raises(ModeledgeError):
            store.undo(number)


def test_a_reopened_store_finds_the_same(store, tmp_path):
    store.add(np.eye(4), list("abcd"), space="s")
    store.forget(entity="c")
    wanted = store.search(np.eye(4), space="s")
    other = Modeledge.open(tmp_path / "m.db")
    assert other.search(np.eye(4), space="s") == wanted
    other.add(np.eye(4)[:1], ["e"], space="s")  # the store that already has an index sees it
    assert {hit.value for hit in store.search(np.eye(4), space="s")[0]} == set("abde")
    other.close()


def test_beside_a_graph_or_alone(tmp_path, new_graph):
    graph = new_graph()
    graph.add([("a", "r", "b")])
    before = graph.fingerprint()
    for where in (tmp_path / "graph0.db", tmp_path / "own.db", f"sqlite:///{tmp_path}/url.db"):
        store = Modeledge.open(where)
        store.add(np.eye(2), ["a", "b"], space="s")
        assert store.stats() == {"s": 2}
        store.close()
    assert graph.fingerprint() == before
    with pytest.raises(StoreError):
        Modeledge.open(tmp_path / "no" / "folder.db")


def test_a_locked_database_says_so(store, tmp_path, monkeypatch):
    monkeypatch.setattr("kg.sql.database.BUSY_SECONDS", 0.05)
    with (
        KnowledgeGraph.open(tmp_path / "m.db") as graph,
        graph.database.write(),
        pytest.raises(StoreError, match="locked"),
    ):
        store.add(np.eye(2), ["a", "b"], space="s")
    assert store.stats() == {}


def test_a_damaged_vector_is_not_searched(store):
    store.add(np.eye(2), ["a", "b"], space="s")
    with store._database.write() as connection:
        connection.execute(sa.text("UPDATE modeledge_record SET vector = x'00'"))
    with pytest.raises(StoreError, match="wrong size"):
        Modeledge(store._database).search(np.eye(2), space="s")


def test_the_tables_are_those_of_the_migrations(store):
    def ours(name, kind, parents):
        return (parents.get("table_name") or name or "modeledge_").startswith("modeledge_")

    with store._database.read() as connection:
        context = MigrationContext.configure(
            connection,
            opts={"compare_type": True, "compare_server_default": True, "include_name": ours},
        )
        assert compare_metadata(context, metadata) == []
        assert set(metadata.tables) < set(sa.inspect(connection).get_table_names())


def test_batches_are_as_documented():
    assert DOCUMENTS_PER_TRANSACTION == 64


KEYS = st.sampled_from(["a", "b", "A", "a%", "c"])
ROW = st.tuples(KEYS, st.lists(KEYS, max_size=2).map(tuple), st.sampled_from(["", "t", "u"]))


class Against(RuleBasedStateMachine):
    """The store and a list of [row, adding operation, removing operations] say the same."""

    template = None
    folder = None
    count = 0

    def __init__(self):
        super().__init__()
        Against.count += 1
        path = self.folder / f"{Against.count}.db"
        shutil.copy(self.template, path)
        self.store = Modeledge.open(path)
        self.rows = []
        self.done = {}  # operation → what undoing it does: (kind, rows added, rows removed)

    def live(self):
        return [row for row in self.rows if row["lives"]]

    @rule(rows=st.lists(ROW, min_size=1, max_size=3), source=st.sampled_from(["", "x"]))
    def add(self, rows, source):
        vectors = np.arange(1, len(rows) * 2 + 1, dtype=np.float32).reshape(-1, 2)
        records = [Record(kind="own", value=v, context=c, text=t) for v, c, t in rows]
        number = self.store.add(
            vectors, [v for v, _, _ in rows], space="s", source=source, records=records
        )
        made = [{"record": record, "source": source, "lives": True} for record in records]
        self.rows += made
        self.done[number] = (made, [])

    @rule(key=KEYS)
    def forget_entity(self, key):
        self._forget(
            {"entity": key}, lambda row: key in (row["record"].value, *row["record"].context)
        )

    @rule(text=st.sampled_from(["t", "u", "v"]))
    def forget_text(self, text):
        self._forget({"text": text}, lambda row: row["record"].text == text)

    @rule(source=st.sampled_from(["x", "y"]))
    def forget_source(self, source):
        own = [row for row in self.rows if row["source"] == source]
        if own and not any(row["lives"] for row in own):
            # All rows of this source are forgotten already: there is nothing to compare.
            return
        self._forget({"source": source}, lambda row: row["source"] == source)

    def _forget(self, what, fits):
        gone = [row for row in self.live() if fits(row)]
        assert self.store.forget(**what).rows_removed == len(gone)
        for row in gone:
            row["lives"] = False
        if gone:
            self.done[self.store.newest_operation()] = ([], gone)

    @precondition(lambda self: self.done)
    @rule(data=st.data())
    def undo_the_newest(self, data):
        """Undo the newest operation; undoing an undo repeats the operation before it."""
        number = max(self.done)
        added, removed = self.done[number]
        receipt = self.store.undo(number)
        assert (receipt.rows_added, receipt.rows_removed) == (len(removed), len(added))
        for row in added:
            row["lives"] = False
        for row in removed:
            row["lives"] = True
        self.done[self.store.newest_operation()] = (removed, added)

    @invariant()
    def they_hold_the_same(self):
        found = [repr(record) for record, _ in self.store.vectors("s")]
        assert sorted(found) == sorted(repr(row["record"]) for row in self.live())
        assert self.store.stats().get("s", 0) == len(self.live())

    def teardown(self):
        self.store.close()


def test_against_a_model_in_python(empty_graph, tmp_path):
    Against.template, Against.folder = empty_graph, tmp_path
    run = Against.TestCase
    run.settings = settings(
        max_examples=15,
        stateful_step_count=12,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    run("runTest").runTest()
