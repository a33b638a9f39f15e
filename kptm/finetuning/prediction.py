"""The predictions of a fine-tuned model for rows, and their score."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from kptm.finetuning.finetune_report import TaskScore
from kptm.finetuning.spans import from_bio

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from kptm.finetuning.task_encoding import EncodedRow
    from kptm.finetuning.task_rows import TaskRow

MEASURES = {
    "relation": "accuracy",
    "text": "accuracy",
    "typing": "micro F1",
    "tokens": "span F1",
}


@dataclass(frozen=True, slots=True)
class LabelledSpan:
    """A labelled span of characters; ``score`` is the mean probability of its tokens' tags."""

    start: int
    end: int
    label: str
    score: float


@dataclass(frozen=True, slots=True)
class TaskPrediction:
    """The prediction for a row.

    Attributes:
        label: The likeliest label; None for "tokens", and if the text is too long, so that the
            model does not read a marked mention.
        score: The probability of the label; for "tokens" the lowest probability of any token's
            tag.
        scores: The probability of each label; they sum to 1 except for "typing", whose types do
            not exclude one another. Empty for "tokens".
        labels: For "typing", the types whose probability reaches the threshold, likeliest first.
        spans: For "tokens", the labelled spans, ordered by position.
        row: The number of the row's line in its file (blank lines count), or its number among the
            given rows, from 1.
    """

    label: str | None
    score: float
    scores: dict[str, float] = field(default_factory=dict)
    labels: tuple[str, ...] = ()
    spans: tuple[LabelledSpan, ...] = ()
    row: int = field(default=0, compare=False)

    def to_dict(self) -> dict[str, Any]:
        """The prediction as values for JSON."""
        return asdict(self)


NOT_SEEN = TaskPrediction(None, 0.0)
"""The prediction if a text is too long, so that the model does not read a marked mention."""


def say_label(logits_C: Tensor, labels: Sequence[str]) -> TaskPrediction:
    """The likeliest label; the labels exclude one another."""
    p = logits_C.softmax(-1).tolist()
    best = max(range(len(p)), key=p.__getitem__)
    return TaskPrediction(labels[best], p[best], dict(zip(labels, p, strict=True)))


def say_types(logits_C: Tensor, labels: Sequence[str], threshold: float) -> TaskPrediction:
    """All types whose probability reaches the threshold."""
    p = logits_C.sigmoid().tolist()
    order = sorted(range(len(p)), key=lambda number: -p[number])
    chosen = tuple(labels[number] for number in order if p[number] >= threshold)
    return TaskPrediction(labels[order[0]], p[order[0]], dict(zip(labels, p, strict=True)), chosen)


def say_spans(logits_LC: Tensor, tags: Sequence[str], row: EncodedRow) -> TaskPrediction:
    """The spans of the likeliest tag of each token."""
    p_L, best_L = logits_LC[: len(row.offsets)].softmax(-1).max(-1)
    p, tag_of_token = p_L.tolist(), [tags[number] for number in best_L.tolist()]
    spans = tuple(
        LabelledSpan(start, end, label, sum(p[number] for number in tokens) / len(tokens))
        for start, end, label, tokens in from_bio(tag_of_token, row.offsets)
    )
    least = [
        p_of_token for p_of_token, (start, end) in zip(p, row.offsets, strict=True) if start < end
    ]
    return TaskPrediction(None, min(least, default=1.0), spans=spans)


def score(rows: Sequence[TaskRow], predictions: Sequence[TaskPrediction], task: str) -> TaskScore:
    """Compare predictions with the gold labels of the rows, micro-averaged over all rows."""
    gold = [_gold(row, task) for row in rows]
    predicted = [_items_of(prediction, task) for prediction in predictions]
    right = sum(
        len(gold_items & predicted_items)
        for gold_items, predicted_items in zip(gold, predicted, strict=True)
    )
    gold_count, predicted_count = sum(map(len, gold)), sum(map(len, predicted))
    measure = MEASURES[task]
    total = gold_count if measure == "accuracy" else (gold_count + predicted_count) / 2
    return TaskScore(
        measure=measure,
        score=right / total if total else 1.0,
        precision=right / predicted_count if predicted_count else float(not gold_count),
        recall=right / gold_count if gold_count else float(not predicted_count),
        rows=len(rows),
        cut=sum(prediction.label is None for prediction in predictions) if task != "tokens" else 0,
    )


def _gold(row: TaskRow, task: str) -> set[Any]:
    return set(row.spans) if task == "tokens" else set(row.labels)


def _items_of(prediction: TaskPrediction, task: str) -> set[Any]:
    if task == "tokens":
        return {(span.start, span.end, span.label) for span in prediction.spans}
    if task == "typing":
        return set(prediction.labels)
    return set() if prediction.label is None else {prediction.label}
