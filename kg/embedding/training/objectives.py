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


def objective(scorer: Scorer, ids: torch.Tensor) -> Batches:
    """Build the batches of ``scorer.config.training`` over triples of ids, shape (N, 3).

    Raises:
        EmbeddingError: "slcwa" is used with fewer than two entities.
    """
    match scorer.config.training:
        case "lcwa":
            return _one_to_all_of_pykeen(scorer, ids)
        case "slcwa":
            return _sampled_of_pykeen(scorer, ids)
        case _:
            return _one_to_all(scorer, ids)


def _one_to_all(scorer: Scorer, ids: torch.Tensor) -> Batches:
    """Cross entropy of each triple's tail among all entities, or among a sample of them.

    This is equation 2 of Lacroix et al. (2018). Up to ``config.share`` triples of one (head,
    relation) pair share one row of scores, which gives the same sum of losses as scoring each
    triple alone, for less work. The triples that share a row are drawn again for each epoch. A high
    ``share`` makes fewer and larger steps, and the training ends at a slightly lower MRR.
    """
    config = scorer.config
    triples = scorer.number_triples(ids)
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
        _restore_rng(rng)
        for start in range(skip * config.batch_size, len(first), config.batch_size):
            chosen = shuffled[start : start + config.batch_size]
            row = torch.repeat_interleave(torch.arange(len(chosen)), size[chosen])
            # 0, 1, … within each chosen row: counts the triples that share its scores.
            within = torch.arange(len(row)) - (size[chosen].cumsum(0) - size[chosen])[row]
            batch = triples[order[first[chosen][row] + within]]
            candidates, tail = None, batch[:, 2]
            if config.training == "sampled":
                drawn = torch.randint(scorer.num_entities, (config.negatives,))
                # The correct tails are always in the sample; ``tail`` becomes their column in it.
                candidates, column_of_tail = torch.unique(
                    torch.cat([tail, drawn]), return_inverse=True
                )
                tail = column_of_tail[: len(tail)]
            scores = scorer.scores(pairs[pair[order[first[chosen]]]], candidates)
            row, tail = row.to(scores.device), tail.to(scores.device)
            loss = (torch.logsumexp(scores, 1)[row] - scores[row, tail]).mean()
            if config.regularization is not None:
                loss = loss + config.regularization * scorer.n3_penalty(batch)
            yield loss, len(batch)

    return Batches(len(triples), batches)


def _one_to_all_of_pykeen(scorer: Scorer, ids: torch.Tensor) -> Batches:
    """PyKEEN's LCWA training: score every entity for each (head, relation), with any loss."""
    instances = LCWAInstances.from_triples_factory(scorer.factory(ids))
    pairs = torch.from_numpy(instances.pairs)
    model, config = scorer.model, scorer.config

    def batches(skip: int, rng: torch.Tensor | None) -> Losses:
        order = torch.randperm(len(pairs))
        _restore_rng(rng)
        for start in range(skip * config.batch_size, len(pairs), config.batch_size):
            rows = order[start : start + config.batch_size]
            labels = torch.from_numpy(instances.compressed[rows.numpy()].toarray())
            scores = model.score_t(pairs[rows].to(scorer.device))
            labels = labels.float().to(scorer.device)
            yield model.loss.process_lcwa_scores(scores, labels), len(rows)

    return Batches(len(pairs), batches)


def _sampled_of_pykeen(scorer: Scorer, ids: torch.Tensor) -> Batches:
    """PyKEEN's sLCWA training: score each triple and corrupted copies of it, with any loss."""
    if scorer.num_entities < 2:
        raise EmbeddingError('"slcwa" needs two entities to make a false triple; use "lcwa"')
    model, config = scorer.model, scorer.config
    instances = BatchedSLCWAInstances.from_triples_factory(
        scorer.factory(ids),
        batch_size=config.batch_size,
        drop_last=False,
        negative_sampler_kwargs={"num_negs_per_pos": config.negatives},
    )

    def batches(skip: int, rng: torch.Tensor | None) -> Losses:
        drawn = iter(instances)
        for _ in range(skip):
            next(drawn)
        _restore_rng(rng)
        for batch in drawn:
            true, false = (batch[name].to(scorer.device) for name in ("positives", "negatives"))
            scores = model.score_hrt(false.view(-1, 3)).view(false.shape[:-1])
            loss = model.loss.process_slcwa_scores(
                positive_scores=model.score_hrt(true), negative_scores=scores
            )
            yield loss, len(true)

    return Batches(len(ids), batches)


def _restore_rng(rng: torch.Tensor | None) -> None:
    """Continue an interrupted epoch with the random state that it had; None for a new epoch.

    Call this after the order of the batches has been drawn: the epoch's seed gives the same order.
    """
    if rng is not None:
        torch.set_rng_state(rng)
