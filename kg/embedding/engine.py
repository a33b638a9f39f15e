"""The only import of PyKEEN, behind integer ids of our own.

PyKEEN's own label handling loses triples (CSV quoting stays on, "NA" and "null" become one label,
relations ending in "_inverse" are dropped), so it never sees a label.
"""

from __future__ import annotations

import math
import random
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import torch
from pykeen.losses import loss_resolver
from pykeen.models import ERModel, model_resolver
from pykeen.triples import CoreTriplesFactory
from pykeen.triples.instances import BatchedSLCWAInstances, LCWAInstances

from kg.errors import EmbeddingError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kg.embedding.config import KGEConfig

    _Batches = Callable[[], Iterator[tuple[torch.Tensor, int]]]
    """Makes one epoch's batches: the loss of each and the rows it is the mean of."""


@contextmanager
def _own_randomness(seed: int) -> Iterator[None]:
    """Seed what PyKEEN draws from, and put back what was there: it reseeds the whole process."""
    before, numpys = random.getstate(), np.random.get_state()
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            yield
    finally:
        random.setstate(before)
        np.random.set_state(numpys)


class Engine:
    """A PyKEEN model over integer ids."""

    def __init__(self, config: KGEConfig, num_entities: int, num_relations: int) -> None:
        self.config = config
        self._sizes = (num_entities, num_relations)
        with _own_randomness(config.seed):
            self._model = self._build(torch.tensor([[0, 0, 0]]))

    def _factory(self, ids: torch.Tensor) -> CoreTriplesFactory:
        return CoreTriplesFactory.create(
            ids, *self._sizes, create_inverse_triples=self.config.inverse
        )

    def _build(self, ids: torch.Tensor) -> Any:
        try:
            model = model_resolver.make(
                self.config.model,
                triples_factory=self._factory(ids),
                embedding_dim=self.config.dim,
                loss=loss_resolver.make(self.config.loss),
                random_seed=self.config.seed,
            )
        except (KeyError, ValueError, TypeError) as error:
            raise EmbeddingError(
                f"PyKEEN cannot build {self.config.model!r} with loss {self.config.loss!r}: {error}"
            ) from error
        if not isinstance(model, ERModel) or not model.entity_representations:
            raise EmbeddingError(f"{self.config.model} has no entity vectors to fuse")
        return model

    def train(
        self, ids: torch.Tensor, progress: Callable[[int, float], None] | None = None
    ) -> list[float]:
        """Train on triples of ids, shape (N, 3); return the loss of each epoch.

        Raises:
            EmbeddingError: The loss is not finite, or PyKEEN refuses the configuration.
        """
        with _own_randomness(self.config.seed):
            factory = self._factory(ids)
            self._model = self._build(ids)
            batches = self._one_to_all if self.config.training == "lcwa" else self._sampled
            try:
                losses = self._epochs(batches(factory), progress)
            except (RuntimeError, ValueError) as error:
                raise EmbeddingError(
                    f"PyKEEN cannot train {self.config.model} by {self.config.training}: {error}"
                ) from error
        self._model.eval()
        if not self.vectors().isfinite().all():
            raise EmbeddingError("the vectors are not finite; lower the learning rate")
        return losses

    def _epochs(
        self, batches: _Batches, progress: Callable[[int, float], None] | None
    ) -> list[float]:
        """Model, losses and instances are PyKEEN's, the loop is ours.

        PyKEEN's cuts its sparse targets row by row and collects garbage every epoch, which on two
        cores is five times the time of the arithmetic.
        """
        optimizer = torch.optim.Adam(self._model.parameters(), lr=self.config.learning_rate)
        losses = []
        for epoch in range(1, self.config.epochs + 1):
            total = count = 0.0
            for data_loss, rows in batches():
                optimizer.zero_grad()
                loss = data_loss + self._model.collect_regularization_term()
                loss.backward()
                optimizer.step()
                self._model.post_parameter_update()
                total += float(loss.detach()) * rows
                count += rows
            losses.append(total / count)
            if not math.isfinite(losses[-1]):
                raise EmbeddingError(
                    f"the loss of epoch {epoch} is {losses[-1]}; lower the learning rate"
                )
            if progress is not None:
                progress(epoch, losses[-1])
        return losses

    def _one_to_all(self, factory: CoreTriplesFactory) -> _Batches:
        """Score every entity for each (head, relation)."""
        instances = LCWAInstances.from_triples_factory(factory)
        pairs = torch.from_numpy(instances.pairs)

        def batches() -> Iterator[tuple[torch.Tensor, int]]:
            order = torch.randperm(len(pairs))
            for start in range(0, len(pairs), self.config.batch_size):
                rows = order[start : start + self.config.batch_size]
                labels = torch.from_numpy(instances.compressed[rows.numpy()].toarray())
                scores = self._model.score_t(pairs[rows])
                yield self._model.loss.process_lcwa_scores(scores, labels.float()), len(rows)

        return batches

    def _sampled(self, factory: CoreTriplesFactory) -> _Batches:
        """Score each triple beside corrupted ones."""
        if self._sizes[0] < 2:
            raise EmbeddingError('"slcwa" needs two entities to make a false triple; use "lcwa"')
        instances = BatchedSLCWAInstances.from_triples_factory(
            factory, batch_size=self.config.batch_size, drop_last=False
        )

        def batches() -> Iterator[tuple[torch.Tensor, int]]:
            for batch in instances:
                true, false = batch["positives"], batch["negatives"]
                scores = self._model.score_hrt(false.view(-1, 3)).view(false.shape[:-1])
                loss = self._model.loss.process_slcwa_scores(
                    positive_scores=self._model.score_hrt(true), negative_scores=scores
                )
                yield loss, len(true)

        return batches

    def vectors(self) -> torch.Tensor:
        """Real entity vectors, shape (entities, width); complex numbers become pairs."""
        with torch.no_grad():
            found = self._model.entity_representations[0](None).detach()
        if found.is_complex():
            found = torch.view_as_real(found)
        return cast("torch.Tensor", found.reshape(found.shape[0], -1).float().contiguous())

    def state(self) -> dict[str, torch.Tensor]:
        """Every tensor of the model, for safetensors."""
        return {
            name: torch.view_as_real(value).contiguous() if value.is_complex() else value.clone()
            for name, value in self._model.state_dict().items()
        }

    def load_state(self, state: dict[str, torch.Tensor]) -> None:
        """Put back what :meth:`state` gave.

        Raises:
            EmbeddingError: The tensors are not this model's.
        """
        own = self._model.state_dict()
        if own.keys() != state.keys():
            raise EmbeddingError(f"the saved tensors are not those of a {self.config.model}")
        restored = {
            name: torch.view_as_complex(value) if own[name].is_complex() else value
            for name, value in state.items()
        }
        try:
            self._model.load_state_dict(restored)
        except RuntimeError as error:
            raise EmbeddingError(f"the saved tensors do not fit: {error}") from error
        self._model.eval()

    @torch.no_grad()
    def tail_scores(self, head_relation: torch.Tensor) -> torch.Tensor:
        """Scores of every entity as tail, shape (B, entities)."""
        return cast("torch.Tensor", self._model.predict_t(head_relation))

    @torch.no_grad()
    def head_scores(self, relation_tail: torch.Tensor) -> torch.Tensor:
        """Scores of every entity as head, shape (B, entities)."""
        return cast("torch.Tensor", self._model.predict_h(relation_tail))
