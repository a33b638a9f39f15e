"""The item that a reader yields for each line of a file."""

from __future__ import annotations

from typing import TypeAlias

from kg.errors import TripleFormatError
from kg.types import Record

Line: TypeAlias = tuple[int, Record | TripleFormatError]
"""The number of a line, 0 if it has none, and its record, or the error in it."""
