"""Adds facts, entities and relations to the graph of a workspace by hand."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from kg.errors import UnknownKeyError
from kg.naming.valid_names import as_record, checked_key, checked_record
from kg.types import Attribute, EntityRecord, Literal, Statement, Triple
from kg.values import ValueKey

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kg.types import Record
    from kptm.workspace.graph import WorkspaceGraph


@dataclass(frozen=True, slots=True)
class AddReport:
    """The result of an addition.

    Attributes:
        added: The number of new items.
        revision: The revision, by which it can be undone; 0 if the source states everything
            already.
        records: The records, with keys.
        new_entities: The keys of entities that the graph did not have.
        new_relations: The keys of relations that the graph did not have.
    """

    added: int
    revision: int
    records: tuple[Record, ...]
    new_entities: tuple[str, ...]
    new_relations: tuple[str, ...]


def records_of(
    name: str,
    relation: str | None = None,
    tail: str | Literal | None = None,
    *,
    label: str | None = None,
    aliases: Iterable[str] = (),
    types: Iterable[str] = (),
    description: str | None = None,
    confidence: float | None = None,
) -> list[Record]:
    """The records of a form with these fields: an entity, a fact about it, or both."""
    items: list[Record] = []
    others, kinds = tuple(aliases), tuple(types)
    if label or others or kinds or description or relation is None:
        items.append(
            EntityRecord(
                key=name, label=label, aliases=others, types=kinds, description=description
            )
        )
    if relation is not None and tail is not None:
        fact = (
            Attribute(name, relation, tail)
            if isinstance(tail, Literal)
            else Triple(name, relation, tail)
        )
        items.append(fact if confidence is None else Statement(fact, confidence=confidence))
    return items


def add(
    ws: WorkspaceGraph,
    items: Iterable[Record | tuple[str, str, str]],
    *,
    source: str,
    exact: bool,
) -> AddReport:
    """Add items; see :meth:`kptm.Workspace.add`."""
    checked_key(source, "source")
    records_by_name = [checked_record(as_record(item)) for item in items]
    relations = {
        name: name if exact else _relation(ws, name) for name in _relations_of(records_by_name)
    }
    if not exact:
        records_by_name = [_with_value(ws, record, relations) for record in records_by_name]
    names = {name for record in records_by_name for name in _entities_of(record)}
    keys = {name: name for name in names} if exact else _keys(ws, names)
    records = [_by_keys(record, keys, relations) for record in records_by_name]
    had_entities = set(ws.graph.entities(keys.values()))
    had_relations = {relation.key for relation in ws.graph.relations()}
    with ws.graph.transaction():
        before = ws.graph.revision()
        added = ws.graph.add(records, source=source)
        newest = ws.graph.revision()
    return AddReport(
        added=added,
        revision=newest if newest > before else 0,
        records=tuple(records),
        new_entities=tuple(sorted(set(keys.values()) - had_entities)),
        new_relations=tuple(sorted(set(relations.values()) - had_relations)),
    )


def fact_of(record: Record) -> Triple | Attribute | None:
    """The fact of a record; None for an entity."""
    if isinstance(record, EntityRecord):
        return None
    return record.fact if isinstance(record, Statement) else record


def _entities_of(record: Record) -> tuple[str, ...]:
    """The names of entities in a record."""
    fact = fact_of(record)
    if fact is None:
        assert isinstance(record, EntityRecord)  # noqa: S101  # all else is a fact
        return (record.key,)
    return (fact.head,) if isinstance(fact, Attribute) else (fact.head, fact.tail)


def _relations_of(records: Iterable[Record]) -> set[str]:
    return {fact[1] for record in records if (fact := fact_of(record)) is not None}


def _keys(ws: WorkspaceGraph, names: Iterable[str]) -> dict[str, str]:
    """The key of each name that is a key, label or alias in the graph; else the name itself."""
    wanted = sorted(names)
    known = ws.graph.entities(wanted)
    keys = {}
    for name in wanted:
        senses = () if name in known else ws.linker.candidates(name)
        keys[name] = senses[0].entity if senses else name
    return keys


def _relation(ws: WorkspaceGraph, name: str) -> str:
    try:
        return ws.graph.relation(name).key
    except UnknownKeyError:
        return name


def _with_value(ws: WorkspaceGraph, record: Record, relations: dict[str, str]) -> Record:
    """The record with its tail as a value if the relation has values instead of entities."""
    fact = fact_of(record)
    if not isinstance(fact, Triple):
        return record
    end = ws.graph.tail(relations[fact.relation], fact.tail)
    if not isinstance(end, ValueKey):
        return record
    attribute = Attribute(fact.head, fact.relation, end.literal)
    return replace(record, fact=attribute) if isinstance(record, Statement) else attribute


def _by_keys(record: Record, keys: dict[str, str], relations: dict[str, str]) -> Record:
    """The record with keys in place of names."""
    if isinstance(record, EntityRecord):
        return replace(record, key=keys[record.key])
    if isinstance(record, Statement):
        fact = _by_keys(record.fact, keys, relations)
        assert isinstance(fact, Triple | Attribute)  # noqa: S101  # of a fact it makes a fact
        return replace(record, fact=fact)
    relation = relations[record.relation]
    if isinstance(record, Attribute):
        return Attribute(keys[record.head], relation, record.value)
    return Triple(keys[record.head], relation, keys[record.tail])
