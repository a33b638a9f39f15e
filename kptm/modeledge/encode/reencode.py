"""Encodes records again by another model, from the stored texts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kptm.modeledge.encode.encode_texts import clozes, encode_clozes, mention_vectors
from kptm.modeledge.encode.ingest import BATCH

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from kg.sql.cursor import Sql
    from kptm.fusion import FusedModel
    from kptm.linking import LinkedText
    from kptm.modeledge.encode.rebuild_texts import Rebuilder
    from kptm.modeledge.sql.transfer_record import TransferRecord

    Found = dict[int, NDArray[np.float32]]
    """Vectors, keyed by the place of their record."""

KINDS = ("mention", "cloze", "fact")
"""Kinds of records that can be encoded again from a text."""


class Reencoder:
    """Encodes the records of one model by another model.

    Args:
        model: The model; it is set to evaluation mode.
        rebuilder: Gives the texts.
    """

    def __init__(self, model: FusedModel, rebuilder: Rebuilder) -> None:
        model.eval()
        self._model = model
        self._rebuilder = rebuilder

    def encode(
        self, sql: Sql, items: Sequence[TransferRecord]
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Vectors of records.

        Args:
            sql: A transaction on the store that has their origins.
            items: The records, all of one space.

        Returns:
            The places in ``items`` of the encoded records, sorted, and their vectors. A record is
            left out if a link of its text is not known, or if its mention comes after the point
            where the model cuts long texts.
        """
        texts = self._rebuilder.texts(sql, items)
        found = self._mentions(items, texts) | self._clozes(items, texts)
        places = np.array(sorted(found), np.int64)
        if not found:
            return places, np.zeros((0, 0), np.float32)
        return places, np.stack([found[place] for place in places.tolist()])

    def _mentions(self, items: Sequence[TransferRecord], texts: dict[str, LinkedText]) -> Found:
        wanted = [
            (place, item) for place, item in enumerate(items)
            if item.record.kind == "mention" and item.digest in texts
        ]  # fmt: skip
        asked = list({item.digest: texts[item.digest] for _, item in wanted}.values())
        made: dict[tuple[str, int, int, str], NDArray[np.float32]] = {}
        for start in range(0, len(asked), BATCH):
            vectors, records = mention_vectors(self._model, asked[start : start + BATCH])
            for vector, record in zip(vectors, records, strict=True):
                made[record.text, record.start, record.end, record.value] = vector
        keys = ((place, item.record) for place, item in wanted)
        named = ((place, (one.text, one.start, one.end, one.value)) for place, one in keys)
        return {place: made[key] for place, key in named if key in made}

    def _clozes(self, items: Sequence[TransferRecord], texts: dict[str, LinkedText]) -> Found:
        asked = [
            (place, cloze)
            for place, item in enumerate(items)
            if item.record.kind in ("cloze", "fact") and item.digest in texts
            for cloze in clozes(texts[item.digest])
            if cloze.value == item.record.value
        ]
        vectors = encode_clozes(self._model, [cloze for _, cloze in asked])
        return {place: vector for (place, _), vector in zip(asked, vectors, strict=True)}
