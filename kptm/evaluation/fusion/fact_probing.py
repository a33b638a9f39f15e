"""Fact probing: whether the model ranks the right entity first at the blank of a cloze.

Candidates are all tails of the relation, without other true tails of the same head (the filtered
setting of link prediction).
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import torch

from kptm.data import collate, fill
from kptm.data.phrasings import HEAD, TAIL
from kptm.data.tokenize import MASK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from kptm.fusion import FusedModel
    from kptm.linking import LinkedText

SplitFact = tuple[str, str, str, str]
"""Head, relation, tail, split."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """A fact as a cloze.

    Attributes:
        head: The key of the head.
        relation: The key of the relation.
        answer: The key of the tail.
        split: Where the fact can be known from: A texts and graph, B graph only, C neither, D
            edited in the graph after training.
        cloze: The text with a blank for the tail and a link for the head.
        candidates: The keys of the candidates, including the answer, sorted.
    """

    head: str
    relation: str
    answer: str
    split: str
    cloze: LinkedText
    candidates: tuple[str, ...]


def make_probes(
    facts: Iterable[SplitFact],
    patterns: Mapping[str, str],
    labels: Mapping[str, str],
    *,
    retired: Iterable[SplitFact] = (),
) -> list[Probe]:
    """Make a probe of each fact whose relation has a pattern.

    Args:
        facts: All facts; those without a pattern still supply candidates.
        patterns: By relation: a phrasing with ``[X]`` for the head and ``[Y]`` for the tail.
        labels: The name of each key.
        retired: Facts that held before an edit: never right, but still candidates.
    """
    facts = list(facts)
    true: dict[tuple[str, str], set[str]] = defaultdict(set)
    tails: dict[str, set[str]] = defaultdict(set)
    for head, relation, tail, _ in facts:
        true[head, relation].add(tail)
        tails[relation].add(tail)
    for _, relation, tail, _ in retired:
        tails[relation].add(tail)
    probes = []
    for head, relation, tail, split in facts:
        if relation not in patterns:
            continue
        cloze = fill(patterns[relation], {HEAD: (labels[head], head), TAIL: (MASK, None)})
        others = tails[relation] - true[head, relation] - {head}
        candidates = tuple(sorted({*others, tail}))
        probes.append(
            Probe(head=head, relation=relation, answer=tail, split=split, cloze=cloze,
                  candidates=candidates)
        )  # fmt: skip
    return probes


@torch.no_grad()
def model_scores(
    model: FusedModel, probes: Sequence[Probe], *, use_knowledge: bool = True, batch_size: int = 128
) -> list[dict[str, float]]:
    """The model's p over each probe's candidates at its first blank.

    Candidates without a vector are left out; so are all candidates of a probe whose blank is beyond
    the model's maximum length.
    """
    model.eval()
    scores: list[dict[str, float]] = []
    for start in range(0, len(probes), batch_size):
        part = probes[start : start + batch_size]
        texts = [model.encoder.encode(probe.cloze) for probe in part]
        texts = [replace(text, blanks=text.blanks[:1]) for text in texts]
        batch = collate(texts, model.pad_id, with_knowledge=use_knowledge)
        logits = iter(
            model(**batch.tensors()).entity_logits if any(x.blanks for x in texts) else ()
        )
        for probe, text in zip(part, texts, strict=True):
            if not text.blanks:
                scores.append({})
                continue
            row = next(logits)
            keys = [key for key in probe.candidates if key in model.embeddings]
            rows = [model.embeddings.row(key) for key in keys]
            p = torch.softmax(row[rows].double(), 0).tolist()
            scores.append(dict(zip(keys, p, strict=True)))
    return scores


def first(scores: Mapping[str, float]) -> str | None:
    """The best key; of equal scores the key that sorts last, right or not."""
    return max(scores, key=lambda key: (scores[key], key)) if scores else None


def reciprocal(scores: Mapping[str, float], answer: str) -> float:
    """The reciprocal rank of the answer, with ties as in :func:`first`; 0 without a score."""
    if answer not in scores:
        return 0.0
    own = (scores[answer], answer)
    return 1 / (1 + sum((value, key) > own for key, value in scores.items()))


def ask_model(
    model: FusedModel,
    probes: Sequence[Probe],
    *,
    use_knowledge: bool = True,
    adjust: Callable[[int, dict[str, float]], dict[str, float]] | None = None,
) -> list[bool]:
    """Whether the model ranks each probe's answer first.

    Args:
        model: The model.
        probes: The probes.
        use_knowledge: Whether entity vectors are injected.
        adjust: Given i and the p of probe i, returns changed p, for example with modeledge.
    """
    answers = model_scores(model, probes, use_knowledge=use_knowledge)
    right = []
    for number, (probe, p) in enumerate(zip(probes, answers, strict=True)):
        final = adjust(number, p) if adjust is not None else p
        right.append(first(final) == probe.answer)
    return right
