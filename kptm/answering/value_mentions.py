"""Values in questions: "films of 1984" names a year that the graph's facts end in, and perhaps a film."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kg.types import Candidate
from kg.values import ValueKey
from kptm.linking import Link, LinkedText

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kg.graph import KnowledgeGraph

_VALUE = re.compile(
    r"https?://[^\s?<>\"]+|[^\s@<>,;]+@[^\s@<>,;]+\.[A-Za-z]{2,}|(?<![\w.,-])[+-]?\d[\w.,:/-]*\w(?!\w)|(?<![\w.,-])\d(?!\w)"
)
"""What may be a value in running text: a URL, an e-mail address, what begins with a digit."""
SHARE = 0.5
"""p that a value is meant where an entity has the same name."""


def with_values(graph: KnowledgeGraph, document: LinkedText) -> LinkedText:
    """A linked question with the graph's values that it names; a longer name that holds one stays what it is."""
    places = [found.span() for found in _VALUE.finditer(document.text)]
    if not places:
        return document
    links = {(link.start, link.end): link for link in document.links}
    taken = [(start, end) for start, end in links if (start, end) not in places]
    for start, end in places:
        if any(start < stop and begin < end for begin, stop in taken):
            continue
        link = links.get((start, end))
        found = value_mention(graph, document.text, start, end, link.candidates if link else ())
        if found is not None:
            links[start, end] = found
    ordered = tuple(links[place] for place in sorted(links))
    return LinkedText(document.text, ordered) if ordered != document.links else document


def value_mention(
    graph: KnowledgeGraph, text: str, start: int, end: int, entities: Sequence[Candidate]
) -> Link | None:
    """The link of a name that may mean entities, values, or both; None where it means nothing.

    Args:
        graph: The graph.
        text: The question.
        start: Where the name begins.
        end: Where it ends.
        entities: What it may mean of the graph's entities, best first, with p.
    """
    name = text[start:end]
    values = [ValueKey(item) for item in graph.values(name)]
    if not values:
        if not entities:
            return None
        best = entities[0]
        return Link(start, end, name, best.entity, best.prior, tuple(entities))
    share = SHARE if entities else 1.0
    found = [Candidate(key, share / len(values)) for key in values]
    found += [Candidate(item.entity, item.prior * (1 - share)) for item in entities]
    found.sort(key=lambda item: -item.prior)
    return Link(start, end, name, found[0].entity, found[0].prior, tuple(found))
