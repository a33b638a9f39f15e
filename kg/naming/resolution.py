"""From what a person types to keys: equal spellings, labels of relations, "did you mean"."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from kg.errors import UnknownKeyError, shorten
from kg.naming.folding import canonical, fold, spellings
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

SUGGESTED, LISTED = 3, 12
"""Names that a message suggests; relations that it lists where none is like the name."""


class NamedGraph(Protocol):
    """What names are looked up in; :class:`~kg.KnowledgeGraph` is one."""

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

    It is ``name`` itself if there is none.

    A key is stored as it was given. Composed and decomposed forms are looked for.
    """
    forms = spellings(name)
    if len(forms) == 1 or isinstance(name, ValueKey):
        return name
    known = ids_of(sql, table, forms)
    return next((form for form in forms if form in known), name)


def entities_of(
    sql: Sql, keys: Iterable[str], at: int | None, languages: Sequence[str]
) -> dict[str, Entity]:
    """The existing entities by the key that was asked for; canonically equal keys are one."""
    asked = list(dict.fromkeys(keys))
    found = fetch(sql, asked, at, languages)
    others = [key for key in asked if key not in found and not key.isascii()]
    stored = {key: other for key in others if (other := stored_key(sql, "entity", key)) != key}
    more = fetch(sql, stored.values(), at, languages) if stored else {}
    found |= {key: more[other] for key, other in stored.items() if other in more}
    return {key: found[key] for key in asked if key in found}


def key_in(database: Database, table: str, name: str) -> str:
    """The same, by a connection of its own where the name can be spelt otherwise."""
    if name.isascii() or isinstance(name, ValueKey):
        return name
    with database.quick() as sql:
        return stored_key(sql, table, name)


def with_keys(
    sql: Sql, view: NamedGraph, patterns: Sequence[Sequence[str]], *, strict: bool
) -> Sequence[Sequence[str]]:
    """Patterns with the keys of what they name, relations by their labels too.

    Raises:
        UnknownKeyError: ``strict``, and the graph has not the entity or the relation of a name.
    """
    ends = {name for p in patterns for name in (p[0], p[2]) if not is_variable(name)}
    relations = {p[1] for p in patterns if not is_variable(p[1])}
    keys = {name: stored_key(sql, "entity", name) for name in sorted(ends)}
    ids = ids_of(sql, "relation", sorted(relations))
    labels = sorted(relations - ids.keys())
    known = view.relations() if labels else []
    named = {name: found.key for name in labels if (found := relation_called(known, name))}
    if strict:
        tails = {p[2] for p in patterns}
        for name in sorted(ends):
            if not (name in tails and view.values(name)):
                view.entity(name)
        for name in labels:
            view.relation(name)
    return [(keys.get(p[0], p[0]), named.get(p[1], p[1]), keys.get(p[2], p[2])) for p in patterns]


def relation_key(database: Database, view: NamedGraph, name: str) -> str:
    """The key of a relation that the graph holds or held, as it is stored, or that has a label.

    Raises:
        UnknownKeyError: There is no such relation.
    """
    with database.quick() as sql:
        key = stored_key(sql, "relation", name)
        held = ids_of(sql, "relation", [key])
    return key if key in held else view.relation(key).key


def relation_called(known: Sequence[Relation], name: str) -> Relation | None:
    """The relation of a key, else of a label, in any case; accents count only if they are typed."""
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
    """The same.

    Raises:
        UnknownKeyError: There is none; the message suggests some.
    """
    found = relation_called(known, name)
    if found is None:
        others = other_relations(known, name)
        raise UnknownKeyError(f"no relation is called {shorten(name)!r}{others}")
    return found


def nearest_relations(known: Sequence[Relation], name: str) -> list[Relation]:
    """The relations that ``name`` may be a slip of the pen for, the nearest first."""
    wanted = fold(name)
    most = max(1, len(wanted) // 4)
    found = []
    for relation in known:
        names = {fold(relation.label), fold(searchable(relation.key)), fold(relation.key)}
        least = min(edits(text, wanted, most) for text in names)
        part = len(wanted) > most + 1 and any(wanted in text or text in wanted for text in names)
        if least <= most or part:
            found.append((least, relation.key, relation))
    return [relation for _, _, relation in sorted(found, key=lambda item: item[:2])[:SUGGESTED]]


def other_relations(known: Sequence[Relation], name: str) -> str:
    """What a message adds about an unknown relation: similar ones, else all there are."""
    shown = ", ".join(relation.key for relation in known[:LISTED]) or "none yet"
    return did_you_mean(nearest_relations(known, name)) or f"; the graph has {shown}"


def did_you_mean(items: Sequence[Entity | Relation]) -> str:
    """The question of a message, with a space before it; "" where there is nothing to suggest."""
    shown = [
        repr(item.label) if item.label == item.key else f"{item.label!r} ({item.key})"
        for item in items[:SUGGESTED]
    ]
    return f"; did you mean {' or '.join(shown)}?" if shown else ""
