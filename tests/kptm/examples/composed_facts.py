"""The example world's triples and values in dictionaries, to compute answers by plain Python."""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import date

BORDERS = "shares border with"


class Facts:
    """The world's triples, values and types, in dictionaries."""

    def __init__(self, world):
        self.forward = defaultdict(lambda: defaultdict(set))
        self.backward = defaultdict(lambda: defaultdict(set))
        for head, relation, tail in rows(world.triples):
            self.forward[relation][head].add(tail)
            self.backward[relation][tail].add(head)
        self.value = defaultdict(dict)
        for head, relation, text in rows(world.values):
            self.value[relation][head] = text
        self.types = defaultdict(set)
        self.names = set()
        for line in world.entities.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            self.names |= {row["key"], row["label"], *row["aliases"]}
            for name in row["types"]:
                self.types[name].add(row["key"])

    def tails(self, heads, relation):
        """All tails of the heads by this relation."""
        heads = {heads} if isinstance(heads, str) else heads
        return set().union(*(self.forward[relation][head] for head in heads))

    def heads(self, relation, tails):
        """All heads that have one of the tails by this relation."""
        tails = {tails} if isinstance(tails, str) else tails
        return set().union(*(self.backward[relation][tail] for tail in tails))

    def borders(self, *places):
        """Everything that borders each of the places, in whichever direction the fact is stated."""
        each = [self.tails(place, BORDERS) | self.heads(BORDERS, place) for place in places]
        return set.intersection(*each)

    def number(self, entity, relation):
        """The value as a number; dates and years count in days and years."""
        text = self.value[relation][entity]
        return (
            date.fromisoformat(text).toordinal() if text.count("-") == 2 else float(text.split()[0])
        )

    def where(self, relation, test, base=None):
        """The entities of the base whose number passes the test."""
        known = set(self.value[relation]) & (set(self.value[relation]) if base is None else base)
        return {entity for entity in known if test(self.number(entity, relation))}

    def best(self, relation, base=None, largest=True, rank=1):
        """The entities of the base with the greatest, least or n-th number, including ties."""
        known = self.where(relation, lambda number: True, base)
        return best({entity: self.number(entity, relation) for entity in known}, largest, rank)

    def difference(self, relation, one, other):
        """The number of ``one`` minus that of ``other``."""
        return self.number(one, relation) - self.number(other, relation)

    def day(self, entity):
        """A date of birth, as a number."""
        return self.number(entity, "date of birth")


def best(scores, largest=True, rank=1):
    """The keys with the greatest, least or n-th score, including ties."""
    wanted = sorted(set(scores.values()), reverse=largest)[rank - 1]
    return {entity for entity, score in scores.items() if score == wanted}


def as_answers(result):
    """Answers as in a question file: sorted keys, a number, yes or no, a value's text, or none."""
    if isinstance(result, bool):
        return ("yes" if result else "no",)
    if isinstance(result, float | int):
        return (f"{result:g}" if result < 1e6 else str(round(result)),)
    return (result,) if isinstance(result, str) else tuple(sorted(result))


def rows(path):
    return [tuple(line.split("\t")) for line in path.read_text(encoding="utf-8").splitlines()]


def in_continent(facts, continent):
    """The countries of a continent."""
    return facts.heads("continent", continent) & facts.types["country"]


def moons(facts, planet):
    """The moons that orbit a planet."""
    return facts.heads("orbits", planet) & facts.types["moon"]


def only(entities):
    """The one entity of a set."""
    (entity,) = entities
    return entity
