"""EntityView: the entities and relations of a graph, with labels in the preferred languages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from kg.entities.entity_reader import EntityReader
from kg.errors import UnknownKeyError, shorten
from kg.naming import resolution as naming
from kg.naming.languages import checked_languages
from kg.store.merging.merged_keys import kept_keys
from kg.store.read import names, search
from kg.store.rows import entities
from kg.types import TimeNames
from kg.values.node import ValueKey

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from kg.programs import Evaluator
    from kg.sql.database import Database
    from kg.types import Entity, Relation


class EntityView:
    """The entities and relations of a graph at a revision; ``at`` None is the newest."""

    def __init__(
        self,
        database: Database,
        at: int | None = None,
        languages: Sequence[str] = (),
        times: TimeNames | None = None,
    ) -> None:
        self._database, self._at = database, at
        self._languages, self._times = tuple(languages), times or TimeNames()
        self._evaluator: Evaluator | None = None
        self._entities = EntityReader(database, at, self._languages)

    def in_languages(self, languages: Iterable[str]) -> Self:
        """The same graph with labels and descriptions in other languages, best first.

        It shares the connections of this one, which alone is closed.

        Raises:
            InvalidNameError: An item is not a language tag such as "de" or "pt-BR".
        """
        return type(self)(self._database, self._at, checked_languages(languages), self._times)

    def entity(self, key: str) -> Entity:
        """The entity with a key, which exists while any statement mentions it.

        Raises:
            UnknownKeyError: There is none; the message suggests similar names.
        """
        entity = self.entities([key]).get(key)
        if entity is None:
            raise UnknownKeyError(f"no entity has the key {shorten(key)!r}{self.suggestion(key)}")
        return entity

    def entities(self, keys: Iterable[str]) -> dict[str, Entity]:
        """The existing entities among ``keys``, by the key given.

        A key that is canonically equal to a stored one (NFC, NFD) stands for that one.
        """
        return self._entities.entities([key for key in keys if not isinstance(key, ValueKey)])

    def stored_key(self, name: str) -> str:
        """The graph's key that ``name`` is canonically equal to, else ``name`` itself."""
        return naming.key_in(self._database, "entity", name)

    def suggestion(self, name: str) -> str:
        """A suggestion for messages about an unknown name: "; did you mean 'France'?", or ""."""
        return naming.did_you_mean(self.search(name, limit=naming.MAX_SUGGESTIONS))

    def _find_key(self, name: str | None, table: str = "entity") -> str | None:
        return None if name is None else naming.key_in(self._database, table, name)

    def _current_key(self, name: str | None) -> str | None:
        """The stored key of an entity; for a merged key, that of the entity that was kept."""
        key = self._find_key(name)
        return self._merged_into([key]).get(key or "", key)

    def _merged_into(self, keys: Iterable[str | None]) -> dict[str, str]:
        """The merged keys among ``keys``, each with the key of the entity that was kept.

        Empty at an earlier revision, at which the entities may not have been merged yet.
        """
        names = [key for key in keys if key and not isinstance(key, ValueKey)]
        if not names or self._at is not None:
            return {}
        with self._database.quick() as sql:
            return kept_keys(sql, names)

    def relation(self, name: str) -> Relation:
        """The relation with the key or label ``name``; labels match in any case.

        Raises:
            UnknownKeyError: The relation does not exist.
        """
        return naming.relation_named(self.relations(), name)

    def relations(self) -> list[Relation]:
        """All relations with facts, by key."""
        return self._entities.relations()

    def search(self, text: str, *, limit: int = 10) -> list[Entity]:
        """Entities whose key, label or alias equals, contains or resembles ``text``, best first."""
        with self._database.reading() as sql:
            keys = search.search(sql, text, limit, self._at)
            by_key = entities.fetch(sql, keys, self._at, self._languages)
        return [by_key[key] for key in keys]

    def keys(self) -> Iterator[str]:
        """Stream the keys of all entities without relations, in order of their first mention."""
        with self._database.reading() as sql:
            yield from names.entity_keys(sql, self._at)
