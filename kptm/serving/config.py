"""How a workspace is served, and how much one request may bring."""

from __future__ import annotations

from dataclasses import dataclass

from kptm.errors import ConfigError

MAX_NAME = 2_500
"""Characters of a key or name: as long as the store's keys."""
MAX_QUESTION = 2_000
"""Characters of a question."""
MAX_QUESTIONS = 32
"""Questions of a batch."""
MAX_TEXT = 20_000
"""Characters of a text to link."""
MAX_BODY = 65_536
"""Bytes of a request's body."""
BODY_SECONDS = 10.0
"""How long a body may take to arrive."""
LOCAL = ("127.0.0.1", "localhost", "[::1]")
"""What this machine calls itself."""


@dataclass(frozen=True, kw_only=True)
class ServingConfig:
    """Where a workspace is served, and whether it may be changed.

    Attributes:
        host: The address to listen at.
        port: The port; 0 takes any that is free.
        allow_edit: Whether facts may be edited and revisions undone.
        names: Further values that a request's ``Host`` may have, of a proxy say: with their port if
            it is not 80 or 443.
        max_waiting: Requests that may be under way at once; those beyond are asked to come again.

    Raises:
        ConfigError: The port or ``max_waiting`` is out of range.
    """

    host: str = LOCAL[0]
    port: int = 8000
    allow_edit: bool = False
    names: tuple[str, ...] = ()
    max_waiting: int = 256

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65_535:
            raise ConfigError(f"port {self.port}: is none; give one from 1 to 65535, or 0 for any")
        if self.max_waiting < 1:
            raise ConfigError(f"max_waiting {self.max_waiting}: let at least 1 request wait")

    def url(self) -> str:
        """The page's address."""
        return f"http://{self._shown_host()}:{self.port}/"

    def hosts(self) -> frozenset[str]:
        """What a request's ``Host`` may be: this machine, ``host`` and ``names``."""
        ports = ("", ":80") if self.port == 80 else (f":{self.port}",)
        own = {f"{name}{port}" for name in (*LOCAL, self._shown_host()) for port in ports}
        return frozenset(name.lower() for name in (*own, *self.names))

    def _shown_host(self) -> str:
        return f"[{self.host}]" if ":" in self.host else self.host
