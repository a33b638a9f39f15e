"""Fits classifier and thresholds on labelled rows, on texts labelled by the graph, or on both.

Many texts teach more than few rows, but only the labels of rows are complete.
Where both are given, the classifier learns from both, and thresholds are chosen on pairs of both
that it has not learnt from. It is compared with a classifier of the rows alone; if that one ranks
the rows better, the texts are left out.
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

PART = 1_024
"""Pairs that are scored at a time."""
SEEN = 0.05
"""Predictions below this score are not used for thresholds."""
PARTS = 8
"""Folds of cross-fitting: each part of the pairs is predicted by a classifier of the others."""
REFITTED = 4_000
"""Up to this many rows, or with texts, the final classifier learns from held-out ones too."""


@dataclass(frozen=True, slots=True)
class FittedExtractor:
    """The fitted parts, and what they were fitted on."""

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
        decided: Pairs of reviewed proposals, added to both.
        used: The texts by document number.
        kinds: The kinds of tails of each relation.
        config: The training settings.
        note: Called after each pass.
    """
    texts = taught.join_examples(decided)
    if not len(stated):
        seen = _cross_scored(stated, texts, kinds, config, note)
        calibration = calibrate(seen.texts, closed=False)
        classifier = _again(texts, kinds, config, note, seen.passes)
        return FittedExtractor(
            classifier, calibration, seen.passes, from_rows=False, from_texts=True
        )
    # With as many rows as pairs that the graph labels, the graph adds nothing.
    found = None
    if _count(stated) < _count(taught):
        found = _together(stated, texts, kinds, config, note)
    return found or _rows_alone(stated.join_examples(decided), used, kinds, config, note)


def _count(examples: RelationExamples) -> int:
    return sum(map(bool, examples.labels))


def _rows_alone(
    found: RelationExamples,
    used: Sequence[str],
    kinds: Kinds,
    config: ExtractionConfig,
    note: Note | None,
) -> FittedExtractor:
    """Fit on labelled rows; thresholds are chosen on rows of other texts."""
    train, test = _split_rows(found, used, config.held_out)
    if not any(train.labels):
        train = found
    classifier, passes = fit(train, test, space_of(train, kinds, config.min_count), config, note)
    calibration = calibrate(_score_held_out(classifier, test, closed=True), closed=True)
    if len(test) and len(set(found.documents)) <= REFITTED:
        classifier = _again(found, kinds, config, note, passes, closed=True)
    return FittedExtractor(classifier, calibration, passes, from_rows=True, from_texts=False)


def _together(
    stated: RelationExamples,
    taught: RelationExamples,
    kinds: Kinds,
    config: ExtractionConfig,
    note: Note | None,
) -> FittedExtractor | None:
    """Fit on both; None if a classifier of the rows alone ranks the rows better."""
    seen = _cross_scored(stated, taught, kinds, config, note)
    alone = _cross_scored(stated, RelationExamples(), kinds, config, note)
    if _precision(alone.rows) > _precision(seen.rows):
        return None
    calibration = calibrate([*seen.rows, *seen.texts], closed=False)
    classifier = _again(stated.join_examples(taught), kinds, config, note, seen.passes)
    return FittedExtractor(classifier, calibration, seen.passes, from_rows=True, from_texts=True)


@dataclass(slots=True)
class _Seen:
    """Predictions on held-out examples, and the best number of passes."""

    rows: list[Scored] = field(default_factory=list)
    texts: list[Scored] = field(default_factory=list)
    passes: int = 0


