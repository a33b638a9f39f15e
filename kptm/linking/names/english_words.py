"""Reads the tables of ``words/en.toml``."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

FOLDER = Path(__file__).with_name("words")


@cache
def tables() -> Mapping[str, Any]:
    """The word tables of linking, by name, read once; comments in the file explain each table."""
    return tomllib.loads((FOLDER / "en.toml").read_text(encoding="utf-8"))
