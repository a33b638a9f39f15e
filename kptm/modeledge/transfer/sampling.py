"""Draws random records to fit on, and others to hold out, which are from different texts.

Records of one text are alike, so that a text on both sides would make the measurement too good.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kg.sql.cursor import Sql
    from kptm.modeledge.sql.spaces import VectorSpace

MIN_RECORDS_PER_HELD_OUT = 5
"""At most one in this many records is held out."""


def sample(
    sql: Sql, space: VectorSpace, kinds: Sequence[str], most_held_out: int, others: int, seed: int
) -> tuple[list[int], list[int], int]:
    """Draw live records of a space: the held-out ones and the others have no text in common.

    Args:
        sql: A transaction.
        space: The space; 16 bytes per record are read into memory.
        kinds: The kinds of records to draw.
        most_held_out: The maximum number of records to hold out. If other records are drawn, at
            most one in :data:`MIN_RECORDS_PER_HELD_OUT` is held out.
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
    _, text_of_row = np.unique(rows[:, 1], return_inverse=True)
    texts = int(text_of_row.max(initial=-1)) + 1
    rank_of_text = np.random.default_rng(seed).permutation(texts)
    # The numbers of the rows, text after text, with the texts in random order.
    order = np.argsort(rank_of_text[text_of_row], kind="stable")
    count_held_out = min(most_held_out, count // MIN_RECORDS_PER_HELD_OUT if others else count)
    start = count_held_out
    while 0 < start < count and text_of_row[order[start]] == text_of_row[order[start - 1]]:
        start += 1  # the rest of the last held-out text belongs to neither
    held_out_rows, other_rows = order[:count_held_out], order[start : start + others]
    return np.sort(rows[held_out_rows, 0]).tolist(), np.sort(rows[other_rows, 0]).tolist(), count
