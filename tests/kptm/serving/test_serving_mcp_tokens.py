"""Tokens for ``kptm mcp --http``: who gets in, and which tools each role is offered."""

import json
import os
import signal
import subprocess
import sys
from contextlib import asynccontextmanager

import anyio
import httpx2
import pytest

from kptm import Workspace

pytest.importorskip("mcp")

from mcp.client.client import Client
from mcp.client.streamable_http import streamable_http_client
from test_serving_mcp import EDITING, READING

from kptm.errors import ConfigError
from kptm.serving.access.roles import AccessRole
from kptm.serving.access.token_file import TokenFile
from kptm.serving.config import ServingConfig
from kptm.serving.executor import WorkspaceExecutor
from kptm.serving.mcp.mcp_server import create_http_app, run_http

HOST = "127.0.0.1:8123"
URL = f"http://{HOST}/mcp"
JSON_OR_EVENTS = {"accept": "application/json, text/event-stream"}
PING = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
LIST = {"jsonrpc": "2.0", "id": 2, "method": "tools/list"}
BEGIN = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"},
    },
}
CAPITALS = {AccessRole.READ: "Sudan", AccessRole.EDIT: "Niger", AccessRole.ADMIN: "Egypt"}
"""What a client of each role says the capital of Chad is."""


@pytest.fixture
def ws(tmp_path):
    with Workspace.open(tmp_path / "ws") as opened:
        opened.graph.add([("Chad", "capital", "N'Djamena")])
        opened.graph.add([("Chad", "borders", name) for name in CAPITALS.values()])
        yield opened


@pytest.fixture
def texts(ws):
    """A token of each role."""
    file = TokenFile(ws.layout.tokens)
    return {role: file.add(f"a-{role}", role) for role in AccessRole}


def bearer(text):
    return {"authorization": f"Bearer {text}"}


@asynccontextmanager
async def serving(ws, *, allow_edit=True):
    """A function that opens an HTTP client with headers of its own."""
    executor = WorkspaceExecutor(ws, max_waiting=8)
    try:
        config = ServingConfig(port=8123, allow_edit=allow_edit)
        app = create_http_app(executor, config, tokens=TokenFile(ws.layout.tokens))
        async with app.router.lifespan_context(app):
            transport = httpx2.ASGITransport(app=app)
            yield lambda headers: httpx2.AsyncClient(transport=transport, headers=headers)
    finally:
        executor.close()


async def tools_of(connect, role, text):
    """The names of the tools that a client with a token is offered, and what an edit returns."""
    async with (
        connect(bearer(text)) as http,
        Client(streamable_http_client(URL, http_client=http)) as client,
    ):
        names = {tool.name for tool in (await client.list_tools()).tools}
        result = await client.call_tool(
            "edit", {"head": "Chad", "relation": "capital", "tail": CAPITALS[role]}
        )
        return names, result.is_error


@pytest.mark.parametrize("allow_edit", [True, False])
def test_each_role_is_offered_its_tools(ws, texts, allow_edit):
    async def offered():
        async with serving(ws, allow_edit=allow_edit) as connect:
            return {role: await tools_of(connect, role, text) for role, text in texts.items()}

    for role, (names, refused) in anyio.run(offered).items():
        may_edit = allow_edit and role is not AccessRole.READ
        assert names == (READING | EDITING if may_edit else READING)
        assert refused is not may_edit
    capital = [fact.tail for fact in ws.graph.match(head="Chad", relation="capital")]
    assert capital == (["Egypt"] if allow_edit else ["N'Djamena"])


@pytest.mark.parametrize("sent", [{}, bearer("kptm_unknown"), {"authorization": "Basic YTpi"}])
def test_without_an_accepted_token_nothing_is_answered(ws, texts, sent):
    async def responses():
        async with serving(ws) as connect, connect({**JSON_OR_EVENTS, **sent}) as client:
            return [
                await client.post(URL, json=BEGIN),
                await client.get(URL),
                await client.get(f"http://{HOST}/nowhere"),
            ]

    for response in anyio.run(responses):
        assert response.status_code == 401
        assert response.headers["www-authenticate"] == "Bearer"
        assert "mcp-session-id" not in response.headers


def test_a_session_of_another_role_cannot_be_used(ws, texts):
    async def statuses():
        async with serving(ws) as connect:
            async with connect({**JSON_OR_EVENTS, **bearer(texts["edit"])}) as client:
                begun = await client.post(URL, json=BEGIN)
                session = {"mcp-session-id": begun.headers["mcp-session-id"]}
                own = await client.post(URL, json=LIST, headers=session)
            async with connect({**JSON_OR_EVENTS, **bearer(texts["read"])}) as client:
                other = await client.post(URL, json=LIST, headers=session)
            return own.status_code, other.status_code

    assert anyio.run(statuses) == (200, 404)


def test_a_removed_token_is_refused_at_once(ws, texts):
    async def statuses():
        async with (
            serving(ws) as connect,
            connect({**JSON_OR_EVENTS, **bearer(texts["read"])}) as client,
        ):
            begun = await client.post(URL, json=BEGIN)
            TokenFile(ws.layout.tokens).remove("a-read")
            session = {"mcp-session-id": begun.headers["mcp-session-id"]}
            after = await client.post(URL, json=LIST, headers=session)
            return begun.status_code, after.status_code

    assert anyio.run(statuses) == (200, 401)


def test_with_a_token_another_host_is_refused_still(ws, texts):
    async def status():
        async with (
            serving(ws) as connect,
            connect({**JSON_OR_EVENTS, **bearer(texts["read"])}) as client,
        ):
            return (await client.post("http://evil.example/mcp", json=PING)).status_code

    assert anyio.run(status) == 421


def test_a_workspace_without_tokens_is_refused(ws):
    with pytest.raises(ConfigError, match="has no tokens yet"):
        run_http(ws, ServingConfig(port=0, require_token=True))


@pytest.mark.usefixtures("separate_process")
def test_the_command_requires_tokens(ws, texts):
    command = [sys.executable, "-m", "kptm", "mcp", str(ws.folder), "--require-token"]
    alone = subprocess.run(command, capture_output=True, text=True, check=False)
    assert alone.returncode == 1
    assert "needs --http" in alone.stderr
    with subprocess.Popen(
        [*command, "--http", "--port", "0", "--json"],
        stdout=subprocess.PIPE,
        text=True,
        env=dict(os.environ),
    ) as process:
        try:
            url = json.loads(process.stdout.readline())["url"]

            def status(headers):
                found = httpx2.post(url, json=BEGIN, headers={**JSON_OR_EVENTS, **headers})
                return found.status_code

            assert [status({}), status(bearer(texts["read"]))] == [401, 200]
        finally:
            process.send_signal(signal.SIGTERM)
