"""What only one server of vectors has: its plans, its limits, its errors, a real kill."""

import signal
import subprocess
import sys

import numpy as np
import pytest
import sqlalchemy as sa
from modeledge_oracle import best, clustered, held_by, is_whole
from qdrant_client import QdrantClient

from kg.sql.location import with_driver
from kptm import ConfigError, Modeledge, ModeledgeError
from kptm.modeledge import EngineConfig, IndexConfig, RecordFilter
from kptm.modeledge.engines import pgvector_index, qdrant_index
from kptm.modeledge.vector_index import build_index, index_protocol

DIM = 8


def filled(store, count=300):
    store.add(clustered(count, DIM, 1), [f"v{n % 3}" for n in range(count)], space="s", source="x")
    return store


def agrees(store):
    held = held_by(store, "s")
    queries = clustered(5, DIM, 7)
    for query, hits in zip(queries, store.search(queries, k=6, space="s"), strict=True):
        assert [hit.id for hit in hits] == best(query, held, 6)[0]


def test_pgvector_uses_its_graph_but_not_with_a_filter(place, vectors_url, monkeypatch):
    monkeypatch.setattr(build_index, "MAX_EXACT_VECTORS", 100)
    with Modeledge.open(place, engine=EngineConfig(engine="pgvector", url=vectors_url)) as store:
        filled(store, 3_000).build("s", IndexConfig(kind="hnsw", target=0))
        server = store._indexes._engine._server
        query = ["[" + ",".join(["1"] * DIM) + "]"]
        table = "kptm_vectors.kptm_1_0"

        def plan(where, *given):
            text = pgvector_index._FOUND.format(table=table, where=where)
            return str(server.run("EXPLAIN " + text, [query, *given, 10]))

        index = store._indexes.current(store.spaces()[0]).index
        unit = np.full((1, DIM), DIM**-0.5, np.float32)
        index.search_ids(unit, 10)
        assert "kptm_1_0_hnsw" in plan("")
        allowed = index_protocol.Allowed(np.arange(1, 2_000))
        index.search_ids(unit, 10, allowed)
        assert "hnsw" not in plan("WHERE t.id = ANY(%s)", allowed.ids.tolist())
        index.search_ids(unit, 600)  # more than pgvector's graph finds
        assert "hnsw" not in plan("")
        assert len(store.search(np.ones((1, DIM)), k=2_900, space="s")[0]) == 2_900


def test_pgvector_in_the_database_of_the_store(vectors_url):
    with Modeledge.open(vectors_url, engine=EngineConfig(engine="pgvector")) as store:
        agrees(filled(store))
        store.forget(entity="v1")
        agrees(store)
        store.purge(["v2"])
        agrees(store)
        assert is_whole(store)
        assert store.verify()[0].index.startswith("pgvector")
    with Modeledge.open(vectors_url) as store:  # FAISS has the same rows
        agrees(store)


