"""LangChain: a retriever and tools over a workspace; needs ``kptm[langchain]``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kptm.errors import ConfigError

try:
    from langchain_core.documents import Document
    from langchain_core.retrievers import BaseRetriever
    from langchain_core.tools import BaseTool, StructuredTool, ToolException
except ModuleNotFoundError as error:
    raise ConfigError('this needs LangChain: pip install "kptm[langchain]"') from error
from pydantic import ConfigDict, PositiveInt, field_validator

from kptm.integrations.retrieval import checked_kinds, retrieve
from kptm.integrations.tool_functions import tool_functions
from kptm.workspace import Workspace  # noqa: TC001  # Pydantic reads it as the type of a field

if TYPE_CHECKING:
    from langchain_core.callbacks import CallbackManagerForRetrieverRun
    from pydantic import BaseModel, ValidationError

    from kptm.integrations.tool_functions import ToolFunction

__all__ = ["WorkspaceRetriever", "workspace_tools"]


class WorkspaceRetriever(BaseRetriever):  # type: ignore[misc]  # types of an extra
    """Retrieves facts and passages of a workspace as documents, best first.

    The metadata of a document are its kind, the keys of its entities, the relation of a fact, its
    sources, the revision of a fact, and the score by which documents are ordered.

    Attributes:
        workspace: An open workspace.
        k: The maximum number of documents.
        kinds: "fact", "passage", or both.

    Raises:
        ValidationError: ``k`` is below 1, or there is no such kind.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    workspace: Workspace
    k: PositiveInt = 10
    kinds: tuple[str, ...] = ("fact", "passage")

    @field_validator("kinds")
    @classmethod
    def _check_kinds(cls, kinds: tuple[str, ...]) -> tuple[str, ...]:
        try:
            return checked_kinds(kinds)
        except ConfigError as error:  # Pydantic reports a ValueError with the field's name
            raise ValueError(str(error)) from error

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun, k: int | None = None
    ) -> list[Document]:
        return [
            Document(page_content=retrieved.text, metadata=retrieved.metadata(), id=retrieved.id)
            for retrieved in retrieve(self.workspace, query, self.k if k is None else k, self.kinds)
        ]


def workspace_tools(workspace: Workspace, *, allow_edit: bool = False) -> list[BaseTool]:
    """The tools of ``kptm mcp`` as tools of LangChain.

    A tool returns JSON, with its Pydantic model as the artifact. If a call fails, the agent gets a
    message that says what to do, instead of an exception.

    Args:
        workspace: An open workspace.
        allow_edit: Whether agents may propose, accept, reject, edit and undo.
    """
    functions = tool_functions(workspace, allow_edit=allow_edit, error=ToolException)
    return [_as_tool(function) for function in functions]


def _as_tool(function: ToolFunction) -> StructuredTool:
    def call(**arguments: Any) -> tuple[str, BaseModel]:
        return _content(function.call(**arguments))

    async def acall(**arguments: Any) -> tuple[str, BaseModel]:
        return _content(await function.acall(**arguments))

    return StructuredTool.from_function(
        call,
        acall,
        name=function.name,
        description=function.description,
        args_schema=function.arguments,
        response_format="content_and_artifact",
        handle_tool_error=True,
        handle_validation_error=_first_problem,
    )


def _content(result: BaseModel) -> tuple[str, BaseModel]:
    return result.model_dump_json(), result


def _first_problem(error: ValidationError) -> str:
    first = error.errors()[0]
    return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
