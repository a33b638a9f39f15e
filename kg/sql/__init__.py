"""The database: its location, connections, transactions, SQL statements, migrations.

Names are loaded when first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg.lazy import lazy

if TYPE_CHECKING:
    from kg.sql.cursor import Sql
    from kg.sql.database import Database

__all__ = ["Database", "Sql"]
_HOMES = {"kg.sql.cursor": ("Sql",), "kg.sql.database": ("Database",)}
__getattr__, __dir__ = lazy(__name__, _HOMES)
