"""Pieces of HTML that several parts of the page share; everything from data goes through here."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


def text(value: object) -> str:
    """Escape for an element's content and for a quoted attribute alike."""
    return html.escape(str(value), quote=True)


def px(value: float) -> str:
    """A coordinate with one decimal at most, never "-0"."""
    return f"{round(value, 1) + 0.0:g}"


def short(label: str, length: int) -> str:
    """The label, cut with an ellipsis where it is longer."""
    return label if len(label) <= length else label[: length - 1].rstrip() + "…"


def number(value: float) -> str:
    """A number for people: thousands apart, three digits for fractions."""
    return f"{value:,.0f}" if abs(value) >= 1_000 or value == int(value) else f"{value:.3g}"


def legend(keys: Mapping[str, int], *, shapes: bool = False) -> str:
    """A list of names with their colours; a key can be pointed at, or reached with Tab.

    Args:
        keys: Name → slot of the palette.
        shapes: Show the shape of the slot's mark, not a square.
    """
    items = "".join(
        f'<li class="key c{slot}{f" shape{slot % 3}" if shapes else ""}" tabindex="0">'
        f"<bdi>{text(name)}</bdi></li>"
        for name, slot in keys.items()
    )
    return f'<ul class="legend">{items}</ul>' if items else ""


def table(summary: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """The numbers behind a picture, folded away."""
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
    """A drawing that is as wide as its place, with a description for those who cannot see it."""
    return (
        f'<svg class="{text(name)}" viewBox="0 0 {px(width)} {px(height)}" role="img" '
        f'aria-label="{text(label)}">{body}</svg>'
    )
