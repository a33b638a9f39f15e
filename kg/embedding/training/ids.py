"""Turns facts into the integer ids of a scorer."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    from kg.embedding.files.key_index import KeyIndex

    Fact = TypeVar("Fact", bound=tuple[str, str, str])


def facts_with_ids(
    facts: Iterable[Fact], entities: KeyIndex, relations: Mapping[str, int]
) -> tuple[list[Fact], NDArray[np.int64]]:
    """Keep the facts whose head, relation and tail all have ids.

    Returns:
        The N facts, and their ids, shape (N, 3).
    """
    candidates = [item for item in facts if item[1] in relations]
    id_of = entities.of({end for item in candidates for end in (item[0], item[2])})
    with_ids = [item for item in candidates if item[0] in id_of and item[2] in id_of]
    ids = [(id_of[head], relations[relation], id_of[tail]) for head, relation, tail in with_ids]
    return with_ids, np.array(ids, np.int64).reshape(-1, 3)
