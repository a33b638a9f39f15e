"""A socket of this machine, and an application that is served at it."""

from __future__ import annotations

import socket
from contextlib import suppress
from typing import TYPE_CHECKING, Literal

import uvicorn

from kptm.errors import ConfigError

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from kptm.serving.config import ServingConfig

ENDING_SECONDS = 5
"""How long requests that have begun may take when the server is told to end."""


def listen(config: ServingConfig) -> socket.socket:
    """A socket that accepts connections at once, so that the port is known and nobody waits."""
    family = socket.AF_INET6 if ":" in config.host else socket.AF_INET
    try:
        return socket.create_server((config.host, config.port), family=family, backlog=2_048)
    except (OSError, UnicodeError) as error:
        raise ConfigError(
            f"{config.host}:{config.port}: cannot be listened at ({error});"
            " give another --port or --host"
        ) from error


def run_app(
    app: ASGIApp, listener: socket.socket, *, lifespan: Literal["on", "off"] = "off"
) -> None:
    """Serve an application until Ctrl-C or SIGTERM.

    Args:
        app: The application.
        listener: What accepts its connections.
        lifespan: Whether it is told when serving begins and ends.
    """
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            http="h11",
            ws="none",
            lifespan=lifespan,
            log_level="warning",
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=ENDING_SECONDS,
        )
    )
    with suppress(KeyboardInterrupt):  # it has ended already, and passes the signal on
        server.run(sockets=[listener])
