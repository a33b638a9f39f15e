"""Fits the classifier of relations: softmax cross-entropy over label sets, Adam, early stopping.

Shapes: N examples, K classes.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from kptm.errors import ConfigError
from kptm.extraction.relation_classifier import (
    SHARED_WEIGHTS,
    Classifier,
    Label,
    LabelSpace,
    RelationKind,
    context_matrix,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import torch
    from numpy.typing import NDArray
    from scipy import sparse

    from kptm.extraction.fitting.relation_examples import RelationExamples


MIN_STEPS_PER_EVALUATION = 50
"""The minimum number of steps between two evaluations on held-out texts."""
MIN_STEPS = 1_000
"""Training does not stop before this number of steps.

On a tenth of WebNLG, held-out quality does not rise after 500 steps, but F1 on the development set
rises from .60 to .66 afterwards.
"""
MIN_EPOCHS = 24
"""If the examples are few, training may stop when they were read this many times, even before
:data:`MIN_STEPS`."""
MIN_GAIN = 0.001
"""The least rise of the held-out average precision that counts as a gain."""
MIN_IMPLIED_SHARE, MIN_PAIRS_OF_RELATION = 0.97, 20
"""A relation implies others if it has at least :data:`MIN_PAIRS_OF_RELATION` pairs, and at
least this share of them has the others too."""
MIN_RANKED_P = 0.01
"""Predictions with at most this probability do not count in the average precision."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtractionConfig:
    """Training settings of an extractor.

    Attributes:
        dim: The numbers of a feature's vector.
        epochs: The maximum number of passes. A pass reads the examples once, or several times if it
            would have fewer than :data:`MIN_STEPS_PER_EVALUATION` steps.
        patience: Training stops after this many passes without a gain on held-out texts.
        batch_size: Examples per step.
        learning_rate: The learning rate of Adam.
        dropout: Dropout on the sums of feature vectors.
        forget_known: The share of examples whose features from the graph are dropped, so that the
            classifier also learns to work without them, as for new entities.
        min_count: A feature, or a set of several relations, is used if this many examples have it.
        held_out: The share of the texts that are held out, for early stopping and thresholds.
        most_texts: The maximum number of texts to learn from.
        seed: The seed of everything random.
    """

    dim: int = 96
    epochs: int = 30
    patience: int = 2
    batch_size: int = 256
    learning_rate: float = 5e-3
    dropout: float = 0.2
    forget_known: float = 0.3
    min_count: int = 2
    held_out: float = 0.15
    most_texts: int = 50_000
    seed: int = 0

    def __post_init__(self) -> None:
        if min(self.dim, self.epochs, self.batch_size, self.min_count, self.most_texts) < 1:
            raise ConfigError("dim, epochs, batch_size, min_count and most_texts are at least 1")
        if not 0 < self.held_out < 1:
            raise ConfigError(f"held_out is a share between 0 and 1, not {self.held_out}")


def space_of(
    examples: RelationExamples,
    kinds: Mapping[str, RelationKind],
    min_count: int,
    *,
    closed: bool = True,
) -> LabelSpace:
    """Choose the classes and features by their frequency in examples.

    Args:
        examples: The training examples.
        kinds: The kinds of tails of each relation.
        min_count: The minimum frequency of a feature, or of a set of several relations.
        closed: Whether labels are complete. If they are not, a sentence usually states only one of
            a pair's facts, so that the relations of the pair share the probability; relations that
            imply each other stay one class.
    """
    sets = Counter(labels for labels in examples.labels if labels)
    singles = {(label,) for labels in sets for label in labels}
    several = {labels for labels, count in sets.items() if len(labels) > 1 and count >= min_count}
    if not closed:
        several = {label_set for label_set in several if _is_implied(label_set, sets)}
    classes = ((), *sorted(singles | several))
    counts = Counter[int]()
    for item in examples.features:
        counts.update(item.words)
        counts.update(item.known)
    frequent = (feature for feature, count in counts.items() if count >= min_count)
    hashes = np.array(sorted(frequent), np.uint32)
    used = {label.relation for label_set in classes for label in label_set}
    return LabelSpace(classes, {name: kinds[name] for name in sorted(used)}, hashes)


def _is_implied(labels: tuple[Label, ...], sets: Mapping[tuple[Label, ...], int]) -> bool:
    """Whether the rarest relation of a set hardly ever occurs without the others."""
    together = sum(count for other_set, count in sets.items() if set(labels) <= set(other_set))
    alone = min(
        sum(count for other_set, count in sets.items() if label in other_set) for label in labels
    )
    return alone >= MIN_PAIRS_OF_RELATION and together >= MIN_IMPLIED_SHARE * alone


