"""The tools and resources of a workspace over MCP, with the client of the MCP SDK."""

import json
import os
import sys
from contextlib import contextmanager
from urllib.parse import quote

import anyio
import pytest

from kptm import Workspace

pytest.importorskip("mcp")

from mcp.client.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client

from kptm.serving.agents.agent_results import MAX_CHARACTERS
from kptm.serving.executor import WorkspaceExecutor
from kptm.serving.mcp.mcp_server import create_server

READING = {"ask", "query", "link", "search", "describe", "neighbours", "paths", "history"}
READING |= {"proposals"}
EDITING = {"propose", "accept", "reject", "edit", "undo"}
FACTS = [
    ("Chad", "capital", "N'Djamena"),
    ("Chad", "borders", "Sudan"),
    ("Sudan", "borders", "Egypt"),
    ("http://example.org/a b?c=1", "capital", "N'Djamena"),
]


@pytest.fixture
def ws(tmp_path):
    with Workspace.open(tmp_path / "ws") as opened:
        opened.graph.add(FACTS, source="facts.tsv")
        yield opened


@contextmanager
def server_of(ws, **options):
    executor = WorkspaceExecutor(ws, max_waiting=8)
    try:
        yield create_server(executor, **options)
    finally:
        executor.close()


def call(ws, *calls, allow_edit=True):
    """The results of several calls of tools in one session."""

    async def session():
        with server_of(ws, allow_edit=allow_edit) as server:
            async with Client(server) as client:
                return [await client.call_tool(name, values) for name, values in calls]

    found = anyio.run(session)
    return [_plain(item) for item in found]


def _plain(result):
    if result.is_error:
        return result.content[0].text
    return result.structured_content


def test_a_session_asks_follows_evidence_proposes_accepts_and_undoes(tmp_path):
    """A session over standard input and output with a server in a process of its own."""
    with Workspace.open(tmp_path / "ws") as ws:
        ws.graph.add(FACTS, source="facts.tsv")

    async def session():
        command = StdioServerParameters(
            command=sys.executable,
            args=["-m", "kptm", "mcp", str(tmp_path / "ws"), "--allow-edit"],
            env=dict(os.environ),
        )
        async with Client(stdio_client(command)) as client:
            names = {tool.name for tool in (await client.list_tools()).tools}
            assert names == READING | EDITING

            async def tool(name, **values):
                return (await client.call_tool(name, values)).structured_content

            answer = await tool("ask", question="what is the capital of chad")
            assert [item["text"] for item in answer["answers"]] == ["N'Djamena"]
            [fact] = [item for item in answer["evidence"] if item["kind"] == "triple"]
            assert fact["triple"] == ["Chad", "capital", "N'Djamena"]
            about = await tool("describe", entity=fact["triple"][0])
            assert {item["sources"][0] for item in about["facts"]} == {"facts.tsv"}

            sentence = "Chad borders Niger."
            values = {"head": "Chad", "relation": "borders", "tail": "Niger", "sentence": sentence}
            proposal = await tool("propose", **values)
            assert proposal["new_entities"] == ["Niger"]
            unknown = await tool("ask", question="does Chad border Niger")
            assert [item["text"] for item in unknown["answers"]] != ["yes"]
            receipt = await tool("accept", ids=[proposal["id"]])
            facts = await tool("neighbours", entity="Chad")
            assert "Chad | borders | Niger" in [item["text"] for item in facts["facts"]]
            await tool("undo", revision=receipt["revision"])
            facts = await tool("neighbours", entity="Chad")
            assert "Chad | borders | Niger" not in [item["text"] for item in facts["facts"]]
            history = await tool("history", entity="Chad", limit=2)
            assert [item["kind"] for item in history["changes"]] == ["removed", "added"]

    anyio.run(session)


def test_without_the_flag_nothing_can_be_changed(ws):
    async def session():
        with server_of(ws) as server:
            async with Client(server) as client:
                tools = (await client.list_tools()).tools
                result = await client.call_tool("edit", {"head": "Chad", "relation": "capital",
                                                         "tail": "Sudan"})  # fmt: skip
                return tools, result

    tools, result = anyio.run(session)
    assert {tool.name for tool in tools} == READING
    assert all(tool.annotations.read_only_hint for tool in tools)
    assert not any("  " in tool.description for tool in tools)  # without the source's indentation
    assert result.is_error
    assert ws.query("Chad", "capital").entity == "N'Djamena"


def test_unknown_is_an_answer_with_its_reason(ws):
    [answer] = call(ws, ("ask", {"question": "what is the capital of Atlantis"}))
    assert not answer["answered"]
    assert "Atlantis" in answer["reason"]


