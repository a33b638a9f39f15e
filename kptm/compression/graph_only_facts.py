"""Makes questions about facts that only the graph states: no text names both of their entities.

They measure how much a model knows from the entity vectors alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kptm.evaluation.fusion.fact_probing import make_probes
from kptm.evaluation.fusion.study_facts import draw

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kg.view import GraphView
    from kptm.data import Phrasings
    from kptm.evaluation import Probe
    from kptm.linking import LinkedText

MAX_FACTS = 1_000
"""The maximum number of facts that are asked about; a hash chooses them."""


def graph_only_probes(
    graph: GraphView, documents: Iterable[LinkedText], phrasings: Phrasings, most: int = MAX_FACTS
) -> list[Probe]:
    """Make a cloze question for each fact whose two entities are not linked in the same text.

    Args:
        graph: The graph with the facts.
        documents: The linked texts that the model was trained on.
        phrasings: Phrasings of relations; a relation without any is asked as "head relation
            [MASK].".
        most: The maximum number of questions to return.
    """
    in_texts = {
        pair
        for document in documents
        for pair in _pairs(sorted({link.entity for link in document.links}))
    }
    # "B" marks the facts that only the graph states.
    facts = sorted(
        (
            fact.head,
            fact.relation,
            fact.tail,
            "A" if _sort_pair(fact.head, fact.tail) in in_texts else "B",
        )
        for fact in graph.match()
        if fact.head != fact.tail
    )
    ends = {end for head, _, tail, _ in facts for end in (head, tail)}
    labels = {key: record.label for key, record in graph.entities(sorted(ends)).items()}
    patterns = {relation: phrasings.of(relation)[0] for _, relation, _, _ in facts}
    probes = [probe for probe in make_probes(facts, patterns, labels) if probe.split == "B"]
    probes = [probe for probe in probes if len(probe.candidates) > 1]
    return sorted(probes, key=lambda x: (draw(x.head, x.relation, x.answer), x.head))[:most]


def _sort_pair(first: str, second: str) -> tuple[str, str]:
    return (first, second) if first < second else (second, first)


def _pairs(keys: list[str]) -> Iterable[tuple[str, str]]:
    return ((first, second) for place, first in enumerate(keys) for second in keys[place + 1 :])
