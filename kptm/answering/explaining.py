"""An answer with its path and evidence, for people: as text and as HTML."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kptm.answering.answer import Answer


def as_text(answer: Answer) -> str:
    """The answer and its evidence, a line each."""
    found = answer.entity is not None
    lines = [f"{answer} ({answer.score:.2f})" if found else str(answer)]
    lines += [f"  {item.kind}: {item.text}" for item in answer.evidence]
    return "\n".join(lines)


def as_html(answer: Answer) -> str:
    """The same as a piece of HTML without scripts or styles; all that comes from data is escaped."""
    items = "".join(
        f"<li><b>{escape(item.kind)}</b> {escape(item.text)}</li>" for item in answer.evidence
    )
    return f"<div><p>{escape(str(answer))}</p><ul>{items}</ul></div>"
