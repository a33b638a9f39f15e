"""A module: a fusion mechanism with its entity head."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor

    from kptm.fusion.config import FusionConfig
    from kptm.fusion.entity_head import EntityHead
    from kptm.fusion.mechanisms.mechanism import Mechanism

DEFAULT = "default"
"""The name of the module that a model was built with, as in peft."""


@dataclass(slots=True)
class FusedModule:
    """A module of a fused model.

    Attributes:
        config: Its mechanism and layers.
        fusion: The mechanism.
        head: The entity head.
        types: How often entities of each type were linked in the texts that it was trained on, for
            :func:`~kptm.fusion.modules.type_router.route`.
    """

    config: FusionConfig
    fusion: Mechanism
    head: EntityHead
    types: dict[str, int] = field(default_factory=dict)

    def load_weights(self, state: Mapping[str, Tensor]) -> None:
        """Load the weights, whose names begin with "fusion." and "head.".

        Raises:
            RuntimeError: A weight is missing, or has another name or shape.
        """
        for part, target in (("fusion.", self.fusion), ("head.", self.head)):
            own = {name.removeprefix(part): state[name] for name in state if name.startswith(part)}
            target.load_state_dict(own)
            target.eval()
