"""A graph with ids of more than 32 bits works like one with small ids."""

import pytest

from kg import EntityRecord, KnowledgeGraph
from kg.store.write.external_sort import unique

FAR = 2**33
LINES = "".join(f"e{number % 40}\tr{number % 3}\te{number * 7 % 40}\n" for number in range(200))


def raise_ids(graph):
    """Make all new ids begin beyond 2^33, in both directions."""
    with graph.database.writing() as (sql, _):
        sql.run("INSERT INTO entity (id, key) VALUES (?, 'far')", (FAR,))
        sql.run("INSERT INTO relation (id, key) VALUES (?, 'far')", (FAR,))
        sql.run("INSERT INTO source (id, name) VALUES (?, 'far')", (FAR,))
        sql.run(
            "INSERT INTO literal (id, hash, value, datatype, language, unit)"
            " VALUES (?, 1, 'far', '', '', '')",
            (-FAR,),
        )
        sql.run(
            "INSERT INTO triple (id, head_id, relation_id, tail_id, rev_added, rev_removed)"
            " VALUES (?, ?, ?, ?, 1, 1)",
            (FAR, FAR, FAR, -FAR),
        )
        sql.run(
            "INSERT INTO revision (id, kind, note, at) VALUES (?, 'add', '', '2026-01-01')", (FAR,)
        )


def history(graph, path):
    """Make all kinds of changes; yield the graph's state after each."""
    base = graph.revision()

    def state():
        return (
            graph.fingerprint(),
            sorted(map(tuple, graph.match())),
            list(map(repr, graph.search("e1"))),
            len(graph.history("e1")),
            graph.revision() - base,
        )

    path.write_text(LINES)
    graph.load(path)
    yield state()
    path.write_text(LINES + "e1\tr1\tnew\n")
    yield graph.load(path).ended, state()
    path.write_text("e1\tr1\tnew\n")
    yield graph.load(path).ended, state()
    graph.undo()
    yield state()
    graph.add([EntityRecord(key="e1", label="One", description="first"), ("e1", "size", "big")])
    yield state()
    graph.edit("e1", "size", "e2")
    yield state()
    yield sorted(map(str, graph.query([("?a", "r1", "?b"), ("?b", "r2", "?c")])))
    graph.purge(entity="e3")
    yield state()
    with graph.database.reading() as sql:
        yield sql.one("SELECT count(*) FROM name_index")


def test_large_ids_do_what_small_ones_do(new_graph, tmp_path):
    near, far = new_graph(), new_graph()
    raise_ids(far)
    expected = list(history(near, tmp_path / "t.tsv"))
    found = list(history(far, tmp_path / "t.tsv"))
    assert found[:-1] == expected[:-1]
    with far.database.reading() as sql:
        assert sql.one("SELECT min(id) FROM entity WHERE key <> 'far'") > FAR
        assert sql.one("SELECT max(id) FROM literal WHERE value <> 'far'") < -FAR
        assert sql.one("SELECT max(rev_added) FROM triple_source") > FAR


def test_rows_with_large_ids_sort_as_tuples_do():
    import numpy as np

    rng = np.random.default_rng(0)
    rows = rng.integers(0, 3, (500, 5)) * 2**32 + rng.integers(0, 3, (500, 5))
    first = {}
    for row in rows.tolist():
        first.setdefault(tuple(row[:4]), row)
    assert unique(rows).tolist() == [first[key] for key in sorted(first)]


def test_a_name_index_with_large_ids_is_built_again(new_graph):
    from kg.store.rows import name_index

    graph = new_graph()
    raise_ids(graph)
    graph.add([EntityRecord(key="Q1", label="Universe"), ("Q1", "x", "y")])
    with graph.database.writing() as (sql, _):
        name_index.rebuild(sql)
    assert [item.key for item in graph.search("universe")] == ["Q1"]


@pytest.mark.parametrize("version", ["0011"])
def test_a_database_with_32_bits_is_migrated_with_what_it_has(new_place, version):
    import alembic.command

    from kg.sql.migrate import alembic_config

    place = new_place()
    with KnowledgeGraph.open(place) as graph:
        graph.add([("a", "r", "b")])
        before = graph.fingerprint()
        with graph.database.write() as connection:
            alembic.command.downgrade(alembic_config(connection), version)
    with KnowledgeGraph.open(place) as graph:
        assert graph.fingerprint() == before
        raise_ids(graph)
        graph.add([("c", "r", "d")])
        assert {tuple(fact) for fact in graph.match()} == {("a", "r", "b"), ("c", "r", "d")}
