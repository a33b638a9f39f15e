"""Merges entities that are the same thing (``graph.merges``)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kg.errors import StoreError, UnknownKeyError, shorten
from kg.naming.resolution import stored_key
from kg.naming.valid_names import checked_key, printable
from kg.store.merging import merge_rows, merged_keys
from kg.store.rows import dictionary, revisions, sources
from kg.store.write import liveness

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from kg.sql.cursor import Sql
    from kg.sql.database import Database

SOURCE = "user"
"""The source that states a merge that a person decided."""


@dataclass(frozen=True, slots=True)
class Merge:
    """The result of merging entities.

    Attributes:
        revision: The revision, by which it can be undone.
        kept: Maps the key of each merged entity to the key of the entity that was kept.
        statements: The number of statements that were moved, ended or changed.
    """

    revision: int
    kept: Mapping[str, str]
    statements: int


class Merges:
    """Merges entities, and finds what a merged key means now.

    Args:
        database: The database of the graph.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def merge(self, keep: str, gone: Iterable[str], *, source: str = SOURCE) -> Merge:
        """Merge entities into one, as one revision, which can be undone.

        All statements of the merged entities become statements of the kept one, by the same
        sources, with their lines, confidences and qualifiers. Labels of the merged entities become
        aliases; a description or prior is left out if the kept entity has one. In files that are
        loaded later, a merged key means the kept entity.

        Args:
            keep: The key of the entity that is kept.
            gone: The keys of the entities that are merged into it.
            source: The source that states the merge.

        Raises:
            UnknownKeyError: An entity does not exist.
            StoreError: An entity would be merged into itself, or nothing is to be merged.
        """
        with self._database.writing() as (sql, _):
            pairs = resolve_pairs(sql, [(keep, key) for key in gone])
            return merge(sql, pairs, revision=None, source=source)

    def key(self, key: str) -> str:
        """The key that a merged key means now; any other key as it is."""
        with self._database.quick() as sql:
            return merged_keys.kept_key(sql, stored_key(sql, "entity", key))

    def keys(self) -> dict[str, str]:
        """All merged keys, each with the key of the entity that was kept."""
        with self._database.reading() as sql:
            return {gone: kept for gone, (kept, _) in merged_keys.list_merged(sql).items()}


def resolve_pairs(
    sql: Sql, named_pairs: Sequence[tuple[str, str]], *, strict: bool = True
) -> dict[str, str]:
    """Resolve pairs (keep, gone): for each key to be merged, the key that is kept.

    Chains are followed: "B into A" and "C into B" merge C into A.

    Raises:
        UnknownKeyError: An entity does not exist.
        StoreError: ``strict``, and an entity would be merged into itself.
    """
    parent: dict[str, str] = {}

    def end(key: str) -> str:
        while key in parent:
            key = parent[key]
        return key

    for names in named_pairs:
        keep, gone = (merged_keys.kept_key(sql, stored_key(sql, "entity", name)) for name in names)
        ids = dictionary.ids_of(sql, "entity", [keep, gone])
        missing = [key for key in (keep, gone) if key not in liveness.living(sql, ids)]
        if missing:
            raise UnknownKeyError(f"no entity has the key {shorten(missing[0])!r}")
        if keep == gone:
            if not strict:
                continue
            raise StoreError(
                f"{shorten(names[1])!r} is the same entity as {shorten(keep)!r} already"
            )
        first, last = end(keep), end(gone)
        if first != last:
            parent[last] = first
    return {key: end(key) for key in parent}


def merge(
    sql: Sql, pairs: Mapping[str, str], *, revision: int | None, source: str = SOURCE
) -> Merge:
    """Merge entities (gone to kept) in a revision, by default a new one.

    Raises:
        StoreError: There is nothing to merge.
    """
    if not pairs:
        raise StoreError("name at least one entity to merge into the one that is kept")
    checked_key(source, "source")
    number = revision or revisions.begin(sql, "merge", note_of(pairs))
    ids = dictionary.ids_of(sql, "entity", sorted({*pairs, *pairs.values()}))
    speaker = sources.get_or_create(sql, source, None).id
    moved = merge_rows.merge(
        sql, number, {ids[gone]: ids[kept] for gone, kept in pairs.items()}, source=speaker
    )
    return Merge(number, dict(pairs), moved)


def note_of(pairs: Mapping[str, str]) -> str:
    """The note of a merge in the history."""
    gone, kept = next(iter(pairs.items()))
    more = f" and {len(pairs) - 1} more" if len(pairs) > 1 else ""
    return printable(shorten(f"{gone} into {kept}", 180)) + more
