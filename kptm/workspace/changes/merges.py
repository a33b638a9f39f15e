"""Duplicates in a workspace: proposes pairs, merges them, and learns from the reviewed ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from kg.vocabulary import SAME_AS
from kptm.errors import WorkspaceError
from kptm.workspace.files.stage_locks import stage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from numpy.typing import NDArray

    from kg.review.merges import Merge
    from kg.review.proposal import Proposal
    from kptm.duplicates import DuplicateModel, DuplicatePair
    from kptm.workspace.embeddings import WorkspaceEmbeddings
    from kptm.workspace.graph import WorkspaceGraph
    from kptm.workspace.models import WorkspaceModels

SOURCE = "duplicates"
"""The source of proposed duplicates."""
MIN_REVIEWED_PAIRS = 10
"""Weights are not fitted to fewer reviewed pairs than this."""


@dataclass(frozen=True, slots=True)
class DuplicateReport:
    """The result of a search for duplicates.

    Attributes:
        found: The number of pairs that are probably the same.
        proposed: The number of them that are new proposals; rejected pairs are not proposed again.
        gone: The number of earlier proposals that this search did not find again. They were
            removed.
        compared: The number of pairs that were compared.
    """

    found: int
    proposed: int
    gone: int
    compared: int


@dataclass(frozen=True, slots=True)
class DuplicateFit:
    """The result of fitting weights to reviewed pairs.

    Attributes:
        same: The number of accepted pairs.
        different: The number of rejected pairs.
        loss_before: The mean log loss of the pairs with the built-in weights, in nats.
        loss: The same with the fitted weights.
    """

    same: int
    different: int
    loss_before: float
    loss: float


class WorkspaceDuplicates:
    """Proposes and merges duplicates, and fits the weights of the model that finds them."""

    def __init__(
        self, base: WorkspaceGraph, vectors: WorkspaceEmbeddings, models: WorkspaceModels
    ) -> None:
        self._base, self._vectors, self._models = base, vectors, models
        self.layout, self.graph = base.layout, base.graph
        base.on_merge.append(self._follow_merge)

    def duplicates(
        self,
        *,
        minimum: float = 0.5,
        limit: int = 10_000,
        progress: Callable[[int], None] | None = None,
    ) -> DuplicateReport:
        """Propose pairs of entities that are probably the same; see :meth:`kptm.Workspace.review`.

        They are proposals of the relation ``owl:sameAs``; accepting one merges the two entities.
        Names, types, facts, common neighbours and, if there are embeddings, vectors are compared.

        Args:
            minimum: The minimum probability.
            limit: The maximum number of pairs to propose.
            progress: Called with the number of pairs compared so far.

        Raises:
            WorkspaceError: Another process is looking for duplicates in this workspace.
            ModelError: The fitted weights are damaged.
        """
        from kptm.duplicates import DuplicateFinder

        compared = 0

        def advance(count: int) -> None:
            nonlocal compared
            compared = count
            if progress is not None:
                progress(count)

        with stage(self.layout, "duplicates"):
            vectors = self._vectors.embeddings() if self.layout.has_embeddings else None
            finder = DuplicateFinder(self.graph, self._model(), vectors=vectors)
            pairs = finder.find(minimum=minimum, most=limit, progress=advance)
            items = [_proposal(pair) for pair in pairs]
            with self.graph.transaction():
                gone = self.graph.proposals.drop(SOURCE, keep=items)
                proposed = self.graph.proposals.add(items)
        return DuplicateReport(len(pairs), proposed, gone, compared)

    def merge_entities(self, keep: str, gone: Iterable[str]) -> Merge:
        """Merge entities into one in the graph and modeledge, as one revision.

        :meth:`kptm.Workspace.undo` restores them with their statements, sources and records.

        Args:
            keep: The entity that is kept: a key, label or alias.
            gone: The entities that are merged into it: keys, labels or aliases.

        Raises:
            UnknownKeyError: A name is not in the graph.
            StoreError: An entity would be merged into itself.
        """
        kept_key = self._base.resolve(keep)
        gone_keys = [self._base.resolve(name) for name in gone]
        self._base.note_change()
        with self.graph.transaction():
            merge = self.graph.merges.merge(kept_key, gone_keys)
            self._base.note_merge(merge.revision, merge.kept)
            return merge

    def fit_duplicates(self) -> DuplicateFit:
        """Fit the weights to the accepted and rejected pairs; see :meth:`kptm.Workspace.review`.

        Raises:
            WorkspaceError: Fewer than ten pairs were reviewed, or another process is looking for
                duplicates in this workspace.
        """
        from kptm.duplicates import DuplicateModel

        accepted = self._reviewed_features("accepted")
        rejected = self._reviewed_features("rejected")
        reviewed = len(accepted) + len(rejected)
        if reviewed < MIN_REVIEWED_PAIRS:
            raise WorkspaceError(
                f"{reviewed} of the pairs that kptm duplicates proposes were"
                " reviewed, which is too few to learn from; review at least"
                f" {MIN_REVIEWED_PAIRS} with kptm review"
            )
        features = np.array(accepted + rejected)
        same = np.repeat([1.0, 0.0], [len(accepted), len(rejected)])
        before = DuplicateModel.load()
        after = before.fit(features, same)
        with stage(self.layout, "duplicates"):
            after.save(self.layout.duplicates)
        return DuplicateFit(
            same=len(accepted),
            different=len(rejected),
            loss_before=_mean_log_loss(before.probabilities(features), same),
            loss=_mean_log_loss(after.probabilities(features), same),
        )

    def _reviewed_features(self, state: str) -> list[list[float]]:
        """The features of the accepted or rejected pairs that have them."""
        items = self.graph.proposals.find(state=state, relation=SAME_AS, source=SOURCE)
        return [features for item in items if (features := _features(item))]

    def _model(self) -> DuplicateModel:
        from kptm.duplicates import DuplicateModel

        fitted = self.layout.duplicates
        return DuplicateModel.load(fitted if fitted.exists() else None)

    def _follow_merge(self, revision: int, pairs: Mapping[str, str]) -> None:
        """Change modeledge as the graph was changed; ``pairs`` maps merged keys to kept ones."""
        self._models.modeledge.follow_merge(pairs, revision=revision)
        self._models.modeledge.forget_ended(revision)


def _proposal(pair: DuplicatePair) -> Proposal:
    from kg.review.proposal import Proposal

    return Proposal(
        head=pair.keep,
        relation=SAME_AS,
        tail=pair.gone,
        confidence=round(pair.p, 6),
        source=SOURCE,
        sentence=pair.evidence,
        head_span=pair.spans[0],
        tail_span=pair.spans[1],
        # Stored for fit_duplicates, because a merge changes the facts that were compared.
        document=",".join(f"{value:.5g}" for value in pair.features),
    )


def _features(item: Proposal) -> list[float]:
    """The features of a proposed pair, shape (F,).

    Empty if another version of kptm proposed it, or if a user corrected it.
    """
    from kptm.duplicates.entity_comparison import FEATURES

    values = [float(part) for part in item.document.split(",") if part]
    return values if len(values) == len(FEATURES) else []


def _mean_log_loss(p: NDArray[np.float64], same: NDArray[np.float64]) -> float:
    """The mean of −ln p(decision), in nats; both arguments have shape (P,)."""
    p_decision = np.where(same > 0, p, 1 - p)
    return float(-np.log(np.maximum(p_decision, 1e-12)).mean())
