"""KnowledgeGraph: the face a user holds. SQL is one room further in, ``kg.store``."""

from __future__ import annotations

from contextlib import closing, suppress
from typing import TYPE_CHECKING, Literal

from kg.candidates import CandidateTable
from kg.errors import InvalidNameError, StoreError, UnknownKeyError, shorten
from kg.formats import read_entities, read_triples
from kg.loading import load_lines
from kg.names import checked_record, printable
from kg.store import entities, names, revisions, triples
from kg.store.bulk import add_records
from kg.store.database import Database
from kg.types import Entity, EntityRecord, LoadReport, Relation, Revision, Triple

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator
    from pathlib import Path
    from types import TracebackType

    import networkx as nx  # type: ignore[import-untyped, unused-ignore]  # stubs are optional

    from kg.formats import Line

OnError = Literal["raise", "skip"]


class KnowledgeGraph:
    """A graph of triples in a SQL database.

    Open it with :meth:`open`; it is a context manager. Each load or edit is one transaction and one
    revision. Reading while another process writes shows the state before or after, never between.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._candidates: tuple[int, CandidateTable] | None = None

    @classmethod
    def open(cls, where: str | Path) -> KnowledgeGraph:
        """Open or create a graph: a path is a SQLite file, anything with ``://`` a database URL.

        Raises:
            StoreError: It cannot be opened or is not a graph of ours.
        """
        return cls(Database(where))

    @property
    def database(self) -> Database:
        """The database itself, for rooms that keep their own tables beside the graph's."""
        return self._database

    def close(self) -> None:
        """Close the connections."""
        self._database.close()

    def __enter__(self) -> KnowledgeGraph:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    # ── filling ──────────────────────────────────────────────────────────────────────────────

    def load(
        self,
        path: str | Path,
        *,
        on_error: OnError = "raise",
        progress: Callable[[int], None] | None = None,
    ) -> LoadReport:
        """Load triples; the suffix decides the format (TSV, CSV, JSONL, N-Triples, each ``.gz``).

        Args:
            path: The file. It streams; memory does not grow with it.
            on_error: "raise" stops at the first bad line and leaves the graph as it was; "skip"
                loads the rest and reports every bad line.
            progress: Called with the number of records read so far.

        Raises:
            TripleFormatError: The file or a line of it is malformed.
            StoreError: The database cannot be written.
        """
        return self._load(path, read_triples(path), on_error, progress)

    def load_entities(
        self,
        path: str | Path,
        *,
        on_error: OnError = "raise",
        progress: Callable[[int], None] | None = None,
    ) -> LoadReport:
        """Load entities from JSON Lines: key, label, aliases, description, types, prior.

        Only ``key`` is required. What a line leaves out stays as it is; aliases and types add up.

        Raises:
            TripleFormatError: The file or a line of it is malformed.
            StoreError: The database cannot be written.
        """
        return self._load(path, read_entities(path), on_error, progress)

    def _load(
        self,
        path: str | Path,
        lines: Generator[Line],
        on_error: OnError,
        progress: Callable[[int], None] | None,
    ) -> LoadReport:
        with closing(lines):
            return load_lines(self._database, path, lines, on_error, progress)

    def add(self, items: Iterable[Triple | EntityRecord | tuple[str, str, str]]) -> int:
        """Add triples and entities in one transaction; return how many were new.

        Raises:
            InvalidNameError: A name is empty or cannot be kept unchanged, or an item has not
                three parts; nothing is added then.
        """
        # Checked before the transaction opens: ``items`` may itself read this graph.
        records = [checked_record(_record(item)) for item in items]
        with self._database.write() as connection:
            number = revisions.begin(connection, "add", f"{len(records)} records")
            added = add_records(connection, records, number)
            if not added:
                connection.rollback()
            return added

    def remove(
        self, *, head: str | None = None, relation: str | None = None, tail: str | None = None
    ) -> int:
        """Remove the triples of a pattern; return how many. At least one part must be given.

        Raises:
            StoreError: No part was given, or the database cannot be written.
        """
        if head is None and relation is None and tail is None:
            raise StoreError("remove needs a head, a relation or a tail; all three would be None")
        parts = ("*" if part is None else part for part in (head, relation, tail))
        note = printable(shorten(" | ".join(parts), 200))
        with self._database.write() as connection:
            number = revisions.begin(connection, "remove", note)
            removed = triples.remove(connection, head, relation, tail, number)
            if not removed:
                connection.rollback()
            return removed

    def edit(self, head: str, relation: str, tail: str, *, old: str | None = None) -> int:
        """Make ``tail`` the value of (head, relation) in place of ``old``; return the revision.

        Args:
            head: An entity the graph holds.
            relation: A relation the graph holds, by key or label.
            tail: The new value, an entity the graph holds.
            old: The value to replace; may be left out where there is exactly one.

        Raises:
            UnknownKeyError: One of the keys is not in the graph.
            StoreError: ``old`` is needed, or is not a value of (head, relation), or ``tail`` is
                the value already.
        """
        for key in (head, tail):
            self.entity(key)
        relation = self.relation(relation).key
        with self._database.write() as connection:
            values = [item.tail for item in triples.match(connection, head, relation, None)]
            if old is None and len(values) > 1:
                raise StoreError(
                    f"{head!r} has {len(values)} values of {relation!r} ({', '.join(values[:5])}):"
                    " say which one is to be replaced"
                )
            if old is not None and old not in values:
                raise StoreError(f"{old!r} is not a value of {relation!r} of {head!r}")
            if tail in values:
                raise StoreError(f"{tail!r} is a value of {relation!r} of {head!r} already")
            note = shorten(f"{head} | {relation} | {old or ', '.join(values) or '–'} → {tail}", 200)
            number = revisions.begin(connection, "edit", note)
            if values:
                triples.remove(connection, head, relation, old or values[0], number)
            add_records(connection, [Triple(head, relation, tail)], number)
            return number

    def undo(self, revision: int | None = None) -> int:
        """Take back a revision's changes of triples (the newest by default); return the new one.

        Raises:
            StoreError: There is no such revision, or nothing of it is left to undo.
        """
        with self._database.write() as connection:
            newest = revisions.latest(connection)
            if not newest:
                raise StoreError("the graph is empty: there is nothing to undo")
            return revisions.undo(connection, newest if revision is None else revision)

    # ── asking ───────────────────────────────────────────────────────────────────────────────

    def entity(self, key: str) -> Entity:
        """The entity of ``key``.

        Raises:
            UnknownKeyError: There is none.
        """
        with self._database.read() as connection:
            found = entities.fetch(connection, [key]).get(key)
        if found is None:
            raise UnknownKeyError(f"no entity has the key {shorten(key)!r}; try search()")
        return found

    def entities(self, keys: Iterable[str]) -> dict[str, Entity]:
        """The entities of those ``keys`` that exist, by key."""
        with self._database.read() as connection:
            return entities.fetch(connection, keys)

    def relation(self, name: str) -> Relation:
        """The relation whose key or label is ``name`` (labels in any case).

        Raises:
            UnknownKeyError: There is none.
        """
        known = self.relations()
        for relation in known:
            if relation.key == name:
                return relation
        for relation in known:
            if relation.label.casefold() == name.casefold():
                return relation
        shown = ", ".join(relation.key for relation in known[:12]) or "none yet"
        raise UnknownKeyError(f"no relation is called {shorten(name)!r}; the graph has {shown}")

    def relations(self) -> list[Relation]:
        """All relations, by key."""
        with self._database.read() as connection:
            return names.relations(connection)

    def search(self, text: str, *, limit: int = 10) -> list[Entity]:
        """Entities whose key, label or alias equals, begins with or holds ``text``, best first."""
        with self._database.read() as connection:
            keys = names.search(connection, text, max(limit, 0))
            found = entities.fetch(connection, keys)
        return [found[key] for key in keys]

    def match(
        self, head: str | None = None, relation: str | None = None, tail: str | None = None
    ) -> Iterator[Triple]:
        """Stream the triples of a pattern; None matches anything. No match gives nothing."""
        with self._database.read() as connection:
            yield from triples.match(connection, head, relation, tail)

    def touching(self, keys: Iterable[str]) -> list[Triple]:
        """The triples that have one of ``keys`` as head or tail, in the order they came."""
        with self._database.read() as connection:
            return triples.touching(connection, sorted(set(keys)))

    def neighbours(self, key: str, *, hops: int = 1, limit: int = 100) -> list[Triple]:
        """Triples within ``hops`` of an entity, either direction, nearest first.

        Raises:
            UnknownKeyError: The entity is not in the graph.
        """
        self.entity(key)
        found: dict[Triple, None] = {}
        seen, frontier = {key}, [key]
        with self._database.read() as connection:
            for _ in range(hops):
                # What was found before may come first again, so that many more are asked for.
                near = triples.touching(connection, frontier, max(limit, 0) + len(found))
                found.update(dict.fromkeys(near))
                if len(found) >= limit:
                    break
                reached = {end for item in near for end in (item.head, item.tail)}
                frontier = sorted(reached - seen)
                seen |= reached
        return list(found)[: max(limit, 0)]

    def candidates(self) -> CandidateTable:
        """Surface forms and what they may mean, as of now; kept until the graph changes."""
        with self._database.read() as connection:
            newest = revisions.latest(connection)
            if self._candidates is None or self._candidates[0] != newest:
                table = CandidateTable.build(
                    names.surfaces(connection), triples.degrees(connection)
                )
                self._candidates = (newest, table)
            return self._candidates[1]

    def revisions(self, *, limit: int = 20) -> list[Revision]:
        """The newest revisions, newest first."""
        with self._database.read() as connection:
            return revisions.listing(connection, max(limit, 0))

    def revision(self) -> int:
        """The number of the newest revision, 0 for an empty graph."""
        with self._database.read() as connection:
            return revisions.latest(connection)

    def fingerprint(self, revision: int | None = None) -> str:
        """SHA-256 of the triples that live now, or lived at ``revision``.

        Two graphs with the same triples have the same fingerprint, however they were loaded.

        Raises:
            StoreError: There is no such revision.
        """
        with self._database.read() as connection:
            newest = revisions.latest(connection)
            number = newest if revision is None else revision
            if not 0 <= number <= newest:
                raise StoreError(f"there is no revision {number}; the newest is {newest}")
            known = revisions.known_fingerprint(connection, number)
            found = known or triples.fingerprint(connection, number)
        # Kept where it can be: a database that is locked or read-only has it computed again.
        if known is None and number:
            with suppress(StoreError), self._database.write(wait=False) as connection:
                revisions.keep_fingerprint(connection, number, found)
        return found

    def snapshot(self) -> tuple[int, list[Triple]]:
        """The newest revision's number and its triples, both of one moment."""
        with self._database.read() as connection:
            number = revisions.latest(connection)
            return number, list(triples.match(connection, None, None, None))

    def stats(self) -> dict[str, int]:
        """Counts of entities, relations, triples, aliases, revisions."""
        with self._database.read() as connection:
            return names.counts(connection)

    def to_networkx(self, triples: Iterable[Triple] | None = None) -> nx.MultiDiGraph[str]:
        """A MultiDiGraph of ``triples`` (the whole graph by default), relation keys as edge keys."""
        import networkx as nx

        graph: nx.MultiDiGraph[str] = nx.MultiDiGraph()
        chosen = self.match() if triples is None else triples
        graph.add_edges_from((item.head, item.tail, item.relation, {}) for item in chosen)
        labels = {key: entity.label for key, entity in self.entities(list(graph.nodes)).items()}
        nx.set_node_attributes(graph, labels, "label")
        return graph


def _record(item: Triple | EntityRecord | tuple[str, str, str]) -> Triple | EntityRecord:
    if isinstance(item, Triple | EntityRecord):
        return item
    try:
        head, relation, tail = item
    except (TypeError, ValueError) as error:
        reason = "expected an EntityRecord or three names (head, relation, tail)"
        raise InvalidNameError(reason, repr(item)) from error
    return Triple(head, relation, tail)
