"""How often things of a kind have the name of another thing: counties often, people seldom."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING

from kg.store.merging import entity_facts
from kptm.duplicates.name_keys import all_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from kg.sql.cursor import Sql
    from kptm.duplicates.blocks import WordCounts

    Role = tuple[int, bool]

SAMPLED_ENTITIES = 50_000
"""The most entities whose names are read."""
ENTITIES_PER_BATCH = 2_000
"""The number of entities whose names are read at a time."""
MIN_NAMESAKES = 3
"""The fewest things of one name that are namesakes: a duplicate alone makes two."""
PRIOR_ENTITIES = 10.0
"""The number of entities by which a rate is drawn to the rate of all entities."""


class NamesakeRates:
    """The share of entities with a relation, on either side, that have namesakes.

    Args:
        rates: The rate of each relation and side.
        overall: The rate of all entities, above 0.
    """

    def __init__(self, rates: Mapping[Role, float], overall: float) -> None:
        self._rates, self._overall = rates, overall

    @classmethod
    def of(cls, sql: Sql, entities: int, words: WordCounts) -> NamesakeRates:
        """Count the namesakes of a sample of the entities of a graph."""
        step = max(1, entities // SAMPLED_ENTITIES)
        rows = list(entity_facts.stream_roles(sql, step))
        every: Counter[Role] = Counter()
        shared: Counter[Role] = Counter()
        total = namesakes = 0
        for start in range(0, len(rows), ENTITIES_PER_BATCH):
            part = rows[start : start + ENTITIES_PER_BATCH]
            named = entity_facts.read_names(sql, [number for number, _ in part if number > 0])
            for number, roles in part:
                if number in named:
                    has = words[all_words(named[number].names[0])] >= MIN_NAMESAKES
                    every.update(roles)
                    shared.update(roles if has else ())
                    total += 1
                    namesakes += has
        overall = (namesakes + 0.5) / (total + 1)
        rates = {
            role: (shared[role] + PRIOR_ENTITIES * overall) / (count + PRIOR_ENTITIES)
            for role, count in every.items()
        }
        return cls(rates, overall)

    def of_pair(self, first: Iterable[Role], second: Iterable[Role]) -> float:
        """How much higher the rate of two entities' relations is than that of all, as log."""
        rates = [self._rates.get(role, self._overall) for role in {*first, *second}]
        if not rates:
            return 0.0
        return sum(math.log(rate / self._overall) for rate in rates) / len(rates)
