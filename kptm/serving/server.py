"""A server on a socket of this machine."""

from __future__ import annotations

import socket
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

import uvicorn

from kptm.errors import ConfigError
from kptm.serving.app import create_app
from kptm.serving.executor import WorkspaceExecutor

if TYPE_CHECKING:
    from collections.abc import Callable

    from kptm.serving.config import ServingConfig
    from kptm.workspace import Workspace

ENDING_SECONDS = 5
"""How long requests that have begun may take when the server is told to end."""


def serve(
    workspace: Workspace, config: ServingConfig, *, ready: Callable[[str], None] | None = None
) -> None:
    """Serve the explorer until Ctrl-C or SIGTERM.

    Args:
        workspace: Open; nobody else in this process may use it meanwhile.
        config: Where, and whether it may be changed.
        ready: Called with the address once it can be opened.

    Raises:
        ConfigError: There is no listening at that address.
        KGError: The embeddings or the model belong to another graph.
        KPTMError: A file of the workspace is malformed.
    """
    with _listening(config) as listener:
        port = listener.getsockname()[1]
        at = replace(config, port=port)
        executor = WorkspaceExecutor(workspace, max_waiting=config.max_waiting)
        try:
            executor.prepare()
            app = create_app(executor, hosts=at.hosts(), allow_edit=config.allow_edit)
            server = uvicorn.Server(
                uvicorn.Config(
                    app,
                    http="h11",
                    ws="none",
                    lifespan="off",
                    log_level="warning",
                    access_log=False,
                    proxy_headers=False,
                    server_header=False,
                    timeout_graceful_shutdown=ENDING_SECONDS,
                )
            )
            if ready is not None:
                ready(at.url())
            with suppress(KeyboardInterrupt):  # it has ended already, and passes the signal on
                server.run(sockets=[listener])
        finally:
            executor.close()


def _listening(config: ServingConfig) -> socket.socket:
    """A socket that accepts connections at once, so that the port is known and nobody waits."""
    family = socket.AF_INET6 if ":" in config.host else socket.AF_INET
    try:
        return socket.create_server((config.host, config.port), family=family, backlog=2_048)
    except (OSError, UnicodeError) as error:
        raise ConfigError(
            f"{config.host}:{config.port}: cannot be listened at ({error});"
            " give another --port or --host"
        ) from error
