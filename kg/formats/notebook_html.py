"""Shows a graph in notebooks as a small HTML table, in which all data are escaped."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from kg.types import readable_label

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from kg.types import Triple

SHOWN_ROWS = 10
"""The number of facts, or keys, to show."""
MAX_CELL_CHARACTERS = 80
"""The maximum number of characters of a cell; a longer name is cut and ends with an ellipsis."""


def graph_html(
    counts: Mapping[str, int], facts: Sequence[Triple], labels: Mapping[str, str]
) -> str:
    """A graph as HTML: its counts, and its first facts by their labels.

    Args:
        counts: The number of each kind of thing, "triples" among them.
        facts: The first facts, at most :data:`SHOWN_ROWS`.
        labels: The labels of keys; a key without one is made readable.
    """
    left = counts["triples"] - len(facts)
    return html_table(
        "graph",
        " · ".join(f"{name} {number:,}" for name, number in counts.items()),
        ("head", "relation", "tail"),
        [[labels.get(key, readable_label(key)) for key in fact] for fact in facts],
        f"and {left:,} more triples" if left > 0 else "",
    )


def html_table(
    kind: str,
    headline: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[str]],
    footer: str,
) -> str:
    """A headline, a table and a footer; without columns, the first cell of a row is its heading."""
    head = "".join(f"<th>{escape(name)}</th>" for name in columns)
    first = "td" if columns else "th"
    parts = [f'<div class="kptm-{kind}">', f"<p>{escape(headline)}</p>" if headline else ""]
    parts.append(f"<table>{f'<thead><tr>{head}</tr></thead>' if head else ''}<tbody>")
    for row in rows:
        cells = [
            f'<{tag} dir="auto" style="text-align:left">{escape(_cut(cell))}</{tag}>'
            for tag, cell in zip([first, *["td"] * (len(row) - 1)], row, strict=True)
        ]
        parts.append(f"<tr>{''.join(cells)}</tr>")
    parts.append(f"</tbody></table>{f'<p>{escape(footer)}</p>' if footer else ''}</div>")
    return "".join(parts)


def _cut(text: str) -> str:
    return text if len(text) <= MAX_CELL_CHARACTERS else f"{text[: MAX_CELL_CHARACTERS - 1]}…"
