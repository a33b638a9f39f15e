"""Fits the rows of new entities and relations; all other rows stay as they are."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, TypeVar

import torch

from kg.embedding.training.scorer import Scorer, fork_rng
from kg.errors import EmbeddingError

if TYPE_CHECKING:
    from kg.embedding.scored_vectors import ScoredVectors
    from kg.graph import KnowledgeGraph

VectorsT = TypeVar("VectorsT", bound="ScoredVectors")

EPOCHS, MIN_SHARE = 12, 16
"""Passes over the facts of new entities, and the least ``KGEConfig.share`` while fitting them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Staleness:
    """How far a graph has changed since its embeddings were trained.

    Attributes:
        revisions: Revisions of the graph since the training.
        added: Triples that the graph has gained.
        removed: Triples that the graph has lost.
        entities: Entities of the added triples that have no vector.
        relations: Relations of the added triples that have no vector.
    """

    revisions: int
    added: int
    removed: int
    entities: int
    relations: int

    @property
    def fresh(self) -> bool:
        """Whether the graph still holds exactly the triples of the training."""
        return not (self.added or self.removed)


def staleness(embeddings: ScoredVectors, graph: KnowledgeGraph) -> Staleness:
    """Compare the graph's present triples with those at the revision of the training.

    Raises:
        EmbeddingMismatchError: The embeddings were trained on another graph.
    """
    embeddings.check(graph)
    newest = graph.revision()
    revision, now = graph.snapshot()
    current = set(now)
    if embeddings.fingerprint == graph.fingerprint(revision):
        return Staleness(revisions=0, added=0, removed=0, entities=0, relations=0)
    then = set(graph.at(embeddings.revision).match())
    added = current - then
    ends = {end for head, _, tail in added for end in (head, tail)}
    return Staleness(
        revisions=newest - embeddings.revision,
        added=len(added),
        removed=len(then - current),
        entities=len(ends) - len(embeddings.keys.of(ends)),
        relations=len({relation for _, relation, _ in added} - set(embeddings.relations)),
    )


def extend(embeddings: VectorsT, graph: KnowledgeGraph) -> VectorsT:
    """Add a fitted row for each new entity and relation, after the existing rows, sorted by key.

    Each new row minimises the objective of the training, with every other row frozen, over the
    facts of the new entities and relations and an equal number of other facts, drawn again for each
    pass. Without the other facts, nothing would lower the score of a new entity as a wrong answer,
    and it would be ranked first everywhere. New facts between existing entities are not learnt;
    train again for those.

    Returns:
        New embeddings of the graph's present revision.

    Raises:
        EmbeddingError: The embeddings have no scorer, their model cannot be extended, or the new
            vectors are not finite.
    """
    if embeddings.config is None:
        raise EmbeddingError("these vectors come without a scorer; use train_embeddings")
    revision, triples = graph.snapshot()
    triples.sort()
    ends = sorted({end for item in triples for end in (item.head, item.tail)})
    known = embeddings.keys.of(ends)
    entities = [key for key in ends if key not in known]
    relations = sorted({item.relation for item in triples} - set(embeddings.relations))
    keys = [*embeddings.keys, *entities]
    names = [*embeddings.relations, *relations]
    scorer = _grow(embeddings.scorer(), len(keys), len(names))
    if entities or relations:
        numbers = {key: number for number, key in enumerate(keys)}
        of_relation = {name: number for number, name in enumerate(names)}
        fresh = set(entities) | set(relations)
        ids = torch.tensor([(numbers[h], of_relation[r], numbers[t]) for h, r, t in triples])
        is_new = torch.tensor([not fresh.isdisjoint(item) for item in triples])
        of_entities = torch.arange(len(keys)) >= len(embeddings)
        of_relations = torch.arange(len(names)) >= len(embeddings.relations)
        fit_rows(scorer, ids[is_new], ids[~is_new], of_entities, of_relations)
    vectors = torch.cat([embeddings.table, scorer.vectors()[len(embeddings) :]])
    return type(embeddings)(
        keys,
        vectors,
        relations=names,
        fingerprint=graph.fingerprint(revision),
        revision=revision,
        config=embeddings.config,
        state=partial(dict, scorer.state()),
        curve=embeddings.curve,
        calibration=embeddings.calibration,
    )


def _grow(old: Scorer, entities: int, relations: int) -> Scorer:
    """Copy the scorer, with more entities and relations; existing rows keep their values."""
    config = replace(old.config, share=max(old.config.share, MIN_SHARE))
    scorer = Scorer(config, entities, relations)
    state, before = scorer.state(), old.state()
    for name, value in before.items():
        if state[name].shape == value.shape:
            state[name] = value
        elif state[name].ndim and state[name].shape[1:] == value.shape[1:]:
            state[name][: len(value)] = value
        else:
            raise EmbeddingError(f"a {config.model} cannot be extended; train it again")
    scorer.load_state(state)
    return scorer


def fit_rows(
    scorer: Scorer,
    new: torch.Tensor,
    rest: torch.Tensor,
    entities: torch.Tensor,
    relations: torch.Tensor,
    *,
    epochs: int = EPOCHS,
) -> None:
    """Fit chosen rows to triples of ids, shape (N, 3); all other rows keep their bits.

    Args:
        scorer: The scorer, changed in place.
        new: The triples with a chosen entity or relation, shape (N, 3).
        rest: All other triples, shape (M, 3); up to N of them are drawn for each pass.
        entities: The rows of entities to fit, shape (entities,), boolean.
        relations: The rows of relations to fit, shape (relations,), boolean.
        epochs: Passes over ``new``.

    Raises:
        EmbeddingError: A fitted vector is not finite.
    """
    from kg.embedding.training.objectives import objective

    config = scorer.config
    # For each weight, a mask of the rows that stay. With inverse relations, a relation has two rows
    # in succession.
    old = {
        id(weight): ~chosen
        for module, chosen in (
            (scorer.model.entity_representations[0], entities),
            (
                scorer.model.relation_representations[0],
                relations.repeat_interleave(2 if config.inverse else 1),
            ),
        )
        for weight in module.parameters()
    }
    parameters = [value for value in scorer.model.parameters() if id(value) in old]
    optimizer = torch.optim.Adagrad(parameters, lr=config.learning_rate)
    frozen_rows = {id(value): value.detach()[old[id(value)]].clone() for value in parameters}
    sizes = (len(new), len(rest))
    with fork_rng(config.seed):
        new_batches = objective(scorer, new)
        for number in range(1, epochs + 1):
            torch.manual_seed(config.seed * epochs + number)
            drawn = rest[torch.randperm(len(rest))[: len(new)]]
            losses = [new_batches.epoch(0, None)]
            if len(drawn):
                losses.append(objective(scorer, drawn).epoch(0, None))
            for parts in zip(*losses, strict=False):
                # Weighted as in a full training: the drawn triples represent all of ``rest``.
                loss = sum(part * size for (part, _), size in zip(parts, sizes, strict=False))
                loss = loss / sum(sizes)
                optimizer.zero_grad()
                loss.backward()
                for value in parameters:
                    if value.grad is not None:
                        value.grad[old[id(value)]] = 0
                optimizer.step()
    with torch.no_grad():
        for value in parameters:  # an optimizer may change even rows whose gradient is zero
            value[old[id(value)]] = frozen_rows[id(value)]
    if not scorer.vectors().isfinite().all():
        raise EmbeddingError("the new vectors are not finite; train again")
    scorer.model.eval()
