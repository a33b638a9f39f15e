"""What the keys of an answer are called, looked up at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg.programs import Measure, Named, OfType, Program, parts
from kg.types import Step
from kg.values import ValueKey
from kptm.answering.sentences.languages import DEFAULT, language

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from kg.graph import KnowledgeGraph
    from kg.types import Entity
    from kptm.answering.answer_parts import ScoredEntity
    from kptm.answering.questions.naming import RelationNames
    from kptm.answering.sentences.values import Values


class ProgramNames:
    """The labels and types of what programs and answers name.

    Args:
        graph: Knows them.
        relations: Knows what relations are called.
        programs: The programs.
        answers: Keys of other entities.
        values: How values are written, in English by default.
    """

    def __init__(
        self,
        graph: KnowledgeGraph,
        relations: RelationNames,
        programs: Iterable[Program],
        answers: Iterable[str] = (),
        *,
        values: Values | None = None,
    ) -> None:
        nodes: dict[str, None] = dict.fromkeys(answers)
        steps: dict[str, None] = {}
        for program in programs:
            for part in parts(program):
                nodes.update(dict.fromkeys(_nodes(part)))
                steps.update(dict.fromkeys(step.relation for step in steps_of(part)))
        self._values = values or language(DEFAULT).values
        self._keys = [key for key in nodes if key and not isinstance(key, ValueKey)]
        self._entities: Mapping[str, Entity] = graph.entities(self._keys)
        self._relations = relations.labels(list(steps))

    def label(self, key: str) -> str:
        """What an entity, value, type or relation is called; an unknown one is its own name.

        Of entities with one name each has its type in brackets, or its key.
        """
        if isinstance(key, ValueKey):
            return self._values.text(key.literal)
        found = self._entities.get(key)
        if found is None:
            return self._relations.get(key, key)
        namesakes = [item for item in self._entities.values() if item.label == found.label]
        if len(namesakes) == 1:
            return found.label
        kinds = [item.types[:1] for item in namesakes]
        [kind] = found.types[:1] if kinds.count(found.types[:1]) == 1 and found.types else (key,)
        return f"{found.label} ({kind})"

    def relation(self, key: str) -> str:
        """What a relation is called."""
        return self._relations.get(key, key)

    def types(self, key: str) -> Sequence[str]:
        """The types of an entity, none of a value."""
        if isinstance(key, ValueKey):
            return ()
        found = self._entities.get(key)
        return found.types if found is not None else ()

    def entities(self) -> list[str]:
        """What all entities and types are called."""
        return [self.label(key) for key in self._keys]

    def labels(self) -> dict[str, str]:
        """All labels of entities, types and relations, by key."""
        named = {key: item.label for key, item in self._entities.items()}
        return {**named, **self._relations}


def node_of(answer: ScoredEntity) -> str:
    """An answer as a node: an entity's key, or a value's."""
    return ValueKey(answer.value) if answer.value is not None else str(answer.entity)


def steps_of(program: Program) -> Iterator[Step]:
    """The steps that a program takes itself, its parts' left out."""
    step = getattr(program, "step", None)
    if isinstance(step, Step):
        yield step
    measure = getattr(program, "measure", None)
    if isinstance(measure, Measure):
        yield from measure.steps


def _nodes(program: Program) -> Iterable[str]:
    if isinstance(program, Named):
        return program.keys
    return (program.type,) if isinstance(program, OfType) else ()
