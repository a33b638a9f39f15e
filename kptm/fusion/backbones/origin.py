"""Where a backbone's weights come from: what suits random weights destroys trained ones."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where the weights of a backbone come from.

    Attributes:
        trained: Whether its layers were trained before they came here.
        new_head: Whether its language-model head was made here, with random weights, because the
            checkpoint had none, as those of sentence encoders.
    """

    trained: bool = False
    new_head: bool = False
