"""Replaces merged entities in records by the entities that were kept.

A file may still state the label of a merged entity. The label becomes an alias, as in the merge, so
that loading the file again changes nothing.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from kg.store.merging.merged_keys import kept_keys
from kg.store.rows import entities
from kg.types import Attribute, EntityRecord, Literal, Statement
from kg.vocabulary import ALIAS, DESCRIPTION, DESCRIPTIONS, LABEL, LABELS, PRIOR

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kg.sql.cursor import Sql
    from kg.types import Record, Triple

Line = tuple[int, "Record"]


def of_kept(sql: Sql, lines: Sequence[Line]) -> list[Line]:
    """The records (line, record) with merged entities replaced by those that were kept.

    If the kept entity has another label in the same language, the label becomes an alias; if it has
    another description or prior, that of the record is left out.
    """
    kept = kept_keys(sql, (_head(record) for _, record in lines))
    if not kept:
        return list(lines)
    stated = entities.about(sql, kept.values(), None)
    records: list[Line] = []
    for line, record in lines:
        key = kept.get(_head(record))
        new = record if key is None else _of_kept(record, key, stated.get(key, []))
        if new is not None:
            records.append((line, new))
    return records


def _head(record: Record) -> str:
    if isinstance(record, EntityRecord):
        return record.key
    return (record.fact if isinstance(record, Statement) else record).head


def _of_kept(record: Record, key: str, stated: Sequence[Attribute]) -> Record | None:
    if isinstance(record, EntityRecord):
        return _entity(record, key, stated)
    if isinstance(record, Statement):
        fact = _fact(record.fact, key, stated)
        return None if fact is None else replace(record, fact=fact)
    return _fact(record, key, stated)


def _fact(
    fact: Triple | Attribute, key: str, stated: Sequence[Attribute]
) -> Triple | Attribute | None:
    """The fact about the kept entity, about which ``stated`` is stored; None if it is left out."""
    moved = fact._replace(head=key)
    if not isinstance(moved, Attribute) or not _is_taken(moved, stated):
        return moved
    return moved._replace(relation=ALIAS) if moved.relation in LABELS else None


def _is_taken(fact: Attribute, stated: Sequence[Attribute]) -> bool:
    """Whether ``stated`` has another label, description or prior in the language of a fact."""
    for group in (LABELS, DESCRIPTIONS, (PRIOR,)):
        if fact.relation in group:
            return fact not in stated and any(
                other.relation in group and other.value.language == fact.value.language
                for other in stated
            )
    return False


def _entity(record: EntityRecord, key: str, stated: Sequence[Attribute]) -> EntityRecord:
    def is_taken(relation: str, text: str | None) -> bool:
        return text is not None and _is_taken(Attribute(key, relation, Literal(text)), stated)

    new = replace(record, key=key)
    if is_taken(LABEL, record.label):
        new = replace(new, label=None, aliases=(*record.aliases, str(record.label)))
    if is_taken(DESCRIPTION, record.description):
        new = replace(new, description=None)
    if record.prior is not None and is_taken(PRIOR, repr(float(record.prior))):
        new = replace(new, prior=None)
    return new