def targets_of(space: LabelSpace, labels: Sequence[tuple[Label, ...]]) -> list[list[int]]:
    """The classes of each example: that of its label set, or else those of its single labels."""
    column_of = {label_set: column for column, label_set in enumerate(space.classes)}
    return [
        [column_of[label_set]]
        if label_set in column_of
        else [column_of[label,] for label in label_set if (label,) in column_of] or [0]
        for label_set in labels
    ]


def fit(
    examples: RelationExamples,
    held_out: RelationExamples,
    space: LabelSpace,
    config: ExtractionConfig,
    progress: Callable[[int, int, float], None] | None = None,
) -> tuple[Classifier, int]:
    """Fit a classifier; return the best one, and the number of passes after which it was best.

    Args:
        examples: The training examples.
        held_out: Examples of other texts, for early stopping; may be empty.
        space: The classes and features.
        config: The training settings.
        progress: Called after each pass with its number, the most passes, and the average precision
            on the held-out examples (0 without any).
    """
    import torch

    with torch.random.fork_rng(devices=[]):  # the caller's random numbers stay as they are
        torch.manual_seed(config.seed)
        return _fit(examples, held_out, space, config, progress)


def _fit(
    examples: RelationExamples,
    held_out: RelationExamples,
    space: LabelSpace,
    config: ExtractionConfig,
    progress: Callable[[int, int, float], None] | None,
) -> tuple[Classifier, int]:
    import torch

    train, test = _Data(examples, space, config), _Data(held_out, space, config)
    model = _Model(space, config, train.context.shape[1])
    optimisers = (
        torch.optim.Adam(model.dense, lr=config.learning_rate),
        torch.optim.SparseAdam(model.sparse, lr=config.learning_rate),
    )
    rng = np.random.default_rng(config.seed)
    best, best_state, waited, passes = -1.0, model.state(), 0, 0
    # With few examples a pass has few steps, too few to measure a gain.
    steps_per_reading = max(1, -(-len(examples) // config.batch_size))
    readings_per_pass = -(-MIN_STEPS_PER_EVALUATION // steps_per_reading)
    min_steps = min(MIN_STEPS, MIN_EPOCHS * steps_per_reading)
    for epoch in range(config.epochs):
        for _ in range(readings_per_pass):
            order = rng.permutation(len(examples))
            for start in range(0, len(order), config.batch_size):
                rows = np.sort(order[start : start + config.batch_size])
                loss = model.loss(train, rows, rng)
                for optimiser in optimisers:
                    optimiser.zero_grad()
                loss.backward()  # type: ignore[no-untyped-call]
                for optimiser in optimisers:
                    optimiser.step()
        quality = _quality(model, test, config) if len(held_out) else 0.0
        if progress is not None:
            progress(epoch + 1, config.epochs, quality)
        is_early = (epoch + 1) * readings_per_pass * steps_per_reading < min_steps
        if len(held_out) and quality < best + MIN_GAIN and not is_early:
            waited += 1
            if waited >= config.patience:
                break
        else:
            best, best_state = max(best, quality), model.state()
            waited, passes = 0, epoch + 1
    vectors, output, bias, shared, context = best_state
    return Classifier(space, vectors, output, bias, shared, context), passes


def _quality(model: _Model, data: _Data, config: ExtractionConfig) -> float:
    """The average precision over all held-out predictions of (pair, set of relations)."""
    import torch

    rows_per_batch = 8 * config.batch_size
    probabilities: list[NDArray[np.float32]] = []
    right: list[NDArray[np.bool_]] = []
    total = 0
    with torch.no_grad():
        for start in range(0, data.count, rows_per_batch):
            rows = np.arange(start, min(start + rows_per_batch, data.count))
            p = torch.softmax(model.logits(data, rows, None), 1).numpy()[:, 1:]
            truth = model.target(data, rows)[:, 1:] > 0
            total += int(truth.sum())
            is_ranked = p > MIN_RANKED_P
            probabilities.append(p[is_ranked])
            right.append(truth[is_ranked])
    order = np.argsort(-np.concatenate(probabilities), kind="stable")
    hits = np.concatenate(right)[order]
    return float((np.cumsum(hits) / np.arange(1, len(hits) + 1))[hits].sum() / max(1, total))


class _Data:
    """The features and targets of examples as matrices."""

    def __init__(
        self, examples: RelationExamples, space: LabelSpace, config: ExtractionConfig
    ) -> None:
        self.count = len(examples)
        self.full = space.words(examples.features)
        self.words = space.words(examples.features, known=False)
        self.head, self.tail, self.name = space.shared_features(examples.features)
        self.both = self.head.multiply(self.tail).tocsr()
        self.context = context_matrix(examples.features)
        self.allowed = space.allowed_classes(examples.pairs)
        self.weights = np.array(examples.weights, np.float32)
        self.targets = targets_of(space, examples.labels)
        for row, classes in enumerate(self.targets):
            allowed = [column for column in classes if self.allowed[row, column]]
            if not allowed:  # labels with a tail of a wrong kind are ignored
                allowed, self.weights[row] = [0], 0
            self.targets[row] = allowed


class _Model:
    """The classifier in torch, for training; see :mod:`kptm.extraction.relation_classifier`."""

    def __init__(self, space: LabelSpace, config: ExtractionConfig, width: int) -> None:
        import torch

        self._config, self._features = config, len(space.hashes)
        size, count = config.dim, len(space.classes)
        self.vectors = torch.nn.EmbeddingBag(
            max(1, len(space.hashes)), size, mode="sum", sparse=True
        )
        torch.nn.init.uniform_(self.vectors.weight, -1 / size, 1 / size)
        self.output = torch.nn.Linear(size, count)
        # Zeros, so that the model begins like one without an encoder.
        self.context = torch.nn.Parameter(torch.zeros(width, size))
        self.shared = torch.nn.Parameter(torch.tensor([1.0, 1.0, 0.0, 1.0]))
        assert len(self.shared) == SHARED_WEIGHTS  # noqa: S101  # one each of the four matrices
        self.sparse = list(self.vectors.parameters())
        self.dense = [*self.output.parameters(), self.shared, *([self.context] if width else [])]

    def loss(
        self, data: _Data, rows: NDArray[np.int64], random: np.random.Generator | None
    ) -> torch.Tensor:
        """The mean cross-entropy of examples; with ``random``, features are dropped."""
        import torch

        logits = self.logits(data, rows, random)
        each = -(torch.from_numpy(self.target(data, rows)) * torch.log_softmax(logits, 1)).sum(1)
        weights = torch.from_numpy(data.weights[rows])
        mean: torch.Tensor = (each * weights).sum() / weights.sum().clamp(min=1e-6)
        return mean

    def target(self, data: _Data, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """The target distribution of each example over the classes, shape (N, K)."""
        target = np.zeros((len(rows), data.allowed.shape[1]), np.float32)
        for row, number in enumerate(rows.tolist()):
            classes = data.targets[number]
            target[row, classes] = 1 / len(classes)
        return target

    def logits(
        self, data: _Data, rows: NDArray[np.int64], random: np.random.Generator | None
    ) -> torch.Tensor:
        """The scores of the classes, shape (N, K); with ``random``, features are dropped."""
        import torch

        forgets = (
            np.zeros(len(rows), np.bool_)
            if random is None
            else random.random(len(rows)) < self._config.forget_known
        )
        flat, offsets, scale = _bags(data.full, data.words, rows, forgets)
        hidden = self.vectors(torch.from_numpy(flat), torch.from_numpy(offsets))
        hidden = hidden * torch.from_numpy(scale)[:, None]
        if len(self.context):
            hidden = hidden + torch.from_numpy(data.context[rows].astype(np.float32)) @ self.context
        hidden = torch.nn.functional.dropout(hidden, self._config.dropout, random is not None)
        logits = self.output(hidden)
        known = torch.from_numpy((~forgets).astype(np.float32))[:, None]
        for i, matrix in enumerate((data.head, data.tail, data.both)):
            logits = logits + self.shared[i] * known * torch.from_numpy(matrix[rows].toarray())
        logits = logits + self.shared[3] * torch.from_numpy(data.name[rows].toarray())
        masked: torch.Tensor = logits.masked_fill(~torch.from_numpy(data.allowed[rows]), -1e4)
        return masked

    def state(self) -> tuple[NDArray[np.float32], ...]:
        """Copies of the weights, in the order of :class:`Classifier`."""
        return (
            self.vectors.weight.detach().numpy()[: self._features].copy(),
            self.output.weight.detach().numpy().T.copy(),
            self.output.bias.detach().numpy().copy(),
            self.shared.detach().numpy().copy(),
            self.context.detach().numpy().copy(),
        )


def _bags(
    full: sparse.csr_matrix,
    words: sparse.csr_matrix,
    rows: NDArray[np.int64],
    forgets: NDArray[np.bool_],
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]:
    """The features of some examples, for an ``EmbeddingBag``.

    Args:
        full: All features of the examples.
        words: Those without features from the graph.
        rows: The rows of the examples in both matrices.
        forgets: Whether each of them has only the features in ``words``.

    Returns:
        The concatenated features, where those of each example start, and the scale of their sum.
    """
    parts = [
        matrix.indices[matrix.indptr[row] : matrix.indptr[row + 1]]
        for row, forget in zip(rows.tolist(), forgets.tolist(), strict=True)
        for matrix in ((words if forget else full),)
    ]
    sizes = np.array([len(part) for part in parts], np.int64)
    offsets = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    scale = 1 / np.sqrt(np.maximum(sizes, 1)).astype(np.float32)
    flat = np.concatenate(parts).astype(np.int64) if len(parts) else np.zeros(0, np.int64)
    return flat, offsets.astype(np.int64), scale.astype(np.float32)
