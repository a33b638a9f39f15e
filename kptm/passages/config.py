"""Settings of the section ``[texts]`` of ``kptm.toml``."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class TextsConfig:
    """Settings of passages, of reading answers, and of extracting facts.

    Attributes:
        extraction_encoder: The folder of an encoder for extraction, or the name of an installed
            package that has one; "" extracts without an encoder.
    """

    extraction_encoder: str = ""
