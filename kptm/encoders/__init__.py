"""Hugging Face encoders: the folders of their files, and the hidden states of texts' tokens.

Names are loaded when first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg.lazy import lazy

if TYPE_CHECKING:
    from kptm.encoders.token_encoder import TokenEncoder, TokenStates

__all__ = ["TokenEncoder", "TokenStates"]
_HOMES = {"kptm.encoders.token_encoder": ("TokenEncoder", "TokenStates")}
__getattr__, __dir__ = lazy(__name__, _HOMES)
