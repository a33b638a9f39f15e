"""Several mechanisms on one backbone, of which a pass runs those that are active.

Shapes: B texts, L tokens, D hidden.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import nn

from kptm.fusion.mechanisms.mechanism import Mechanism

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from kptm.fusion.mechanisms.mechanism import MentionKnowledge


class FusionStack(Mechanism):
    """Mechanisms that are attached to the layers already, and all run in one pass.

    Where two of them change one layer, the one that was attached first comes first. Without any
    mechanism a pass is the backbone's own.

    Args:
        mechanisms: The mechanisms, in the order in which they change the last hidden states.
    """

    def __init__(self, mechanisms: Sequence[Mechanism]) -> None:
        super().__init__(
            sorted({number for mechanism in mechanisms for number in mechanism.numbers})
        )
        self.mechanisms = nn.ModuleList(mechanisms)
        self._each = tuple(mechanisms)
        self.frozen = True
        self.soft = any(mechanism.soft for mechanism in mechanisms)
        self.lasting = any(mechanism.lasting for mechanism in mechanisms)

    def begin(self, knowledge: MentionKnowledge | None) -> None:
        """Start a pass of each mechanism."""
        super().begin(knowledge)
        for mechanism in self._each:
            mechanism.begin(knowledge)

    def finish(self, hidden_BLD: Tensor) -> Tensor:
        """The last hidden states, as changed by each mechanism in order."""
        for mechanism in self._each:
            hidden_BLD = mechanism.finish(hidden_BLD)
        return hidden_BLD

    def end(self) -> None:
        """End the pass of each mechanism."""
        super().end()
        for mechanism in self._each:
            mechanism.end()

    @property
    def was_reached(self) -> bool:
        """Whether the last pass ran every hooked layer of every mechanism."""
        return all(mechanism.was_reached for mechanism in self._each)
