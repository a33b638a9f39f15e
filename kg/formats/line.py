"""What a reader yields for a line of a file."""

from __future__ import annotations

from typing import TypeAlias

from kg.errors import TripleFormatError
from kg.types import Record

Line: TypeAlias = tuple[int, Record | TripleFormatError]
"""A line's number (0: no line of its own) and what it holds, or why it holds nothing."""
