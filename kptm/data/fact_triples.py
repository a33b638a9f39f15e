"""The triples that fusion of kind "kblam" reads, each as one key and one value."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from kg.types import Triple
from kptm.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator

    from kg.view import GraphView


class FactTriples:
    """Facts in a fixed order, and the relations that they may have.

    Args:
        triples: (head, relation, tail) of each fact; a fact that comes twice is kept once.
        relations: The relations that a model learns; by default those of the facts. Name more if
            facts with other relations will be read later.

    Attributes:
        triples: The facts.
        relations: The relations, sorted.
    """

    def __init__(
        self, triples: Iterable[tuple[str, str, str]], relations: Iterable[str] = ()
    ) -> None:
        self.triples = tuple(dict.fromkeys(Triple(*fact) for fact in triples))
        self.relations = tuple(sorted({*relations, *(fact.relation for fact in self.triples)}))

    @classmethod
    def of(cls, graph: GraphView) -> FactTriples:
        """All facts between entities of a graph."""
        return cls(sorted(graph.match()))

    def __len__(self) -> int:
        return len(self.triples)

    def among(self, keys: Container[str]) -> FactTriples:
        """The facts whose head and tail are among ``keys``."""
        return FactTriples(
            (fact for fact in self.triples if fact.head in keys and fact.tail in keys),
            self.relations,
        )

    def none(self) -> FactTriples:
        """The same relations without any fact."""
        return FactTriples((), self.relations)

    def permuted(self, seed: int) -> FactTriples:
        """The same facts with wrong heads, for a control arm."""
        heads = sorted({fact.head for fact in self.triples})
        order = [heads[place] for place in np.random.default_rng(seed).permutation(len(heads))]
        # A cycle, because a plain shuffle would leave about one head its own facts.
        other = dict(pairwise([*order, *order[:1]]))
        return FactTriples(
            ((other[fact.head], fact.relation, fact.tail) for fact in self.triples), self.relations
        )

    def lines(self) -> Iterator[str]:
        """Yield the relations as a line of JSON, then a line for each fact."""
        yield json.dumps(self.relations, ensure_ascii=False) + "\n"
        for fact in self.triples:
            yield json.dumps(fact, ensure_ascii=False) + "\n"

    def save(self, path: str | Path) -> None:
        """Write JSON Lines."""
        with Path(path).open("w", encoding="utf-8") as file:
            file.writelines(self.lines())

    @classmethod
    def load(cls, path: str | Path) -> FactTriples:
        """Read what :meth:`save` wrote.

        Raises:
            ModelError: A line is malformed.
        """
        try:
            with Path(path).open(encoding="utf-8") as file:
                relations, *facts = map(json.loads, file)
            return cls(facts, relations)
        except (ValueError, TypeError) as error:
            raise ModelError(f"{path}: no facts ({error}); save the model again") from error
