"""Queries to a workspace's graph, vectors and modeledge, as on the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from kg.errors import EmbeddingError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from kg.embedding.prediction import Prediction
    from kg.store.read.paths import Direction
    from kg.types import Change, Description, Entity, Revision, Triple
    from kg.view import GraphView
    from kptm.finetuning.prediction import TaskPrediction as Classified
    from kptm.finetuning.task_rows import Rows
    from kptm.modeledge import Modeledge
    from kptm.modeledge.transfer.merge import MergeReport
    from kptm.modeledge.transfer.migrate import MigrationReport
    from kptm.modeledge.vector_index.consistency import SpaceCheck
    from kptm.workspace.embeddings import WorkspaceEmbeddings
    from kptm.workspace.graph import WorkspaceGraph
    from kptm.workspace.models import WorkspaceModels


class HasModeledge(Protocol):
    """A workspace that has modeledge."""

    @property
    def modeledge(self) -> Modeledge:
        """The workspace's store of modeledge."""


class WorkspaceLookups:
    """Queries to a workspace; in all of them names may be keys, labels or aliases."""

    def __init__(
        self, base: WorkspaceGraph, vectors: WorkspaceEmbeddings, models: WorkspaceModels
    ) -> None:
        self._base, self._vectors, self._models = base, vectors, models
        self.folder, self.graph, self.linker = base.folder, base.graph, base.linker

    def _view(self, at: int | None) -> GraphView:
        return self.graph if at is None else self.graph.at(at)

    def search(self, text: str, *, limit: int = 20, at: int | None = None) -> list[Entity]:
        """Entities by key, label or alias, best first; see :meth:`kg.GraphView.search`.

        Args:
            text: A name, its beginning, or a near miss.
            limit: The maximum number of entities to return.
            at: A revision of the past; by default the newest.
        """
        return self._view(at).search(text, limit=limit)

    def describe(self, name: str, *, limit: int = 20, at: int | None = None) -> Description:
        """Describe an entity by its facts, with their sources.

        Args:
            name: The entity.
            limit: The maximum number of facts with the entity as head, and of facts with it as
                tail.
            at: A revision of the past; by default the newest.

        Raises:
            UnknownKeyError: The graph has no such entity.
        """
        view = self._view(at)
        return view.describe(
            name if view.entities([name]) else self._base.resolve(name), limit=limit
        )

    def history(self, name: str, *, limit: int | None = None) -> list[Change]:
        """When each source began or ceased to state facts of an entity, oldest first.

        Args:
            name: The entity; only its key if it no longer exists.
            limit: The maximum number of changes, the newest ones; by default all.

        Raises:
            UnknownKeyError: The graph never had such an entity.
        """
        changes = self.graph.history(name) or self.graph.history(self._base.resolve(name))
        return changes if limit is None else changes[len(changes) - min(limit, len(changes)) :]

    def revisions(self, *, limit: int | None = None) -> list[Revision]:
        """All revisions of the workspace, newest first.

        Args:
            limit: The maximum number of revisions, the newest ones; by default all.
        """
        return self.graph.revisions(limit=self.graph.revision() if limit is None else limit)

    def paths(
        self, first: str, second: str, *, max_hops: int = 3, limit: int = 20
    ) -> list[list[Triple]]:
        """The paths between two entities, shortest first; see :meth:`kg.GraphView.paths`.

        Raises:
            UnknownKeyError: The graph has no such entity.
        """
        ends = self._base.resolve(first), self._base.resolve(second)
        return self.graph.paths(*ends, max_hops=max_hops, limit=limit)

    def neighbours(
        self,
        name: str,
        *,
        hops: int = 1,
        direction: Direction = "both",
        relations: Sequence[str] = (),
        limit: int = 20,
    ) -> list[Triple]:
        """The facts around an entity, nearest first; see :meth:`kg.GraphView.neighbours`.

        Raises:
            UnknownKeyError: The graph has no such entity.
        """
        keys = [self.graph.relation(relation).key for relation in relations] or None
        return self.graph.neighbours(
            self._base.resolve(name), hops=hops, limit=limit, direction=direction, relations=keys
        )

    def predict(
        self,
        relation: str,
        *,
        head: str | None = None,
        tail: str | None = None,
        k: int = 10,
        known: bool = False,
    ) -> list[Prediction]:
        """Predict the tails of a head, or the heads of a tail, that the graph lacks.

        Args:
            relation: The relation.
            head: The entity whose tails are predicted.
            tail: The entity whose heads are predicted.
            k: The number of predictions.
            known: Whether to include facts of the graph, which are marked.

        Raises:
            EmbeddingError: Not exactly one of head and tail was given.
            UnknownKeyError: The graph has no such entity or relation.
            WorkspaceError: There are no embeddings yet.
        """
        if (head is None) == (tail is None):
            raise EmbeddingError("give head or tail: the other one is predicted")
        key, embeddings = self.graph.relation(relation).key, self._vectors.embeddings()
        merged = self.graph.merges.keys()
        more = k + len(merged)
        if head is not None:
            end = self._base.resolve(head)
            predictions = embeddings.predict(
                head=end, relation=key, k=more, known=self.graph, mark=known
            )
        else:
            end = self._base.resolve(tail or "")
            predictions = embeddings.predict(
                tail=end, relation=key, k=more, known=self.graph, mark=known
            )
        return [prediction for prediction in predictions if prediction.entity not in merged][:k]

    def predict_facts(self, relation: str, *, k: int = 10) -> list[tuple[Triple, float]]:
        """The likeliest facts of a relation that the graph lacks, each with its p.

        Raises:
            UnknownKeyError: The relation does not exist.
            WorkspaceError: There are no embeddings yet.
        """
        key = self.graph.relation(relation).key
        return self._vectors.embeddings().predict(relation=key, k=k, known=self.graph)

    def near(self, name: str, *, k: int = 10) -> list[Prediction]:
        """The entities whose vectors are most similar to an entity's.

        Raises:
            UnknownKeyError: The graph has no such entity.
            WorkspaceError: There are no embeddings yet.
        """
        merged = self.graph.merges.keys()  # embeddings may be older than a merge
        key = self._base.resolve(name)
        neighbours = self._vectors.embeddings().nearest(key, k=k + len(merged))
        return [neighbour for neighbour in neighbours if neighbour.entity not in merged][:k]

    def classify(
        self, rows: Rows, *, task: str, folder: str | Path | None = None
    ) -> list[Classified]:
        """Classify rows with a fine-tuned model; rows without links are linked to the graph.

        Args:
            rows: Rows as for :meth:`kptm.Workspace.finetune`, without labels.
            task: The task, whose model is in ``finetuned/TASK``.
            folder: Another folder with a fine-tuned model.

        Raises:
            ModelError: The model does not exist.
            EmbeddingMismatchError: The model belongs to another graph.
        """
        from kptm.finetuning import FinetunedModel

        tuned = FinetunedModel.from_pretrained(
            folder or self.folder / "finetuned" / task, device=self._base.config.finetuning.device
        )
        tuned.fused.embeddings.check(self.graph)
        return tuned.predict(rows, linker=self.linker)

    def verify(self) -> list[SpaceCheck]:
        """Check that rows, log, index and snapshot agree in every space of modeledge."""
        return self._models.modeledge.verify()

    def migrate(
        self,
        *,
        method: str = "auto",
        old: str | None = None,
        anchors: int = 1_000,
        target: float = 0.95,
        replace: bool = False,
        progress: Callable[[int], None] | None = None,
    ) -> MigrationReport:
        """Migrate an earlier model's modeledge to the current: :meth:`kptm.Modeledge.migrate`."""
        return self._models.modeledge.migrate(
            self._models.answering_model() or self._models.model(),
            old=old,
            linker=self.linker,
            anchors=anchors,
            method=method,
            target=target,
            replace=replace,
            progress=progress,
        )

    def merge(
        self,
        other: HasModeledge,
        *,
        policy: str = "both",
        progress: Callable[[int], None] | None = None,
    ) -> MergeReport:
        """Merge another workspace's modeledge of the same model: :meth:`kptm.Modeledge.merge`."""
        return self._models.modeledge.merge(other.modeledge, policy=policy, progress=progress)
