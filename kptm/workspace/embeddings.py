"""The embeddings of a workspace: training, updates, and import of other vectors."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from kg.errors import EmbeddingMismatchError
from kg.files.atomic import remove
from kptm.errors import WorkspaceError
from kptm.workspace.files.stage_locks import stage

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from kg.embedding import EntityEmbeddings, KGEConfig
    from kg.embedding.training.state import Epoch
    from kptm.workspace.graph import WorkspaceGraph


class WorkspaceEmbeddings:
    """The embeddings of a workspace's graph."""

    def __init__(self, base: WorkspaceGraph) -> None:
        self._base = base
        self.folder, self.layout, self.graph = base.folder, base.layout, base.graph

    def embed(
        self,
        *,
        update: bool = False,
        recipe: str | None = None,
        partitions: int | None = None,
        progress: Callable[[Epoch], None] | None = None,
        step: Callable[[float], None] | None = None,
    ) -> EntityEmbeddings:
        """Train embeddings of the graph and save them; an interrupted training is resumed.

        Args:
            update: Whether to only fit rows of new entities and relations, which takes seconds.
            recipe: A recipe; see :meth:`embedding_config`.
            partitions: Parts of the entities; more than 1 are trained on disk, with two of them in
                memory.
            progress: Called after each epoch of a training.
            step: Called after each batch, or pair of partitions, with the number of epochs trained
                so far, such as 2.5.

        Raises:
            WorkspaceError: There are no embeddings to update, or another process trains them.
            EmbeddingError: The graph has no triples, the training fails, or the settings do not
                allow partitions.
        """
        from kg.embedding.files.folder import check_target

        with stage(self.layout, "embed"):
            check_target(self.layout.embeddings)  # fails before the training instead of after it
            if update:
                return self._store_embeddings(self.embeddings().extend(self.graph))
            config = self.embedding_config(recipe, partitions)
            if config.partitions > 1:
                return self._train_on_disk(config, progress, step)
            return self._store_embeddings(self._train(config, progress, step))

    def _train(
        self,
        config: KGEConfig,
        progress: Callable[[Epoch], None] | None,
        step: Callable[[float], None] | None,
    ) -> EntityEmbeddings:
        from kg.embedding import train_embeddings

        checkpoint = self.layout.embeddings_checkpoint
        train = partial(train_embeddings, self.graph, config, progress=progress, step=step)
        try:
            return train(checkpoint=checkpoint)
        except EmbeddingMismatchError:  # the graph or the settings have changed since
            checkpoint.unlink()
            return train(checkpoint=checkpoint)

    def _train_on_disk(
        self,
        config: KGEConfig,
        progress: Callable[[Epoch], None] | None,
        step: Callable[[float], None] | None,
    ) -> EntityEmbeddings:
        from kg.embedding import EntityEmbeddings
        from kg.embedding.buckets import train_on_disk

        folder = self.layout.embeddings_partitions
        train = partial(train_on_disk, self.graph, config, folder, progress=progress, step=step)
        try:
            embeddings = train()
        except EmbeddingMismatchError:  # the graph or the settings have changed since
            remove(folder)
            embeddings = train()
        self._store_embeddings(embeddings)
        remove(folder)  # the embeddings were read from there
        return EntityEmbeddings.load(self.layout.embeddings)

    def embedding_config(
        self, recipe: str | None = None, partitions: int | None = None
    ) -> KGEConfig:
        """The configuration of a training: that of a recipe, or by default that of ``kptm.toml``.

        "auto" is the recipe for the graph's size. If ``kptm.toml`` has the default settings and the
        graph is large, the recipe "large" is used, since scoring all entities for each fact would
        take days and gigabytes. So it is with more than one of ``partitions``, which only its kind
        of training has; None is the number of ``kptm.toml``.

        Raises:
            EmbeddingError: The recipe does not exist.
        """
        from kg.embedding import KGEConfig
        from kg.embedding.training.recipes import recipe_for

        settings = self._base.config.embedding
        if partitions is not None:
            settings = replace(settings, partitions=partitions)
        with_place = partial(replace, device=settings.device, partitions=settings.partitions)
        standard = with_place(type(self._base.config)().embedding)
        if recipe is None and settings != standard:
            return settings
        if recipe in (None, "auto") and settings.partitions > 1:
            recipe = "large"
        if recipe in (None, "auto"):
            stats = self.graph.stats()
            fitting = recipe_for(stats["entities"], stats["triples"])
            if recipe is None and fitting != "large":
                return settings
            recipe = fitting
        return with_place(KGEConfig.recipe(recipe))

    def take_vectors(self, path: str | Path, *, keys: str | Path | None = None) -> EntityEmbeddings:
        """Import vectors of other tools as the workspace's embeddings; see :func:`kg.read_vectors`.

        Raises:
            EmbeddingError: The vectors cannot be read.
            WorkspaceError: None of their keys is an entity of the graph.
        """
        from kg.embedding import read_vectors

        embeddings = read_vectors(path, keys=keys)
        known = self.graph.keys()
        if not any(key in embeddings for key in known):
            raise WorkspaceError(f"{path}: none of its keys is an entity of the graph")
        with stage(self.layout, "embed"):
            return self._store_embeddings(embeddings)

    def _store_embeddings(self, embeddings: EntityEmbeddings) -> EntityEmbeddings:
        embeddings.save(self.layout.embeddings)
        self._base.note_change()
        return embeddings

    def embeddings(self) -> EntityEmbeddings:
        """The saved embeddings.

        Raises:
            WorkspaceError: There are no embeddings yet.
            EmbeddingMismatchError: The embeddings belong to another graph.
        """
        from kg.embedding import EntityEmbeddings

        if not self.layout.has_embeddings:
            raise WorkspaceError(f"{self.folder}: has no embeddings yet; run kptm embed")
        embeddings = EntityEmbeddings.load(self.layout.embeddings)
        embeddings.check(self.graph)
        return embeddings