def test_a_lost_connection_is_opened_again(place, vectors_url):
    with Modeledge.open(place, engine=EngineConfig(engine="pgvector", url=vectors_url)) as store:
        agrees(filled(store))
        engine = sa.create_engine(with_driver(vectors_url), poolclass=sa.NullPool)
        with engine.connect() as connection:
            connection.execute(
                sa.text(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
            )
        with pytest.raises(ModeledgeError, match="pgvector at postgresql"):
            store.search(np.ones((1, DIM)), space="s")
        agrees(store)


CHILD = """
import os, signal, sys
import numpy as np
from kptm import Modeledge
from kptm.modeledge import EngineConfig
from kptm.modeledge.engines.pgvector_index import PgvectorIndex
from kptm.modeledge.sql import record_rows

record_rows.VECTORS_PER_PAGE = 50
path, url, pages = sys.argv[1], sys.argv[2], int(sys.argv[3])
add, left = PgvectorIndex.add, [pages]

def kill(self, ids, vectors):
    if not left[0]:
        os.kill(os.getpid(), signal.SIGKILL)
    left[0] -= 1
    add(self, ids, vectors)

PgvectorIndex.add = kill
with Modeledge.open(path, engine=EngineConfig(engine="pgvector", url=url)) as store:
    store.search(np.ones((1, 8)), space="s")
"""


@pytest.mark.usefixtures("separate_process")
def test_a_killed_feed_resumes_from_its_position(place, vectors_url):
    settings = EngineConfig(engine="pgvector", url=vectors_url)

    def killed_after(pages):
        command = [sys.executable, "-c", CHILD, str(place), vectors_url, str(pages)]
        return subprocess.run(command, check=False).returncode == -signal.SIGKILL

    with Modeledge.open(place) as store:
        filled(store)
        assert killed_after(2)  # while it fills
        assert killed_after(1)  # while it goes on
    with Modeledge.open(place, engine=settings) as store:
        agrees(store)
        assert is_whole(store)
        store.add(clustered(200, DIM, 3), ["n"] * 200, space="s")
        store.forget(entity="v1")
        assert killed_after(3)
        index = store._indexes._engine._server.index(store.spaces()[0], 0)
        assert index.has(np.arange(301, 501)).sum() == 150
        agrees(store)
        assert is_whole(store)


def test_pgvector_where_it_cannot_work(place, postgresql, vectors_url):
    with Modeledge.open(place, engine=EngineConfig(engine="pgvector")) as store:
        filled(store)
        with pytest.raises(ModeledgeError, match="needs a database of PostgreSQL"):
            store.search(np.ones((1, DIM)), space="s")
    with Modeledge.open(place, engine=EngineConfig(engine="pgvector", url=vectors_url)) as store:
        store.add(np.ones((2, 2_001), np.float32), ["w"] * 2, space="wide")
        with pytest.raises(ModeledgeError, match="at most 2000"):
            store.search(np.ones((1, 2_001)), space="wide")
    nowhere = EngineConfig(engine="pgvector", url="postgresql://nobody@127.0.0.1:9/none")
    with (
        Modeledge.open(place, engine=nowhere) as store,
        pytest.raises(ModeledgeError, match=r"pgvector at postgresql.*127\.0\.0\.1"),
    ):
        store.search(np.ones((1, DIM)), space="s")
    plain = postgresql.new()
    with sa.create_engine(plain, poolclass=sa.NullPool).connect() as connection:
        query = "SELECT count(*) FROM pg_available_extensions WHERE name = 'vector'"
        has_vectors = connection.execute(sa.text(query)).scalar()
    if not has_vectors:
        settings = EngineConfig(engine="pgvector", url=plain)
        with (
            Modeledge.open(place, engine=settings) as store,
            pytest.raises(
                ModeledgeError, match="does not have the extension vector; install pgvector"
            ),
        ):
            store.search(np.ones((1, DIM)), space="s")
    postgresql.drop(plain)


def test_qdrant_without_a_server(place):
    with Modeledge.open(place, engine=EngineConfig(engine="qdrant", url=":memory:")) as store:
        agrees(filled(store))
        assert store.verify()[0].index == "qdrant-flat"  # its client compares all rows
    gone = EngineConfig(engine="qdrant", url="http://127.0.0.1:9")
    with Modeledge.open(place, engine=gone) as store:
        with pytest.raises(ModeledgeError, match=r"Qdrant at http://127\.0\.0\.1:9: .*url under"):
            store.search(np.ones((1, DIM)), space="s")
        with pytest.raises(ModeledgeError, match="Qdrant at"):
            store.purge(["v1"])
    with Modeledge.open(place) as store:
        assert store.stats() == {"s": 300}  # nothing was purged in part
        agrees(store)


def test_a_store_is_closed_when_its_server_is_gone(place, monkeypatch):
    monkeypatch.setattr("kptm.modeledge.vector_index.indexes.MIN_SNAPSHOT_ROWS", 3)
    store = Modeledge.open(place, engine=EngineConfig(engine="qdrant", url=":memory:"))
    agrees(filled(store))
    server = store._indexes._engine._server
    client = server.client
    server.client = QdrantClient(url="http://127.0.0.1:9", check_compatibility=False)
    store.close()
    client.close()


def test_qdrant_refuses_a_filter_that_too_many_rows_pass(place, monkeypatch):
    monkeypatch.setattr(qdrant_index, "MAX_ALLOWED_ROWS", 99)
    with Modeledge.open(place, engine=EngineConfig(engine="qdrant", url=":memory:")) as store:
        filled(store)
        with pytest.raises(ModeledgeError, match=r"100 rows pass.*narrow the filter"):
            store.search(np.ones((1, DIM)), space="s", where=RecordFilter(value="v1"))
        store.forget(entity="v0")
        monkeypatch.setattr(qdrant_index, "MAX_ALLOWED_ROWS", 100)
        hits = store.search(np.ones((1, DIM)), k=200, space="s", where=RecordFilter(value="v1"))
        assert len(hits[0]) == 100


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"engine": "milvus"}, "there is faiss, qdrant, pgvector"),
        ({"engine": "qdrant"}, "no server of Qdrant; write http"),
        ({"engine": "qdrant", "url": "qdrant.db"}, "no server of Qdrant"),
        ({"engine": "pgvector", "url": "http://host"}, "needs a PostgreSQL URL"),
        ({"engine": "pgvector", "url": "postgresql://me:pw@host/x"}, "must not have a password"),
        ({"engine": "pgvector", "url": "postgresql://h/x?password=pw"}, "must not have a password"),
        ({"url": "http://host"}, "FAISS has no server"),
        ({"engine": "qdrant", "url": ":memory:", "collection": "My-Store"}, "lower-case"),
    ],
)
def test_settings_that_cannot_work(settings, problem):
    with pytest.raises(ConfigError, match=problem):
        EngineConfig(**settings)


def test_packages_are_imported_only_when_used(place):
    command = (
        "import sys; import numpy as np; from kptm import Modeledge;"
        f"store = Modeledge.open({str(place)!r});"
        "store.add(np.eye(2), ['a', 'b'], space='s'); store.search(np.eye(2), space='s');"
        "assert not {'qdrant_client', 'pgvector', 'psycopg'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", command], check=True)