def test_each_fact_is_on_one_page(ws):
    ws.graph.add([("Chad", "town", f"Town {number:02d}") for number in range(25)])
    found, offset = [], 0
    while offset is not None:
        [page] = call(ws, ("describe", {"entity": "Chad", "limit": 10, "offset": offset}))
        assert len(page["facts"]) <= 10
        found += [fact["tail"] for fact in page["facts"]]
        offset = page["next_offset"]
    assert sorted(found) == sorted(["N'Djamena", "Sudan", *(f"Town {n:02d}" for n in range(25))])


def test_a_long_text_is_cut(ws):
    ws.graph.add([("Chad", "motto", "x" * 2_000)])
    [page] = call(ws, ("describe", {"entity": "Chad"}))
    assert max(len(fact["text"]) for fact in page["facts"]) == MAX_CHARACTERS


def test_paths_and_links(ws):
    paths, links = call(
        ws, ("paths", {"first": "Chad", "second": "Egypt"}), ("link", {"text": "Sudan is big."})
    )
    assert [fact["text"] for fact in paths["paths"][0]] == [
        "Chad | borders | Sudan",
        "Sudan | borders | Egypt",
    ]
    assert [item["entity"]["key"] for item in links["links"]] == ["Sudan"]


def test_a_rejected_proposal_is_not_made_again(ws):
    values = {"head": "Chad", "relation": "borders", "tail": "Peru", "sentence": "Chad, Peru."}
    [made] = call(ws, ("propose", values))
    _, listed, again = call(
        ws, ("reject", {"ids": [made["id"]]}), ("proposals", {}), ("propose", values)
    )
    assert listed["proposals"] == []
    assert "rejected before" in again


def test_resources_and_keys_that_are_iris(ws):
    async def session():
        with server_of(ws) as server:
            async with Client(server) as client:
                names = ["kptm://stats", "kptm://relations", "kptm://sources"]
                names.append(f"kptm://entity/{quote(FACTS[-1][0], safe='')}")
                return [(await client.read_resource(name)).contents[0].text for name in names]

    stats, relations, sources, entity = map(json.loads, anyio.run(session))
    assert stats["triples"] == len(FACTS)
    assert [item["key"] for item in relations] == ["borders", "capital"]
    assert sources == ["facts.tsv"]
    assert (entity["key"], entity["facts"][0]["tail"]) == (FACTS[-1][0], "N'Djamena")


@pytest.mark.parametrize(
    ("tool", "values"),
    [
        ("ask", {"question": ""}),
        ("ask", {"question": "x" * 10_000}),
        ("ask", {"question": "who rules Chad", "at": "'; DROP TABLE triple; --"}),
        ("ask", {"question": "who rules Chad", "limit": 10**9}),
        ("describe", {"entity": "no such thing"}),
        ("describe", {"entity": "Chad", "offset": -1}),
        ("describe", {"entity": "\ud800"}),
        ("neighbours", {"entity": "Chad", "hops": 99}),
        ("query", {"relation": "capital"}),
        ("query", {"relation": "nothing", "head": "Chad"}),
        ("accept", {"ids": [10**30]}),
        ("accept", {"ids": []}),
        ("accept", {"ids": [77]}),
        ("undo", {"revision": 0}),
        ("undo", {"revision": 500}),
        ("propose", {"head": "Chad", "relation": "no", "tail": "x", "sentence": "y"}),
        ("propose", {"head": "Chad", "relation": "capital", "tail": "x", "sentence": "y",
                     "confidence": 7}),
        ("nothing", {}),
    ],
)  # fmt: skip
def test_hostile_arguments_are_refused_with_a_reason_and_change_nothing(ws, tool, values):
    before = ws.graph.fingerprint()
    [message] = call(ws, (tool, values))
    assert isinstance(message, str) or not message["answered"]
    if isinstance(message, str):
        assert len(message) > 10
        assert str(ws.folder) not in message
    assert ws.graph.fingerprint() == before


def test_over_http_another_host_is_refused(ws):
    import httpx2

    from kptm.serving.config import ServingConfig
    from kptm.serving.mcp.mcp_server import create_http_app

    ping = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
    headers = {"accept": "application/json, text/event-stream"}

    async def statuses():
        executor = WorkspaceExecutor(ws, max_waiting=8)
        try:
            app = create_http_app(executor, ServingConfig(port=8123))
            async with app.router.lifespan_context(app):
                found = []
                for host in ("127.0.0.1:8123", "evil.example"):
                    transport = httpx2.ASGITransport(app=app)
                    async with httpx2.AsyncClient(transport=transport) as client:
                        reply = await client.post(f"http://{host}/mcp", json=ping, headers=headers)
                        found.append(reply.status_code)
                return found
        finally:
            executor.close()

    ours, others = anyio.run(statuses)
    assert ours < 421
    assert others == 421
