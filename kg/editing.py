"""Corrects a fact: replaces its tail by another entity or value."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from kg.errors import StoreError, UnknownKeyError, shorten
from kg.naming.resolution import stored_key
from kg.naming.valid_names import printable
from kg.store.merging.merged_keys import kept_key
from kg.store.read import patterns
from kg.store.rows import revisions
from kg.store.rows.dictionary import ids_of
from kg.store.rows.sources import LoadSource
from kg.store.rows.values import stored_decision, stored_texts
from kg.store.write import liveness
from kg.store.write.writer import Writer
from kg.types import Attribute, Literal, Triple
from kg.values import ValueKey, parse, value_text

if TYPE_CHECKING:
    from kg.sql.cursor import Sql
    from kg.sql.database import Database
    from kg.view import GraphView


def node_of_tail(sql: Sql, relation: str, tail: str | Literal) -> str:
    """The node that a text means as a tail: a value if the relation has values, else a key."""
    if isinstance(tail, Literal):
        return ValueKey(tail)
    if isinstance(tail, ValueKey):
        return tail
    decision = stored_decision(sql, relation)
    if decision is None or not decision.is_value:
        return kept_key(sql, stored_key(sql, "entity", tail))
    return ValueKey(decision.values([tail])[tail])


def edit(
    database: Database,
    view: GraphView,
    fact: tuple[str, str, str | Literal],
    *,
    old: str | Literal | None,
    new: bool,
    source: str,
) -> int:
    """Make the fact's tail the value of (head, relation) in place of ``old``.

    See :meth:`kg.KnowledgeGraph.edit`.
    """
    with database.quick() as sql:
        head, relation = kept_key(sql, stored_key(sql, "entity", fact[0])), fact[1]
        node = node_of_tail(sql, relation, fact[2])
        unknown = _unknown(sql, head, relation, node, new=new)
    if unknown is not None:
        message = f"no entity has the key {shorten(unknown)!r}{view.suggestion(unknown)}"
        more = "" if unknown == head else "; declare a new entity by --new or new=True"
        raise UnknownKeyError(message + more)
    with database.writing() as (sql, _):
        stored = patterns.tails(sql, head, relation)
        before = None if old is None else _stored_as(list(stored), node_of_tail(sql, relation, old))
        replaced = _value_to_replace(head, relation, node, before, list(stored))
        note = f"{head} | {relation} | {replaced or '–'} → {node}"
        number = revisions.begin(sql, "edit", printable(shorten(note, 200)))
        if replaced is not None:
            liveness.retract_all(sql, [stored[replaced]], number)
        stated = (
            Attribute(head, relation, node.literal)
            if isinstance(node, ValueKey)
            else Triple(head, relation, node)
        )
        with closing(Writer(sql, number, LoadSource(source))) as writer:
            writer.now([0], [stated])
        return number


def _unknown(sql: Sql, head: str, relation: str, tail: str, *, new: bool) -> str | None:
    """The first entity of a fact that the graph never had and that is not declared new."""
    is_value = isinstance(tail, ValueKey)
    known = ids_of(sql, "entity", [head] if is_value else [head, tail])
    if head not in known:
        return head
    if is_value or new or tail in known or _among_values(sql, relation, tail):
        return None
    return tail


def _among_values(sql: Sql, relation: str, tail: str) -> bool:
    """Whether the tail is another number of a relation whose numbers were loaded as entities."""
    if parse(tail) is None:
        return False
    others = stored_texts(sql, relation)
    return bool(others) and all(parse(text) is not None for text in others)


def _stored_as(stored: list[str], old: str) -> str:
    """The stored value that equals ``old``, or else has the same text."""
    if old in stored or not isinstance(old, ValueKey):
        return old
    texts = (str(old), value_text(old.literal))
    same = [
        node
        for node in stored
        if isinstance(node, ValueKey) and (str(node) in texts or value_text(node.literal) in texts)
    ]
    return same[0] if len(same) == 1 else old


def _value_to_replace(
    head: str, relation: str, tail: str, old: str | None, values: list[str]
) -> str | None:
    """The value that an edit replaces; None if there is none yet."""
    if old is None and len(values) > 1:
        raise StoreError(
            f"{head!r} has {len(values)} values of {relation!r} ({', '.join(values[:5])}):"
            " say which one to replace"
        )
    if old is not None and old not in values:
        raise StoreError(f"{str(old)!r} is not a value of {relation!r} of {head!r}")
    if tail in values:
        raise StoreError(f"{str(tail)!r} is a value of {relation!r} of {head!r} already")
    return old or next(iter(values), None)
