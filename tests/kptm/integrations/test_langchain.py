"""LangChain's own standard tests of retrievers and tools, and further ones."""

import json

import pytest

pytest.importorskip("langchain_tests")

from langchain_core.documents import Document
from langchain_tests.integration_tests import RetrieversIntegrationTests, ToolsIntegrationTests
from langchain_tests.unit_tests import ToolsUnitTests
from pydantic import ValidationError

from kptm.integrations.langchain import WorkspaceRetriever, workspace_tools

EXAMPLES = {
    "ask": {"question": "what is the capital of Chad"},
    "query": {"relation": "capital", "head": "Chad"},
    "link": {"text": "Sudan borders Egypt."},
    "search": {"name": "sud"},
    "describe": {"entity": "Chad", "limit": 2},
    "neighbours": {"entity": "Chad"},
    "paths": {"first": "Chad", "second": "Egypt"},
    "history": {"entity": "Chad"},
    "proposals": {},
    "propose": {"head": "Chad", "relation": "borders", "tail": "Mali", "sentence": "Chad, Mali."},
    "accept": {"ids": [1]},
    "reject": {"ids": [2]},
    "edit": {"head": "Chad", "relation": "capital", "tail": "Sudan"},
    "undo": {"revision": 1},
}
CHANGING = {"propose", "accept", "reject", "edit", "undo"}


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.mark.anyio
class TestRetriever(RetrieversIntegrationTests):
    retriever_constructor = WorkspaceRetriever
    retriever_query_example = "What is the capital of Chad?"

    @pytest.fixture(autouse=True)
    def _workspace(self, reading):
        self.reading = reading

    @property
    def retriever_constructor_params(self):
        return {"workspace": self.reading}


class _Tool:
    """Has the properties that the standard tests read; fixtures fill them."""

    @property
    def tool_constructor(self):
        tools = workspace_tools(self.workspace, allow_edit=True)
        return next(tool for tool in tools if tool.name == self.name)

    @property
    def tool_invoke_params_example(self):
        return EXAMPLES[self.name]


class TestToolUnits(_Tool, ToolsUnitTests):
    @pytest.fixture(autouse=True, params=EXAMPLES)
    def _name(self, request, reading):
        self.name, self.workspace = request.param, reading


@pytest.mark.anyio
class TestReadingTools(_Tool, ToolsIntegrationTests):
    @pytest.fixture(autouse=True, params=sorted(EXAMPLES.keys() - CHANGING))
    def _name(self, request, reading):
        self.name, self.workspace = request.param, reading


@pytest.mark.anyio
class TestChangingTools(_Tool, ToolsIntegrationTests):
    @pytest.fixture(autouse=True, params=sorted(CHANGING))
    def _name(self, request, ws):
        self.name, self.workspace = request.param, ws


def tools_of(ws, **options):
    return {tool.name: tool for tool in workspace_tools(ws, **options)}


def test_the_tools_are_those_of_the_mcp_server(ws):
    assert tools_of(ws, allow_edit=True).keys() == EXAMPLES.keys()
    assert tools_of(ws).keys() == EXAMPLES.keys() - CHANGING


def test_documents_say_where_they_come_from(ws):
    [first] = WorkspaceRetriever(workspace=ws, k=1).invoke("What is the capital of Chad?")
    assert isinstance(first, Document)
    assert first.page_content == "Chad | capital | N'Djamena"
    assert first.metadata.pop("score") > 0
    assert first.metadata == {
        "kind": "fact",
        "keys": ["Chad", "N'Djamena"],
        "relation": "capital",
        "source": "facts.tsv",
        "revision": 1,
    }
    json.dumps(first.metadata)


@pytest.mark.parametrize("wrong", [{"k": 0}, {"kinds": ["vector"]}, {"kinds": []}])
def test_wrong_settings_of_a_retriever_are_refused(ws, wrong):
    with pytest.raises(ValidationError):
        WorkspaceRetriever(workspace=ws, **wrong)


def test_an_agent_edits_and_undoes(ws):
    tools = tools_of(ws, allow_edit=True)
    receipt = json.loads(tools["edit"].invoke(EXAMPLES["edit"]))
    assert ws.query("Chad", "capital").entity == "Sudan"
    tools["undo"].invoke({"revision": receipt["revision"]})
    assert ws.query("Chad", "capital").entity == "N'Djamena"


def call(tool, arguments):
    """The message that the agent gets from a tool."""
    return tool.invoke({"type": "tool_call", "id": "1", "name": tool.name, "args": arguments})


@pytest.mark.parametrize(
    ("name", "arguments", "part"),
    [
        ("describe", {"entity": "Atlantis"}, "Atlantis"),
        ("describe", {"entity": "Chad", "limit": 10**9}, "limit"),
        ("describe", {"entity": "Chad", "nothing": 1}, "nothing"),
        ("describe", {}, "entity"),
        ("ask", {"question": ""}, "question"),
        ("undo", {"revision": 99}, "99"),
        ("accept", {"ids": [77]}, "77"),
    ],
)
def test_errors_are_messages_to_the_agent(ws, name, arguments, part):
    before = ws.graph.fingerprint()
    message = call(tools_of(ws, allow_edit=True)[name], arguments)
    assert part in message.content
    assert message.status == "error"
    assert ws.graph.fingerprint() == before
