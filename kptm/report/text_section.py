"""The section with linked texts: mentions coloured by entity, and below them their entities."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from kptm.report.drawings.palette import COLOURS
from kptm.report.markup import text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kptm.linking.document import LinkedText
    from kptm.linking.link import Link


def entity_slots(linked: Sequence[LinkedText]) -> dict[str, int]:
    """Choose a colour for each entity.

    There are more entities than colours. Two entities in one text, or with one name, get different
    colours as long as there are any left: Georgia the state never looks like Georgia the country.
    """
    apart: dict[str, set[str]] = {}
    named: dict[str, set[str]] = {}
    for document in linked:
        mentioned = set(document.entities())
        for link in document.links:
            apart.setdefault(link.entity, set()).update(mentioned)
            named.setdefault(link.surface.casefold(), set()).add(link.entity)
    for entities in named.values():
        for entity in entities:
            apart[entity] |= entities
    slots: dict[str, int] = {}
    uses: Counter[int] = Counter()
    for entity, others in apart.items():
        slots_of_others = {slots[other] for other in others if other in slots}
        free = [slot for slot in range(COLOURS) if slot not in slots_of_others] or list(
            range(COLOURS)
        )
        slots[entity] = min(free, key=lambda slot: (uses[slot], slot))
        uses[slots[entity]] += 1
    return slots


def linked_texts(linked: Sequence[LinkedText], labels: Mapping[str, str]) -> str:
    """A card for each text; "" without texts."""
    slots = entity_slots(linked)
    cards = "".join(_card(document, labels, slots) for document in linked)
    return f'<div class="columns">{cards}</div>' if cards else ""


def _card(document: LinkedText, labels: Mapping[str, str], slots: Mapping[str, int]) -> str:
    # Imported late, because it imports the linker, which is loaded if there are linked texts.
    from kptm.linking.export.html import mark

    reading = mark(
        document,
        lambda link: f'class="c{slots[link.entity]}" title="{text(_hover(link, labels))}"',
    )
    best: dict[str, Link] = {}
    for link in document.links:
        if link.entity not in best or link.score > best[link.entity].score:
            best[link.entity] = link
    chips = "".join(_chip(link, labels, slots[entity]) for entity, link in best.items())
    notes = f'<ul class="chips">{chips}</ul>' if chips else ""
    return f'<article class="card"><p class="reading" dir="auto">{reading}</p>{notes}</article>'


def _chip(link: Link, labels: Mapping[str, str], slot: int) -> str:
    label, _, description = labels.get(link.entity, link.entity).partition(" — ")
    return (
        f'<li class="c{slot}"><b dir="auto">{text(label)}</b> '
        f'<span class="what" dir="auto">{text(description)}</span> '
        f'<span class="score">{link.score:.2f}</span></li>'
    )


def _hover(link: Link, labels: Mapping[str, str]) -> str:
    title = f"{labels.get(link.entity, link.entity)} (p = {link.score:.2f})"
    others = [candidate for candidate in link.candidates if candidate.entity != link.entity][:3]
    if others:
        names = (
            labels.get(candidate.entity, candidate.entity).partition(" — ")[0]
            for candidate in others
        )
        title += "; not " + ", ".join(names)
    return title
