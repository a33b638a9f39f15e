"""How a workspace links."""

from __future__ import annotations

from dataclasses import dataclass

from kptm.errors import ConfigError


@dataclass(frozen=True, kw_only=True)
class LinkingConfig:
    """Settings of linking.

    Attributes:
        encoder: The folder of a sentence encoder for mentions that stay ambiguous; "" links without one.
        weights: A file of coefficients, as ``Linker.fit(…).save(path)`` writes them; "" takes those that ship.
        jobs: Processes that link; only 1 with an encoder, which has threads of its own.
    """

    encoder: str = ""
    weights: str = ""
    jobs: int = 1

    def __post_init__(self) -> None:
        if self.jobs < 1:
            raise ConfigError(f"jobs must be at least 1, not {self.jobs}")
        if self.encoder and self.jobs > 1:
            raise ConfigError(
                "an encoder links in one process, with torch's threads; leave jobs at 1"
            )
