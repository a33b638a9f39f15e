"""Facts as the scorer's ids."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    from kg.embedding.files.key_index import KeyIndex

    Fact = TypeVar("Fact", bound=tuple[str, str, str])


def known_facts(
    facts: Iterable[Fact], rows: KeyIndex, relations: Mapping[str, int]
) -> tuple[list[Fact], NDArray[np.int64]]:
    """Those facts that name nothing but what has an id, and their ids, shape (N, 3)."""
    some = [item for item in facts if item[1] in relations]
    found = rows.of({end for item in some for end in (item[0], item[2])})
    kept = [item for item in some if item[0] in found and item[2] in found]
    ids = [(found[head], relations[relation], found[tail]) for head, relation, tail in kept]
    return kept, np.array(ids, np.int64).reshape(-1, 3)
