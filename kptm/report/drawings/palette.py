"""The palette: nine colours safe for colour-blind readers, a grey, and tones of paper and ink.

The hues start from those of Okabe and Ito (2008). Their lightness was chosen by search, so that any
two differ in simulated protanopia, deuteranopia and tritanopia (Machado et al., 2009) and each has
a contrast of at least 3:1 to the paper; tests assert both. Slot numbers are CSS classes (``c0`` …
``c9``); slot 9 is the grey. Marks in a chart also differ in shape or have a name, so that nothing
depends on colour alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

COLOURS = 9
GREY = 9

LIGHT = {
    "paper": "#faf8f3",
    "card": "#ffffff",
    "ink": "#1b1f27",
    "muted": "#5c606b",
    "line": "#e2ddd2",
}
DARK = {
    "paper": "#0f131b",
    "card": "#171c27",
    "ink": "#ebe8e0",
    "muted": "#a2a8b5",
    "line": "#2b3241",
}
LIGHT_SLOTS = (
    "#05429a",
    "#b22c05",
    "#0aa367",
    "#ed48a7",
    "#c77f06",
    "#2687ec",
    "#703be3",
    "#85314f",
    "#62752c",
    "#8e8c85",
)
DARK_SLOTS = (
    "#3c80ef",
    "#e84d2e",
    "#3be6a2",
    "#fb80c4",
    "#ffe45c",
    "#9ed7ff",
    "#7f49fb",
    "#ad4950",
    "#9db265",
    "#737987",
)


def _variables(tones: dict[str, str], slots: tuple[str, ...]) -> str:
    pairs = [*tones.items(), *((f"c{i}", colour) for i, colour in enumerate(slots))]
    return "".join(f"--{name}:{colour};" for name, colour in pairs)


def palette_css() -> str:
    """The colours as CSS variables, for light and dark mode, and a class for each slot."""
    light, dark = _variables(LIGHT, LIGHT_SLOTS), _variables(DARK, DARK_SLOTS)
    rules = [
        f":root{{color-scheme:light dark;{light}}}",
        f"@media (prefers-color-scheme:dark){{:root{{{dark}}}}}",
        f".hero{{{dark}}}",
    ]
    for slot in range(len(LIGHT_SLOTS)):
        rules.append(f".c{slot}{{--c:var(--c{slot})}}")
        # Hovering over an entry of a legend fades all marks of other colours.
        rules.append(
            f".keyed:has(.key.c{slot}:is(:hover,:focus)) .mark:not(.c{slot}){{opacity:.1}}"
        )
    return "\n".join(rules)


def slots(names: Iterable[str]) -> dict[str, int]:
    """Assign each name a slot, in order; names after the ninth are grey."""
    return {name: min(i, GREY) for i, name in enumerate(dict.fromkeys(names))}
