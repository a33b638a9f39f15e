"""Opens a listening socket, and serves an application on it."""

from __future__ import annotations

import socket
from contextlib import suppress
from typing import TYPE_CHECKING, Literal

import uvicorn
from uvicorn.config import LOGGING_CONFIG

from kptm.errors import ConfigError

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from kptm.serving.config import ServingConfig

ENDING_SECONDS = 5
"""Seconds that running requests may still take after the server is told to stop."""


def listen(config: ServingConfig) -> socket.socket:
    """Open a listening socket.

    It is opened before the workspace is loaded, so that the port is known and connections can wait.

    Raises:
        ConfigError: The server cannot listen on the address.
    """
    family = socket.AF_INET6 if ":" in config.host else socket.AF_INET
    try:
        return socket.create_server((config.host, config.port), family=family, backlog=2_048)
    except (OSError, UnicodeError) as error:
        raise ConfigError(
            f"{config.host}:{config.port}: cannot listen there ({error});"
            " give another --port or --host"
        ) from error


def run_app(
    app: ASGIApp,
    listener: socket.socket,
    *,
    lifespan: Literal["on", "off"] = "off",
    own_logs: bool = False,
) -> None:
    """Serve an application until Ctrl-C or SIGTERM.

    Args:
        app: The application.
        listener: The listening socket.
        lifespan: Whether the application gets events when serving starts and ends.
        own_logs: Whether the caller has configured the logs; if not, uvicorn configures them.
    """
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            http="h11",
            ws="none",
            lifespan=lifespan,
            log_level="warning",
            log_config=None if own_logs else LOGGING_CONFIG,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=ENDING_SECONDS,
        )
    )
    with suppress(KeyboardInterrupt):  # uvicorn re-raises the signal after shutting down
        server.run(sockets=[listener])
