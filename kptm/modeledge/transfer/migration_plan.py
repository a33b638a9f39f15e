"""Plans the migration of a space: encode all of it, or map it if the map's recall suffices."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from kptm.errors import ModeledgeError
from kptm.modeledge.encode.reencode import KINDS
from kptm.modeledge.sql import spaces, transfer_record
from kptm.modeledge.transfer import procrustes
from kptm.modeledge.transfer.agreement import agreement, recall
from kptm.modeledge.transfer.sampling import sample

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kg.sql.database import Database
    from kptm.modeledge.encode.reencode import Reencoder
    from kptm.modeledge.sql.spaces import VectorSpace
    from kptm.modeledge.transfer.agreement import Agreement

METHODS = ("auto", "encode", "map")

RECORDS_PER_TRANSACTION = 256
"""The number of records that are encoded and written in one transaction."""

MAX_HELD_OUT = 1_000
"""The maximum number of records that are held out to measure recall."""

MIN_HELD_OUT = 50
"""The minimum number of held-out records; with fewer, no map is accepted."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The plan of a space's migration.

    Attributes:
        old: The old space.
        new: The name of the new space.
        rotation: The map; None if all records are encoded.
        anchors: The number of records on which the map was fitted.
        agreement: Measured on held-out records.
        encoded: The new vectors of anchors and held-out records, by the id of the row; they need
            not be encoded again.
    """

    old: VectorSpace
    new: str
    rotation: procrustes.OrthogonalMap | None = None
    anchors: int = 0
    agreement: Agreement | None = None
    encoded: dict[int, NDArray[np.float32]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Pairs:
    """Vectors of both models, shapes (n, D) and (n, E), with the records' ids and values."""

    ids: list[int]
    old: NDArray[np.float32]
    new: NDArray[np.float32]
    values: list[str]


def check_settings(method: str, anchors: int, target: float) -> None:
    """Refuse invalid settings.

    Raises:
        ModeledgeError: A setting is invalid.
    """
    if method not in METHODS:
        raise ModeledgeError(f"method {method!r} is unknown; there is {', '.join(METHODS)}")
    if anchors < 1 or not 0 <= target <= 1:
        raise ModeledgeError(
            f"a map needs an anchor and a target from 0 to 1, not {anchors} and {target}"
        )


class Planner:
    """Plans the migration of spaces.

    Args:
        database: The database of the store.
        encoder: The encoder of the new model.
        seed: The seed of the samples.
    """

    def __init__(self, database: Database, encoder: Reencoder, seed: int) -> None:
        self._database = database
        self._encoder = encoder
        self._seed = seed

    def plan(self, old: VectorSpace, new: str, method: str, anchors: int, target: float) -> Plan:
        """Plan the migration of a space; nothing is written.

        Raises:
            ModeledgeError: The space is to be mapped, and there are too few records to fit or
                measure a map, or the map misses the target.
        """
        encode_all = Plan(old, new)
        if method == "encode":
            return encode_all
        with self._database.reading() as sql:
            held_out, chosen, count = sample(sql, old, KINDS, MAX_HELD_OUT, anchors, self._seed)
        if method == "auto" and count <= 2 * (len(held_out) + len(chosen)):
            return encode_all  # a map would need at least half of the records encoded
        try:
            plan = self._fit_map(old, new, held_out, chosen)
            recall_reached = plan.agreement.recall if plan.agreement is not None else 0.0
            if recall_reached < target:
                raise ModeledgeError(
                    f"a map of {old.name} by {plan.anchors:,} anchors reaches {recall_reached:.3f}"
                    f" of re-encoding's recall, below {target}; nothing was written: use"
                    ' method="encode", or take more anchors'
                )
        except ModeledgeError:
            if method == "map":
                raise
            return encode_all
        return plan

    def _fit_map(self, old: VectorSpace, new: str, held_out: list[int], chosen: list[int]) -> Plan:
        """Fit and measure the map of a space."""
        if len(held_out) < MIN_HELD_OUT:
            self._refuse(old, len(held_out))
        held_pairs = self._pairs(old, held_out)
        if len(held_pairs.ids) < MIN_HELD_OUT:
            self._refuse(old, len(held_pairs.ids))
        anchors = self._pairs(old, chosen)
        rotation = procrustes.best(anchors.old, anchors.new, recall, self._seed)
        measured = agreement(rotation(held_pairs.old), held_pairs.new, held_pairs.values)
        encoded = {
            number: vector
            for pairs in (held_pairs, anchors)
            for number, vector in zip(pairs.ids, pairs.new, strict=True)
        }
        return Plan(old, new, rotation, len(anchors.ids), measured, encoded)

    def _refuse(self, space: VectorSpace, count: int) -> None:
        raise ModeledgeError(
            f"{space.name} has too few records that can be encoded:"
            f" {count} could be held out to measure a map,"
            f' but {MIN_HELD_OUT} are needed; use method="encode"'
        )

    def measure_encoding(self, plan: Plan) -> Agreement | None:
        """Encode a sample of the new space again, and compare it with the stored vectors.

        Returns:
            The agreement; None if the space has no texts.
        """
        with self._database.reading() as sql:
            new = spaces.find(sql, plan.new)
            if new is None:
                return None
            ids, _, _ = sample(sql, new, KINDS, MAX_HELD_OUT, 0, self._seed)
        pairs = self._pairs(new, ids)
        return agreement(pairs.old, pairs.new, pairs.values) if pairs.ids else None

    def _pairs(self, space: VectorSpace, ids: list[int]) -> _Pairs:
        """The vectors of records by both models, for the records that can be encoded."""
        row_ids: list[int] = []
        values: list[str] = []
        old, new = [np.zeros((0, space.dim), np.float32)], []
        for start in range(0, len(ids), RECORDS_PER_TRANSACTION):
            with self._database.reading() as sql:
                items, vectors = transfer_record.of_ids(
                    sql, space, ids[start : start + RECORDS_PER_TRANSACTION]
                )
                positions, encoded = self._encoder.encode(sql, items)
            if len(positions):
                old.append(vectors[positions])
                new.append(encoded)
                row_ids.extend(items[place].id for place in positions.tolist())
                values.extend(items[place].record.value for place in positions.tolist())
        all_new = np.concatenate(new) if new else np.zeros((0, 0), np.float32)
        return _Pairs(row_ids, np.concatenate(old), all_new, values)
