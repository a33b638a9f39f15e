"""Answers queries in a read-only subset of Cypher by patterns of the graph."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg.lazy import lazy

if TYPE_CHECKING:
    from kg.cypher.cypher_query import CypherRows, cypher

__all__ = ["CypherRows", "cypher"]
_HOMES = {"kg.cypher.cypher_query": ("CypherRows", "cypher")}
__getattr__, __dir__ = lazy(__name__, _HOMES)
