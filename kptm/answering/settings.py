"""How a workspace answers: the section ``[answering]`` of ``kptm.toml``."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class AnsweringConfig:
    """Settings of answering.

    Attributes:
        encoder: The folder of a sentence encoder that compares questions with relations, or the name of an installed package that has
            one; "" answers without one.
    """

    encoder: str = ""
