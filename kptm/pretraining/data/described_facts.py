"""Facts between entities with encoded descriptions: the examples of KEPLER's loss."""

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
    """A fact, and the same fact with a wrong head or tail; entities are tokens of descriptions."""

    head: tuple[int, ...]
    relation: int
    tail: tuple[int, ...]
    wrong_head: tuple[int, ...]
    wrong_tail: tuple[int, ...]


class Descriptions:
    """Draws facts with descriptions.

    Args:
        graph: The graph; an entity without a description is described by its label.
        relations: The keys of the relations, in the order of their numbers.
        encode: Encodes a text.
        folder: The folder of the encoded descriptions.
        identity: Other settings on which the encoded descriptions depend.

    Raises:
        ModelError: The graph has no fact between entities.
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
            folder, _describe_entities(graph, list(entity_id)), encode, identity=identity
        )
        self.digest = f"{self._texts.digest} {hashlib.sha256(self._facts.tobytes()).hexdigest()}"

    def draw(self, seed: tuple[int, ...]) -> DescribedFact:
        """Draw a fact, and a random entity in place of its head or tail, by ``seed`` alone."""
        rng = np.random.default_rng(seed)
        head, relation, tail = self._facts[int(rng.integers(len(self._facts)))].tolist()
        other = int(rng.integers(len(self._texts)))
        wrong = (other, tail) if rng.random() < 0.5 else (head, other)
        head_ids, tail_ids, wrong_head, wrong_tail = (
            self._texts[number].ids for number in (head, tail, *wrong)
        )
        return DescribedFact(head_ids, relation, tail_ids, wrong_head, wrong_tail)


def _describe_entities(graph: GraphView, keys: list[str]) -> Iterator[LinkedText]:
    """Yield the label and the description of each entity as a text."""
    step = 1_000
    for start in range(0, len(keys), step):
        entities = graph.entities(keys[start : start + step])
        for key in keys[start : start + step]:
            entity = entities[key]
            yield LinkedText(
                f"{entity.label}: {entity.description}" if entity.description else entity.label
            )
