"""Recall: finds the records nearest to the first blank of a text, or to each of its mentions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from kptm.data.tokenize import MASK
from kptm.modeledge.encode.encode_texts import fact_keys, mention_vectors
from kptm.modeledge.encode.ingest import DOCUMENTS_PER_TRANSACTION
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
        entity: The entity of the mention; "" for a blank.
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
    """Recall records of texts; see :meth:`kptm.Modeledge.recall`."""
    model.eval()
    names = spaces.spaces_of(model)
    ways = {"cloze" if MASK in item.text else "mention"
            for item in documents if MASK in item.text or item.links}  # fmt: skip
    with store.database.reading() as sql:
        check_known(sql, names, ways)
    results: list[list[Recalled]] = [[] for _ in documents]
    numbered = list(enumerate(documents))
    for first in range(0, len(documents), DOCUMENTS_PER_TRANSACTION):
        part = numbered[first : first + DOCUMENTS_PER_TRANSACTION]
        for way, (positions, vectors) in _encode_documents(model, part).items():
            hits_of_places = store.search(vectors, k=k, space=names[way], where=where)
            for (number, start, end, entity), hits in zip(positions, hits_of_places, strict=True):
                results[number].append(Recalled(way, start, end, entity, tuple(hits)))
    return results


def _encode_documents(
    model: FusedModel, documents: Sequence[tuple[int, LinkedText]]
) -> dict[str, tuple[list[Place], NDArray[np.float32]]]:
    """The places to search for by way, "cloze" or "mention", with their vectors (places, dim)."""
    places_of: dict[str, tuple[list[Place], NDArray[np.float32]]] = {}
    with_blank = [(number, item) for number, item in documents if MASK in item.text]
    if with_blank:
        keys = fact_keys(model, [item for _, item in with_blank])
        has_key = np.abs(keys).max(axis=1) > 0  # false for a blank that the model cuts off
        starts = [(number, item.text.index(MASK)) for number, item in with_blank]
        blanks = [(number, at, at + len(MASK), "") for number, at in starts]
        rows_with_key = np.flatnonzero(has_key).tolist()
        places_of["cloze"] = [blanks[row] for row in rows_with_key], keys[has_key]
    mentions: list[Place] = []
    vectors: list[NDArray[np.float32]] = []
    for number, item in documents:
        if item.links and MASK not in item.text:
            rows, records = mention_vectors(model, [item])
            mentions += [(number, record.start, record.end, record.value) for record in records]
            vectors.append(rows)
    if mentions:
        places_of["mention"] = mentions, np.concatenate(vectors)
    return places_of
