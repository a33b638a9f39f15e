"""The entity links of a question, and other candidates for its names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kptm.answering.answer_parts import Evidence

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kptm.linking import LinkedText


def candidates_beside(document: LinkedText, entity: str) -> Iterable[str]:
    """Yield all candidates of each name in the question that may mean ``entity``."""
    for link in document.links:
        keys = {link.entity, *(item.entity for item in link.candidates)}
        if entity in keys:
            yield from keys


def links_of(document: LinkedText) -> tuple[Evidence, ...]:
    """The entity links of a question as evidence."""
    return tuple(
        Evidence("linking", f"{link.surface!r} is {link.entity}", score=link.score)
        for link in document.links
    )
