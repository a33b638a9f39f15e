"""Resolves typed names to keys: equal spellings, labels of relations, suggestions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from kg.errors import UnknownKeyError, shorten
from kg.naming.folding import canonical, fold, spellings
from kg.store.merging.merged_keys import kept_keys
from kg.store.read.query import is_variable
from kg.store.read.search import edits
from kg.store.rows.dictionary import ids_of
from kg.store.rows.entities import fetch
from kg.types import searchable
from kg.values.node import ValueKey

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kg.sql.cursor import Sql
    from kg.sql.database import Database
    from kg.types import Entity, Literal, Relation

MAX_SUGGESTIONS, MAX_LISTED_RELATIONS = 3, 12
"""The maximum number of names that a message suggests, or relations that it lists if none is
similar."""


class NamedGraph(Protocol):
    """A graph in which names are looked up, such as :class:`~kg.KnowledgeGraph`."""

    def relations(self) -> list[Relation]:
        """All relations."""

    def relation(self, name: str) -> Relation:
        """A relation by its key."""

    def entity(self, key: str) -> Entity:
        """An entity by its key."""

    def values(self, text: str) -> list[Literal]:
        """The values that have this text."""


def stored_key(sql: Sql, table: str, name: str) -> str:
    """The key of "entity" or "relation" that is canonically equal to ``name``.

    It is ``name`` itself if there is none. Keys are stored as given, so that composed and
    decomposed forms are looked up.
    """
    forms = spellings(name)
    if len(forms) == 1 or isinstance(name, ValueKey):
        return name
    known = ids_of(sql, table, forms)
    return next((form for form in forms if form in known), name)


def entities_of(
    sql: Sql, keys: Iterable[str], at: int | None, languages: Sequence[str]
) -> dict[str, Entity]:
    """The existing entities by the given key; canonically equal and merged keys are the same."""
    distinct_keys = list(dict.fromkeys(keys))
    entities = fetch(sql, distinct_keys, at, languages)
    others = [key for key in distinct_keys if key not in entities and not key.isascii()]
    stored = {key: other for key in others if (other := stored_key(sql, "entity", key)) != key}
    missing = [stored.get(key, key) for key in distinct_keys if key not in entities]
    kept = kept_keys(sql, missing) if missing and at is None else {}
    stored |= {key: kept[other] for key in distinct_keys if (other := stored.get(key, key)) in kept}
    by_other_key = fetch(sql, stored.values(), at, languages) if stored else {}
    entities |= {key: by_other_key[other] for key, other in stored.items() if other in by_other_key}
    return {key: entities[key] for key in distinct_keys if key in entities}


def key_in(database: Database, table: str, name: str) -> str:
    """Like :func:`stored_key`, on a new connection if the name has several canonical spellings."""
    if name.isascii() or isinstance(name, ValueKey):
        return name
    with database.quick() as sql:
        return stored_key(sql, table, name)


def with_keys(
    sql: Sql, view: NamedGraph, patterns: Sequence[Sequence[str]], *, strict: bool, at: int | None
) -> Sequence[Sequence[str]]:
    """Patterns with names replaced by stored keys; relations may be given by label.

    In the newest graph (``at`` is None), merged keys are replaced by those of the kept entities.

    Raises:
        UnknownKeyError: ``strict``, and the graph lacks an entity or a relation.
    """
    ends = {name for p in patterns for name in (p[0], p[2]) if not is_variable(name)}
    relations = {p[1] for p in patterns if not is_variable(p[1])}
    keys = {name: stored_key(sql, "entity", name) for name in sorted(ends)}
    if at is None:
        kept = kept_keys(sql, keys.values())
        keys = {name: kept.get(key, key) for name, key in keys.items()}
    ids = ids_of(sql, "relation", sorted(relations))
    labels = sorted(relations - ids.keys())
    known = view.relations() if labels else []
    named = {name: relation.key for name in labels if (relation := relation_called(known, name))}
    if strict:
        tails = {p[2] for p in patterns}
        for name in sorted(ends):
            if not (name in tails and view.values(name)):
                view.entity(name)
        for name in labels:
            view.relation(name)
    return [(keys.get(p[0], p[0]), named.get(p[1], p[1]), keys.get(p[2], p[2])) for p in patterns]


def relation_key(database: Database, view: NamedGraph, name: str) -> str:
    """The stored key of a relation, which is given by key or, if the graph has it now, by label.

    Raises:
        UnknownKeyError: The relation does not exist.
    """
    with database.quick() as sql:
        key = stored_key(sql, "relation", name)
        existing = ids_of(sql, "relation", [key])
    return key if key in existing else view.relation(key).key


def relation_called(known: Sequence[Relation], name: str) -> Relation | None:
    """The relation by key, else by label in any case; accents may be omitted."""
    for same in (lambda text: text, canonical):
        for relation in known:
            if same(relation.key) == same(name):
                return relation
    wanted = canonical(name).casefold()
    for relation in known:
        if canonical(relation.label).casefold() == wanted:
            return relation
    folded = fold(name)
    return next((relation for relation in known if fold(relation.label) == folded), None)


def relation_named(known: Sequence[Relation], name: str) -> Relation:
    """Like :func:`relation_called`, but with an error if there is none.

    Raises:
        UnknownKeyError: The relation does not exist; the message suggests some.
    """
    relation = relation_called(known, name)
    if relation is None:
        others = other_relations(known, name)
        raise UnknownKeyError(f"no relation is called {shorten(name)!r}{others}")
    return relation


def nearest_relations(known: Sequence[Relation], name: str) -> list[Relation]:
    """The relations with the most similar names, of which ``name`` may be a misspelling."""
    wanted = fold(name)
    max_edits = max(1, len(wanted) // 4)
    similar = []
    for relation in known:
        names = {fold(relation.label), fold(searchable(relation.key)), fold(relation.key)}
        fewest_edits = min(edits(text, wanted, max_edits) for text in names)
        part = len(wanted) > max_edits + 1 and any(
            wanted in text or text in wanted for text in names
        )
        if fewest_edits <= max_edits or part:
            similar.append((fewest_edits, relation.key, relation))
    return [
        relation for _, _, relation in sorted(similar, key=lambda item: item[:2])[:MAX_SUGGESTIONS]
    ]


def other_relations(known: Sequence[Relation], name: str) -> str:
    """A suggestion for messages about an unknown relation: similar ones, else all of them."""
    shown = ", ".join(relation.key for relation in known[:MAX_LISTED_RELATIONS]) or "none yet"
    return did_you_mean(nearest_relations(known, name)) or f"; the graph has {shown}"


def did_you_mean(items: Sequence[Entity | Relation]) -> str:
    """The question "did you mean …?" for a message; "" if there is nothing to suggest."""
    shown = [
        repr(item.label) if item.label == item.key else f"{item.label!r} ({item.key})"
        for item in items[:MAX_SUGGESTIONS]
    ]
    return f"; did you mean {' or '.join(shown)}?" if shown else ""
