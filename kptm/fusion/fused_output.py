"""The result of a fused model's forward pass.

Shapes: B texts, L tokens, D hidden, T targets, N entities, E entity width.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(slots=True)
class FusedOutput:
    """The result of a forward pass.

    Attributes:
        hidden: (B, L, D), the last layer.
        entity_query: (T, E), the normalised query of each target in the entity space.
        entity_logits: (T, N) for each target; (T, S) if S rows were to be scored.
        fact_keys: (T, 4E), the entity and relation that each target asks for, normalised.

    The last three are None without targets.
    """

    hidden: Tensor
    entity_query: Tensor | None
    entity_logits: Tensor | None
    fact_keys: Tensor | None
