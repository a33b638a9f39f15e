"""Contexts of tokens: one vector per token of a text, with the token as its value.

The vector is a hidden state of the last layer. For an encoder, the token is masked, and the entity
vector of a mention that contains it is left out. For a decoder, it is the state of the previous
token.

Shapes: N contexts, L tokens, D hidden.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import torch

from kptm.data import collate
from kptm.data.tokenize import EncodedText
from kptm.modeledge.records import Record
from kptm.modeledge.sql.provenance import of_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from kptm.fusion import FusedModel
    from kptm.linking import LinkedText
    from kptm.modeledge.store import Modeledge

TEXTS_PER_BATCH = 64
"""Texts per batch."""


class Context(NamedTuple):
    """A place of a text, with its token.

    Attributes:
        text: The text that the model reads.
        place: The position whose hidden state is the vector.
        token: The id of the token at this position, or for a decoder at the next.
    """

    text: EncodedText
    place: int
    token: int


def token_space(model: FusedModel) -> str:
    """The space of a model's contexts."""
    return f"token:{model.fingerprint()}"


def names_of(model: FusedModel, ids: Sequence[int]) -> list[str]:
    """Tokens as they are written in the vocabulary, which are unique, unlike decoded text."""
    return [str(name) for name in model.tokenizer.convert_ids_to_tokens(list(ids))]


def contexts(model: FusedModel, document: LinkedText) -> Iterator[Context]:
    """Yield the contexts of all tokens except special ones, and except a decoder's first token."""
    text = model.encoder.encode(document)
    text = EncodedText(text.ids, text.spans)  # without blanks: no entity is to be predicted
    special = set(model.tokenizer.all_special_ids)
    for place, token in enumerate(text.ids):
        if token in special or (model.causal and place == 0):
            continue
        if model.causal:
            yield Context(text, place - 1, token)
            continue
        ids = (*text.ids[:place], model.encoder.mask_id, *text.ids[place + 1 :])
        spans = tuple(span for span in text.spans if not span.start <= place < span.end)
        yield Context(EncodedText(ids, spans), place, token)


@torch.no_grad()
def states(model: FusedModel, context_list: Sequence[Context]) -> torch.Tensor:
    """Hidden states of contexts, shape (N, D), in their order.

    A decoder reads a text once for all its contexts.
    """
    model.eval()
    state_ND = torch.zeros(len(context_list), model.hidden_size)
    rows_of: dict[int, list[int]] = {}
    for row, item in enumerate(context_list):
        rows_of.setdefault(id(item.text), []).append(row)
    groups = list(rows_of.values())
    for start in range(0, len(groups), TEXTS_PER_BATCH):
        part = groups[start : start + TEXTS_PER_BATCH]
        batch = collate([context_list[rows[0]].text for rows in part], model.pad_id)
        hidden_BLD = model(**batch.tensors()).hidden.float().cpu()
        for hidden_LD, rows in zip(hidden_BLD, part, strict=True):
            state_ND[rows] = hidden_LD[[context_list[row].place for row in rows]]
    return state_ND


def write_tokens(store: Modeledge, model: FusedModel, texts: Iterable[LinkedText]) -> int:
    """Write the contexts of texts, each text as one operation and source; return their number.

    A text whose contexts are stored is skipped; to find these texts, the space is read once. A
    forgotten text is written again.
    """
    space = token_space(model)
    stored_texts = {record.text for record, _ in store.vectors(space)}
    written = 0
    for document in texts:
        context_list = [] if document.text in stored_texts else list(contexts(model, document))
        stored_texts.add(document.text)
        if not context_list:
            continue
        values = names_of(model, [item.token for item in context_list])
        records = [Record(kind="token", value=value, text=document.text) for value in values]
        store.add(
            states(model, context_list).numpy(),
            values,
            space=space,
            source=of_text(document.text),
            records=records,
        )
        written += len(values)
    return written
