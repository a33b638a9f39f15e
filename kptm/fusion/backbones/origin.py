"""Where a backbone's weights come from: settings for random weights would destroy trained ones."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where the weights of a backbone come from.

    Attributes:
        trained: Whether its layers were pre-trained.
        new_head: Whether its language-model head has new random weights, because the checkpoint had
            no head, as those of sentence encoders.
    """

    trained: bool = False
    new_head: bool = False
