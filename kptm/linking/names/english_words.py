"""The tables of ``words/en.toml``, read once."""

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
    """Words that linking needs beside a graph's names, by purpose; the file explains each table."""
    return tomllib.loads((FOLDER / "en.toml").read_text(encoding="utf-8"))
