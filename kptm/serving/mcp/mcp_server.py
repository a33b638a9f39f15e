"""The MCP server of a workspace: tools and resources, over stdio or HTTP."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from importlib.metadata import version
from inspect import getdoc
from typing import TYPE_CHECKING
from urllib.parse import unquote

from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ResourceNotFoundError, ToolError
from mcp.server.transport_security import TransportSecuritySettings
from mcp.types import ToolAnnotations

from kptm.serving.access.required_tokens import required_tokens
from kptm.serving.agents.agent_views import entity_view, fact_views
from kptm.serving.agents.editing_tools import editing_tools
from kptm.serving.agents.reading_tools import reading_tools
from kptm.serving.executor import WorkspaceExecutor
from kptm.serving.listening import listen, run_app
from kptm.serving.mcp.role_apps import create_role_app
from kptm.serving.mcp.tool_calls import ToolCalls

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.applications import Starlette

    from kptm.serving.access.token_file import TokenFile
    from kptm.serving.config import ServingConfig
    from kptm.workspace import Workspace

INSTRUCTIONS = (
    "A knowledge graph that answers with evidence. Call ask with a question in words; where it"
    ' says "answered": false, read reason and did_you_mean, or use search, describe and neighbours.'
    " Every fact has its sources. p is calibrated: of answers with p = .9 nine in ten are right."
)
PATH = "/mcp"
"""The path of the server over HTTP."""
MAX_FACTS = 100
"""The maximum number of facts in an entity's resource."""


def create_server(executor: WorkspaceExecutor, *, allow_edit: bool = False) -> MCPServer[None]:
    """Create the MCP server.

    Args:
        executor: The workspace and its threads; the caller closes the executor.
        allow_edit: Whether agents may propose, accept, edit and undo.
    """
    server: MCPServer[None] = MCPServer(
        "kptm",
        title=f"kptm: {executor.name}",
        instructions=INSTRUCTIONS,
        version=version("kptm"),
        log_level="WARNING",
    )
    calls = ToolCalls(executor)
    for tool in reading_tools(calls):
        reads = ToolAnnotations(read_only_hint=True)
        server.add_tool(tool, description=getdoc(tool), annotations=reads)
    for tool in editing_tools(calls) if allow_edit else ():
        changes = ToolAnnotations(read_only_hint=False)
        server.add_tool(tool, description=getdoc(tool), annotations=changes)
    _add_resources(server, calls)
    return server


def _add_resources(server: MCPServer[None], calls: ToolCalls) -> None:
    @server.resource("kptm://stats", mime_type="application/json")
    async def stats() -> str:
        """Counts of the graph and of modeledge, and the stages that have been run."""
        return json.dumps(await calls.ask(lambda ws: ws.stats()))

    @server.resource("kptm://relations", mime_type="application/json")
    async def relations() -> str:
        """All relations with facts, by key."""
        return json.dumps(
            [asdict(relation) for relation in await calls.ask(lambda ws: ws.graph.relations())]
        )

    @server.resource("kptm://sources", mime_type="application/json")
    async def sources() -> str:
        """All sources of facts, by name."""
        return json.dumps(await calls.ask(lambda ws: ws.graph.sources()))

    @server.resource("kptm://entity/{key}", mime_type="application/json")
    async def entity(key: str) -> str:
        """The facts about an entity, given by its key."""
        try:
            return await calls.ask(lambda ws: _entity(ws, unquote(key)))
        except ToolError as error:
            raise ResourceNotFoundError(str(error)) from error


def _entity(ws: Workspace, key: str) -> str:
    """An entity and its facts as JSON."""
    description = ws.describe(key, limit=MAX_FACTS)
    facts = fact_views(
        ws.graph,
        [attested.fact for attested in description.facts],
        [[source for source, _ in attested.sources] for attested in description.facts],
    )
    content = {
        **entity_view(description.entity).model_dump(),
        "facts": [fact.model_dump() for fact in facts],
    }
    return json.dumps(content, ensure_ascii=False)


def run_stdio(workspace: Workspace, *, allow_edit: bool = False, max_waiting: int = 256) -> None:
    """Serve one agent over standard input and output until it closes them.

    Args:
        workspace: An open workspace, which nothing else in this process may use meanwhile.
        allow_edit: Whether the agent may change the graph.
        max_waiting: The maximum number of concurrent calls.
    """
    executor = WorkspaceExecutor(workspace, max_waiting=max_waiting)
    try:
        create_server(executor, allow_edit=allow_edit).run("stdio")
    finally:
        executor.close()


def create_http_app(
    executor: WorkspaceExecutor, config: ServingConfig, *, tokens: TokenFile | None = None
) -> Starlette:
    """Create the server as an ASGI application that answers at ``/mcp``.

    Args:
        executor: The workspace and its threads; the caller closes the executor.
        config: The configuration of the server.
        tokens: The accepted tokens; each request needs one, and only the roles ``edit`` and
            ``admin`` get the tools that change the graph. None: requests need no token.
    """
    # Host and Origin are checked, because a page of another site can forge neither of them.
    security = TransportSecuritySettings(
        allowed_hosts=sorted(config.hosts()),
        allowed_origins=sorted(
            f"{scheme}://{host}" for scheme in ("http", "https") for host in config.hosts()
        ),
    )

    def app(allow_edit: bool) -> Starlette:
        server = create_server(executor, allow_edit=allow_edit)
        return server.streamable_http_app(streamable_http_path=PATH, transport_security=security)

    if tokens is None:
        return app(config.allow_edit)
    reading = app(False)
    return create_role_app(reading, app(True) if config.allow_edit else reading, tokens)


def run_http(
    workspace: Workspace, config: ServingConfig, *, ready: Callable[[str], None] | None = None
) -> None:
    """Serve agents over streamable HTTP at ``/mcp`` until Ctrl-C or SIGTERM.

    Args:
        workspace: An open workspace, which nothing else in this process may use meanwhile.
        config: The configuration of the server.
        ready: Called with the address once the server accepts connections.

    Raises:
        ConfigError: The server cannot listen on the address, or tokens are required and there are
            none.
    """
    tokens = required_tokens(workspace) if config.require_token else None
    with listen(config) as listener:
        bound_config = replace(config, port=listener.getsockname()[1])
        executor = WorkspaceExecutor(workspace, max_waiting=config.max_waiting)
        try:
            app = create_http_app(executor, bound_config, tokens=tokens)
            if ready is not None:
                ready(bound_config.url().rstrip("/") + PATH)
            run_app(app, listener, lifespan="on")
        finally:
            executor.close()
