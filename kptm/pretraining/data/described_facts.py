"""Facts between entities that the graph describes in words: what KEPLER's loss learns from."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from kptm.errors import ModelError
from kptm.linking import LinkedText
from kptm.pretraining.data.corpus import Corpus

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from kg.view import GraphView
    from kptm.data.tokenize import EncodedText


class DescribedFact(NamedTuple):
    """A fact and the same with one end wrong; the ends are token ids of descriptions."""

    head: tuple[int, ...]
    relation: int
    tail: tuple[int, ...]
    wrong_head: tuple[int, ...]
    wrong_tail: tuple[int, ...]


class Descriptions:
    """Draws facts.

    Args:
        graph: What describes the entities; one without a description has its label.
        relations: Keys of the relations, in the order of their numbers.
        encode: Turns a text into tokens.
        folder: Where the encoded descriptions are kept.
        identity: What else they hang on.

    Raises:
        ModelError: The graph has no fact.
    """

    def __init__(
        self,
        graph: GraphView,
        relations: Sequence[str],
        encode: Callable[[LinkedText], EncodedText],
        folder: Path,
        identity: str,
    ) -> None:
        relation_id = {key: number for number, key in enumerate(relations)}
        entity_id: dict[str, int] = {}
        facts = [
            (
                entity_id.setdefault(triple.head, len(entity_id)),
                relation_id[triple.relation],
                entity_id.setdefault(triple.tail, len(entity_id)),
            )
            for triple in graph.match()
        ]
        if not facts:
            raise ModelError(
                "the graph has no fact between entities; leave description_weight at 0"
            )
        self._facts = np.array(facts, np.int32)
        self._texts = Corpus(
            folder, _describe_facts(graph, list(entity_id)), encode, identity=identity
        )
        self.digest = f"{self._texts.digest} {hashlib.sha256(self._facts.tobytes()).hexdigest()}"

    def draw(self, seed: tuple[int, ...]) -> DescribedFact:
        """A fact, and one whose head or tail is another entity: a pure function of ``seed``."""
        rng = np.random.default_rng(seed)
        head, relation, tail = self._facts[int(rng.integers(len(self._facts)))].tolist()
        other = int(rng.integers(len(self._texts)))
        wrong = (other, tail) if rng.random() < 0.5 else (head, other)
        ends = (self._texts[number].ids for number in (head, tail, *wrong))
        first, last, wrong_head, wrong_tail = ends
        return DescribedFact(first, relation, last, wrong_head, wrong_tail)


def _describe_facts(graph: GraphView, keys: list[str]) -> Iterator[LinkedText]:
    step = 1_000
    for start in range(0, len(keys), step):
        known = graph.entities(keys[start : start + step])
        for key in keys[start : start + step]:
            entity = known[key]
            yield LinkedText(
                f"{entity.label}: {entity.description}" if entity.description else entity.label
            )
