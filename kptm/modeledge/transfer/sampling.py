"""Draws random records such that the parts of a sample share no text."""

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
    sql: Sql, space: VectorSpace, kinds: Sequence[str], held: int, others: int, seed: int
) -> tuple[list[int], list[int], int]:
    """Draw live records of a space by their texts.

    Args:
        sql: A transaction.
        space: The space; 16 bytes a record are read into memory.
        kinds: The kinds of records to draw.
        held: The most records to hold out. A fifth of all is held out if that is less, and none if
            that is too few.
        others: How many other records to draw.
        seed: The seed of the draw.

    Returns:
        The ids of the held-out records and of the others, sorted, and the number of all records.
    """
    listed, parameter = sql.values(list(kinds))
    query = (
        "SELECT id, origin_id FROM modeledge_record"
        f" WHERE space_id = ? AND live = 1 AND kind IN {listed} ORDER BY id"
    )
    found = np.array(list(sql.stream(query, (space.id, parameter))), np.int64).reshape(-1, 2)
    count = len(found)
    _, text = np.unique(found[:, 1], return_inverse=True)
    places = np.random.default_rng(seed).permutation(int(text.max(initial=-1)) + 1)
    order = np.argsort(places[text], kind="stable")  # random order of texts
    first = min(held, count // SHARE if others else count)
    cut = first
    while 0 < cut < count and text[order[cut]] == text[order[cut - 1]]:
        cut += 1  # the rest of the last held-out text
    chosen = order[:first], order[cut : cut + others]
    return np.sort(found[chosen[0], 0]).tolist(), np.sort(found[chosen[1], 0]).tolist(), count
