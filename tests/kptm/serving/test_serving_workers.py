"""Several worker processes on one port give equal answers, see all edits, and are replaced."""

import asyncio
import gc
import json
import multiprocessing
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest
from prometheus_client.parser import text_string_to_metric_families

from kptm import Workspace
from kptm.serving.config import ServingConfig
from kptm.serving.workers.worker_process import WorkerSetup, run_worker
from kptm.workspace.config import read

API = "api/v1"
PATIENCE = 120
COUNTRIES = ("Chad", "Niger", "Georgia", "Armenia", "France", "Spain")
CITIES = ("Lima", "Paris", "Madrid", "Niamey", "Tbilisi")
WORKERS = 2

pytestmark = pytest.mark.usefixtures("separate_process")


class Server:
    """A server with workers; its log shows which worker answered a request."""

    def __init__(self, process, errors):
        self.process = process
        self.url = json.loads(process.stdout.readline())["url"]
        self._errors = errors
        self.temporary = errors.parent / "temporary"

    def log(self):
        """The complete lines of the log."""
        text = self._errors.read_text(encoding="utf-8")
        return [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]

    def answered_by(self):
        """The ids of the processes that have answered a request."""
        return {line["process"] for line in self.log() if "process" in line}

    def by_all(self, ask):
        """The answer of each worker: ask on new connections until every worker has answered."""
        found = {}
        until = time.monotonic() + PATIENCE
        while len(found) < WORKERS:
            assert time.monotonic() < until, "one worker answers everything"
            request_id = os.urandom(8).hex()
            headers = {"x-request-id": request_id, "connection": "close"}
            with httpx2.Client(base_url=self.url, headers=headers, timeout=PATIENCE) as client:
                answer = ask(client)
            line = self.wait_for(request_id)
            found[line["process"]] = answer
        return list(found.values())

    def wait_for(self, request_id):
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            for line in self.log():
                if line.get("request_id") == request_id:
                    return line
            time.sleep(0.01)
        raise AssertionError("the request is not in the log")


@contextmanager
def started(folder, errors, *options):
    command = [sys.executable, "-m", "kptm", "serve", str(folder), "--port", "0", "--json"]
    command += ["--workers", str(WORKERS), "--log-requests", *options]
    temporary = errors.parent / "temporary"
    temporary.mkdir()
    surroundings = {**os.environ, "TMPDIR": str(temporary)}
    with (
        errors.open("w") as written,
        subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=written, text=True, env=surroundings
        ) as process,
    ):
        try:
            yield Server(process, errors)
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)


@pytest.fixture(scope="module")
def served_from(request):
    return getattr(request, "param", "sqlite")


@pytest.fixture(scope="module")
def server(stored, tmp_path_factory):
    with started(stored, tmp_path_factory.mktemp("log") / "errors") as found:
        yield found


@pytest.fixture
def editing_server(own, tmp_path):
    with started(own, tmp_path / "errors", "--allow-edit") as found:
        yield found


def query(head, relation="capital"):
    def ask(client):
        response = client.get(f"{API}/query", params={"head": head, "relation": relation})
        assert response.status_code == 200, response.text
        return response.json()["entity"]

    return ask


def test_all_workers_answer_as_the_workspace_does(server, workspace):
    question = "What is the capital of Chad?"

    def ask(client):
        found = client.post(f"{API}/ask", json={"question": question}).json()
        return found["entity"], found["score"]

    expected = workspace.ask(question)
    for entity, score in server.by_all(ask):
        assert entity == expected.entity
        assert score == pytest.approx(expected.score, abs=1e-6)


def test_metrics_are_those_of_all_workers(server):
    name = "kptm_requests_total"

    def count(text):
        return {
            sample.labels["route"]: sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
            if sample.name == name and sample.labels["status"] == "200"
        }

    asked = server.by_all(lambda client: client.get(f"/{API}/stats").status_code)
    assert asked == [200] * WORKERS
    sent = sum(line.get("path") == f"/{API}/stats" for line in server.log())
    counts = server.by_all(lambda client: count(client.get("/metrics").text))
    assert [one[f"/{API}/stats"] for one in counts] == [sent] * WORKERS


