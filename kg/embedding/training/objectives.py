"""Training objectives: the batches of an epoch, each with its loss."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import torch
from pykeen.triples.instances import BatchedSLCWAInstances, LCWAInstances

from kg.errors import EmbeddingError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kg.embedding.training.scorer import Scorer

    Losses = Iterator[tuple[torch.Tensor, int]]
    """Per batch: its mean loss, a scalar, and the number of rows it is the mean over."""


class Batches(NamedTuple):
    """The batches of one epoch after another.

    Attributes:
        rows: Rows in all batches of an epoch: triples, or (head, relation) pairs for "lcwa".
        epoch: Yields the losses of an epoch. For an interrupted epoch it is given the number of
            batches to skip and torch's random state after them; else 0 and None.
    """

    rows: int
    epoch: Callable[[int, torch.Tensor | None], Losses]


def objective(engine: Scorer, ids: torch.Tensor) -> Batches:
    """Build the batches of ``engine.config.training`` over triples of ids, shape (N, 3).

    Raises:
        EmbeddingError: "slcwa" is used with fewer than two entities.
    """
    match engine.config.training:
        case "lcwa":
            return _one_to_all_of_pykeen(engine, ids)
        case "slcwa":
            return _sampled_of_pykeen(engine, ids)
        case _:
            return _one_to_all(engine, ids)


def _one_to_all(engine: Scorer, ids: torch.Tensor) -> Batches:
    """Cross entropy of each triple's tail among all entities, or among a sample.

    Lacroix et al. (2018), equation 2.

    Up to ``config.share`` triples of one (head, relation) pair share one row of scores, which gives
    the same sum of losses as scoring each triple alone, for less work. Which triples share a row is
    drawn anew each epoch. A high ``share`` makes fewer and larger steps and ends at a slightly
    lower MRR.
    """
    config = engine.config
    triples = engine.number_triples(ids)
    pairs, pair = torch.unique(triples[:, :2], dim=0, return_inverse=True)
    # begin[p]: where the triples of pair p begin once they are sorted by pair.
    begin = torch.bincount(pair, minlength=len(pairs)).cumsum(0)
    begin = torch.cat([torch.zeros(1, dtype=torch.long), begin[:-1]])

    def batches(skip: int, rng: torch.Tensor | None) -> Losses:
        order = torch.randperm(len(triples))
        # Sorted by pair, in a new random order within each pair.
        order = order[torch.sort(pair[order], stable=True).indices]
        # The place of each triple within its pair; a row of scores begins every ``share`` places.
        place = torch.arange(len(order)) - begin[pair[order]]
        first = torch.nonzero(place % config.share == 0).flatten()
        size = torch.diff(first, append=torch.tensor([len(order)]))
        shuffled = torch.randperm(len(first))
        _go_on(rng)
        for start in range(skip * config.batch_size, len(first), config.batch_size):
            chosen = shuffled[start : start + config.batch_size]
            row = torch.repeat_interleave(torch.arange(len(chosen)), size[chosen])
            # 0, 1, … within each chosen row: counts the triples that share its scores.
            within = torch.arange(len(row)) - (size[chosen].cumsum(0) - size[chosen])[row]
            batch = triples[order[first[chosen][row] + within]]
            among, tail = None, batch[:, 2]
            if config.training == "sampled":
                drawn = torch.randint(engine.num_entities, (config.negatives,))
                # The right tails are always in the sample; ``tail`` becomes their column in it.
                among, at = torch.unique(torch.cat([tail, drawn]), return_inverse=True)
                tail = at[: len(tail)]
            scores = engine.scores(pairs[pair[order[first[chosen]]]], among)
            row, tail = row.to(scores.device), tail.to(scores.device)
            loss = (torch.logsumexp(scores, 1)[row] - scores[row, tail]).mean()
            if config.regularization is not None:
                loss = loss + config.regularization * engine.n3_penalty(batch)
            yield loss, len(batch)

    return Batches(len(triples), batches)


def _one_to_all_of_pykeen(engine: Scorer, ids: torch.Tensor) -> Batches:
    """PyKEEN's LCWA training: score every entity for each (head, relation), with any loss."""
    instances = LCWAInstances.from_triples_factory(engine.factory(ids))
    pairs = torch.from_numpy(instances.pairs)
    model, config = engine.model, engine.config

    def batches(skip: int, rng: torch.Tensor | None) -> Losses:
        order = torch.randperm(len(pairs))
        _go_on(rng)
        for start in range(skip * config.batch_size, len(pairs), config.batch_size):
            rows = order[start : start + config.batch_size]
            labels = torch.from_numpy(instances.compressed[rows.numpy()].toarray())
            scores = model.score_t(pairs[rows].to(engine.device))
            labels = labels.float().to(engine.device)
            yield model.loss.process_lcwa_scores(scores, labels), len(rows)

    return Batches(len(pairs), batches)


def _sampled_of_pykeen(engine: Scorer, ids: torch.Tensor) -> Batches:
    """PyKEEN's sLCWA training: score each triple and corrupted copies of it, with any loss."""
    if engine.num_entities < 2:
        raise EmbeddingError('"slcwa" needs two entities to make a false triple; use "lcwa"')
    model, config = engine.model, engine.config
    instances = BatchedSLCWAInstances.from_triples_factory(
        engine.factory(ids),
        batch_size=config.batch_size,
        drop_last=False,
        negative_sampler_kwargs={"num_negs_per_pos": config.negatives},
    )

    def batches(skip: int, rng: torch.Tensor | None) -> Losses:
        drawn = iter(instances)
        for _ in range(skip):
            next(drawn)
        _go_on(rng)
        for batch in drawn:
            true, false = (batch[name].to(engine.device) for name in ("positives", "negatives"))
            scores = model.score_hrt(false.view(-1, 3)).view(false.shape[:-1])
            loss = model.loss.process_slcwa_scores(
                positive_scores=model.score_hrt(true), negative_scores=scores
            )
            yield loss, len(true)

    return Batches(len(ids), batches)


def _go_on(rng: torch.Tensor | None) -> None:
    if rng is not None:
        torch.set_rng_state(rng)
