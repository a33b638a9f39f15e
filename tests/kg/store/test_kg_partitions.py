"""Tables on PostgreSQL that are divided by a hash."""

import random
import re

import alembic.command
import psycopg
import pytest

from kg import KnowledgeGraph, StoreError, Triple
from kg.sql.cursor import Sql
from kg.sql.database import Database
from kg.sql.migrate import alembic_config
from kg.sql.partitions import COLUMNS, MAX_PARTITIONS, count_partitions, divide, unite
from kg.store.write import deferred_indexes

PARTITIONS = 3
COLUMN_LISTS = """
SELECT i.indrelid::regclass::text, i.indisunique, i.indisprimary,
    array(SELECT pg_get_indexdef(i.indexrelid, n, true) FROM generate_series(1, i.indnatts) AS n)
FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
WHERE c.relnamespace = 'public'::regnamespace ORDER BY 1, 4
"""
DEFINITIONS = """
SELECT relname, relkind::text, pg_get_partkeydef(oid) FROM pg_class
    WHERE relnamespace = 'public'::regnamespace;
SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public';
SELECT table_name, column_name, data_type, is_nullable, column_default, collation_name
    FROM information_schema.columns WHERE table_schema = 'public';
SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
    WHERE connamespace = 'public'::regnamespace
""".split(";")


@pytest.fixture
def url(postgresql):
    made = postgresql.divided(PARTITIONS)
    yield made
    postgresql.drop(made)


@pytest.fixture
def plain_url(postgresql):
    made = postgresql.empty()
    yield made
    postgresql.drop(made)


def asked(url, query):
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        return connection.execute(query).fetchall()


def definitions(url):
    return [sorted(map(repr, asked(url, query))) for query in DEFINITIONS]


def facts(count, seed=0):
    chance = random.Random(seed)
    return sorted(
        {
            (
                f"e{chance.randrange(count)}",
                f"r{chance.randrange(5)}",
                f"e{chance.randrange(count)}",
            )
            for _ in range(count)
        }
    )


def test_each_table_has_its_partitions_and_every_index_in_each(url, plain_url):
    Database(plain_url).close()
    plain = {}
    for table, *rest in asked(plain_url, COLUMN_LISTS):
        plain.setdefault(table, []).append(tuple(map(str, rest)))
    divided = {}
    for table, *rest in asked(url, COLUMN_LISTS):
        divided.setdefault(table, []).append(tuple(map(str, rest)))
    kinds = dict(asked(url, "SELECT relname, pg_get_partkeydef(oid) FROM pg_class"))
    for table, column in COLUMNS.items():
        wanted = sorted(plain.pop(table))
        if table == "triple":  # the only key that the partitions change
            wanted = sorted(
                (unique, primary, "['id', 'head_id']" if primary == "True" else columns)
                for unique, primary, columns in wanted
            )
        assert kinds[table] == f"HASH ({column})"
        for name in (table, *(f"{table}_p{number}" for number in range(PARTITIONS))):
            assert sorted(divided.pop(name)) == wanted
    assert divided == plain


def test_a_divided_graph_is_the_set_of_its_facts(url):
    first, second = facts(400, 1), facts(400, 2)
    with KnowledgeGraph.open(url) as graph:
        graph.add(first, source="a")
        graph.add(second, source="b")
        assert set(graph.match()) == {Triple(*fact) for fact in {*first, *second}}
        for head, relation, tail in first[:20]:
            assert {x.tail for x in graph.match(head, relation)} == {
                fact[2] for fact in {*first, *second} if fact[:2] == (head, relation)
            }
            assert {x.head for x in graph.match(tail=tail)} == {
                fact[0] for fact in {*first, *second} if fact[2] == tail
            }
        graph.forget(entity=first[0][0])
        gone = {fact for fact in {*first, *second} if first[0][0] in (fact[0], fact[2])}
        assert set(graph.match()) == {Triple(*fact) for fact in {*first, *second} - gone}
        graph.undo()
        graph.purge(source="b")
        assert set(graph.match()) == {Triple(*fact) for fact in first}
        assert graph.fingerprint(1) == graph.fingerprint()
    rows = [
        asked(url, f"SELECT count(*) FROM triple_p{number}")[0][0] for number in range(PARTITIONS)
    ]
    assert all(rows)
    assert sum(rows) == len(first)


def test_a_fact_cannot_be_stored_twice(url):
    with KnowledgeGraph.open(url) as graph:
        graph.add([("a", "r", "b")])
        again = "INSERT INTO triple SELECT id + 1, head_id, relation_id, tail_id, 1, 0 FROM triple"
        with pytest.raises(StoreError), graph.database.writing() as (sql, _):
            sql.run(again)
        assert len(list(graph.match())) == 1


