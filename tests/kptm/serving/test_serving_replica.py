"""A server that reads from a streaming replica gives the answers of the primary."""

import time

import pytest

from benchmarks.store_peers import server
from kg.sql.database import Database
from kptm import Workspace
from kptm.errors import ConfigError
from kptm.workspace import config as workspace_config
from kptm.workspace.database.database_config import DatabaseConfig

API = "/api/v1"
CITIES = ("Lima", "Paris", "Madrid", "N'Djamena")
PATIENCE = 60


@pytest.fixture(scope="module")
def served_from():
    return "postgresql"


@pytest.fixture
def replicated(own, postgresql):
    """A workspace whose settings name a replica that has caught up."""
    with server.replica_of(postgresql.host) as host:
        path = own / "kptm.toml"
        url = workspace_config.read(path).database.url
        text = path.read_text(encoding="utf-8")
        assert text.count('replica = ""') == 1
        named = url.replace(postgresql.host, host)
        path.write_text(text.replace('replica = ""', f'replica = "{named}"'), encoding="utf-8")
        yield own


@pytest.fixture
def read(monkeypatch):
    """Whether each block of a request was read from the replica."""
    found = []
    original = Database.on_replica

    def noted(self):
        context = original(self)

        class Noting:
            def __enter__(self):
                found.append(context.__enter__())
                return found[-1]

            def __exit__(self, *error):
                return context.__exit__(*error)

        return Noting()

    monkeypatch.setattr(Database, "on_replica", noted)
    return found


def test_reads_go_to_the_replica_and_see_every_edit(replicated, explorer, read):
    asked = {"head": "Chad", "relation": "capital"}
    with explorer(replicated, allow_edit=True) as client, Workspace.open(replicated) as direct:
        until = time.monotonic() + PATIENCE
        while not (read and read[-1]):
            assert time.monotonic() < until
            assert client.get(f"{API}/about").status_code == 200
        for path, parameters in (
            ("entity", {"key": "Chad"}),
            ("neighbourhood", {"key": "Chad", "hops": 2}),
            ("history", {"key": "Chad"}),
            ("entities", {"text": "Ch"}),
        ):
            reply = client.get(f"{API}/{path}", params=parameters)
            assert reply.status_code == 200, reply.text
        question = "What is the capital of Chad?"
        found = client.post(f"{API}/ask", json={"question": question}).json()
        assert found["entity"] == direct.ask(question).entity
        assert client.post(f"{API}/link", json={"text": "Chad borders Niger."}).status_code == 200
        assert all(read[-6:])
        for tail in CITIES * 5:
            body = {**asked, "tail": tail}
            assert client.post(f"{API}/edit", json=body).status_code == 200
            assert client.get(f"{API}/query", params=asked).json()["entity"] == tail
            entity = client.get(f"{API}/entity", params={"key": "Chad"}).json()
            capitals = {
                one["fact"]["tail"]
                for one in entity["facts"]
                if one["fact"]["relation"] == "capital" and one["fact"]["head"] == "Chad"
            }
            assert capitals == {tail}


def test_settings_of_a_replica_are_checked():
    with pytest.raises(ConfigError, match="replica: needs a url"):
        DatabaseConfig(replica="postgresql://ann@host/x")
    with pytest.raises(ConfigError, match="replica: must not have a password"):
        DatabaseConfig(url="postgresql://ann@host/x", replica="postgresql://ann:pw@host/x")
