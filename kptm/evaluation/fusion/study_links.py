"""Links other than gold: those of the linker, and gold links with noise."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from kptm.data.tokenize import MASK
from kptm.errors import ConfigError
from kptm.evaluation.fusion.study_facts import draw
from kptm.linking import LinkedText

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kptm.evaluation.fusion.fact_probing import Probe
    from kptm.linking import Link, Linker

DEFAULT_NOISE = 0.2
"""The default share of links that are changed."""


def link_again(documents: Iterable[LinkedText], linker: Linker) -> list[LinkedText]:
    """The texts with the links of ``linker`` in place of their own; none covers a [MASK]."""
    return [_without_blanks(item) for item in linker.link_many(item.text for item in documents)]


def _without_blanks(document: LinkedText) -> LinkedText:
    text, blanks, position = document.text, list[int](), document.text.find(MASK)
    while position >= 0:
        blanks.append(position)
        position = text.find(MASK, position + len(MASK))
    if not blanks:
        return document
    outside_blanks = (
        link
        for link in document.links
        if all(link.end <= position or link.start >= position + len(MASK) for position in blanks)
    )
    return LinkedText(text, tuple(outside_blanks))


def with_noise(
    documents: Iterable[LinkedText], entities: Iterable[str], share: float, seed: int
) -> list[LinkedText]:
    """Texts in which a share of the gold links is changed to another entity, drawn uniformly.

    The draw depends on the seed, the text and the start of a link, not on the order of the texts.

    Raises:
        ConfigError: ``share`` is not between 0 and 1, or there is no other entity.
    """
    if not 0 <= share <= 1:
        raise ConfigError(f"the share of wrong links must be between 0 and 1, not {share}")
    names = sorted(set(entities))
    if len(names) < 2:
        raise ConfigError("wrong links need two entities at least; give more facts")
    positions = {name: number for number, name in enumerate(names)}

    def swap_entity(text: str, link: Link) -> Link:
        where = (str(seed), text, str(link.start))
        if draw("swap", *where) >= share:
            return link
        step = 1 + int(draw("other", *where) * (len(names) - 1))
        return replace(
            link, entity=names[(positions.get(link.entity, 0) + step) % len(names)], candidates=()
        )

    return [
        LinkedText(item.text, tuple(swap_entity(item.text, link) for link in item.links))
        for item in documents
    ]


def with_clozes(probes: Sequence[Probe], clozes: Iterable[LinkedText]) -> list[Probe]:
    """The probes with other clozes, given in the same order."""
    return [replace(probe, cloze=cloze) for probe, cloze in zip(probes, clozes, strict=True)]
