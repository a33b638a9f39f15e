"""Where a backbone's weights come from: settings for random weights would destroy trained ones."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where the weights of a backbone come from.

    Attributes:
        trained: Whether its layers were pre-trained.
        new_head: Whether its language-model head has new random weights, because the checkpoint had
            no head, like those of sentence encoders.
        compressed: The methods by which the model was compressed, such as "distil-3-int8"; "" for a
            model that was not.
        copy_of: The fingerprint of the model that was compressed; "" for a model that was not.
    """

    trained: bool = False
    new_head: bool = False
    compressed: str = ""
    copy_of: str = ""
