"""The MCP server with an independent client, ``@modelcontextprotocol/inspector --cli``."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from kptm import Workspace

pytest.importorskip("mcp")

HERE = Path(__file__).parents[3] / "node_modules" / ".bin" / "mcp-inspector"
FACTS = [("Chad", "capital", "N'Djamena"), ("Chad", "borders", "Sudan")]


@pytest.fixture(scope="module")
def inspector():
    found = shutil.which("mcp-inspector") or (str(HERE) if HERE.exists() else None)
    if found is None:
        problem = "there is no mcp-inspector: npm install @modelcontextprotocol/inspector"
        if os.environ.get("KPTM_REQUIRE_INSPECTOR"):
            pytest.fail(problem)
        pytest.skip(problem)
    return found


@pytest.fixture
def session(inspector, separate_process, tmp_path):
    """A function that sends one request to a new server; all servers use the same workspace."""
    with Workspace.open(tmp_path / "ws") as ws:
        ws.graph.add(FACTS, source="facts.tsv")
    server = [sys.executable, "-m", "kptm", "mcp", str(tmp_path / "ws"), "--allow-edit"]

    def send(method, *options):
        result = subprocess.run(
            [inspector, "--cli", *server, "--method", method, *options],
            capture_output=True, text=True, check=False, timeout=300,
        )  # fmt: skip
        assert result.returncode == 0, result.stderr
        return json.loads(result.stdout)

    return send


@pytest.fixture
def call(session):
    def call_tool(name, **values):
        given = [part for pair in values.items() for part in ("--tool-arg", "=".join(pair))]
        result = session("tools/call", "--tool-name", name, *given)
        assert not result.get("isError"), result
        return result["structuredContent"]

    return call_tool


def test_a_session_with_the_inspector(session, call):
    """A session: list tools, ask, follow the evidence, propose, accept, undo, read a resource."""
    tools = {tool["name"]: tool for tool in session("tools/list")["tools"]}
    assert {"ask", "describe", "propose", "accept", "undo"} <= tools.keys()
    assert tools["ask"]["annotations"]["readOnlyHint"]
    answer = call("ask", question="what is the capital of chad")
    assert [item["text"] for item in answer["answers"]] == ["N'Djamena"]
    [fact] = [item for item in answer["evidence"] if item["kind"] == "triple"]
    about = call("describe", entity=fact["triple"][0])
    assert {name for item in about["facts"] for name in item["sources"]} == {"facts.tsv"}
    sentence = "Chad borders Niger."
    proposal = call("propose", head="Chad", relation="borders", tail="Niger", sentence=sentence)
    receipt = call("accept", ids=json.dumps([proposal["id"]]))
    around = call("neighbours", entity="Chad")
    assert "Chad | borders | Niger" in [item["text"] for item in around["facts"]]
    call("undo", revision=str(receipt["revision"]))
    around = call("neighbours", entity="Chad")
    assert "Chad | borders | Niger" not in [item["text"] for item in around["facts"]]
    [sources] = session("resources/read", "--uri", "kptm://sources")["contents"]
    assert "facts.tsv" in json.loads(sources["text"])
