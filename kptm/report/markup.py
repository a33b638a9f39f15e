"""Shared pieces of HTML; all text from data is escaped here."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


def text(value: object) -> str:
    """Escape text for an element's content or a quoted attribute."""
    return html.escape(str(value), quote=True)


def px(value: float) -> str:
    """Format a coordinate with at most one decimal, never "-0"."""
    return f"{round(value, 1) + 0.0:g}"


def short(label: str, length: int) -> str:
    """The label, cut with an ellipsis if it is longer than ``length``."""
    return label if len(label) <= length else label[: length - 1].rstrip() + "…"


def number(value: float) -> str:
    """Format a number, with separators of thousands, or three digits for fractions."""
    return f"{value:,.0f}" if abs(value) >= 1_000 or value == int(value) else f"{value:.3g}"


def legend(keys: Mapping[str, int], *, shapes: bool = False) -> str:
    """A legend of names with their colours; its entries can be hovered or reached with Tab.

    Args:
        keys: The slot of the palette by name.
        shapes: Whether to show the shape of a slot's mark instead of a square.
    """
    items = "".join(
        f'<li class="key c{slot}{f" shape{slot % 3}" if shapes else ""}" tabindex="0">'
        f"<bdi>{text(name)}</bdi></li>"
        for name, slot in keys.items()
    )
    return f'<ul class="legend">{items}</ul>' if items else ""


def table(summary: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A collapsed table with the numbers of a drawing."""
    columns = "".join(f'<th scope="col">{text(cell)}</th>' for cell in head)
    body = "".join(
        "<tr>" + "".join(f"<td>{text(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    return (
        f"<details><summary>{text(summary)}</summary>"
        f'<div class="scroll" tabindex="0" role="region" aria-label="{text(summary)}">'
        f"<table><thead><tr>{columns}</tr></thead><tbody>{body}</tbody></table></div></details>"
    )


def svg(width: float, height: float, label: str, body: str, name: str = "") -> str:
    """An SVG drawing that scales to its container, with a description for screen readers."""
    return (
        f'<svg class="{text(name)}" viewBox="0 0 {px(width)} {px(height)}" role="img" '
        f'aria-label="{text(label)}">{body}</svg>'
    )
