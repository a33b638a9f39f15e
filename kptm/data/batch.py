"""KnowledgeBatch: the token ids of texts, and the entities that their tokens name.

Shapes: B texts, L tokens, M mentions of entities with a vector, R tokens of facts attached to
mentions, T targets that are entities.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kptm.data.tokenize import EncodedText

IGNORED = -100
"""The label of a token that a loss ignores; it is torch's default."""


@dataclass(slots=True)
class KnowledgeBatch:
    """Tensors of one batch.

    Attributes:
        input_ids: (B, L) token ids.
        attention_mask: (B, L) 1 for text, 0 for padding.
        mention_spans: (M, 3) text, first token, token after the last.
        mention_rows: (M,) rows of the entity table.
        candidate_rows: (M, C) rows of the candidates of each mention, padded with 0; None if the
            candidates are not used.
        candidate_priors: (M, C) the linker's p of each candidate, padded with 0.
        branch_ids: (B, R) tokens of the facts attached to mentions, padded; None without facts.
        branch_places: (B, R, 3) for each of these tokens: the number of the mention (-1 for
            padding), the number of the fact in the batch, and the token's place in it from 1.
        labels: (B, L) masked-LM targets, -100 elsewhere; None outside pretraining.
        target_places: (T, 2) text and token of each blank in place of an entity.
        score_rows: (S,) the rows that are scored, sorted; None scores all.
        target_rows: (T,) the correct rows, or their places in ``score_rows``; None if they are not
            known.
    """

    input_ids: torch.Tensor
    attention_mask: torch.Tensor
    mention_spans: torch.Tensor
    mention_rows: torch.Tensor
    candidate_rows: torch.Tensor | None = None
    candidate_priors: torch.Tensor | None = None
    branch_ids: torch.Tensor | None = None
    branch_places: torch.Tensor | None = None
    labels: torch.Tensor | None = None
    target_places: torch.Tensor | None = None
    score_rows: torch.Tensor | None = None
    target_rows: torch.Tensor | None = None

    def tensors(self) -> dict[str, torch.Tensor]:
        """The tensors that are not None by name: the arguments of a forward pass."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in values.items() if value is not None}


def collate(
    texts: Sequence[EncodedText], pad_id: int, *, with_knowledge: bool = True
) -> KnowledgeBatch:
    """Pad ``texts`` to one batch; their blanks become the targets.

    Args:
        texts: Encoded texts, at least one.
        pad_id: The padding token.
        with_knowledge: Whether mentions are included; without them, the batch is the input of a
            plain backbone.
    """
    length = max(len(text.ids) for text in texts)
    input_ids = torch.full((len(texts), length), pad_id, dtype=torch.long)
    attention_mask = torch.zeros((len(texts), length), dtype=torch.long)
    spans: list[tuple[int, int, int]] = []
    rows: list[int] = []
    candidates: list[tuple[tuple[int, float], ...]] = []
    positions: list[tuple[int, int]] = []
    for number, text in enumerate(texts):
        input_ids[number, : len(text.ids)] = torch.tensor(text.ids)
        attention_mask[number, : len(text.ids)] = 1
        positions.extend((number, at) for at in text.blanks)
        for span in text.spans:
            if span.row is not None and with_knowledge:
                spans.append((number, span.start, span.end))
                rows.append(span.row)
                candidates.append(span.candidates)
    candidate_rows, candidate_priors = _candidates(candidates)
    branch_ids, branch_places = _branches(texts, pad_id) if with_knowledge else (None, None)
    return KnowledgeBatch(
        input_ids=input_ids,
        attention_mask=attention_mask,
        mention_spans=torch.tensor(spans, dtype=torch.long).reshape(-1, 3),
        mention_rows=torch.tensor(rows, dtype=torch.long),
        candidate_rows=candidate_rows,
        candidate_priors=candidate_priors,
        branch_ids=branch_ids,
        branch_places=branch_places,
        target_places=torch.tensor(positions, dtype=torch.long).reshape(-1, 2),
    )


def _candidates(
    candidates: Sequence[tuple[tuple[int, float], ...]],
) -> tuple[torch.Tensor | None, torch.Tensor | None]:
    """Rows and priors of the candidates of mentions, padded; None if no mention has any."""
    max_candidates = max(map(len, candidates), default=0)
    if not max_candidates:
        return None, None
    rows = torch.zeros((len(candidates), max_candidates), dtype=torch.long)
    priors = torch.zeros((len(candidates), max_candidates))
    for number, of_mention in enumerate(candidates):
        for place, (row, p) in enumerate(of_mention):
            rows[number, place], priors[number, place] = row, p
    return rows, priors


def _branches(
    texts: Sequence[EncodedText], pad_id: int
) -> tuple[torch.Tensor | None, torch.Tensor | None]:
    """The tokens of the facts attached to mentions, and their places; see KnowledgeBatch."""
    ids: list[list[int]] = []
    positions: list[list[tuple[int, int, int]]] = []
    mention = fact = 0
    for text in texts:
        ids.append([])
        positions.append([])
        for span in text.spans:
            if span.row is None:
                continue
            for branch in span.branches:
                ids[-1].extend(branch)
                positions[-1].extend((mention, fact, i) for i in range(1, len(branch) + 1))
                fact += 1
            mention += 1
    length = max(map(len, ids))
    if not length:
        return None, None
    padding = [(-1, -1, 1)]
    return (
        torch.tensor([row + [pad_id] * (length - len(row)) for row in ids]),
        torch.tensor([row + padding * (length - len(row)) for row in positions]),
    )
