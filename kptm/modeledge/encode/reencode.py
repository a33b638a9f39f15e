"""Encodes records again by another model, from the stored texts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kptm.modeledge.encode.encode_texts import clozes, encode_clozes, mention_vectors
from kptm.modeledge.encode.ingest import DOCUMENTS_PER_TRANSACTION

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from kg.sql.cursor import Sql
    from kptm.fusion import FusedModel
    from kptm.linking import LinkedText
    from kptm.modeledge.encode.rebuild_texts import Rebuilder
    from kptm.modeledge.sql.transfer_record import TransferRecord

    VectorByPlace = dict[int, NDArray[np.float32]]
    """Vectors by the places of their records."""

KINDS = ("mention", "cloze", "fact")
"""The kinds of records that can be encoded again from a text."""


class Reencoder:
    """Encodes the records of one model by another model.

    Args:
        model: The model; it is set to evaluation mode.
        rebuilder: Rebuilds the texts of records.
    """

    def __init__(self, model: FusedModel, rebuilder: Rebuilder) -> None:
        model.eval()
        self._model = model
        self._rebuilder = rebuilder

    def encode(
        self, sql: Sql, items: Sequence[TransferRecord]
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Encode records.

        Args:
            sql: A transaction on the store that has the origins of the records.
            items: The records, all of one space.

        Returns:
            The places in ``items`` of the encoded records, sorted, and their vectors. A record is
            left out if a link of its text is not known, or if the model cuts off its mention in a
            long text.
        """
        texts = self._rebuilder.texts(sql, items)
        vector_of = self._mentions(items, texts) | self._clozes(items, texts)
        positions = np.array(sorted(vector_of), np.int64)
        if not vector_of:
            return positions, np.zeros((0, 0), np.float32)
        return positions, np.stack([vector_of[place] for place in positions.tolist()])

    def _mentions(
        self, items: Sequence[TransferRecord], texts: dict[str, LinkedText]
    ) -> VectorByPlace:
        wanted = [
            (place, item) for place, item in enumerate(items)
            if item.record.kind == "mention" and item.digest in texts
        ]  # fmt: skip
        documents = list({item.digest: texts[item.digest] for _, item in wanted}.values())
        vector_of: dict[tuple[str, int, int, str], NDArray[np.float32]] = {}
        for start in range(0, len(documents), DOCUMENTS_PER_TRANSACTION):
            vectors, records = mention_vectors(
                self._model, documents[start : start + DOCUMENTS_PER_TRANSACTION]
            )
            for vector, record in zip(vectors, records, strict=True):
                vector_of[record.text, record.start, record.end, record.value] = vector
        keys = (
            (place, (item.record.text, item.record.start, item.record.end, item.record.value))
            for place, item in wanted
        )
        return {place: vector_of[key] for place, key in keys if key in vector_of}

    def _clozes(
        self, items: Sequence[TransferRecord], texts: dict[str, LinkedText]
    ) -> VectorByPlace:
        clozes_by_place = [
            (place, cloze)
            for place, item in enumerate(items)
            if item.record.kind in ("cloze", "fact") and item.digest in texts
            for cloze in clozes(texts[item.digest])
            if cloze.value == item.record.value
        ]
        vectors = encode_clozes(self._model, [cloze for _, cloze in clozes_by_place])
        return {place: vector for (place, _), vector in zip(clozes_by_place, vectors, strict=True)}
