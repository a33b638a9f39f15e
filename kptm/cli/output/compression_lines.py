"""Formats the figures of both models for ``kptm compress``, one per line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from kptm.compression import Measurement

FIGURES: tuple[tuple[str, str, Callable[[Any], str]], ...] = (
    ("size", "bytes", lambda value: f"{value / 1024:,.0f} KiB"),
    ("CPU time of one text", "ms_of_one", lambda value: f"{value:,.1f} ms"),
    ("CPU time of 32 texts", "ms_of_many", lambda value: f"{value:,.1f} ms"),
    ("facts only in the graph", "facts", lambda value: f"{value:.3f}"),
    ("masked LM", "masked_lm", lambda value: f"{value:.3f}"),
)
"""The figures that are shown: name, field of the measurement, and format."""


def compression_lines(original: Measurement, compressed: Measurement) -> list[str]:
    """One line per figure, with the original's value first."""
    lines = []
    for name, field, form in FIGURES:
        values = getattr(original, field), getattr(compressed, field)
        if None not in values:
            questions = f" ({original.asked:,} asked)" if field == "facts" else ""
            lines.append(f"  {name}: {form(values[0])} → {form(values[1])}{questions}")
    return lines
