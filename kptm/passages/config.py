"""Encoders of what texts say: the section ``[texts]`` of ``kptm.toml``."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class TextsConfig:
    """Settings of passages, of reading answers, and of facts out of texts.

    Attributes:
        extraction_encoder: The folder of an encoder that facts are read out of texts with, or the
            name of an installed package that has one; "" reads without one.
    """

    extraction_encoder: str = ""
