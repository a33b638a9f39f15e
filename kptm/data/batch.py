"""KnowledgeBatch: token ids and, beside them, which tokens name which entity.

Shapes: B texts, L tokens, M mentions with a vector, R tokens of facts that hang on them, T entity
targets.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kptm.data.tokenize import EncodedText

IGNORED = -100
"""The label of a token that no loss looks at, as everywhere in torch."""


@dataclass(slots=True)
class KnowledgeBatch:
    """Tensors of one batch.

    Attributes:
        input_ids: (B, L) token ids.
        attention_mask: (B, L) 1 for text, 0 for padding.
        mention_spans: (M, 3) text, first token, token after the last.
        mention_rows: (M,) rows of the entity table.
        candidate_rows: (M, C) rows of what each may mean, 0 to fill up; None where links are
            certain.
        candidate_priors: (M, C) p of each by the linker, 0 to fill up.
        branch_ids: (B, R) tokens of facts that hang on mentions, padded; None where there are none.
        branch_places: (B, R, 3) of each the mention, -1 for padding, which fact of the batch, and
            its place in it from 1.
        labels: (B, L) masked-LM targets, -100 elsewhere; None outside pretraining.
        target_places: (T, 2) text and token of each blank that stands for an entity.
        score_rows: (S,) the rows that are scored, sorted; None scores all.
        target_rows: (T,) the right rows, or their places among ``score_rows``; None where they are
            not known.
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
        """The tensors by name, None left out: what a forward pass takes."""
        found = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in found.items() if value is not None}


def collate(
    texts: Sequence[EncodedText], pad_id: int, *, with_knowledge: bool = True
) -> KnowledgeBatch:
    """Pad ``texts`` into one batch; their blanks become the targets.

    Args:
        texts: Encoded texts, at least one.
        pad_id: The padding token.
        with_knowledge: False leaves every mention out: the plain backbone's input.
    """
    length = max(len(text.ids) for text in texts)
    input_ids = torch.full((len(texts), length), pad_id, dtype=torch.long)
    attention_mask = torch.zeros((len(texts), length), dtype=torch.long)
    spans: list[tuple[int, int, int]] = []
    rows: list[int] = []
    meant: list[tuple[tuple[int, float], ...]] = []
    places: list[tuple[int, int]] = []
    for number, text in enumerate(texts):
        input_ids[number, : len(text.ids)] = torch.tensor(text.ids)
        attention_mask[number, : len(text.ids)] = 1
        places.extend((number, at) for at in text.blanks)
        for span in text.spans:
            if span.row is not None and with_knowledge:
                spans.append((number, span.start, span.end))
                rows.append(span.row)
                meant.append(span.candidates)
    candidate_rows, candidate_priors = _candidates(meant)
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
        target_places=torch.tensor(places, dtype=torch.long).reshape(-1, 2),
    )


def _candidates(
    meant: Sequence[tuple[tuple[int, float], ...]],
) -> tuple[torch.Tensor | None, torch.Tensor | None]:
    """Rows and priors of mentions' candidates as arrays; None where no mention has any."""
    most = max(map(len, meant), default=0)
    if not most:
        return None, None
    rows = torch.zeros((len(meant), most), dtype=torch.long)
    priors = torch.zeros((len(meant), most))
    for number, found in enumerate(meant):
        for place, (row, p) in enumerate(found):
            rows[number, place], priors[number, place] = row, p
    return rows, priors


def _branches(
    texts: Sequence[EncodedText], pad_id: int
) -> tuple[torch.Tensor | None, torch.Tensor | None]:
    """Facts of the mentions, text by text."""
    ids: list[list[int]] = []
    places: list[list[tuple[int, int, int]]] = []
    mention = fact = 0
    for text in texts:
        ids.append([])
        places.append([])
        for span in text.spans:
            if span.row is None:
                continue
            for branch in span.branches:
                ids[-1].extend(branch)
                places[-1].extend((mention, fact, at) for at in range(1, len(branch) + 1))
                fact += 1
            mention += 1
    length = max(map(len, ids))
    if not length:
        return None, None
    padding = [(-1, -1, 1)]
    return (
        torch.tensor([row + [pad_id] * (length - len(row)) for row in ids]),
        torch.tensor([row + padding * (length - len(row)) for row in places]),
    )
