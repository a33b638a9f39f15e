"""Stores the graph in SQL. All SQL for it is here, and nothing here imports torch.

Names are loaded when first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg.lazy import lazy

if TYPE_CHECKING:
    from kg.store.read.signatures import Role
    from kg.store.write.artefacts import FileStore

__all__ = ["FileStore", "Role"]
_HOMES = {"kg.store.read.signatures": ("Role",), "kg.store.write.artefacts": ("FileStore",)}
__getattr__, __dir__ = lazy(__name__, _HOMES)
