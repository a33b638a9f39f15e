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
    with listen(config) as listener:
        port = listener.getsockname()[1]
        at = replace(config, port=port)
        executor = WorkspaceExecutor(workspace, max_waiting=config.max_waiting)
        try:
            executor.prepare()
            app = create_app(
                executor,
                hosts=at.hosts(),
                allow_edit=config.allow_edit,
                log_requests=config.log_requests,
            )
            with json_logs() if config.log_requests else nullcontext():
                if ready is not None:
                    ready(at.url())
                run_app(app, listener, own_logs=config.log_requests)
        finally:
            executor.close()
