"""Serves the explorer in one process: alone, or as one of several workers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kptm.serving.access.rate_limits import RateLimits
from kptm.serving.access.required_tokens import required_tokens
from kptm.serving.app import create_app
from kptm.serving.executor import WorkspaceExecutor
from kptm.serving.listening import run_app
from kptm.serving.observation.metrics import shared_folder
from kptm.serving.several.root_app import create_apps
from kptm.serving.several.workspace_folders import ROOT

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from starlette.types import ASGIApp

    from kptm.serving.config import ServingConfig
    from kptm.workspace import Workspace


def serve_on(
    listener: socket.socket,
    workspaces: Mapping[str, Workspace],
    config: ServingConfig,
    *,
    ready: Callable[[], None],
) -> None:
    """Serve the explorer on a listening socket in this process.

    Args:
        listener: The socket.
        workspaces: Open workspaces by name, which nothing else in this process may use meanwhile;
            one with the name ``ROOT`` is alone.
        config: The configuration of the server, with the port of the socket.
        ready: Called once everything is loaded.

    Raises:
        KGError: The embeddings or the model belong to another graph.
        KPTMError: A file of the workspace is malformed.
    """
    executors = {
        name: WorkspaceExecutor(workspace, max_waiting=config.max_waiting)
        for name, workspace in workspaces.items()
    }
    try:
        for executor in executors.values():
            executor.prepare()
        app = _create(executors, workspaces, config)
        ready()
        run_app(app, listener, own_logs=config.log_requests)
    finally:
        for executor in executors.values():
            executor.close()


def _create(
    executors: Mapping[str, WorkspaceExecutor],
    workspaces: Mapping[str, Workspace],
    config: ServingConfig,
) -> ASGIApp:
    """Create the application of one workspace or of several."""
    limits = rate_limits(config.rate, shared_folder())
    tokens = (
        {name: required_tokens(workspace) for name, workspace in workspaces.items()}
        if config.require_token
        else None
    )
    if ROOT in executors:
        return create_app(
            executors[ROOT],
            hosts=config.hosts(),
            allow_edit=config.allow_edit,
            log_requests=config.log_requests,
            limits=limits,
            tokens=None if tokens is None else tokens[ROOT],
        )
    return create_apps(
        executors,
        hosts=config.hosts(),
        allow_edit=config.allow_edit,
        log_requests=config.log_requests,
        limits=limits,
        tokens=tokens,
    )


def rate_limits(rate: str, folder: Path | None) -> RateLimits | None:
    """The limits that a rate such as "60/minute" stands for; None if the rate is "".

    Args:
        rate: One or several limits, as in ``ServingConfig``.
        folder: The folder in which all workers count requests; None for one process.

    Raises:
        ConfigError: The rate is malformed.
    """
    return RateLimits(rate, folder) if rate else None
