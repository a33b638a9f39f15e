"""Triples as text: short ones that hang on a mention, and sentences to pretrain on."""

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

_BATCH = 1_000
_HUMP = re.compile(r"(?<=[a-z])[A-Z](?=[a-z]|\b)")


class EntityFacts:
    """What is known of each entity, in a few words: ``{"Georgia": ("capital Tbilisi",)}``.

    Args:
        texts: Facts by the entity's key.
    """

    def __init__(self, texts: Mapping[str, Sequence[str]]) -> None:
        self._texts = {key: tuple(found) for key, found in sorted(texts.items()) if found}

    @classmethod
    def of(cls, graph: GraphView, *, most: int = 2) -> EntityFacts:
        """The first facts of each head by relation and tail, as "relation tail".

        K-BERT has two (Liu et al. 2020).
        """
        kept: dict[str, list[tuple[str, str]]] = defaultdict(list)
        for triple in graph.match():
            kept[triple.head] = sorted([*kept[triple.head], (triple.relation, triple.tail)])[:most]
        relations = {relation.key: relation.label for relation in graph.relations()}
        texts: dict[str, list[str]] = {}
        heads_in_order = iter(sorted(kept))
        while heads := list(islice(heads_in_order, _BATCH)):
            known = graph.entities({tail for head in heads for _, tail in kept[head]})
            for head in heads:
                texts[head] = [
                    f"{_words(relations[relation])} {known[tail].label}"
                    for relation, tail in kept[head]
                ]
        return cls(texts)

    def __len__(self) -> int:
        return len(self._texts)

    def __getitem__(self, key: str) -> tuple[str, ...]:
        """The facts of an entity, none where nothing is known."""
        return self._texts.get(key, ())

    def none(self) -> EntityFacts:
        """No fact."""
        return EntityFacts({})

    def permuted(self, seed: int) -> EntityFacts:
        """The same facts told of the wrong entities: what a control arm reads."""
        keys = list(self._texts)
        ring = np.random.default_rng(seed).permutation(len(keys)).tolist()
        told = {keys[ring[place]]: self._texts[keys[ring[place - 1]]] for place in range(len(ring))}
        return EntityFacts(told)

    def lines(self) -> Iterator[str]:
        """One JSON value a line, in the order of the keys."""
        for key, found in self._texts.items():
            yield json.dumps([key, *found], ensure_ascii=False) + "\n"

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
    """Every triple of the graph as a sentence with its two entities linked.

    Args:
        graph: The graph.
        phrasings: How relations are said; the best phrasing of each is taken. Without any, "head
            relation tail."
        among: Some triples of the graph, all by default.
    """
    phrasings = phrasings or Phrasings({})
    relations = {relation.key: relation.label for relation in graph.relations()}
    stream = iter(graph.match() if among is None else among)
    while triples := list(islice(stream, _BATCH)):
        known = graph.entities({end for triple in triples for end in (triple.head, triple.tail)})
        for triple in triples:
            said = phrasings.patterns_of(triple.relation)
            pattern = said[0] if said else f"{HEAD} {_words(relations[triple.relation])} {TAIL}."
            ends = {HEAD: triple.head, TAIL: triple.tail}
            yield fill(pattern, {slot: (known[key].label, key) for slot, key in ends.items()})


def _words(relation: str) -> str:
    """A relation's label as words: "birthPlace" and "birth_place" are birth place."""
    apart = _HUMP.sub(lambda found: " " + found[0].lower(), relation)
    return apart.replace("_", " ")
