"""Renders the page: one HTML file that contains its styles and drawings."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from kg.files.atomic import replace_file
from kptm.report.answer_section import answer_cards, edit_pair
from kptm.report.drawings.bars import arm_bars
from kptm.report.drawings.loss_curves import line_chart
from kptm.report.drawings.network import network
from kptm.report.drawings.palette import palette_css, slots
from kptm.report.drawings.vector_map import scatter
from kptm.report.markup import legend, text
from kptm.report.opening import duration, opening, timeline
from kptm.report.text_section import linked_texts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kptm.report.report_data import Report

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
_EMBEDDING = "embedding"


def render(report: Report) -> str:
    """Render a report as HTML, deterministically."""
    style = palette_css() + Path(__file__).with_name("style.css").read_text(encoding="utf-8")
    parts = [_section(*part) for part in _parts(report)]
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        f'<title>{text(report.title)}</title><link rel="icon" href="data:,">'
        f"<style>{style}</style></head><body>{opening(report)}<main>{''.join(parts)}</main>"
        "</body></html>\n"
    )


def write(report: Report, path: str | Path) -> Path:
    """Render a report to a file atomically.

    Args:
        report: The report.
        path: The file; missing folders are created, and an existing file is replaced.

    Returns:
        The path of the file.

    Raises:
        OSError: The file cannot be written.
    """
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    with replace_file(target) as stream:
        # A lone surrogate, which UTF-8 cannot hold, becomes a reference that browsers show as �.
        stream.write(render(report).encode("utf-8", "xmlcharrefreplace"))
    return target


def _section(heading: str, lead: str, body: str) -> str:
    return f'<section><h2>{heading}</h2><p class="lead">{lead}</p>{body}</section>' if body else ""


def _parts(report: Report) -> list[tuple[str, str, str]]:
    """(heading, lead, body) of each section; sections without a body are left out."""
    colours = slots([*report.arms, *report.curves])
    total = duration(sum(seconds for _, seconds in report.stages))
    centre = text(report.neighbourhood.centre)
    shares = (
        "Share of facts answered right at the first guess. Whiskers are 95% intervals; a bold "
        "number lies clear of all others."
    )
    return [
        (
            "Text finds its entities",
            "Each coloured span names an entity; the number says how sure the linker is.",
            linked_texts(report.linked, report.labels),
        ),
        (
            f"Around {centre}",
            "Facts of the graph. An arrow runs from head to tail.",
            network(report.neighbourhood),
        ),
        (
            "The shape of the graph",
            "Every mark is an entity, placed by its vector alone. Colours were added afterwards.",
            scatter(report.points),
        ),
        ("Learning", "A lower loss is better, a higher MRR too.", _learning(report, colours)),
        ("Does the knowledge arrive?", shares, arm_bars(report.arms, report.splits, colours)),
        ("Questions", "Each answer shows its evidence.", answer_cards(report.answers)),
        (
            "One fact changes",
            "The same question, before and after an edit.",
            edit_pair(report.edit, report.edit_note),
        ),
        ("Where the time went", f"{total} in all.", timeline(report.stages)),
    ]


def _learning(report: Report, colours: Mapping[str, int]) -> str:
    names = {"loss": "Total loss", "masked_lm": "Masked words", "entity": "Masked entities"}
    charts = [
        line_chart(
            title,
            {arm: [(p.step, getattr(p, field)) for p in c] for arm, c in report.curves.items()},
            colours,
            "step",
        )
        for field, title in names.items()
    ]
    losses = [(epoch, loss) for epoch, loss in enumerate(report.embedding_losses, 1)]
    charts.append(line_chart("Graph embeddings", {_EMBEDDING: losses}, {_EMBEDDING: 0}, "epoch"))
    mrr = list(report.embedding_mrr)
    charts.append(line_chart("MRR of facts held out", {_EMBEDDING: mrr}, {_EMBEDDING: 0}, "epoch"))
    if not any(charts):
        return ""
    keys = legend({arm: slot for arm, slot in colours.items() if report.curves.get(arm)})
    return f'<div class="keyed">{keys}<div class="grid two">{"".join(charts)}</div></div>'
