"""Reading entities and relations; those of the newest revision once, while the graph stays as it is.

Answers ask for the labels of the same few entities again and again. To look at the newest revision takes a fiftieth of
the time of reading an entity. A revision that changed a few entities leaves the others cached. Inside a transaction of
this thread nothing is cached: what it writes may be taken back.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kg import naming
from kg.store import changed, names, revisions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kg.store.database import Database
    from kg.store.sql import Sql
    from kg.types import Entity, Relation

MOST = 10_000
"""Entities that are held."""
FOLLOWED = 500
"""Statements that may change between two questions; after more all is read again."""


@dataclass(slots=True)
class _State:
    """What was read of one state of the graph; entries are added, never changed or removed."""

    revision: tuple[int, str, str] | None
    entities: dict[str, Entity | None] = field(default_factory=dict)
    relations: tuple[Relation, ...] | None = None


class EntityReader:
    """Reads entities and relations; threads may share it.

    Args:
        database: The graph's.
        at: The revision, None for the newest.
        languages: In which labels and descriptions are wanted, the best first.
    """

    def __init__(self, database: Database, at: int | None, languages: Sequence[str]) -> None:
        self._database = database
        self._at = at
        self._languages = languages
        self._state = _State(None)

    def entities(self, keys: Sequence[str]) -> dict[str, Entity]:
        """The entities of those ``keys`` that exist, as :func:`kg.naming.entities_of` gives them."""
        if self._is_uncached or len(keys) > MOST:
            with self._database.reading() as sql:
                return naming.entities_of(sql, keys, self._at, self._languages)
        asked = list(dict.fromkeys(keys))
        with self._database.quick() as sql:
            held = self._now(sql).entities
        if not all(key in held for key in asked):
            with self._database.reading() as sql:
                held = self._now(sql, room=len(asked)).entities
                missing = [key for key in asked if key not in held]
                found = naming.entities_of(sql, missing, None, self._languages)
            held.update({key: found.get(key) for key in missing})
        return {key: entity for key in asked if (entity := held[key]) is not None}

    def relations(self) -> list[Relation]:
        """All relations that a fact has, by key."""
        if self._is_uncached:
            with self._database.reading() as sql:
                return names.relations(sql, self._at, self._languages)
        with self._database.quick() as sql:
            known = self._now(sql).relations
        if known is None:
            with self._database.reading() as sql:
                state = self._now(sql)
                known = state.relations = tuple(names.relations(sql, None, self._languages))
        return list(known)

    @property
    def _is_uncached(self) -> bool:
        return self._at is not None or self._database.in_transaction

    def _now(self, sql: Sql, *, room: int = 0) -> _State:
        """What is known of the state that ``sql`` sees, with room for more entities."""
        state, revision = self._state, revisions.newest(sql)
        if state.revision != revision:
            state = self._state = _State(revision, self._unchanged(sql, state))
        if len(state.entities) + room > MOST:
            state = self._state = _State(revision, relations=state.relations)
        return state

    @staticmethod
    def _unchanged(sql: Sql, state: _State) -> dict[str, Entity | None]:
        """The entities of an earlier state that no later revision has changed; none where its revision was withdrawn."""
        if state.revision is None or not state.entities:
            return {}
        if revisions.named(sql, state.revision[0]) != state.revision:
            return {}
        gone = changed.changed(sql, state.revision[0], FOLLOWED)
        if gone is None:
            return {}
        return {
            key: entity
            for key, entity in list(state.entities.items())
            if entity is not None and entity.key not in gone
        }
