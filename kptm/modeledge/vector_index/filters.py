"""Filters, which select rows before the search, so that it returns the k nearest that pass."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kptm.modeledge.sql import oplog
from kptm.modeledge.sql.record_rows import all_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kg.sql.cursor import Sql
    from kptm.modeledge.records import RecordFilter
    from kptm.modeledge.sql.record_rows import Condition
    from kptm.modeledge.sql.spaces import VectorSpace


def ids_of(sql: Sql, space: VectorSpace, where: RecordFilter) -> NDArray[np.int64]:
    """The ids of a space's rows that pass a filter, sorted.

    The log has the rows that were live after a past operation, but not their sources at that time,
    so every source that ever attested a text counts.
    """
    past = where.operation is not None
    conditions: list[Condition] = [
        (f"r.{column} = ?", [wanted])
        for column, wanted in (
            ("kind", where.kind),
            ("value", where.value),
            ("relation", where.relation),
        )
        if wanted is not None
    ]
    if where.source is not None:
        conditions.append(attested_by(where.source, past=past))
    if not past:
        conditions.append(("r.live = 1", []))
    text, parameters = all_of(("r.space_id = ?", [space.id]), *conditions)
    query = f"SELECT r.id FROM modeledge_record r WHERE {text} ORDER BY r.id"
    ids = np.fromiter((row[0] for row in sql.all(query, parameters)), np.int64)
    if past:
        ids = np.intersect1d(ids, oplog.living(sql, space.id, where.operation))
    return ids


def attested_by(source: str, *, past: bool = False) -> Condition:
    """The condition that a source attests a record's text, or with ``past`` ever did."""
    alive = "" if past else " AND a.live = 1"
    query = f"SELECT a.origin_id FROM modeledge_attestation a WHERE a.source = ?{alive}"
    return f"r.origin_id IN ({query})", [source]
