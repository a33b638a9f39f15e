"""Computes vectors of linked texts: of each mention, and of a blank in place of each entity."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import torch

from kptm.data import collate
from kptm.data.tokenize import MASK
from kptm.linking import Link, LinkedText
from kptm.modeledge.records import Record

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from kptm.fusion import FusedModel


@dataclass(frozen=True, slots=True)
class Cloze:
    """A text with one blank, and the entity that belongs there."""

    document: LinkedText
    value: str
    record: Record


def clozes(document: LinkedText, kind: str = "cloze") -> Iterator[Cloze]:
    """Yield a cloze per linked entity; its mentions are blanks, the record has the first one."""
    for entity in document.entities():
        others = tuple(key for key in document.entities() if key != entity)
        blanked, first = _blank(document, entity)
        record = Record(
            kind=kind,
            value=entity,
            context=others,
            text=document.text,
            start=first.start,
            end=first.end,
        )
        yield Cloze(blanked, entity, record)


def _blank(document: LinkedText, entity: str) -> tuple[LinkedText, Link]:
    parts: list[str] = []
    links: list[Link] = []
    position = length = 0
    first: Link | None = None
    for link in document.links:
        before = document.text[position : link.start]
        surface = MASK if link.entity == entity else link.surface
        start = length + len(before)
        if link.entity != entity:
            links.append(Link(start, start + len(surface), surface, link.entity, link.score))
        elif first is None:
            first = link
        parts += [before, surface]
        length = start + len(surface)
        position = link.end
    parts.append(document.text[position:])
    if first is None:
        raise KeyError(entity)
    return LinkedText("".join(parts), tuple(links)), first


def encode_clozes(model: FusedModel, items: Sequence[Cloze]) -> NDArray[np.float32]:
    """Fact keys, shape (len(items), 4E): which entity and relation each first blank asks for."""
    return fact_keys(model, [item.document for item in items])


@torch.no_grad()
def fact_keys(
    model: FusedModel, documents: Sequence[LinkedText], batch_size: int = 128
) -> NDArray[np.float32]:
    """Fact keys of the first blank of each document, shape (len(documents), 4E)."""
    import numpy as np

    parts: list[NDArray[np.float32]] = []
    for start in range(0, len(documents), batch_size):
        texts = model.encoder.encode_many(documents[start : start + batch_size])
        batch = collate([type(text)(text.ids, text.spans, text.blanks[:1]) for text in texts],
                        model.pad_id)  # fmt: skip
        # The model need not score entities, which is slow and takes much memory for a large table.
        no_rows = torch.empty(0, dtype=torch.long)
        keys = model(**replace(batch, score_rows=no_rows).tensors()).fact_keys
        part = np.zeros((len(texts), 4 * model.embeddings.dim), dtype=np.float32)
        if keys is not None:  # the key of a blank after the cut of a long text stays zero
            rows = [number for number, text in enumerate(texts) if text.blanks]
            part[rows] = keys.float().cpu().numpy()
        parts.append(part)
    return np.concatenate(parts) if parts else np.zeros((0, 4 * model.embeddings.dim), np.float32)


@torch.no_grad()
def mention_vectors(
    model: FusedModel, documents: Iterable[LinkedText]
) -> tuple[NDArray[np.float32], list[Record]]:
    """The mean hidden state of each mention, shape (mentions, D), with its record."""
    import numpy as np

    documents = list(documents)
    texts = model.encoder.encode_many(documents)
    records: list[Record] = []
    rows: list[NDArray[np.float32]] = []
    if not documents:
        return np.zeros((0, model.hidden_size), np.float32), records
    hidden = model(**collate(texts, model.pad_id).tensors()).hidden
    for number, (document, text) in enumerate(zip(documents, texts, strict=True)):
        # A link after the cut of a long text, or on characters that the tokenizer drops, has no
        # tokens.
        links = iter(document.links)
        for span in text.spans:
            link = next(link for link in links if link.entity == span.entity)
            rows.append(hidden[number, span.start : span.end].mean(0).float().cpu().numpy())
            context = tuple(key for key in document.entities() if key != link.entity)
            records.append(
                Record(
                    kind="mention",
                    value=link.entity,
                    context=context,
                    text=document.text,
                    start=link.start,
                    end=link.end,
                )
            )
    return np.stack(rows) if rows else np.zeros((0, hidden.shape[-1]), np.float32), records