@pytest.mark.parametrize("served_from", ["sqlite", "postgresql"], indirect=True)
def test_no_edit_through_any_worker_is_lost(own, editing_server):
    confirmed, last = [], {}

    async def edit(country):
        async with httpx2.AsyncClient(base_url=editing_server.url, timeout=PATIENCE) as client:
            for tail in CITIES * 2:
                body = {"head": country, "relation": "capital", "tail": tail}
                response = await client.post(f"{API}/edit", json=body)
                assert response.status_code == 200, response.text
                confirmed.append(response.json()["revision"])
                last[country] = tail
                # A client sees its own change, whichever worker answers next.
                async with httpx2.AsyncClient(base_url=editing_server.url) as other:
                    asked = {"head": country, "relation": "capital"}
                    found = await other.get(f"{API}/query", params=asked, timeout=PATIENCE)
                assert found.json()["entity"] == tail

    async def edit_all():
        await asyncio.gather(*map(edit, COUNTRIES))

    asyncio.run(edit_all())
    assert len(editing_server.answered_by()) == WORKERS
    with Workspace.open(own) as ws:
        made = {revision.number for revision in ws.graph.revisions(limit=10_000)}
        assert len(confirmed) == len(set(confirmed)) == len(COUNTRIES) * len(CITIES) * 2
        assert made >= set(confirmed)
        for country, tail in last.items():
            assert [fact.tail for fact in ws.graph.match(head=country, relation="capital")] == [
                tail
            ]


def test_a_relation_that_one_worker_adds_is_known_to_all(editing_server):
    body = {"name": "Chad", "facts": [{"relation": "national dish", "tail": "Boule"}]}
    response = httpx2.post(f"{editing_server.url}{API}/add", json=body, timeout=PATIENCE)
    assert response.status_code == 200
    assert editing_server.by_all(query("Chad", "national dish")) == ["Boule"] * WORKERS


def children(process):
    listed = subprocess.run(
        ["ps", "-ww", "-o", "pid=,args=", "--ppid", str(process.pid)],
        capture_output=True,
        text=True,
        check=True,
    )
    rows = [line.split(None, 1) for line in listed.stdout.splitlines()]
    return [int(pid) for pid, command in rows if "spawn_main" in command]


def is_running(pid):
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def until(condition):
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.1)


@pytest.fixture
def lonely(filled, tmp_path):
    """A server that a test may kill; its tables are in SQLite."""
    with started(filled, tmp_path / "errors") as found:
        yield found


def test_a_worker_that_is_killed_is_replaced(lonely):
    before = children(lonely.process)
    os.kill(before[0], signal.SIGKILL)
    until(lambda: any("ended (signal 9)" in line["message"] for line in lonely.log()))
    lonely.by_all(query("Chad"))
    assert set(children(lonely.process)) != set(before)
    assert len(children(lonely.process)) == WORKERS
    lonely.process.send_signal(signal.SIGTERM)
    assert lonely.process.wait(PATIENCE) == 0
    assert list(lonely.temporary.iterdir()) == []


def test_workers_do_not_outlive_the_server(lonely):
    workers = children(lonely.process)
    assert len(list(lonely.temporary.iterdir())) == 1
    lonely.process.kill()
    until(lambda: not any(map(is_running, workers)))
    assert list(lonely.temporary.iterdir()) == []  # the files that they shared are deleted


def test_a_workspace_that_no_worker_can_load_is_one_message(filled, tmp_path):
    broken = shutil.copytree(filled, tmp_path / "broken")
    (broken / "questions.json").write_text("{")
    command = [sys.executable, "-m", "kptm", "serve", str(broken), "--port", "0"]
    alone, several = (
        subprocess.run(
            [*command, *options, "-q"],
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
        )
        for options in ([], ["--workers", "2"])
    )
    assert several.returncode == alone.returncode == 1
    assert several.stderr == alone.stderr
    assert several.stderr.count("\n") == 1
    assert "questions.json" in several.stderr


def test_a_worker_that_failed_is_not_interrupted_while_it_ends(filled, tmp_path, capfd):
    broken = shutil.copytree(filled, tmp_path / "broken")
    (broken / "questions.json").write_text("{")
    workspace = read(broken / "kptm.toml")
    setup = WorkerSetup({"": (broken, workspace)}, ServingConfig(), {}, gc.get_threshold())
    ours, theirs = multiprocessing.Pipe()
    spawn = multiprocessing.get_context("spawn")
    with socket.socket() as listener:
        process = spawn.Process(target=run_worker, args=(setup, listener, theirs))
        process.start()
        theirs.close()
        assert "questions.json" in ours.recv()
        while process.is_alive():  # send as many signals as possible
            process.terminate()
        process.join()
    assert process.exitcode == 0
    assert capfd.readouterr().err == ""
