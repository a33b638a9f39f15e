"""LlamaIndex: a retriever and tools over a workspace; needs ``kptm[llamaindex]``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kptm.errors import ConfigError

try:
    from llama_index.core.retrievers import BaseRetriever
    from llama_index.core.schema import NodeWithScore, TextNode
    from llama_index.core.tools import FunctionTool
except ModuleNotFoundError as error:
    raise ConfigError('this needs LlamaIndex: pip install "kptm[llamaindex]"') from error

from kptm.integrations.retrieval import checked_kinds, retrieve
from kptm.integrations.tool_functions import tool_functions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llama_index.core.schema import QueryBundle

    from kptm.integrations.tool_functions import ToolFunction
    from kptm.workspace import Workspace

__all__ = ["WorkspaceNodeRetriever", "workspace_function_tools"]


class WorkspaceNodeRetriever(BaseRetriever):  # type: ignore[misc]  # types of an extra
    """Retrieves facts and passages of a workspace as nodes, best first.

    The metadata of a node are those of :class:`kptm.integrations.langchain.WorkspaceRetriever`.

    Args:
        workspace: An open workspace.
        similarity_top_k: The maximum number of nodes.
        kinds: "fact", "passage", or both.

    Raises:
        ConfigError: ``similarity_top_k`` is below 1, or there is no such kind.
    """

    def __init__(
        self,
        workspace: Workspace,
        *,
        similarity_top_k: int = 10,
        kinds: Sequence[str] = ("fact", "passage"),
    ) -> None:
        super().__init__()
        if similarity_top_k < 1:
            raise ConfigError(f"similarity_top_k {similarity_top_k}: retrieve at least 1 node")
        self._workspace, self._k, self._kinds = workspace, similarity_top_k, checked_kinds(kinds)

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        texts = retrieve(self._workspace, query_bundle.query_str, self._k, self._kinds)
        return [
            NodeWithScore(
                node=TextNode(id_=text.id, text=text.text, metadata=text.metadata()),
                score=text.score,
            )
            for text in texts
        ]


def workspace_function_tools(
    workspace: Workspace, *, allow_edit: bool = False
) -> list[FunctionTool]:
    """The tools of ``kptm mcp`` as tools of LlamaIndex; each returns JSON.

    If a call fails, it raises a ``ValueError`` whose message says what to do; LlamaIndex passes the
    message on to the agent.

    Args:
        workspace: An open workspace.
        allow_edit: Whether agents may propose, accept, reject, edit and undo.
    """
    functions = tool_functions(workspace, allow_edit=allow_edit, error=ValueError)
    return [_function_tool(function) for function in functions]


def _function_tool(function: ToolFunction) -> FunctionTool:
    def call(**arguments: Any) -> str:
        checked = function.arguments(**arguments).model_dump()
        return str(function.call(**checked).model_dump_json())

    async def acall(**arguments: Any) -> str:
        checked = function.arguments(**arguments).model_dump()
        return str((await function.acall(**checked)).model_dump_json())

    return FunctionTool.from_defaults(
        call,
        async_fn=acall,
        name=function.name,
        description=function.description,
        fn_schema=function.arguments,
    )
