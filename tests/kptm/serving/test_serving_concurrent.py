"""Fifty clients at once get the workspace's answers, and see an edit as soon as it is made."""

import asyncio
import json
import threading
import time

import httpx2
import pytest

from benchmarks.answers_parts.load import AT_ONCE, measure, serve_workspace
from kptm import Workspace
from kptm.serving.executor import WorkspaceExecutor

API = "api/v1"
CITIES = ("N'Djamena", "Lima", "Paris", "Madrid")


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def served_from(request):
    return request.param


def as_json(value):
    return json.loads(json.dumps(value))


@pytest.mark.usefixtures("separate_process")
def test_fifty_concurrent_clients_get_the_same_answers(stored):
    with Workspace.open(stored) as ws:
        keys = list(ws.graph.keys())
        questions = [f"What is the capital of {key}?" for key in keys[:16]]
    load = measure(stored, questions, keys, seconds=2, at_once=AT_ONCE)
    assert load.errors == []
    assert (
        len(load.taken["ask"]) >= AT_ONCE / 2
    )  # the first request of every second client is a question


def test_concurrent_questions_do_not_mix_in_the_model(trained):
    """Two threads must not use the model at once, because its hooks would mix their mentions."""
    questions = [
        f"The capital of {name} is [MASK]." for name in ("Chad", "Peru", "France", "Chile")
    ]
    questions += [f"[MASK] borders {name}." for name in ("Niger", "Spain", "Armenia")]
    with Workspace.open(trained) as ws:
        expected = {question: as_json(ws.ask(question).to_dict()) for question in questions}

    async def ask(client, question):
        response = await client.post(f"{API}/ask", json={"question": question})
        found = response.json()
        assert found.pop("labels") is not None
        return question, found

    async def asked(url):
        async with httpx2.AsyncClient(base_url=url, timeout=120) as client:
            return await asyncio.gather(*(ask(client, question) for question in questions * 7))

    with serve_workspace(trained) as url:
        found = asyncio.run(asked(url))
    for question, answer in found:
        assert answer["entity"] == expected[question]["entity"]
        assert answer["score"] == pytest.approx(expected[question]["score"], abs=1e-6)
        assert answer["reason"] == expected[question]["reason"]


def test_answers_use_an_edit_at_once(editing_url):
    """After an edit, every answer has the new value until the next edit has begun."""
    done = []  # (tail, time at which the edit began, time at which it was done)
    seen = []  # (answer, time of the question, time of the answer)
    ended = threading.Event()

    async def asking(client):
        while not ended.is_set():
            begun = time.perf_counter()
            response = await client.get(
                f"{API}/query", params={"head": "Chad", "relation": "capital"}
            )
            assert response.status_code == 200
            seen.append((response.json()["entity"], begun, time.perf_counter()))

    async def editing(client):
        for tail in CITIES[1:] * 4:
            begun = time.perf_counter()
            body = {"head": "Chad", "relation": "capital", "tail": tail}
            response = await client.post(f"{API}/edit", json=body)
            assert response.status_code == 200, response.text
            done.append((tail, begun, time.perf_counter()))
            await asyncio.sleep(0.02)
        ended.set()

    async def both():
        async with httpx2.AsyncClient(base_url=editing_url, timeout=120) as client:
            await asyncio.gather(editing(client), *(asking(client) for _ in range(10)))

    asyncio.run(both())
    for answer, begun, there in seen:
        before = [tail for tail, _, after in done if after <= begun]
        during = {tail for tail, start, after in done if start <= there and after >= begun}
        assert answer in {(before or CITIES)[-1 if before else 0], *during}
    assert {answer for answer, _, _ in seen} >= {*CITIES[1:]}


def test_two_servers_of_one_workspace_see_each_others_edits(own):
    def edit(url, tail):
        body = {"head": "Chad", "relation": "capital", "tail": tail}
        assert httpx2.post(f"{url}{API}/edit", json=body, timeout=120).status_code == 200

    def answer(url):
        parameters = {"head": "Chad", "relation": "capital"}
        found = httpx2.get(f"{url}{API}/query", params=parameters, timeout=120)
        return found.json()["entity"]

    with (
        serve_workspace(own, "--allow-edit") as one,
        serve_workspace(own, "--allow-edit") as other,
    ):
        for here, there, tail in ((one, other, "Lima"), (other, one, "Paris")):
            edit(here, tail)
            assert answer(there) == tail
            assert answer(here) == tail


def test_messages_do_not_contain_the_database(stored):
    with Workspace.open(stored) as ws:
        executor = WorkspaceExecutor(ws, max_waiting=1)
        name = ws.graph.database.name
        assert executor.public(f"{name}: is gone") == "toy: is gone"
        executor.close()


def test_too_many_requests_get_status_503(filled, explorer, monkeypatch):
    """One request is being answered, and ``max_waiting`` allows no other one."""
    begun, may_end = threading.Event(), threading.Event()

    def slow(self, question, at=None):
        begun.set()
        may_end.wait(120)
        raise AssertionError("is not looked at")

    monkeypatch.setattr("kptm.workspace.Workspace.ask", slow)
    with explorer(filled, max_waiting=1) as client:
        first = threading.Thread(
            target=client.post, args=(f"/{API}/ask",), kwargs={"json": {"question": "a"}}
        )
        first.start()
        begun.wait(120)
        response = client.get(f"/{API}/about")
        may_end.set()
        first.join()
    assert response.status_code == 503
    assert response.headers["retry-after"] == "1"
    assert "again" in response.json()["detail"]


def test_facts_that_another_process_adds_are_used_at_once(own, explorer):
    with explorer(own) as client, Workspace.open(own) as other:
        asked = {"head": "Chad", "relation": "national dish"}
        assert client.get(f"/{API}/query", params=asked).status_code == 404
        other.add([("Chad", "national dish", "Boule")])
        found = client.get(f"/{API}/query", params=asked)
        assert found.json()["entity"] == "Boule"
        question = {"question": "What is the national dish of Chad?"}
        assert client.post(f"/{API}/ask", json=question).json()["entity"] == "Boule"
        other.undo()
        assert client.get(f"/{API}/query", params=asked).status_code == 404


def test_a_change_that_waits_too_long_for_the_lock_may_be_sent_again(own, explorer, monkeypatch):
    monkeypatch.setattr("kg.sql.database.BUSY_SECONDS", 0.2)
    body = {"head": "Chad", "relation": "capital", "tail": "Lima"}
    asked = {"head": "Chad", "relation": "capital"}
    with explorer(own, allow_edit=True) as client, Workspace.open(own) as other:
        before = client.get(f"/{API}/query", params=asked).json()["entity"]
        with other.graph.transaction():
            other.graph.add([("x", "r", "y")])
            refused = client.post(f"/{API}/edit", json=body)
            assert refused.status_code == 503
            assert refused.headers["retry-after"] == "10"
            assert "another process is writing to it" in refused.json()["detail"]
            assert str(own) not in refused.text
            # Readers do not wait for the lock.
            assert client.get(f"/{API}/query", params=asked).json()["entity"] == before
        assert client.post(f"/{API}/edit", json=body).status_code == 200
        assert client.get(f"/{API}/query", params=asked).json()["entity"] == "Lima"
