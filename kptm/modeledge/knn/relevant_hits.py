"""Relevant neighbours: they name the question's entity, and their value is a candidate answer."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Container, Iterable

    from kptm.modeledge.records import Hit

OVERFETCH = 16
"""k times this many rows are retrieved, because rows about other facts are filtered out."""


def relevant(hits: Iterable[Hit], entity: str, among: Container[str], k: int) -> list[Hit]:
    """The ``k`` nearest hits that name ``entity`` and whose value is ``among`` the candidates.

    Args:
        hits: The results of a search for ``k * OVERFETCH`` rows, best first.
        entity: The question's entity. A text that does not name it is no evidence.
        among: The keys of the candidates.
        k: The maximum number of neighbours to return.
    """
    matching = (hit for hit in hits if hit.value in among and entity in hit.record.context)
    return list(islice(matching, k))
