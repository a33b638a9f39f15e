"""Baselines without fusion: most common object, link prediction, graph lookup, nearest text.

Each returns scores over a probe's candidates, as the model does. No scores count as a wrong answer.
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
"""Per probe: the score of each candidate."""


def majority(probes: Iterable[Probe], triples: Iterable[tuple[str, str, str]]) -> Scores:
    """The number of triples of the relation with each candidate as object."""
    count: dict[str, Counter[str]] = defaultdict(Counter)
    for _, relation, tail in triples:
        count[relation][tail] += 1
    return [
        {key: float(count[probe.relation][key]) for key in probe.candidates} for probe in probes
    ]


def lookup(probes: Iterable[Probe], triples: Iterable[tuple[str, str, str]]) -> Scores:
    """The objects in the graph: right by construction if it has the fact, else no scores."""
    tails: dict[tuple[str, str], set[str]] = defaultdict(set)
    for head, relation, tail in triples:
        tails[head, relation].add(tail)
    return [
        {key: 1.0 for key in probe.candidates if key in tails[probe.head, probe.relation]}
        for probe in probes
    ]


def by_embeddings(probes: Sequence[Probe], embeddings: EntityEmbeddings) -> Scores:
    """Link prediction by the embeddings' scorer."""
    rows = embeddings.keys.of({probe.head for probe in probes})
    rows |= embeddings.keys.of({key for probe in probes for key in probe.candidates})
    scores_of_probes: Scores = []
    for probe in probes:
        if probe.head not in rows or probe.relation not in embeddings.relations:
            scores_of_probes.append({})
            continue
        query = torch.tensor([[rows[probe.head], embeddings.relation_id(probe.relation)]])
        scores = embeddings.scorer().tail_scores(query)[0].tolist()
        scores_of_probes.append({key: scores[rows[key]] for key in probe.candidates if key in rows})
    return scores_of_probes


def nearest_texts(
    model: FusedModel, documents: Iterable[LinkedText], probes: Sequence[Probe]
) -> Scores:
    """The cosine of the nearest training cloze with this answer (BERT-kNN, Kassner & Schütze 2020).

    Clozes are compared by the hidden states of their blanks, without knowledge. Each linked entity
    of a training text is replaced by a blank once.

    Args:
        model: A model trained without knowledge on ``documents``.
        documents: The training texts.
        probes: The probes.
    """
    stored = [item for document in documents for item in clozes(document)]
    keys_NE = blank_states(model, [item.document for item in stored])
    asked_PE = blank_states(model, [probe.cloze for probe in probes])
    of_value: dict[str, list[int]] = defaultdict(list)
    for number, item in enumerate(stored):
        of_value[item.value].append(number)
    cosines_of_probes: Scores = []
    for probe, asked_E in zip(probes, asked_PE, strict=True):
        near = (keys_NE @ asked_E).tolist()
        cosines_of_probes.append(
            {
                key: max(near[number] for number in of_value[key])
                for key in probe.candidates
                if key in of_value
            }
        )
    return cosines_of_probes


@torch.no_grad()
def blank_states(
    model: FusedModel, documents: Sequence[LinkedText], batch_size: int = 128
) -> torch.Tensor:
    """The normalised hidden state of each text's first blank, shape (N, D); 0 without a blank."""
    model.eval()
    states_ND = torch.zeros(len(documents), model.hidden_size)
    for start in range(0, len(documents), batch_size):
        texts = [model.encoder.encode(item) for item in documents[start : start + batch_size]]
        batch = collate(texts, model.pad_id, with_knowledge=False)
        hidden_BLD = model(**batch.tensors()).hidden.float().cpu()
        for number, text in enumerate(texts):
            if text.blanks:
                state_D = hidden_BLD[number, text.blanks[0]]
                states_ND[start + number] = F.normalize(state_D, dim=-1)
    return states_ND
