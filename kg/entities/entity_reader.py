"""Reads entities and relations, with a cache for the newest revision.

Answers need the labels of the same few entities again and again, and checking the newest revision
takes a fiftieth of the time of reading an entity. A revision that changed a few entities leaves the
others cached. Inside a transaction of this thread nothing is cached, since it may be rolled back.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kg.naming import resolution as naming
from kg.store.read import change_feed, names
from kg.store.rows import revisions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kg.sql.cursor import Sql
    from kg.sql.database import Database
    from kg.types import Entity, Relation

MAX_CACHED_ENTITIES = 10_000
"""The maximum number of entities in the cache."""
MAX_FOLLOWED_CHANGES = 500
"""The maximum number of changed statements for which the cache is kept and only changed entities
dropped."""


@dataclass(slots=True)
class _State:
    """The cache for one state of the graph; entries are added, never changed or removed.

    Attributes:
        revision: The newest revision of the state.
        entities: Entities by key.
        others: Keys that are not stored, each with the entity whose key is canonically equal, or
            None.
        relations: All relations; None before they are read.
        named: Relations by key, also from earlier states if their statements have not changed
            since.
    """

    revision: tuple[int, str, str] | None
    entities: dict[str, Entity] = field(default_factory=dict)
    others: dict[str, Entity | None] = field(default_factory=dict)
    relations: tuple[Relation, ...] | None = None
    named: dict[str, Relation] = field(default_factory=dict)

    def missing(self, keys: Sequence[str]) -> list[str]:
        """The keys that were not read yet."""
        return [key for key in keys if key not in self.entities and key not in self.others]

    def add(self, key: str, entity: Entity | None) -> None:
        """Cache the entity of a key, or None."""
        if entity is not None and entity.key == key:
            self.entities[key] = entity
        else:
            self.others[key] = entity


class EntityReader:
    """Reads entities and relations; threads may share it.

    Args:
        database: The database of the graph.
        at: The revision, None for the newest.
        languages: The preferred languages of labels and descriptions, best first.
    """

    def __init__(self, database: Database, at: int | None, languages: Sequence[str]) -> None:
        self._database = database
        self._at = at
        self._languages = languages
        self._state = _State(None)

    def entities(self, keys: Sequence[str]) -> dict[str, Entity]:
        """The entities among ``keys`` that exist; see :func:`kg.naming.resolution.entities_of`."""
        if self._is_uncached or len(keys) > MAX_CACHED_ENTITIES:
            with self._database.reading() as sql:
                return naming.entities_of(sql, keys, self._at, self._languages)
        distinct_keys = list(dict.fromkeys(keys))
        with self._database.quick() as sql:
            state = self._now(sql)
        if state.missing(distinct_keys):
            with self._database.reading() as sql:
                state = self._now(sql, room=len(distinct_keys))
                missing = state.missing(distinct_keys)
                stored = naming.entities_of(sql, missing, None, self._languages)
            for key in missing:
                state.add(key, stored.get(key))
        each = ((key, state.entities.get(key) or state.others.get(key)) for key in distinct_keys)
        return {key: entity for key, entity in each if entity is not None}

    def relations(self) -> list[Relation]:
        """All relations with facts, by key."""
        if self._is_uncached:
            with self._database.reading() as sql:
                return names.relations(sql, self._at, self._languages)
        with self._database.quick() as sql:
            cached = self._now(sql).relations
        if cached is None:
            with self._database.reading() as sql:
                state = self._now(sql)
                relations = names.relations(sql, None, self._languages, state.named)
                state.named = {relation.key: relation for relation in relations}
                cached = state.relations = tuple(relations)
        return list(cached)

    @property
    def _is_uncached(self) -> bool:
        return self._at is not None or self._database.in_transaction

    def _now(self, sql: Sql, *, room: int = 0) -> _State:
        """The cache for the state that ``sql`` sees, with room for more entities."""
        state, revision = self._state, revisions.newest(sql)
        if state.revision != revision:
            state = self._state = self._carry_over(sql, state, revision)
        if len(state.entities) + len(state.others) + room > MAX_CACHED_ENTITIES:
            state = self._state = _State(revision, relations=state.relations, named=state.named)
        return state

    @staticmethod
    def _carry_over(sql: Sql, state: _State, revision: tuple[int, str, str]) -> _State:
        """The entries of an earlier state's cache that no later revision has changed.

        The result is empty if the revision of that cache was removed from the graph.
        """
        if state.revision is None or not (state.entities or state.named):
            return _State(revision)
        if revisions.describe_revision(sql, state.revision[0]) != state.revision:
            return _State(revision)
        gone = change_feed.changed_keys(sql, state.revision[0], MAX_FOLLOWED_CHANGES)
        if gone is None:
            return _State(revision)
        entities, named = state.entities.copy(), state.named.copy()
        for key in gone:
            entities.pop(key, None)
            named.pop(key, None)
        return _State(revision, entities, named=named)
