"""Health, metrics, request ids and logs: for those who run a server."""

import json
import logging
import threading
from collections import Counter

import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.testclient import TestClient

from kg.errors import StoreError
from kg.graph import KnowledgeGraph
from kptm import Workspace
from kptm.serving.observation.json_log import json_logs
from kptm.serving.routes import health_routes

API = "/api/v1"
ASKED = {"question": "What is the capital of Chad?"}


def samples(client, name):
    """The values of one metric by their labels."""
    response = client.get("/metrics")
    assert response.headers["content-type"].startswith("text/plain; version=")
    return {
        tuple(sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(response.text)
        for sample in family.samples
        if sample.name == name
    }


def test_the_probes_answer_under_any_host_name(client):
    """Container platforms call the probes by IP address, which is no accepted ``Host``."""
    for path, status in (("/healthz", "ok"), ("/readyz", "ready")):
        response = client.get(path, headers={"host": "10.0.0.7:8000"})
        assert (response.status_code, response.json()) == (200, {"status": status})
        assert response.headers["cache-control"] == "no-store"
        assert client.head(path).status_code == 200
        assert client.get(path, headers={"origin": "http://evil.example"}).status_code == 403
    assert client.get("/metrics", headers={"host": "10.0.0.7:8000"}).status_code == 400


def test_a_server_without_its_database_is_not_ready(filled, explorer, monkeypatch):
    with explorer(filled) as client:

        def gone(self):
            raise StoreError(f"{filled}/graph.db: the server was stopped")

        monkeypatch.setattr(KnowledgeGraph, "revision", gone)
        response = client.get("/readyz")
        assert response.status_code == 503
        assert response.json() == {"detail": "toy: the server was stopped"}
        assert client.get("/healthz").status_code == 200


def test_a_server_whose_database_does_not_respond_is_not_ready(filled, explorer, monkeypatch):
    goes_on = threading.Event()
    with explorer(filled) as client:
        monkeypatch.setattr(KnowledgeGraph, "revision", lambda self: goes_on.wait(120))
        monkeypatch.setattr(health_routes, "READY_SECONDS", 0.01)
        response = client.get("/readyz")
        goes_on.set()
        assert response.status_code == 503
        assert "did not respond" in response.json()["detail"]


def test_every_request_is_counted_by_route_and_status(filled, explorer):
    sent = Counter()
    with explorer(filled) as client:
        for number in range(7):
            sent["POST", f"{API}/ask", client.post(f"{API}/ask", json=ASKED).status_code] += 1
            path = f"{API}/entity"
            response = client.get(path, params={"key": f"nobody{number}"})
            sent["GET", path, response.status_code] += 1
            response = client.get(f"{API}/about", headers={"host": "evil.example"})
            sent["GET", f"{API}/about", response.status_code] += 1
            # Clients can invent paths and methods, which must not use more and more memory.
            sent["GET", "other", client.get(f"/invented/{number}").status_code] += 1
            sent["other", "other", client.request(f"BREW{number}", "/").status_code] += 1
        found = samples(client, "kptm_requests_total")
        assert {status for _, _, status in sent} == {200, 400, 404, 405}
        assert found == {
            (
                ("method", method),
                ("route", route),
                ("status", str(status)),
                ("workspace", "toy"),
            ): count
            for (method, route, status), count in sent.items()
        }
        counts = samples(client, "kptm_request_seconds_count")
        assert counts[("route", f"{API}/ask"), ("workspace", "toy")] == 7
        assert samples(client, "kptm_requests_in_progress") == {
            (("workspace", "toy"),): 1  # that for the metrics
        }


def test_the_revision_is_that_of_the_graph(editing):
    name = (("workspace", "own"),)
    before = samples(editing, "kptm_revision")[name]
    body = {"head": "Chad", "relation": "capital", "tail": "Lima"}
    revision = editing.post(f"{API}/edit", json=body).json()["revision"]
    assert samples(editing, "kptm_revision") == {name: revision}
    assert revision > before


@pytest.mark.parametrize("given", ["abc-1", "A.b_9", "0" * 64])
def test_a_request_keeps_the_id_of_its_header(client, given):
    assert client.get("/healthz", headers={"x-request-id": given}).headers["x-request-id"] == given


@pytest.mark.parametrize("given", ["", "a b", '"x"', "0" * 65, "a\tb", "{}"])
def test_an_id_that_could_harm_a_log_is_replaced(client, given):
    ids = {
        client.get("/healthz", headers={"x-request-id": given}).headers["x-request-id"]
        for _ in range(3)
    }
    assert len(ids) == 3
    assert all(len(one) == 32 and one.isalnum() for one in ids)


def lines(capsys):
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_each_request_is_a_line_of_json_without_the_question(filled, explorer, capsys):
    with explorer(filled, log_requests=True) as client, json_logs():
        client.get(f"{API}/entities", params={"text": "secret"}, headers={"x-request-id": "one"})
        client.post(f"{API}/ask", json={"question": "a secret?"})
        client.get("/a%22%0A%1B[31mb")
    first, second, third = found = lines(capsys)
    assert first["request_id"] == "one"
    assert (first["method"], first["path"], first["status"]) == ("GET", f"{API}/entities", 200)
    assert (first["level"], first["client"]) == ("info", "testclient")
    assert second["path"] == f"{API}/ask"
    assert (third["path"], third["status"]) == ('/a"\n\x1b[31mb', 404)
    assert first["ms"] > 0
    assert first["time"].endswith("+00:00")
    assert "secret" not in str(found)


def test_an_error_is_logged_with_the_id_of_its_request(filled, explorer, monkeypatch, capsys):
    monkeypatch.setattr(Workspace, "ask", lambda self, question, at=None: 1 / 0)
    with explorer(filled, log_requests=True) as client, json_logs():
        asking = TestClient(Uvicorn(client.app), base_url=client.base_url)
        response = asking.post(f"{API}/ask", json=ASKED, headers={"x-request-id": "two"})
    assert response.status_code == 500
    assert response.headers["x-request-id"] == "two"
    error = next(one for one in lines(capsys) if one["level"] == "error")
    assert error["request_id"] == "two"
    assert "ZeroDivisionError" in error["exception"]


class Uvicorn:
    """Logs the exceptions of an application in the task of the request, as uvicorn does."""

    def __init__(self, app):
        self._app = app

    async def __call__(self, scope, receive, send):
        try:
            await self._app(scope, receive, send)
        except Exception:
            logging.getLogger("uvicorn.error").exception("Exception in ASGI application")


def test_by_default_nothing_is_logged(filled, explorer, capsys):
    with explorer(filled) as client:
        client.get("/healthz")
        client.get("/nowhere")
    assert capsys.readouterr().err == ""
