"""Hostile input is refused with one message, or comes back unchanged as text."""

import json
from contextlib import closing
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest

from kg.errors import KGError
from kptm.serving.config import (
    MAX_BODY_BYTES,
    MAX_NAME_CHARACTERS,
    MAX_QUESTION_CHARACTERS,
    MAX_QUESTIONS,
    MAX_TEXT_CHARACTERS,
)
from kptm.serving.middleware import HEADERS

API = "/api/v1"
SQL = ("'; DROP TABLE triple; --", '" OR 1=1 --', "1); DELETE FROM entity; --", "%' OR key LIKE '%")
STRINGS = (
    *SQL,
    "\0",
    "Chad\0",
    "🦊" * 50,
    "\u202e\ufeff\u200b",
    "../../etc/passwd",
    "<script>alert(1)</script>",
    "{{7*7}}${7*7}",
    "%00%2e%2e",
    "\r\nset-cookie: a=b",
    "a" * 199,
)
POSTED = {"ask": "question", "link": "text"}
SEARCHED = {"entities": "text", "entity": "key", "neighbourhood": "key", "map": "key",
            "history": "key"}  # fmt: skip


def refused(response, *statuses):
    """Check that a response is one message, without a traceback and without a path."""
    assert response.status_code in statuses, response.text
    assert response.headers["content-type"] == "application/json"
    detail = response.json()["detail"]
    assert isinstance(detail, str)
    assert len(detail) < 400
    assert "Traceback" not in detail
    assert ".py" not in detail
    assert "/tmp" not in detail
    protected(response)


def protected(response):
    for name, value in HEADERS.items():
        assert response.headers[name] == value
    assert response.headers["cache-control"] in ("no-store", "no-cache")


@pytest.fixture(scope="module", autouse=True)
def unharmed(workspace):
    """Check that the requests of this file have not changed the graph."""
    before = workspace.graph.fingerprint(), workspace.graph.stats()
    yield
    assert (workspace.graph.fingerprint(), workspace.graph.stats()) == before


@pytest.mark.parametrize("text", STRINGS)
def test_any_text_comes_back_as_text(client, workspace, text):
    for path, name in POSTED.items():
        response = client.post(f"{API}/{path}", json={name: text})
        assert response.status_code == 200
        assert response.json()[name] == text
        protected(response)
    for path, name in SEARCHED.items():
        response = client.get(f"{API}/{path}", params={name: text})
        if path == "entities":
            assert response.status_code == 200
        else:
            refused(response, 404, 422)
    for parameters in (
        {"head": text, "relation": "capital"},
        {"tail": text, "relation": "capital"},
        {"head": "Chad", "relation": text},
    ):
        response = client.get(f"{API}/query", params=parameters)
        try:
            workspace.query(**parameters)
        except KGError:
            refused(response, 404, 422)
        else:
            assert response.status_code == 200  # an entity has this name


@pytest.mark.parametrize("text", STRINGS)
def test_any_text_in_a_change_is_refused(explorer, own, evil, text):
    with explorer(own, allow_edit=True) as client:
        named = text in evil["aliases"]
        for name in ("relation", "old", *(() if named else ("head", "tail"))):
            body = {"head": "Chad", "relation": "capital", "tail": "Lima", name: text}
            refused(client.post(f"{API}/edit", json=body), 404, 409, 422)
        refused(client.post(f"{API}/undo", json={"revision": text}), 422)


def test_hostile_names_come_back_unchanged(client, evil):
    response = client.get(f"{API}/entity", params={"key": evil["key"]})
    assert response.json()["entity"]["label"] == evil["label"]
    assert response.headers["content-type"] == "application/json"


@pytest.mark.parametrize("count", [MAX_NAME_CHARACTERS + 1, 15_000])
def test_names_that_are_too_long_are_refused(client, count):
    for path, name in SEARCHED.items():
        refused(client.get(f"{API}/{path}", params={name: "a" * count}), 422)
    refused(client.get(f"{API}/query", params={"head": "a" * count, "relation": "capital"}), 422)


def test_lengths_end_at_the_documented_limits(client):
    for path, name, most in (
        ("ask", "question", MAX_QUESTION_CHARACTERS),
        ("link", "text", MAX_TEXT_CHARACTERS),
    ):
        assert client.post(f"{API}/{path}", json={name: "a" * most}).status_code == 200
        refused(client.post(f"{API}/{path}", json={name: "a" * (most + 1)}), 422)
    for questions in ([], ["a"] * (MAX_QUESTIONS + 1), ["a" * (MAX_QUESTION_CHARACTERS + 1)]):
        refused(client.post(f"{API}/ask/batch", json={"questions": questions}), 422)
    refused(client.post(f"{API}/link", json={"text": "a" * 100_000}), 413)


JSON = {"content-type": "application/json"}


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"null", b"[]", b'"text"', b"{}", b'{"question": null}', b'{"question": 7}',
     b'{"question": ["a"]}', b'{"question": ""}', b'{"question": "a", "more": 1}', b"\xff\xfe",
     b'{"question": "\xff"}', b'{"question": "\\ud800"}', b'{"\\ud800": 1, "question": "a"}',
     b"[" * 30_000, b'{"question": ' + b"9" * 5_000 + b"}", b"NaN"],
)  # fmt: skip
def test_bad_json_is_refused(client, body):
    refused(client.post(f"{API}/ask", content=body, headers=JSON), 400, 422)