def test_a_hop_from_the_head_reads_one_partition(url):
    with KnowledgeGraph.open(url) as graph:
        graph.add(facts(300))
        key = facts(300)[0][0]
        find = "(SELECT id FROM entity WHERE key = ?)"
        with graph.database.reading() as sql:
            scanned = {}
            for end in ("head_id", "tail_id"):
                query = f"EXPLAIN (ANALYZE) SELECT id FROM triple WHERE {end} = {find}"
                plan = "\n".join(row[0] for row in sql.all(query, (key,)))
                lines = [line for line in plan.splitlines() if "never executed" not in line]
                scanned[end] = len(set(re.findall(r" on (triple_p\d+) ", "\n".join(lines))))
    assert scanned == {"head_id": 1, "tail_id": PARTITIONS}


def test_a_new_fact_is_looked_for_without_reading_all_triples(url, monkeypatch):
    asked_of = []
    cursor = Sql.cursor
    with KnowledgeGraph.open(url) as graph:
        graph.add(facts(9_000))
        graph.database.maintain("VACUUM ANALYZE")
        with monkeypatch.context() as patch:
            patch.setattr(
                Sql, "cursor", lambda sql, *given: asked_of.append(given) or cursor(sql, *given)
            )
            assert graph.add([facts(9_000)[0], ("new", "r", "new")]) == 1
        [query] = [text for text, *_ in asked_of if "SELECT n, id" in text]
        with graph.database.writing() as (sql, _):
            sql.run("CREATE TEMPORARY TABLE IF NOT EXISTS staged (n bigint PRIMARY KEY, a bigint,"
                    " b bigint, c bigint)")  # fmt: skip
            sql.run("INSERT INTO staged VALUES (0, 1, 2, 3)")
            plan = "\n".join(row[0] for row in sql.all(f"EXPLAIN (ANALYZE) {query}"))
        assert "Seq Scan on triple" not in plan
        assert "JIT" not in plan
        assert len(re.findall(r"on triple_p(?!.*never executed)", plan)) == 1


def test_a_large_load_builds_the_same_keys_and_counts_the_values(url, tmp_path, monkeypatch):
    monkeypatch.setattr(deferred_indexes, "MIN_ROWS_TO_REBUILD", 10)
    before = definitions(url)
    path = tmp_path / "t.tsv"
    path.write_text("".join("\t".join(fact) + "\n" for fact in facts(300)))
    with KnowledgeGraph.open(url) as graph:
        graph.load(path)
        assert set(graph.match()) == {Triple(*fact) for fact in facts(300)}
    assert definitions(url) == before
    counted = asked(url, "SELECT DISTINCT tablename FROM pg_stats WHERE inherited")
    assert counted == [("triple",)]


def test_divided_and_united_again_the_tables_are_those_of_a_new_database(plain_url):
    with KnowledgeGraph.open(plain_url) as graph:
        graph.add(facts(100))
        before, fingerprint = definitions(plain_url), graph.fingerprint()
        for number in (5, 2, 0):
            with graph.database.writing() as (sql, _):
                divide(sql, number) if number else unite(sql)
                assert count_partitions(sql) == number
            assert graph.fingerprint() == fingerprint
            assert (definitions(plain_url) == before) is (number == 0)


def test_migrations_run_down_and_up(url):
    with KnowledgeGraph.open(url) as graph:
        graph.add(facts(100))
        fingerprint = graph.fingerprint()
        with graph.database.write() as connection:
            alembic.command.downgrade(alembic_config(connection), "0011")
    with KnowledgeGraph.open(url) as graph:
        assert graph.fingerprint() == fingerprint
        with graph.database.reading() as sql:
            assert count_partitions(sql) == 0


def test_as_many_partitions_as_allowed(plain_url):
    Database(plain_url, partitions=MAX_PARTITIONS).close()
    with KnowledgeGraph.open(plain_url) as graph:
        graph.add(facts(100))
        graph.purge(entity=facts(100)[0][0])
        assert len(list(graph.match(tail=facts(100)[-1][2]))) >= 1


def test_what_has_no_partitions_is_refused_before_anything_is_made(url, plain_url, tmp_path):
    with pytest.raises(StoreError, match="only tables on PostgreSQL"):
        Database(tmp_path / "g.db", partitions=4)
    assert not list(tmp_path.iterdir())
    for number in (-1, 0, 1, MAX_PARTITIONS + 1):
        with pytest.raises(StoreError, match=f"{number} partitions; say a number from 2"):
            Database(plain_url, partitions=number)
    assert asked(plain_url, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == [(0,)]
    with pytest.raises(StoreError, match="with 3 partitions"):
        Database(url, partitions=4)
    Database(url, partitions=PARTITIONS).close()
    Database(url).close()
    Database(plain_url).close()
    with pytest.raises(StoreError, match="with no partitions"):
        Database(plain_url, partitions=4)
