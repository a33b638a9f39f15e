"""Wraps a PyKEEN model so that it sees integer ids only.

PyKEEN's handling of labels loses triples (CSV quoting stays on, "NA" and "null" become one label,
relations ending in "_inverse" are dropped), so it never sees a label.
"""

from __future__ import annotations

import random
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import torch
from pykeen.losses import loss_resolver
from pykeen.models import ComplEx, DistMult, ERModel, model_resolver
from pykeen.triples import CoreTriplesFactory

from kg.errors import EmbeddingError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kg.embedding.config import KGEConfig


@contextmanager
def fork_rng(seed: int) -> Iterator[None]:
    """Seed torch; restore torch's, NumPy's and Python's random states, which PyKEEN reseeds."""
    before, numpys = random.getstate(), np.random.get_state()
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            yield
    finally:
        random.setstate(before)
        np.random.set_state(numpys)


class Scorer:
    """A PyKEEN model over integer ids.

    Args:
        config: The model and its initialisation.
        num_entities: Number of entities; their ids run from 0 to ``num_entities - 1``.
        num_relations: Number of relations without their inverses; ids run from 0 as well.

    Raises:
        EmbeddingError: PyKEEN cannot build the model, or it has no entity vectors.
    """

    def __init__(self, config: KGEConfig, num_entities: int, num_relations: int) -> None:
        self.config = config
        self.num_entities, self.num_relations = num_entities, num_relations
        with fork_rng(config.seed):
            self.model = self._build()
        self._multiplies = type(self.model) in (ComplEx, DistMult)

    def factory(self, ids: torch.Tensor) -> CoreTriplesFactory:
        """Triples of ids, shape (N, 3), as the triples factory that PyKEEN's instances need."""
        return CoreTriplesFactory.create(
            ids,
            self.num_entities,
            self.num_relations,
            create_inverse_triples=self.config.inverse,
        )

    def _build(self) -> Any:
        config = self.config
        settings: dict[str, Any] = {}
        if config.model in ("ComplEx", "DistMult"):
            if config.regularization is not None:
                settings["regularizer"] = None
            if config.init is not None:
                for kind in ("entity", "relation"):
                    settings[f"{kind}_initializer"] = partial(
                        torch.nn.init.normal_, std=config.init
                    )
        try:
            model = model_resolver.make(
                config.model,
                triples_factory=self.factory(torch.tensor([[0, 0, 0]])),
                embedding_dim=config.dim,
                loss=loss_resolver.make(config.loss),
                random_seed=config.seed,
                **settings,
            )
        except (KeyError, ValueError, TypeError) as error:
            raise EmbeddingError(
                f"PyKEEN cannot build {config.model!r} with loss {config.loss!r}: {error}"
            ) from error
        if not isinstance(model, ERModel) or not model.entity_representations:
            raise EmbeddingError(f"{config.model} has no entity vectors to fuse")
        model.reset_parameters_()
        return model

    @property
    def device(self) -> torch.device:
        """The model's device; arguments may be on any device, lasting results are on the CPU."""
        return torch.device(self.model.device)

    # ── what a training step needs ───────────────────────────────────────────────────────────

    def number_triples(self, ids: torch.Tensor) -> torch.Tensor:
        """Triples with the model's relation ids; with their inverse triples if it has inverses."""
        if not self.config.inverse:
            return ids
        head, relation, tail = ids.unbind(1)
        return torch.cat(
            [
                torch.stack([head, 2 * relation, tail], 1),
                torch.stack([tail, 2 * relation + 1, head], 1),
            ]
        )

    def scores(self, pairs: torch.Tensor, among: torch.Tensor | None = None) -> torch.Tensor:
        """Score entities as tails of directed (head, relation) pairs.

        For bilinear models, score = q(h, r) · t, this is one product of real matrices; PyKEEN's
        ``score_t`` is several times slower on a CPU.

        Args:
            pairs: Ids, shape (B, 2).
            among: Ids of the entities to score, shape (E,); all by default.

        Returns:
            Scores, shape (B, E).
        """
        pairs = pairs.to(self.device)
        among = None if among is None else among.to(self.device)
        if self._multiplies:
            return self._real(self._queries(pairs)) @ self._real(self._entities(among)).T
        return cast("torch.Tensor", self.model.score_t(pairs, tails=among))

    def _queries(self, pairs: torch.Tensor) -> torch.Tensor:
        relations = self.model.relation_representations[0](pairs[:, 1])
        return cast("torch.Tensor", self._entities(pairs[:, 0]) * relations)

    def _entities(self, ids: torch.Tensor | None) -> torch.Tensor:
        return cast("torch.Tensor", self.model.entity_representations[0](ids))

    @staticmethod
    def _real(rows: torch.Tensor) -> torch.Tensor:
        """Rows as real numbers; a complex number becomes its real and its imaginary part."""
        return (torch.view_as_real(rows) if rows.is_complex() else rows).flatten(1)

    def n3_penalty(self, triples: torch.Tensor) -> torch.Tensor:
        """N3 penalty: Σ|x|³ over heads, relations and tails, averaged over directed triples."""
        triples = triples.to(self.device)
        parts = [
            self._entities(triples[:, 0]),
            self.model.relation_representations[0](triples[:, 1]),
            self._entities(triples[:, 2]),
        ]
        total = torch.zeros((), device=self.device)
        for rows in parts:
            squares = (
                torch.view_as_real(rows).square().sum(-1) if rows.is_complex() else rows.square()
            )
            total = total + (squares + 1e-12).pow(1.5).sum()
        return total / len(triples)

    # ── vectors and state ────────────────────────────────────────────────────────────────────

    def vectors(self) -> torch.Tensor:
        """Real entity vectors, shape (entities, width); complex numbers become pairs."""
        with torch.no_grad():
            return self._real(self._entities(None).detach()).float().contiguous().cpu()

    def state(self) -> dict[str, torch.Tensor]:
        """Every tensor of the model, for safetensors."""
        return {
            name: (
                torch.view_as_real(value).contiguous() if value.is_complex() else value.clone()
            ).cpu()
            for name, value in self.model.state_dict().items()
        }

    def load_state(self, state: dict[str, torch.Tensor]) -> None:
        """Load the tensors that :meth:`state` returned.

        Raises:
            EmbeddingError: The names or shapes of the tensors are not this model's.
        """
        names = self.model.state_dict()
        if names.keys() != state.keys():
            raise EmbeddingError(f"the saved tensors are not those of a {self.config.model}")
        restored = {
            name: torch.view_as_complex(value) if names[name].is_complex() else value
            for name, value in state.items()
        }
        try:
            self.model.load_state_dict(restored)
        except RuntimeError as error:
            raise EmbeddingError(f"the saved tensors do not fit: {error}") from error
        self.model.eval()

    # ── scoring ──────────────────────────────────────────────────────────────────────────────

    @torch.no_grad()
    def tail_scores(self, head_relation: torch.Tensor) -> torch.Tensor:
        """Scores of every entity as tail, shape (B, entities), on the CPU."""
        if self._multiplies:
            return self.scores(self._number_relations(head_relation, inverse=False)).cpu()
        return cast("torch.Tensor", self.model.predict_t(head_relation.to(self.device))).cpu()

    @torch.no_grad()
    def head_scores(self, relation_tail: torch.Tensor) -> torch.Tensor:
        """Scores of every entity as head, shape (B, entities), on the CPU."""
        if self._multiplies and self.config.inverse:
            return self.scores(self._number_relations(relation_tail.flip(1), inverse=True)).cpu()
        return cast("torch.Tensor", self.model.predict_h(relation_tail.to(self.device))).cpu()

    def _number_relations(self, pairs: torch.Tensor, *, inverse: bool) -> torch.Tensor:
        """(entity, relation) pairs with the model's relation ids."""
        if not self.config.inverse:
            return pairs
        return torch.stack([pairs[:, 0], 2 * pairs[:, 1] + inverse], 1)
