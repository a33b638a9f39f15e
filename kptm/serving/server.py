"""Serves the explorer, by this process alone or by several workers."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING

from kptm.serving.access.required_tokens import required_tokens
from kptm.serving.listening import listen
from kptm.serving.observation.json_log import json_logs
from kptm.serving.one_process import rate_limits, serve_on
from kptm.serving.workers.worker_pool import serve_by_workers

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from kptm.serving.config import ServingConfig
    from kptm.workspace import Workspace


def serve(
    workspaces: Mapping[str, Workspace],
    config: ServingConfig,
    *,
    ready: Callable[[str], None] | None = None,
) -> None:
    """Serve the explorer until Ctrl-C or SIGTERM.

    Args:
        workspaces: Open workspaces by name, which nothing else in this process may use meanwhile;
            one with the name ``ROOT`` is alone, at the root, and others are at ``/NAME/``.
        config: The configuration of the server.
        ready: Called with the address once the server accepts connections.

    Raises:
        ConfigError: The server cannot listen on the address, or tokens are required and there are
            none, or the rate is malformed.
        KGError: The embeddings or the model belong to another graph.
        KPTMError: A file of the workspace is malformed.
    """
    if config.require_token:
        for workspace in workspaces.values():
            required_tokens(workspace)
    rate_limits(config.rate, None)
    with listen(config) as listener:
        bound_config = replace(config, port=listener.getsockname()[1])

        def accepting() -> None:
            if ready is not None:
                ready(bound_config.url())

        with json_logs() if config.log_requests else nullcontext():
            if config.workers == 1:
                serve_on(listener, workspaces, bound_config, ready=accepting)
            else:
                serve_by_workers(listener, workspaces, bound_config, ready=accepting)
