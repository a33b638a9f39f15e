"""Settings of a workspace's linker."""

from __future__ import annotations

from dataclasses import dataclass

from kptm.errors import ConfigError

POLICIES = "names", "all", "strict"
"""The values of ``kptm.linking.disambiguation.conventions.Policy``.

They are repeated here because that module loads NumPy, which settings do not need.
"""


@dataclass(frozen=True, kw_only=True)
class LinkingConfig:
    """Settings of entity linking.

    Attributes:
        encoder: The folder of a sentence encoder, which scores mentions that stay ambiguous; "" for
            none.
        policy: What counts as a mention: "names" (proper names), "all" (also common nouns; articles
            and possessives belong to the mention) or "strict" (proper names at high precision).
        weights: A file of coefficients, as written by ``Linker.fit(…).save(path)``; "" for those of
            the package.
        coreference: Whether pronouns and descriptions ("the company") are linked to entities named
            earlier in the text.
        device: The device of the encoders for linking and answering: "auto" (an accelerator if
            there is one), "cpu", or the name of a device.
        jobs: The number of linking processes; 1 with an encoder, which uses threads of its own.
    """

    encoder: str = ""
    policy: str = "names"
    weights: str = ""
    coreference: bool = False
    device: str = "auto"
    jobs: int = 1

    def __post_init__(self) -> None:
        if self.policy not in POLICIES:
            raise ConfigError(f"policy must be one of {', '.join(POLICIES)}, not {self.policy!r}")
        if self.weights and self.policy != POLICIES[0]:
            raise ConfigError(
                "weights have a convention of their own; give them or a policy, not both"
            )
        if self.jobs < 1:
            raise ConfigError(f"jobs must be at least 1, not {self.jobs}")
        if self.encoder and self.jobs > 1:
            raise ConfigError(
                "an encoder links in one process, with torch's threads; leave jobs at 1"
            )
