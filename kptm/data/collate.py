"""KnowledgeBatch: token ids and, beside them, which tokens name which entity.

Shapes: B texts, L tokens, M mentions with a vector, T entity targets.
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
        mention_spans: (M, 3) text, first token, token behind the last.
        mention_rows: (M,) rows of the entity table.
        candidate_rows: (M, C) rows of what each may mean, 0 to fill up; None where links are certain.
        candidate_priors: (M, C) p of each by the linker, 0 to fill up.
        labels: (B, L) masked-LM targets, -100 elsewhere; None outside pretraining.
        target_places: (T, 2) text and token of each blank that stands for an entity.
        score_rows: (S,) the rows that are scored, sorted; None scores all.
        target_rows: (T,) the right rows, or their places among ``score_rows``; None where they are not known.
    """

    input_ids: torch.Tensor
    attention_mask: torch.Tensor
    mention_spans: torch.Tensor
    mention_rows: torch.Tensor
    candidate_rows: torch.Tensor | None = None
    candidate_priors: torch.Tensor | None = None
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
    return KnowledgeBatch(
        input_ids=input_ids,
        attention_mask=attention_mask,
        mention_spans=torch.tensor(spans, dtype=torch.long).reshape(-1, 3),
        mention_rows=torch.tensor(rows, dtype=torch.long),
        candidate_rows=candidate_rows,
        candidate_priors=candidate_priors,
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