def _cross_scored(
    stated: RelationExamples,
    taught: RelationExamples,
    kinds: Kinds,
    config: ExtractionConfig,
    note: Note | None,
) -> _Seen:
    """Predict each pair of entities by a classifier that has not seen it in any text.

    A proposal states a new fact, so the pair must be new to the classifier too. Texts often name
    few entities, and thresholds chosen on a part of these are unstable; so all pairs are predicted,
    fold by fold.
    """
    both, closed = stated.join_examples(taught), not len(taught)
    part = np.array([int(_draw(_name(pair)) * PARTS) for pair in both.pairs], np.int64)
    is_row = np.arange(len(both)) < len(stated)
    seen = _Seen()
    for number in range(PARTS):
        train = _select_examples(both, part != number)
        if not any(train.labels):
            continue
        rows, texts = (
            _select_examples(both, (part == number) & kind) for kind in (is_row, ~is_row)
        )
        space = space_of(train, kinds, config.min_count, closed=closed)
        if seen.passes:  # the best number of passes of the first fold
            once = replace(config, epochs=seen.passes)
            classifier, _ = fit(train, RelationExamples(), space, once, note)
        else:
            classifier, passes = fit(train, rows.join_examples(texts), space, config, note)
            seen.passes = max(1, passes)
        seen.rows += _score_held_out(classifier, rows, closed=True)
        seen.texts += _score_held_out(classifier, texts, closed=False)
    seen.passes = seen.passes or config.epochs
    return seen


def _select_examples(examples: RelationExamples, mask: NDArray[np.bool_]) -> RelationExamples:
    return examples.select_examples(np.flatnonzero(mask).tolist())


def _again(
    found: RelationExamples,
    kinds: Kinds,
    config: ExtractionConfig,
    note: Note | None,
    passes: int,
    *,
    closed: bool = False,
) -> Classifier:
    """Fit on all examples, with the best number of passes."""
    space = space_of(found, kinds, config.min_count, closed=closed)
    return fit(found, RelationExamples(), space, replace(config, epochs=max(1, passes)), note)[0]


def _precision(scored: Iterable[Scored]) -> float:
    """The average precision of predictions on the same rows, times the number of their labels."""
    ordered = sorted(scored, key=lambda one: (-one.chance, one.right))
    hits = np.array([one.right for one in ordered])
    return float((np.cumsum(hits) / np.arange(1, len(hits) + 1) * hits).sum())


def _name(pair: Pair) -> str:
    """The two entities or values of a pair, in either order."""
    return "\x1f".join("\x1e".join(node) for node in _nodes(pair))


def _nodes(pair: Pair) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(one.node for one in pair.mentions))


def _split_rows(
    found: RelationExamples, used: Sequence[str], share: float
) -> tuple[RelationExamples, RelationExamples]:
    """Split rows into training and held-out ones, by text."""
    texts = [_draw(text) < share for text in used]
    held = np.array([one < len(texts) and texts[one] for one in found.documents], np.bool_)
    return _select_examples(found, ~held), _select_examples(found, held)


def _score_held_out(
    classifier: Classifier, held: RelationExamples, *, closed: bool
) -> Iterator[Scored]:
    """Predictions on held-out examples whose label is known.

    Args:
        classifier: The classifier.
        held: The examples.
        closed: Whether the labels are complete. If not, a relation is unknown for a head without
            any tail in the graph.
    """
    labels = classifier.space.labels
    at = {label: number for number, label in enumerate(labels)}
    for start in range(0, len(held), PART):
        part = held.select_examples(range(start, min(start + PART, len(held))))
        chances = classifier.probabilities(part.pairs, part.features)
        for row, column in zip(*(chances > SEEN).nonzero(), strict=True):
            label, item = labels[column], part.features[row]
            own = part.labels[row]
            right = float(label in own)
            if right and not closed:
                total = float(sum(chances[row, at[one]] for one in own if one in at))
                right = float(chances[row, column]) / min(1.0, total)
            roles = item.first if label.forward else item.second
            known = any(role.is_head and role.relation == label.relation for role in roles)
            if closed or right or known:
                yield Scored(label.relation, float(chances[row, column]), right)


def _draw(text: str) -> float:
    """A pseudo-random number between 0 and 1 that depends only on the text."""
    return (
        int.from_bytes(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:6]) / 2**48
    )
