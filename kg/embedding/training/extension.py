"""Fit rows of new entities and relations; all other rows stay as they are."""

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

EPOCHS, SHARE = 12, 16
"""Passes over the facts of what is new, and triples of a pair that are scored together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Staleness:
    """How far a graph has moved on from its embeddings.

    Attributes:
        revisions: Revisions since.
        added: Triples that were not there.
        removed: Triples that are not there any more.
        entities: Entities of triples that have no vector.
        relations: Relations that the scorer does not know.
    """

    revisions: int
    added: int
    removed: int
    entities: int
    relations: int

    @property
    def fresh(self) -> bool:
        """Whether the graph holds the triples that were trained on."""
        return not (self.added or self.removed)


def staleness(embeddings: ScoredVectors, graph: KnowledgeGraph) -> Staleness:
    """Compare the triples of now with those of the training's revision."""
    embeddings.check(graph)
    newest = graph.revision()
    revision, now = graph.snapshot()
    current = set(now)
    if embeddings.fingerprint == graph.fingerprint(revision):
        return Staleness(revisions=0, added=0, removed=0, entities=0, relations=0)
    then = set(graph.at(embeddings.revision).match())
    added = current - then
    fresh = {end for head, _, tail in added for end in (head, tail)}
    return Staleness(
        revisions=newest - embeddings.revision,
        added=len(added),
        removed=len(then - current),
        entities=len(fresh) - len(embeddings.keys.of(fresh)),
        relations=len({relation for _, relation, _ in added} - set(embeddings.relations)),
    )


def extend(embeddings: VectorsT, graph: KnowledgeGraph) -> VectorsT:
    """Embeddings with a row for each new entity and relation, at the end, sorted.

    Each new row is fitted by the training's own objective, cross entropy among all entities, with
    every other row frozen: to its own facts, and to as many others, drawn anew for each pass.
    Without those nothing says what a new entity is **not**, and it ranks first everywhere. What has
    come between old entities is not learnt; train again for that.
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
    engine = _grow(embeddings.scorer(), len(keys), len(names))
    if entities or relations:
        numbers = {key: number for number, key in enumerate(keys)}
        of_relation = {name: number for number, name in enumerate(names)}
        fresh = set(entities) | set(relations)
        ids = torch.tensor([(numbers[h], of_relation[r], numbers[t]) for h, r, t in triples])
        about = torch.tensor([not fresh.isdisjoint(item) for item in triples])
        of_entities = torch.arange(len(keys)) >= len(embeddings)
        of_relations = torch.arange(len(names)) >= len(embeddings.relations)
        fit_rows(engine, ids[about], ids[~about], of_entities, of_relations)
    vectors = torch.cat([embeddings.table, engine.vectors()[len(embeddings) :]])
    return type(embeddings)(
        keys,
        vectors,
        relations=names,
        fingerprint=graph.fingerprint(revision),
        revision=revision,
        config=embeddings.config,
        state=partial(dict, engine.state()),
        curve=embeddings.curve,
        calibration=embeddings.calibration,
    )


def _grow(old: Scorer, entities: int, relations: int) -> Scorer:
    """The same model with room for more, each old row as it was."""
    config = replace(old.config, share=max(old.config.share, SHARE))
    engine = Scorer(config, entities, relations)
    state, before = engine.state(), old.state()
    for name, value in before.items():
        if state[name].shape == value.shape:
            state[name] = value
        elif state[name].ndim and state[name].shape[1:] == value.shape[1:]:
            state[name][: len(value)] = value
        else:
            raise EmbeddingError(f"a {config.model} cannot be extended; train it again")
    engine.load_state(state)
    return engine


def fit_rows(
    engine: Scorer,
    new: torch.Tensor,
    rest: torch.Tensor,
    entities: torch.Tensor,
    relations: torch.Tensor,
    *,
    epochs: int = EPOCHS,
) -> None:
    """Minimise the loss of triples of ids, shape (N, 3), over chosen rows.

    Every other row stays the same, bit by bit.

    Args:
        engine: The model, changed in place.
        new: The triples that are about the chosen rows.
        rest: Others; of these as many as of ``new`` are drawn for each pass.
        entities: Which rows of entities are fitted, shape (entities,), boolean.
        relations: Which of relations, shape (relations,), boolean.
        epochs: Passes over ``new``.

    Raises:
        EmbeddingError: What was fitted is not finite.
    """
    from kg.embedding.training.objectives import objective

    config = engine.config
    old = {
        id(weight): ~chosen
        for module, chosen in (
            (engine.model.entity_representations[0], entities),
            (
                engine.model.relation_representations[0],
                relations.repeat_interleave(2 if config.inverse else 1),
            ),
        )
        for weight in module.parameters()
    }
    parameters = [value for value in engine.model.parameters() if id(value) in old]
    optimizer = torch.optim.Adagrad(parameters, lr=config.learning_rate)
    kept = {id(value): value.detach()[old[id(value)]].clone() for value in parameters}
    sizes = (len(new), len(rest))
    with fork_rng(config.seed):
        of_new = objective(engine, new)
        for number in range(1, epochs + 1):
            torch.manual_seed(config.seed * epochs + number)
            others = rest[torch.randperm(len(rest))[: len(new)]]
            losses = [of_new.epoch(0, None)]
            if len(others):
                losses.append(objective(engine, others).epoch(0, None))
            for parts in zip(*losses, strict=False):
                # Weighted as in the whole: few of the others stand for all of them.
                loss = sum(part * size for (part, _), size in zip(parts, sizes, strict=False))
                loss = loss / sum(sizes)
                optimizer.zero_grad()
                loss.backward()
                for value in parameters:
                    if value.grad is not None:
                        value.grad[old[id(value)]] = 0
                optimizer.step()
    with torch.no_grad():
        for value in parameters:  # bit by bit, whatever an optimizer does to a row without gradient
            value[old[id(value)]] = kept[id(value)]
    if not engine.vectors().isfinite().all():
        raise EmbeddingError("the new vectors are not finite; train again")
    engine.model.eval()
