"""How a workspace links."""

from __future__ import annotations

from dataclasses import dataclass

from kptm.errors import ConfigError

POLICIES = "names", "all", "strict"
"""The values of ``kptm.linking.disambiguation.conventions.Policy``.

That module loads NumPy, which settings do not need.
"""


@dataclass(frozen=True, kw_only=True)
class LinkingConfig:
    """Settings of linking.

    Attributes:
        encoder: The folder of a sentence encoder for mentions that stay ambiguous; "" links without
            one.
        policy: What counts as a mention: "names" (proper names), "all" (common nouns too, with
            articles and possessives) or "strict" (what is sure).
        weights: A file of coefficients, as ``Linker.fit(…).save(path)`` writes them; "" takes those
            that ship.
        coreference: Whether pronouns and descriptions ("the company") are linked to what names said
            before.
        device: Where the encoders of linking and answering compute: "auto" takes the accelerator if
            there is one, "cpu" the CPU; or its name.
        jobs: Processes that link; only 1 with an encoder, which has threads of its own.
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
