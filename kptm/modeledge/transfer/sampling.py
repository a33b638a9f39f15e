"""Records drawn at random, such that no two parts of a sample have a text in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kg.sql.cursor import Sql
    from kptm.modeledge.sql.spaces import VectorSpace

SHARE = 5
"""One in so many records is held out, at most."""


def sample(
    sql: Sql, space: VectorSpace, kinds: Sequence[str], held: int, others: int, seed: int
) -> tuple[list[int], list[int], int]:
    """Draw live records of a space by their texts.

    Args:
        sql: A transaction.
        space: The space; 16 bytes a record are read into memory.
        kinds: Kinds of records that count.
        held: How many are held out at most; a fifth of them where that is less, none of them where
            that is too few.
        others: How many come beside.
        seed: Of the draw.

    Returns:
        The ids that are held out and the others, sorted, and how many records count.
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
    order = np.argsort(places[text], kind="stable")  # texts at random, each one's records together
    first = min(held, count // SHARE if others else count)
    cut = first
    while 0 < cut < count and text[order[cut]] == text[order[cut - 1]]:
        cut += 1  # the rest of the last text that is held out
    chosen = order[:first], order[cut : cut + others]
    return np.sort(found[chosen[0], 0]).tolist(), np.sort(found[chosen[1], 0]).tolist(), count
