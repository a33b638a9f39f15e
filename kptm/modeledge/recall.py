"""Recall: records of the fact that a text's blank asks for, or records near each mention."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from kptm.data.tokenize import MASK
from kptm.modeledge.encode.encode_texts import fact_keys, mention_vectors
from kptm.modeledge.encode.ingest import BATCH
from kptm.modeledge.sql import spaces
from kptm.modeledge.sql.other_models import check_known

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from kg.sql.database import Database
    from kptm.fusion import FusedModel
    from kptm.linking import LinkedText
    from kptm.modeledge.records import Hit, RecordFilter

    Place = tuple[int, int, int, str]


@dataclass(frozen=True, slots=True)
class Recalled:
    """The records that one place of a text recalls.

    Attributes:
        way: "cloze" for the first blank, searched by its fact key; "mention" for a linked mention.
        start: Offset of the blank or mention in the text.
        end: Offset after it.
        entity: What the mention is linked to; "" for a blank.
        hits: The nearest records, best first.
    """

    way: str
    start: int
    end: int
    entity: str
    hits: tuple[Hit, ...]


class RecordSearch(Protocol):
    """The methods of :class:`~kptm.Modeledge` that recall needs."""

    @property
    def database(self) -> Database:
        """The database that lists the spaces."""

    def search(
        self, vectors: NDArray[np.float32], *, k: int, space: str, where: RecordFilter | None
    ) -> list[list[Hit]]:
        """See :meth:`kptm.Modeledge.search`."""


def recall(
    store: RecordSearch,
    model: FusedModel,
    documents: Sequence[LinkedText],
    k: int,
    where: RecordFilter | None,
) -> list[list[Recalled]]:
    """See :meth:`kptm.Modeledge.recall`."""
    model.eval()
    names = spaces.spaces_of(model)
    ways = {"cloze" if MASK in item.text else "mention"
            for item in documents if MASK in item.text or item.links}  # fmt: skip
    with store.database.reading() as sql:
        check_known(sql, names, ways)
    found: list[list[Recalled]] = [[] for _ in documents]
    for start in range(0, len(documents), BATCH):
        part = list(enumerate(documents))[start : start + BATCH]
        for way, (asked, vectors) in _encode_documents(model, part).items():
            for place, hits in zip(
                asked, store.search(vectors, k=k, space=names[way], where=where), strict=True
            ):
                number, first, last, entity = place
                found[number].append(Recalled(way, first, last, entity, tuple(hits)))
    return found


def _encode_documents(
    model: FusedModel, documents: Sequence[tuple[int, LinkedText]]
) -> dict[str, tuple[list[Place], NDArray[np.float32]]]:
    """For each way, the places of numbered documents to search for, with vectors (places, dim)."""
    made: dict[str, tuple[list[Place], NDArray[np.float32]]] = {}
    blank = [(number, item) for number, item in documents if MASK in item.text]
    if blank:
        keys = fact_keys(model, [item for _, item in blank])
        known = np.abs(keys).max(axis=1) > 0  # a blank after the cut of a long text recalls nothing
        starts = [(number, item.text.index(MASK)) for number, item in blank]
        places = [(number, at, at + len(MASK), "") for number, at in starts]
        made["cloze"] = [places[row] for row in np.flatnonzero(known).tolist()], keys[known]
    spoken: list[Place] = []
    vectors: list[NDArray[np.float32]] = []
    for number, item in documents:
        if item.links and MASK not in item.text:
            rows, records = mention_vectors(model, [item])
            spoken += [(number, record.start, record.end, record.value) for record in records]
            vectors.append(rows)
    if spoken:
        made["mention"] = spoken, np.concatenate(vectors)
    return made
