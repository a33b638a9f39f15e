"""The configuration of a server, and limits for the size of a request."""

from __future__ import annotations

from dataclasses import dataclass

from kptm.errors import ConfigError

MAX_NAME_CHARACTERS = 2_500
"""The maximum number of characters of a key or name, as in the store."""
MAX_QUESTION_CHARACTERS = 2_000
"""The maximum number of characters of a question."""
MAX_QUESTIONS = 32
"""The maximum number of questions of a batch."""
MAX_TEXT_CHARACTERS = 20_000
"""The maximum number of characters of a text to link."""
MAX_BODY_BYTES = 65_536
"""The maximum number of bytes of a request's body."""
BODY_SECONDS = 10.0
"""Seconds within which the whole body of a request must arrive."""
LOCAL = ("127.0.0.1", "localhost", "[::1]")
"""The loopback names of this machine."""


@dataclass(frozen=True, kw_only=True)
class ServingConfig:
    """The configuration of a server.

    Attributes:
        host: The address to listen on.
        port: The port; 0 takes any free port.
        allow_edit: Whether clients may edit facts and undo revisions.
        names: Further accepted values of the header ``Host``, for example the name of a proxy,
            with the port unless it is 80 or 443.
        max_waiting: The maximum number of concurrent requests; more are refused with status 503.
        log_requests: Whether to write all logs to standard error as JSON, one line a request.
        workers: The number of processes that answer; each loads its own copy of the workspace.
        rate: How many requests each token may send, or each IP address if requests have no token:
            "60/minute", or several limits as "10/second; 1000/hour"; "" for any number.
        require_token: Whether each request needs a token of the workspace; the role of the token
            decides which routes the client may use.

    Raises:
        ConfigError: The port, ``max_waiting`` or ``workers`` is out of range.
    """

    host: str = LOCAL[0]
    port: int = 8000
    allow_edit: bool = False
    names: tuple[str, ...] = ()
    max_waiting: int = 256
    log_requests: bool = False
    workers: int = 1
    require_token: bool = False
    rate: str = ""

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65_535:
            raise ConfigError(f"port {self.port}: is none; give one from 1 to 65535, or 0 for any")
        if self.max_waiting < 1:
            raise ConfigError(f"max_waiting {self.max_waiting}: let at least 1 request wait")
        if self.workers < 1:
            raise ConfigError(f"workers {self.workers}: at least 1 process has to answer")

    def url(self) -> str:
        """The address of the page."""
        return f"http://{self._bracketed_host()}:{self.port}/"

    def hosts(self) -> frozenset[str]:
        """Accepted values of the header ``Host``: the names in ``LOCAL``, ``host``, ``names``."""
        ports = ("", ":80") if self.port == 80 else (f":{self.port}",)
        local = {f"{name}{port}" for name in (*LOCAL, self._bracketed_host()) for port in ports}
        return frozenset(name.lower() for name in (*local, *self.names))

    def _bracketed_host(self) -> str:
        """The host as it is written in a URL: an IPv6 address in brackets."""
        return f"[{self.host}]" if ":" in self.host else self.host
