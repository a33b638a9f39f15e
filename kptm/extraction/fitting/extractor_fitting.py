"""Fits classifier and thresholds on labelled rows, on texts labelled by the graph, or on both.

The classifier learns more from many texts than from few rows, but only the labels of rows are
complete. If there are both, the classifier learns from both, and thresholds are chosen on held-out
pairs of both. A second classifier learns from the rows alone; if it ranks the rows better than the
first one, the texts are left out.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from kptm.extraction.fitting.classifier_training import fit, space_of
from kptm.extraction.fitting.relation_examples import RelationExamples
from kptm.extraction.fitting.relation_thresholds import Scored, calibrate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from kptm.extraction.candidates.mention_pairs import Pair
    from kptm.extraction.fitting.classifier_training import ExtractionConfig
    from kptm.extraction.fitting.relation_thresholds import RelationThresholds
    from kptm.extraction.relation_classifier import Classifier, RelationKind

    Kinds = Mapping[str, RelationKind]
    Note = Callable[[int, int, float], None]

PAIRS_PER_BATCH = 1_024
"""The number of pairs that are scored at a time."""
MIN_SCORE = 0.05
"""Predictions with a lower score are not used for thresholds."""
FOLDS = 8
"""Folds of cross-fitting: each fold is predicted by a classifier that learnt from the others."""
MAX_REFITTED_ROWS = 4_000
"""With at most this many rows, or with texts, the final classifier also learns from held-out ones.
"""


@dataclass(frozen=True, slots=True)
class FittedExtractor:
    """The fitted parts, the number of passes, and whether rows and texts were used."""

    classifier: Classifier
    calibration: RelationThresholds
    passes: int
    from_rows: bool
    from_texts: bool


def fit_extractor(
    stated: RelationExamples,
    taught: RelationExamples,
    decided: RelationExamples,
    used: Sequence[str],
    kinds: Kinds,
    config: ExtractionConfig,
    note: Note | None,
) -> FittedExtractor:
    """Fit classifier and thresholds.

    Args:
        stated: Pairs of labelled rows; may be empty.
        taught: Pairs that the graph labels; may be empty.
        decided: Pairs of reviewed proposals, which are added to both.
        used: The text of each document number.
        kinds: The kinds of tails of each relation.
        config: The training settings.
        note: Called after each pass.
    """
    texts = taught.join_examples(decided)
    if not len(stated):
        scores = _cross_fit(stated, texts, kinds, config, note)
        calibration = calibrate(scores.texts, closed=False)
        classifier = _fit_all(texts, kinds, config, note, scores.passes)
        return FittedExtractor(
            classifier, calibration, scores.passes, from_rows=False, from_texts=True
        )
    # With at least as many labelled pairs in the rows, the graph adds nothing.
    fitted = None
    if _count_labelled(stated) < _count_labelled(taught):
        fitted = _fit_both(stated, texts, kinds, config, note)
    return fitted or _fit_rows(stated.join_examples(decided), used, kinds, config, note)


def _count_labelled(examples: RelationExamples) -> int:
    return sum(map(bool, examples.labels))


def _fit_rows(
    examples: RelationExamples,
    used: Sequence[str],
    kinds: Kinds,
    config: ExtractionConfig,
    note: Note | None,
) -> FittedExtractor:
    """Fit on labelled rows; thresholds are chosen on rows of other texts."""
    train, test = _split_rows(examples, used, config.held_out)
    if not any(train.labels):
        train = examples
    classifier, passes = fit(train, test, space_of(train, kinds, config.min_count), config, note)
    calibration = calibrate(_score_held_out(classifier, test, closed=True), closed=True)
    if len(test) and len(set(examples.documents)) <= MAX_REFITTED_ROWS:
        classifier = _fit_all(examples, kinds, config, note, passes, closed=True)
    return FittedExtractor(classifier, calibration, passes, from_rows=True, from_texts=False)


def _fit_both(
    stated: RelationExamples,
    taught: RelationExamples,
    kinds: Kinds,
    config: ExtractionConfig,
    note: Note | None,
) -> FittedExtractor | None:
    """Fit on rows and texts; None if a classifier of the rows alone ranks the rows better."""
    both = _cross_fit(stated, taught, kinds, config, note)
    rows_alone = _cross_fit(stated, RelationExamples(), kinds, config, note)
    if _precision(rows_alone.rows) > _precision(both.rows):
        return None
    calibration = calibrate([*both.rows, *both.texts], closed=False)
    classifier = _fit_all(stated.join_examples(taught), kinds, config, note, both.passes)
    return FittedExtractor(classifier, calibration, both.passes, from_rows=True, from_texts=True)


@dataclass(slots=True)
class _HeldOutScores:
    """Predictions on held-out examples of rows and of texts, and the best number of passes."""

    rows: list[Scored] = field(default_factory=list)
    texts: list[Scored] = field(default_factory=list)
    passes: int = 0


def _cross_fit(
    stated: RelationExamples,
    taught: RelationExamples,
    kinds: Kinds,
    config: ExtractionConfig,
    note: Note | None,
) -> _HeldOutScores:
    """Predict each pair of entities by a classifier that has not seen the pair in any text.

    A proposal states a new fact, so the pair must be new to the classifier too. Texts often name
    few entities, and thresholds chosen on a part of these would be unstable; so all pairs are
    predicted, fold by fold.
    """
    both, closed = stated.join_examples(taught), not len(taught)
    fold = np.array([int(_draw(_name(pair)) * FOLDS) for pair in both.pairs], np.int64)
    is_row = np.arange(len(both)) < len(stated)
    scores = _HeldOutScores()
    for number in range(FOLDS):
        train = _select_examples(both, fold != number)
        if not any(train.labels):
            continue
        rows, texts = (
            _select_examples(both, (fold == number) & kind) for kind in (is_row, ~is_row)
        )
        space = space_of(train, kinds, config.min_count, closed=closed)
        if scores.passes:  # the best number of passes in the first fold
            fixed = replace(config, epochs=scores.passes)
            classifier, _ = fit(train, RelationExamples(), space, fixed, note)
        else:
            classifier, passes = fit(train, rows.join_examples(texts), space, config, note)
            scores.passes = max(1, passes)
        scores.rows += _score_held_out(classifier, rows, closed=True)
        scores.texts += _score_held_out(classifier, texts, closed=False)
    scores.passes = scores.passes or config.epochs
    return scores


def _select_examples(examples: RelationExamples, mask: NDArray[np.bool_]) -> RelationExamples:
    return examples.select_examples(np.flatnonzero(mask).tolist())


def _fit_all(
    examples: RelationExamples,
    kinds: Kinds,
    config: ExtractionConfig,
    note: Note | None,
    passes: int,
    *,
    closed: bool = False,
) -> Classifier:
    """Fit on all examples, with the best number of passes."""
    space = space_of(examples, kinds, config.min_count, closed=closed)
    fixed = replace(config, epochs=max(1, passes))
    return fit(examples, RelationExamples(), space, fixed, note)[0]


def _precision(scored: Iterable[Scored]) -> float:
    """The average precision of predictions on the rows, times the number of labels of the rows."""
    ordered = sorted(scored, key=lambda prediction: (-prediction.chance, prediction.right))
    hits = np.array([prediction.right for prediction in ordered])
    return float((np.cumsum(hits) / np.arange(1, len(hits) + 1) * hits).sum())


def _name(pair: Pair) -> str:
    """The two entities or values of a pair, in either order."""
    return "\x1f".join("\x1e".join(node) for node in _nodes(pair))


def _nodes(pair: Pair) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(mention.node for mention in pair.mentions))


def _split_rows(
    examples: RelationExamples, used: Sequence[str], share: float
) -> tuple[RelationExamples, RelationExamples]:
    """Split rows into training and held-out ones, by text."""
    document_is_held = [_draw(text) < share for text in used]
    is_held_out = np.array(
        [
            document < len(document_is_held) and document_is_held[document]
            for document in examples.documents
        ],
        np.bool_,
    )
    return _select_examples(examples, ~is_held_out), _select_examples(examples, is_held_out)


def _score_held_out(
    classifier: Classifier, held_out: RelationExamples, *, closed: bool
) -> Iterator[Scored]:
    """Yield predictions on held-out examples whose label is known.

    Args:
        classifier: The classifier.
        held_out: The examples.
        closed: Whether the labels are complete. If not, a relation of a head is unknown if the
            graph has no tail for it.
    """
    labels = classifier.space.labels
    column_of = {label: number for number, label in enumerate(labels)}
    for start in range(0, len(held_out), PAIRS_PER_BATCH):
        part = held_out.select_examples(range(start, min(start + PAIRS_PER_BATCH, len(held_out))))
        chances = classifier.probabilities(part.pairs, part.features)
        for row, column in zip(*(chances > MIN_SCORE).nonzero(), strict=True):
            label, features = labels[column], part.features[row]
            gold = part.labels[row]
            right = float(label in gold)
            if right and not closed:
                # The sentence states one of the pair's facts; see relation_thresholds.
                total = float(
                    sum(
                        chances[row, column_of[gold_label]]
                        for gold_label in gold
                        if gold_label in column_of
                    )
                )
                right = float(chances[row, column]) / min(1.0, total)
            roles = features.first if label.forward else features.second
            has_tail = any(role.is_head and role.relation == label.relation for role in roles)
            if closed or right or has_tail:
                yield Scored(label.relation, float(chances[row, column]), right)


def _draw(text: str) -> float:
    """A pseudo-random number between 0 and 1 that depends only on the text."""
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:6]) / 2**48
