"""Which neighbours may speak of a question: rows that name the entity it is about, and hold something it can be answered by."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Container, Iterable

    from kptm.modeledge.records import Hit

WIDER = 16
"""How many times as many rows are looked at as may speak: those of an entity's other facts, and other entities' like facts, stand between."""


def about(hits: Iterable[Hit], entity: str, among: Container[str], k: int) -> list[Hit]:
    """The ``k`` nearest of ``hits`` that name ``entity`` beside their value, and whose value is ``among`` the candidates.

    Args:
        hits: From a search for ``k * WIDER`` rows, best first.
        entity: Whom the question is about; what a text that does not name it says is no evidence.
        among: The candidates.
        k: How many.
    """
    fitting = (hit for hit in hits if hit.value in among and entity in hit.record.context)
    return list(islice(fitting, k))
