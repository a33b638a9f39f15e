"""Looks up the labels of all keys in an answer in one query."""

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
    """The labels and types of the keys in programs and answers.

    Args:
        graph: The graph with the labels.
        relations: The labels of relations.
        programs: The programs.
        answers: The keys of further entities.
        values: Formats values, by default in English.
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
        """The label of an entity, value, type or relation; the key itself if it is unknown.

        If several entities have the same label, each gets its type or, if that is not unique, its
        key in brackets.
        """
        if isinstance(key, ValueKey):
            return self._values.text(key.literal)
        label = self._entities.get(key)
        if label is None:
            return self._relations.get(key, key)
        namesakes = [item for item in self._entities.values() if item.label == label.label]
        if len(namesakes) == 1:
            return label.label
        kinds = [item.types[:1] for item in namesakes]
        [kind] = label.types[:1] if kinds.count(label.types[:1]) == 1 and label.types else (key,)
        return f"{label.label} ({kind})"

    def relation(self, key: str) -> str:
        """The label of a relation."""
        return self._relations.get(key, key)

    def types(self, key: str) -> Sequence[str]:
        """The types of an entity; empty for a value."""
        if isinstance(key, ValueKey):
            return ()
        entity = self._entities.get(key)
        return entity.types if entity is not None else ()

    def entities(self) -> list[str]:
        """The labels of all entities and types."""
        return [self.label(key) for key in self._keys]

    def labels(self) -> dict[str, str]:
        """The labels of all entities, types and relations, by key."""
        named = {key: item.label for key, item in self._entities.items()}
        return {**named, **self._relations}


def node_of(answer: ScoredEntity) -> str:
    """The node of an answer: an entity's key, or a value's key."""
    return ValueKey(answer.value) if answer.value is not None else str(answer.entity)


def steps_of(program: Program) -> Iterator[Step]:
    """Yield the steps of the program itself, without those of its parts."""
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
