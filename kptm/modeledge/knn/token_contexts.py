"""Contexts of tokens: a vector for each place of a text, with the token of that place as its value.

The vector is a hidden state of the last layer. An encoder reads the mask token in place of the
token, without the vector of an entity whose name the token is part of. A decoder takes the state of
the token before.

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

BATCH = 64
"""Texts that are read at once."""


class Context(NamedTuple):
    """A place of a text, with its token.

    Attributes:
        text: The text that the model reads.
        place: The position whose hidden state is taken.
        token: The id of the token that belongs there, or next.
    """

    text: EncodedText
    place: int
    token: int


def token_space(model: FusedModel) -> str:
    """The space of a model's contexts."""
    return f"token:{model.fingerprint()}"


def names_of(model: FusedModel, ids: Sequence[int]) -> list[str]:
    """Tokens as the vocabulary writes them; unlike decoded text, these are unique."""
    return [str(name) for name in model.tokenizer.convert_ids_to_tokens(list(ids))]


def contexts(model: FusedModel, document: LinkedText) -> Iterator[Context]:
    """The tokens of a text but special ones, in order; a decoder has no context for the first."""
    text = model.encoder.encode(document)
    text = EncodedText(text.ids, text.spans)  # no entity is asked for
    own = set(model.tokenizer.all_special_ids)
    for place, token in enumerate(text.ids):
        if token in own or (model.causal and place == 0):
            continue
        if model.causal:
            yield Context(text, place - 1, token)
            continue
        ids = (*text.ids[:place], model.encoder.mask_id, *text.ids[place + 1 :])
        spans = tuple(span for span in text.spans if not span.start <= place < span.end)
        yield Context(EncodedText(ids, spans), place, token)


@torch.no_grad()
def states(model: FusedModel, found: Sequence[Context]) -> torch.Tensor:
    """Hidden states of contexts, shape (N, D), in their order.

    A text with several contexts, a decoder's, is read once.
    """
    model.eval()
    state_ND = torch.zeros(len(found), model.hidden_size)
    rows_of: dict[int, list[int]] = {}
    for row, item in enumerate(found):
        rows_of.setdefault(id(item.text), []).append(row)
    groups = list(rows_of.values())
    for start in range(0, len(groups), BATCH):
        part = groups[start : start + BATCH]
        batch = collate([found[rows[0]].text for rows in part], model.pad_id)
        hidden_BLD = model(**batch.tensors()).hidden.float().cpu()
        for hidden_LD, rows in zip(hidden_BLD, part, strict=True):
            state_ND[rows] = hidden_LD[[found[row].place for row in rows]]
    return state_ND


def write_tokens(store: Modeledge, model: FusedModel, texts: Iterable[LinkedText]) -> int:
    """Write the contexts of texts, each text as one operation and source; return how many.

    A text whose contexts are stored is skipped: the space is read once to find these. A forgotten
    text is written again.
    """
    space = token_space(model)
    held = {record.text for record, _ in store.vectors(space)}
    written = 0
    for document in texts:
        found = [] if document.text in held else list(contexts(model, document))
        held.add(document.text)
        if not found:
            continue
        values = names_of(model, [item.token for item in found])
        records = [Record(kind="token", value=value, text=document.text) for value in values]
        store.add(
            states(model, found).numpy(),
            values,
            space=space,
            source=of_text(document.text),
            records=records,
        )
        written += len(values)
    return written
