"""Writes triples as text: short phrases to attach to mentions, and sentences for pretraining."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from kptm.data.phrasings import HEAD, TAIL, Phrasings, fill
from kptm.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from kg.types import Triple
    from kg.view import GraphView
    from kptm.linking import LinkedText

_TRIPLES_PER_BATCH = 1_000
_HUMP = re.compile(r"(?<=[a-z])[A-Z](?=[a-z]|\b)")


class EntityFacts:
    """The facts of each entity as short phrases: ``{"Georgia": ("capital Tbilisi",)}``.

    Args:
        texts: The facts by the entity's key.
    """

    def __init__(self, texts: Mapping[str, Sequence[str]]) -> None:
        self._texts = {key: tuple(facts) for key, facts in sorted(texts.items()) if facts}

    @classmethod
    def of(cls, graph: GraphView, *, most: int = 2) -> EntityFacts:
        """The first ``most`` facts of each head, sorted by relation and tail, as "relation tail".

        K-BERT attaches two (Liu et al. 2020).
        """
        facts_of: dict[str, list[tuple[str, str]]] = defaultdict(list)
        for triple in graph.match():
            facts = [*facts_of[triple.head], (triple.relation, triple.tail)]
            facts_of[triple.head] = sorted(facts)[:most]
        relations = {relation.key: relation.label for relation in graph.relations()}
        texts: dict[str, list[str]] = {}
        heads_in_order = iter(sorted(facts_of))
        while heads := list(islice(heads_in_order, _TRIPLES_PER_BATCH)):
            tails = graph.entities({tail for head in heads for _, tail in facts_of[head]})
            for head in heads:
                texts[head] = [
                    f"{_words(relations[relation])} {tails[tail].label}"
                    for relation, tail in facts_of[head]
                ]
        return cls(texts)

    def __len__(self) -> int:
        return len(self._texts)

    def __getitem__(self, key: str) -> tuple[str, ...]:
        """The facts of an entity; empty if it has none."""
        return self._texts.get(key, ())

    def none(self) -> EntityFacts:
        """No fact."""
        return EntityFacts({})

    def permuted(self, seed: int) -> EntityFacts:
        """The same facts assigned to wrong entities, for a control arm."""
        keys = list(self._texts)
        ring = np.random.default_rng(seed).permutation(len(keys)).tolist()
        texts = {
            keys[ring[place]]: self._texts[keys[ring[place - 1]]] for place in range(len(ring))
        }
        return EntityFacts(texts)

    def lines(self) -> Iterator[str]:
        """Yield the facts of each entity as a line of JSON, in the order of the keys."""
        for key, facts in self._texts.items():
            yield json.dumps([key, *facts], ensure_ascii=False) + "\n"

    def save(self, path: str | Path) -> None:
        """Write JSON Lines."""
        with Path(path).open("w", encoding="utf-8") as file:
            file.writelines(self.lines())

    @classmethod
    def load(cls, path: str | Path) -> EntityFacts:
        """Read what :meth:`save` wrote.

        Raises:
            ModelError: A line is malformed.
        """
        texts: dict[str, list[str]] = {}
        with Path(path).open(encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                try:
                    key, *texts[key] = json.loads(line)
                except (ValueError, TypeError) as error:
                    raise ModelError(
                        f"{path}, line {number}: no facts of an entity ({error});"
                        " save the model again"
                    ) from error
        return cls(texts)


def verbalise(
    graph: GraphView, phrasings: Phrasings | None = None, *, among: Iterable[Triple] | None = None
) -> Iterator[LinkedText]:
    """Yield each triple of the graph as a sentence with its two entities linked.

    Args:
        graph: The graph.
        phrasings: Phrasings of the relations, of which the best is used. A relation without any is
            written as "head relation tail."
        among: The triples to write, by default all.
    """
    phrasings = phrasings or Phrasings({})
    relations = {relation.key: relation.label for relation in graph.relations()}
    stream = iter(graph.match() if among is None else among)
    while triples := list(islice(stream, _TRIPLES_PER_BATCH)):
        entities = graph.entities({end for triple in triples for end in (triple.head, triple.tail)})
        for triple in triples:
            patterns = phrasings.patterns_of(triple.relation)
            plain = f"{HEAD} {_words(relations[triple.relation])} {TAIL}."
            ends = {HEAD: triple.head, TAIL: triple.tail}
            names = {slot: (entities[key].label, key) for slot, key in ends.items()}
            yield fill(patterns[0] if patterns else plain, names)


def _words(relation: str) -> str:
    """The label of a relation as words: "birthPlace" and "birth_place" become "birth place"."""
    spaced = _HUMP.sub(lambda match: " " + match[0].lower(), relation)
    return spaced.replace("_", " ")
