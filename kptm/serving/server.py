"""Serves the explorer."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING

from kptm.serving.app import create_app
from kptm.serving.executor import WorkspaceExecutor
from kptm.serving.listening import listen, run_app
from kptm.serving.observation.json_log import json_logs

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from kptm.serving.config import ServingConfig
    from kptm.workspace import Workspace


def serve(
    workspace: Workspace, config: ServingConfig, *, ready: Callable[[str], None] | None = None
) -> None:
    """Serve the explorer until Ctrl-C or SIGTERM.

    Args:
        workspace: An open workspace, which nothing else in this process may use meanwhile.
        config: The configuration of the server.
        ready: Called with the address once the server accepts connections.

    Raises:
        ConfigError: The server cannot listen at the address.
        KGError: The embeddings or the model belong to another graph.
        KPTMError: A file of the workspace is malformed.
    """
    from kptm.serving.workers.worker_pool import serve_by_workers

    with listen(config) as listener:
        at = replace(config, port=listener.getsockname()[1])

        def accepting() -> None:
            if ready is not None:
                ready(at.url())

        with json_logs() if config.log_requests else nullcontext():
            if config.workers == 1:
                serve_on(listener, workspace, at, ready=accepting)
            else:
                serve_by_workers(listener, workspace, at, ready=accepting)


def serve_on(
    listener: socket.socket,
    workspace: Workspace,
    config: ServingConfig,
    *,
    ready: Callable[[], None],
) -> None:
    """Serve the explorer on a listening socket, by this process alone.

    Args:
        listener: The socket.
        workspace: An open workspace, which nothing else in this process may use meanwhile.
        config: The configuration of the server, with the port of the socket.
        ready: Called once everything is loaded.

    Raises:
        KGError: The embeddings or the model belong to another graph.
        KPTMError: A file of the workspace is malformed.
    """
    executor = WorkspaceExecutor(workspace, max_waiting=config.max_waiting)
    try:
        executor.prepare()
        app = create_app(
            executor,
            hosts=config.hosts(),
            allow_edit=config.allow_edit,
            log_requests=config.log_requests,
        )
        ready()
        run_app(app, listener, own_logs=config.log_requests)
    finally:
        executor.close()
