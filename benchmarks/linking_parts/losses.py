"""What linking loses: the choice of the entity, or the decision whether a mention is a link."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from statistics import mean
from typing import TYPE_CHECKING

from kptm.evaluation.linking_scores import score_linking
from kptm.linking import LinkedText
from kptm.linking.link_batch import link_batch

if TYPE_CHECKING:
    from kptm.evaluation.linking_gold import GoldDocument
    from kptm.linking.link import Link

ARMS = "as linked", "the right entity where it is among the five best", "only right links"
"""The links of each arm: at the threshold; the same with the entities of gold; all that are right.

The second is the most that a better choice of the entity reaches with the same p, the third the
most that a better decision whether to link reaches with the same choice.
"""


def losses(freebase, layers, similarity, learnt) -> None:
    """Print F1 of each arm and set, and the number of mentions of each kind of error.

    Args:
        freebase: The graph and its sets.
        layers: The index of the graph.
        similarity: Computes an encoder's features; None without one.
        learnt: Pairs of a set and the coefficients that were learnt without it.
    """
    scores: dict[str, list[float]] = {arm: [] for arm in ARMS}
    kinds: Counter[str] = Counter()
    for name, weights in learnt:
        gold = freebase.gold[name]
        texts = [document.text for document in gold]
        found = list(link_batch(texts, layers, replace(weights, threshold=0.0), similarity))
        kinds += kinds_of(gold, found, weights.threshold, freebase.known)
        for arm, links in zip(ARMS, arms(gold, found, weights.threshold), strict=True):
            pairs = zip(gold, links, strict=True)
            scores[arm].append(score_linking(pairs, counts=freebase.counts).f1)
    for arm, values in scores.items():
        print(f"| {arm} | " + " | ".join(f"{value:.3f}" for value in (*values, mean(values))), "|")
    print(", ".join(f"{kind}: {size}" for kind, size in sorted(kinds.items())))


def arms(gold: list[GoldDocument], found: list[LinkedText], threshold: float):
    """The documents of each of :data:`ARMS`, from links of any p."""
    linked, corrected, right = [], [], []
    for document, links in zip(gold, found, strict=True):
        entity_of = {(start, end): key for start, end, key in document.spans}
        above = [link for link in links.links if link.score >= threshold]
        linked.append(LinkedText(links.text, tuple(above)))
        corrected.append(
            LinkedText(links.text, tuple(_corrected(link, entity_of) for link in above))
        )
        right.append(
            LinkedText(links.text, tuple(x for x in links.links if x.entity == _gold(x, entity_of)))
        )
    return linked, corrected, right


def kinds_of(gold: list[GoldDocument], found: list[LinkedText], threshold: float, known: set[str]):
    """How many gold spans of the graph, and links at the threshold without one, are of a kind."""
    kinds: Counter[str] = Counter()
    for document, links in zip(gold, found, strict=True):
        begin, stop = document.evaluation_span or (0, len(document.text))
        inside = [x for x in links.links if begin <= x.start and x.end <= stop]
        entity_of = {
            (start, end): key
            for start, end, key in document.spans
            if key in known and begin <= start and end <= stop
        }
        for link in inside:
            key = _gold(link, entity_of)
            where = "linked" if link.score >= threshold else "refused"
            if key is not None:
                kinds[f"{'right' if key == link.entity else 'wrong'} entity first, {where}"] += 1
            elif where == "linked":
                kinds["linked without a gold link"] += 1
        kinds["gold"] += len(entity_of)
    return kinds


def _gold(link: Link, entity_of: dict[tuple[int, int], str | None]) -> str | None:
    return entity_of.get((link.start, link.end))


def _corrected(link: Link, entity_of: dict[tuple[int, int], str | None]) -> Link:
    key = _gold(link, entity_of)
    if key is None or key not in {candidate.entity for candidate in link.candidates}:
        return link
    return replace(link, entity=key)
