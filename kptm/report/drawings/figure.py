"""A stand-alone SVG file with the bar charts of arms by splits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kptm.report.drawings.bars import WIDTH, panels
from kptm.report.drawings.palette import palette_css
from kptm.report.markup import text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kptm.report.report_data import Estimate

_TITLE, _GAP, _MARGIN = 30, 18, 14
_STYLE = """text{font:14px system-ui,sans-serif;fill:var(--ink)}
.title{font-weight:600}
.paper{fill:var(--paper)}
.tick,.value{font-size:12px;fill:var(--muted)}
.value.clear{font-weight:700;fill:var(--ink)}
.axis{stroke:var(--muted)}
.bar{fill:var(--c)}
.halo{stroke:var(--paper);stroke-width:4.5;fill:none}
.whisker{stroke:var(--ink);stroke-width:1.5;fill:none}"""


def arm_figure(
    arms: Mapping[str, Mapping[str, Estimate]],
    splits: Mapping[str, str],
    colours: Mapping[str, int],
) -> str:
    """The bar charts of :func:`~kptm.report.drawings.bars.arm_bars` with their styles, as SVG.

    "" without estimates.
    """
    drawn = panels(arms, splits, colours)
    if not drawn:
        return ""
    parts, top = [], _MARGIN
    for panel in drawn:
        title = f"{panel.split}: {panel.meaning}" if panel.meaning else panel.split
        parts.append(
            f'<text class="title" x="10" y="{top + 16}">{text(title)}</text>'
            f'<g transform="translate(0 {top + _TITLE})"><desc>{text(panel.description)}</desc>'
            f"{panel.body}</g>"
        )
        top += _TITLE + panel.height + _GAP
    description = "; ".join(panel.description for panel in drawn)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {top}" width="{WIDTH}" '
        f'height="{top}" role="img" aria-label="{text(description)}">'
        f"<style>{palette_css()}{_STYLE}</style>"
        f'<rect class="paper" width="{WIDTH}" height="{top}"/>{"".join(parts)}</svg>\n'
    )