@pytest.mark.parametrize(
    "kind",
    [None, "text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "a" * 99],
)
def test_only_json_is_accepted(client, explorer, own, kind):
    headers = {} if kind is None else {"content-type": kind}
    body = json.dumps({"question": "a"}).encode()
    refused(client.post(f"{API}/ask", content=body, headers=headers), 415)
    edit = {"head": "Chad", "relation": "capital", "tail": "Lima"}
    with explorer(own, allow_edit=True) as changing:
        response = changing.post(f"{API}/edit", content=json.dumps(edit).encode(), headers=headers)
        refused(response, 415)


def test_an_endless_body_is_refused(client):
    def endless():
        for _ in range(MAX_BODY_BYTES // 1_000 + 2):
            yield b" " * 1_000

    refused(client.post(f"{API}/ask", content=endless(), headers=JSON), 413)
    refused(client.post(f"{API}/ask", content=b" " * (MAX_BODY_BYTES + 1), headers=JSON), 413)
    for length in ("-1", "x", "1" * 5_000):
        refused(
            client.post(f"{API}/ask", content=b"{}", headers={**JSON, "content-length": length}),
            413,
        )
    refused(client.get(f"{API}/about", headers={"content-length": str(10**9)}), 413)
    full = json.dumps({"question": "a"}).encode().ljust(MAX_BODY_BYTES)
    assert client.post(f"{API}/ask", content=full, headers=JSON).status_code == 200


@pytest.mark.parametrize(
    "host", ["example.org", "127.0.0.1", "127.0.0.1:81", "127.0.0.1.example.org:8000", "",
    "localhost:8000@x",
             "127.0.0.1:8000, example.org", "0.0.0.0:8000"]
)  # fmt: skip
@pytest.mark.parametrize("path", ["/", f"{API}/about", "/nothing"])
def test_a_foreign_host_is_refused(client, host, path):
    refused(client.get(path, headers={"host": host}), 400)
    refused(client.post(path, json={}, headers={"host": host}), 400)


def test_two_hosts_are_refused(client):
    headers = [("host", "127.0.0.1:8000"), ("host", "example.org")]
    refused(client.get(f"{API}/about", headers=headers), 400)


@pytest.mark.parametrize(
    "host", ["127.0.0.1:8000", "localhost:8000", "LocalHost:8000", "[::1]:8000"]
)
def test_all_local_names_are_accepted(client, host):
    assert client.get(f"{API}/about", headers={"host": host}).status_code == 200
    origin = {"host": host, "origin": f"http://{host}"}
    assert client.get(f"{API}/about", headers=origin).status_code == 200


@pytest.mark.parametrize(
    "origin", ["http://example.org", "null", "", "http://127.0.0.1:8001", "https://localhost",
    "file://",
               "http://127.0.0.1:8000.example.org", "chrome-extension://abc"]
)  # fmt: skip
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_a_foreign_origin_is_refused(client, origin, method):
    for path in ("/", f"{API}/about", f"{API}/edit"):
        response = client.request(method, path, headers={"origin": origin})
        assert response.status_code == 403
        assert "access-control-allow-origin" not in response.headers
        protected(response)


@pytest.mark.parametrize(
    "path",
    ["/../app.py", "/%2e%2e/app.py", "/..%2fapp.py", "/static/index.html", "//etc/passwd",
    "/explorer.css/",
     "/explorer.css%00", "/./explorer.css", "/%2e/explorer.css", "/main.js/../../app.py",
     "/\\..\\app.py",
     "/.git/config", "/index.html", f"{API}", f"{API}/", f"{API}/ask/", f"{API}/../about", "/docs",
     "/redoc", "/openapi.json"],
)  # fmt: skip
def test_no_path_leaves_the_folder_of_the_page(url, path):
    """The client sends the path as it is, because others would normalise it."""
    with closing(HTTPConnection(urlsplit(url).netloc)) as connection:
        connection.request("GET", path)
        response = connection.getresponse()
        assert response.status == 404
        assert json.load(response) == {"detail": "Not Found"}


def test_unknown_ids_are_404(client, explorer, own):
    for path in ("entity", "neighbourhood", "history"):
        refused(client.get(f"{API}/{path}", params={"key": "Atlantis"}), 404)
    with explorer(own, allow_edit=True) as changing:
        refused(changing.post(f"{API}/undo", json={"revision": 10**6}), 404)
        for revision in (0, -1, 2**31, 2**70, 1.5, "1; DROP TABLE triple"):
            refused(changing.post(f"{API}/undo", json={"revision": revision}), 422)


@pytest.mark.parametrize(
    "value", ["0", "-1", "501", "1e9", "x", "9" * 400, "1; DROP TABLE triple", ""]
)
def test_numbers_have_bounds(client, value):
    for path, name in (
        ("entities", "text"),
        ("entity", "key"),
        ("neighbourhood", "key"),
        ("history", "key"),
    ):
        refused(client.get(f"{API}/{path}", params={name: "Chad", "limit": value}), 422)
    refused(client.get(f"{API}/neighbourhood", params={"key": "Chad", "hops": value}), 422)
    refused(client.get(f"{API}/neighbourhood", params={"key": "Chad", "hops": 3}), 422)


def test_a_misspelt_parameter_is_refused(client):
    response = client.get(f"{API}/entities", params={"text": "Chad", "limits": 3})
    refused(response, 422)
    assert "limits" in response.json()["detail"]


def test_an_unexpected_error_reveals_nothing(explorer, filled, monkeypatch):
    def broken(self, text, *, limit):
        raise ZeroDivisionError("a secret of /tmp/somewhere.py")

    monkeypatch.setattr("kg.view.GraphView.search", broken)
    with explorer(filled) as client:
        response = client.get(f"{API}/entities", params={"text": "Chad"})
    refused(response, 500)
    assert "secret" not in response.text


def test_the_page_loads_nothing_from_elsewhere(client):
    page = client.get("/")
    assert page.headers["content-type"].startswith("text/html")
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "<script>" not in page.text
    assert "://" not in page.text
    protected(page)
