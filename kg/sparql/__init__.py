"""SPARQL over the store, by RDFLib's engine.

Names are loaded when first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg.lazy import lazy

if TYPE_CHECKING:
    from kg.sparql.plugin import Bindings

__all__ = ["Bindings"]
_HOMES = {"kg.sparql.plugin": ("Bindings",)}
__getattr__, __dir__ = lazy(__name__, _HOMES)
