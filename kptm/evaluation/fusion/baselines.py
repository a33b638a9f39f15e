"""Baselines without a fused model: commonest object, vectors, the graph, the nearest text.

Each gives scores over a probe's candidates, as the model does; nothing where it has nothing to say,
which is wrong.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

import torch
from torch.nn import functional as F

from kptm.data import collate
from kptm.modeledge.encode.encode_texts import clozes

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kg.embedding import EntityEmbeddings
    from kptm.evaluation.fusion.fact_probing import Probe
    from kptm.fusion import FusedModel
    from kptm.linking import LinkedText

Scores = list[dict[str, float]]
"""For each probe, candidate → score."""


def majority(probes: Iterable[Probe], triples: Iterable[tuple[str, str, str]]) -> Scores:
    """How often each candidate is an object of the relation among the graph's ``triples``."""
    count: dict[str, Counter[str]] = defaultdict(Counter)
    for _, relation, tail in triples:
        count[relation][tail] += 1
    return [
        {key: float(count[probe.relation][key]) for key in probe.candidates} for probe in probes
    ]


def lookup(probes: Iterable[Probe], triples: Iterable[tuple[str, str, str]]) -> Scores:
    """What the graph says: right where it has the fact, by construction, and silent elsewhere."""
    tails: dict[tuple[str, str], set[str]] = defaultdict(set)
    for head, relation, tail in triples:
        tails[head, relation].add(tail)
    return [
        {key: 1.0 for key in probe.candidates if key in tails[probe.head, probe.relation]}
        for probe in probes
    ]


def by_embeddings(probes: Sequence[Probe], embeddings: EntityEmbeddings) -> Scores:
    """Link prediction, the scorer of the vectors alone."""
    rows = embeddings.keys.of({probe.head for probe in probes})
    rows |= embeddings.keys.of({key for probe in probes for key in probe.candidates})
    found: Scores = []
    for probe in probes:
        if probe.head not in rows or probe.relation not in embeddings.relations:
            found.append({})
            continue
        asked = torch.tensor([[rows[probe.head], embeddings.relation_id(probe.relation)]])
        scores = embeddings.scorer().tail_scores(asked)[0].tolist()
        found.append({key: scores[rows[key]] for key in probe.candidates if key in rows})
    return found


def nearest_texts(
    model: FusedModel, documents: Iterable[LinkedText], probes: Sequence[Probe]
) -> Scores:
    """The cosine of the nearest training cloze with this answer (BERT-kNN, Kassner & Schütze 2020).

    Keys are hidden states of the blank, without knowledge. Each linked entity of a training text is
    blanked once.

    Args:
        model: Trained without knowledge on ``documents``.
        documents: The training texts.
        probes: What is asked.
    """
    stored = [item for document in documents for item in clozes(document)]
    keys_NE = blank_states(model, [item.document for item in stored])
    asked_PE = blank_states(model, [probe.cloze for probe in probes])
    of_value: dict[str, list[int]] = defaultdict(list)
    for number, item in enumerate(stored):
        of_value[item.value].append(number)
    found: Scores = []
    for probe, asked_E in zip(probes, asked_PE, strict=True):
        near = (keys_NE @ asked_E).tolist()
        found.append(
            {
                key: max(near[number] for number in of_value[key])
                for key in probe.candidates
                if key in of_value
            }
        )
    return found


@torch.no_grad()
def blank_states(
    model: FusedModel, documents: Sequence[LinkedText], batch_size: int = 128
) -> torch.Tensor:
    """Unit hidden states of each text's first blank, without knowledge, (texts, D), or 0."""
    model.eval()
    found = torch.zeros(len(documents), model.hidden_size)
    for start in range(0, len(documents), batch_size):
        texts = [model.encoder.encode(item) for item in documents[start : start + batch_size]]
        batch = collate(texts, model.pad_id, with_knowledge=False)
        hidden_BLD = model(**batch.tensors()).hidden.float().cpu()
        for number, text in enumerate(texts):
            if text.blanks:
                state_D = hidden_BLD[number, text.blanks[0]]
                found[start + number] = F.normalize(state_D, dim=-1)
    return found
