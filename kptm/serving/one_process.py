"""Serves the explorer in one process: alone, or as one of several workers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kptm.serving.access.rate_limits import RateLimits
from kptm.serving.access.required_tokens import required_tokens
from kptm.serving.app import create_app
from kptm.serving.executor import WorkspaceExecutor
from kptm.serving.listening import run_app
from kptm.serving.observation.metrics import shared_folder

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable
    from pathlib import Path

    from kptm.serving.config import ServingConfig
    from kptm.workspace import Workspace


def serve_on(
    listener: socket.socket,
    workspace: Workspace,
    config: ServingConfig,
    *,
    ready: Callable[[], None],
) -> None:
    """Serve the explorer on a listening socket in this process.

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
            limits=rate_limits(config.rate, shared_folder()),
            tokens=required_tokens(workspace) if config.require_token else None,
        )
        ready()
        run_app(app, listener, own_logs=config.log_requests)
    finally:
        executor.close()


def rate_limits(rate: str, folder: Path | None) -> RateLimits | None:
    """The limits that a rate such as "60/minute" stands for; None if the rate is "".

    Args:
        rate: One or several limits, as in ``ServingConfig``.
        folder: The folder in which all workers count requests; None for one process.

    Raises:
        ConfigError: The rate is malformed.
    """
    return RateLimits(rate, folder) if rate else None
