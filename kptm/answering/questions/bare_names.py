"""Answers a question that is only a name ("France", "tell me about France") with its facts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kg.types import Attribute, Triple
from kg.values import value_text
from kptm.answering.answer import Answer
from kptm.answering.answer_parts import Evidence, ScoredEntity, Sense
from kptm.answering.questions.naming import RelationNames, labels

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kg.graph import KnowledgeGraph
    from kg.types import Attested
    from kptm.linking import Link, LinkedText

MAX_FACTS, MAX_RELATIONS, MAX_VALUES = 40, 6, 3
"""The maximum number of facts that are read, relations that are shown, and values shown for each
relation."""
_BARE = re.compile(
    r"^\W*(?:(?:who|what)(?:\s+(?:is|was|are|were)|['’]?s)"  # "what is Bruno", but not "… Bruno on"
    r"|(?:please\s+)?(?:tell\s+me|show\s+me|describe|what\s+do\s+you\s+know|what\s+is\s+known"
    r"|information|info|about|more|facts)(?:\s+(?:more|all|something))?(?:\s+(?:about|on))?)?"
    r"(?:\s*\b(?:the|a|an))?\W*(?:please)?\W*$",
    re.IGNORECASE,
)
OTHER_WORDS_FACTOR = 0.8
"""Factor of p if there are words beside the name, since "who is" may ask for an office."""
MIN_SENSE_P = 0.05
"""Other senses of the name are shown from this p on."""


def is_bare(document: LinkedText) -> bool:
    """Whether a text is a single name, alone or with a phrase such as "tell me about"."""
    return len(document.links) == 1 and _BARE.match(_without_names(document)) is not None


class Describer:
    """Describes entities by their facts.

    Args:
        graph: The graph.
    """

    def __init__(self, graph: KnowledgeGraph) -> None:
        self._graph = graph
        self._relations = RelationNames(graph)

    def answer(self, document: LinkedText) -> Answer:
        """Describe the likeliest sense of the only name in a text, and list its other senses."""
        [link] = document.links
        meant = sorted(_options(link).items(), key=lambda item: (-item[1], item[0]))
        key, p = meant[0]
        p *= OTHER_WORDS_FACTOR if re.search(r"\w", _without_names(document)) else 1.0
        facts = [
            item
            for item in self._graph.describe(key, limit=MAX_FACTS).facts
            if item.fact.head == key
        ]
        entity = self._graph.entity(key)
        others = [(other, share) for other, share in meant[1:] if share >= MIN_SENSE_P]
        known = self._graph.entities([other for other, _ in others])
        description = entity.description or ", ".join(entity.types)
        shown = "; ".join(self._lines(facts))
        text = ": ".join(
            filter(None, (entity.label, ". ".join(filter(None, (description, shown)))))
        )
        return Answer(
            question=document.text,
            entity=key,
            score=p,
            answers=(ScoredEntity(key, entity.label, p),),
            evidence=tuple(self._evidence(item, key) for item in facts),
            topic=key,
            description=text
            if facts or description
            else f"{entity.label}: the graph has no fact with it as the head",
            senses=tuple(
                Sense(other, known[other].label, share, ())
                for other, share in others
                if other in known
            ),
            labels={key: entity.label},
        )

    def _lines(self, facts: Sequence[Attested]) -> list[str]:
        """A line for each of the first relations, with the first values of the relation."""
        values: dict[str, list[str]] = {}
        for item in facts:
            values.setdefault(item.fact.relation, []).append(_end(item.fact))
        some = dict(list(values.items())[:MAX_RELATIONS])
        names = self._relations.labels(some.keys())
        named = labels(self._graph, [key for keys in some.values() for key in keys])
        lines = []
        for relation, ends in some.items():
            more = ", …" if len(ends) > MAX_VALUES else ""
            lines.append(
                f"{names[relation]} {', '.join(named[key] for key in ends[:MAX_VALUES])}{more}"
            )
        return lines

    def _evidence(self, item: Attested, key: str) -> Evidence:
        fact = item.fact
        return Evidence(
            "triple",
            f"{fact.head} | {fact.relation} | {_end(fact)}",
            key,
            triple=fact if isinstance(fact, Triple) else None,
            sources=tuple(
                name if line is None else f"{name}:{line}" for name, line in item.sources
            ),
            revision=item.revision,
        )


def _end(fact: Triple | Attribute) -> str:
    return fact.tail if isinstance(fact, Triple) else value_text(fact.value)


def _options(link: Link) -> dict[str, float]:
    """The entities that the name of a link may mean, each with its p."""
    options = {candidate.entity: candidate.prior for candidate in link.candidates}
    options.setdefault(link.entity, link.score)
    return options


def _without_names(document: LinkedText) -> str:
    """The text with a space in place of each character of its names."""
    text = list(document.text)
    for link in document.links:
        text[link.start : link.end] = " " * (link.end - link.start)
    return "".join(text)
