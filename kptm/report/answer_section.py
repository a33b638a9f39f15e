"""The section of the report with questions, answers and evidence."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from kptm.report.markup import text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kptm.report.report_data import AnswerView

UNKNOWN = "unknown"
_MASK = "[MASK]"


def answer_cards(answers: Sequence[AnswerView]) -> str:
    """A card for each question, or "" without questions."""
    cards = "".join(answer_card(view) for view in answers)
    return f'<div class="grid two">{cards}</div>' if cards else ""


def answer_card(view: AnswerView, name: str = "") -> str:
    """A card with question, answer, score and evidence.

    Args:
        view: The question and its answer.
        name: A word above the card, such as "before".
    """
    unknown = view.answer == UNKNOWN
    question = text(view.question).replace(_MASK, f'<span class="blank">{_MASK}</span>')
    heading = f'<p class="when">{text(name)}</p>' if name else ""
    lines = "".join(f'<li dir="auto">{text(line)}</li>' for line in view.evidence)
    why = f'<ul class="evidence" aria-label="Evidence">{lines}</ul>' if lines else ""
    if not lines:
        note = "kptm says when it does not know." if unknown else "No evidence is given."
        why = f'<p class="note">{note}</p>'
    return (
        f'<article class="card answer{" unknown" if unknown else ""}">{heading}'
        f'<h3 dir="auto">{question}</h3>'
        f'<p class="said"><strong dir="auto">{text(view.answer)}</strong>{_sure(view.score)}</p>'
        f"{why}</article>"
    )


def _sure(score: float | None) -> str:
    if score is None or not math.isfinite(score):
        return ""
    filled = min(max(score, 0.0), 1.0) * 100
    return (
        f'<span class="sure" role="img" aria-label="score {score:.2f}">'
        f'<i style="width:{filled:.1f}%"></i></span><span class="score">{score:.2f}</span>'
    )


def edit_pair(edit: tuple[AnswerView, AnswerView] | None, note: str) -> str:
    """The cards of a question before and after an edit; only the note without an edit."""
    if edit is None:
        return f'<p class="change">{text(note)}</p>' if note else ""
    before, after = edit
    change = f'<p class="change"><span dir="auto">{text(note)}</span></p>'
    return (
        f'<div class="edit">{answer_card(before, "before")}{change}'
        f"{answer_card(after, 'after')}</div>"
    )
