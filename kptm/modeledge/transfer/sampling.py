"""Draws random records to hold out and to fit on, such that both share no text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kg.sql.cursor import Sql
    from kptm.modeledge.sql.spaces import VectorSpace

SHARE = 5
"""At most one in this many records is held out."""


def sample(
    sql: Sql, space: VectorSpace, kinds: Sequence[str], most_held_out: int, others: int, seed: int
) -> tuple[list[int], list[int], int]:
    """Draw live records of a space, text by text.

    Args:
        sql: A transaction.
        space: The space; 16 bytes per record are read into memory.
        kinds: The kinds of records to draw.
        most_held_out: The maximum number of records to hold out. If other records are drawn, at
            most one in :data:`SHARE` is held out.
        others: The number of other records to draw.
        seed: The seed of the draw.

    Returns:
        The ids of the held-out records and of the others, sorted, and the number of all records.
    """
    listed, parameter = sql.values(list(kinds))
    query = (
        "SELECT id, origin_id FROM modeledge_record"
        f" WHERE space_id = ? AND live = 1 AND kind IN {listed} ORDER BY id"
    )
    rows = np.array(list(sql.stream(query, (space.id, parameter))), np.int64).reshape(-1, 2)
    count = len(rows)
    _, text = np.unique(rows[:, 1], return_inverse=True)
    places = np.random.default_rng(seed).permutation(int(text.max(initial=-1)) + 1)
    order = np.argsort(places[text], kind="stable")  # the rows, with their texts in random order
    held_count = min(most_held_out, count // SHARE if others else count)
    start = held_count
    while 0 < start < count and text[order[start]] == text[order[start - 1]]:
        start += 1  # skips the rest of the last held-out text
    held_rows, other_rows = order[:held_count], order[start : start + others]
    return np.sort(rows[held_rows, 0]).tolist(), np.sort(rows[other_rows, 0]).tolist(), count
