"""GraphView: everything that can be asked of a graph, as it is or as it was."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg.deprecation import OldName
from kg.entity_reader import EntityReader
from kg.errors import KGError, UnknownKeyError, shorten
from kg.naming import resolution as naming
from kg.store.node_sets import traverse
from kg.store.read import change_feed, describe, history, names, paths, search, triples
from kg.store.rows import entities, fingerprints, link_counts, revisions, values
from kg.types import Description, Entity, Relation, TimeNames, Triple
from kg.values.node import ValueKey

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    import networkx as nx  # type: ignore[import-untyped, unused-ignore]  # stubs are optional
    import pandas as pd  # type: ignore[import-untyped, unused-ignore]

    from kg.programs import Denotation, Evaluator, Program
    from kg.querying import Where
    from kg.sparql.plugin import Bindings
    from kg.sql.database import Database
    from kg.store.read.paths import Direction
    from kg.types import Attested, Attribute, Change, ExportReport, Literal, Revision, Step


class GraphView:
    """A graph for reading: now (``at`` is None), or as it was at a revision.

    Reading while another process writes shows the state before or after, never between.
    """

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

    # ── entities and relations ───────────────────────────────────────────────────────────────

    def entity(self, key: str) -> Entity:
        """The entity of ``key``. It is there while anything is said of it.

        Raises:
            UnknownKeyError: There is none; the message suggests names that are like it.
        """
        found = self.entities([key]).get(key)
        if found is None:
            raise UnknownKeyError(f"no entity has the key {shorten(key)!r}{self.suggestion(key)}")
        return found

    def entities(self, keys: Iterable[str]) -> dict[str, Entity]:
        """The entities of those ``keys`` that exist, by the key that was asked for.

        A key that is only canonically equal to a stored one (NFC, NFD) means that one.
        """
        return self._entities.entities([key for key in keys if not isinstance(key, ValueKey)])

    def stored_key(self, name: str) -> str:
        """The graph's key that ``name`` is canonically equal to, else ``name`` itself."""
        return naming.key_in(self._database, "entity", name)

    def suggestion(self, name: str) -> str:
        """What a message adds about an unknown name: "; did you mean 'France'?", or nothing."""
        return naming.did_you_mean(self.search(name, limit=naming.SUGGESTED))

    def _find_key(self, name: str | None, table: str = "entity") -> str | None:
        return None if name is None else naming.key_in(self._database, table, name)

    def relation(self, name: str) -> Relation:
        """The relation whose key or label is ``name`` (labels in any case).

        Raises:
            UnknownKeyError: There is none.
        """
        return naming.relation_named(self.relations(), name)

    def relations(self) -> list[Relation]:
        """All relations that a fact has, by key."""
        return self._entities.relations()

    def search(self, text: str, *, limit: int = 10) -> list[Entity]:
        """Entities whose key, label or alias is ``text``, holds it or resembles it, best first."""
        with self._database.reading() as sql:
            keys = search.search(sql, text, limit, self._at)
            found = entities.fetch(sql, keys, self._at, self._languages)
        return [found[key] for key in keys]

    def keys(self) -> Iterator[str]:
        """Stream the keys of all entities by their first mention, without mere relations."""
        with self._database.reading() as sql:
            yield from names.entity_keys(sql, self._at)

    def link_counts(
        self, keys: Collection[str] | None = None
    ) -> dict[tuple[str, str], tuple[int, int]]:
        """By (key, name): how often texts meant the entity by the name, and had it."""
        with self._database.reading() as sql:
            return link_counts.counts(sql, keys)

    # ── facts ────────────────────────────────────────────────────────────────────────────────

    def match(
        self, head: str | None = None, relation: str | None = None, tail: str | None = None
    ) -> Iterator[Triple]:
        """Stream the triples of a pattern of keys; None matches anything. No match gives nothing.

        They come in the order of their rows, which is the same each time.
        """
        statement, parameters = triples.matching(self._pattern(head, relation, tail), self._at)
        few = head is not None or tail is not None  # most likely
        yield from map(Triple._make, self._database.rows(statement, parameters, few=few))

    def _pattern(self, head: str | None, relation: str | None, tail: str | None) -> triples.Pattern:
        relation = self._find_key(relation, "relation")
        return triples.Pattern(self._find_key(head), relation, self._find_key(tail))

    def attributes(
        self, head: str | None = None, relation: str | None = None
    ) -> Iterator[Attribute]:
        """Stream the facts that end in values; labels only if their relation is asked for."""
        with self._database.reading() as sql:
            yield from triples.attributes(sql, *self._pattern(head, relation, None)[:2], self._at)

    def values(self, text: str) -> list[Literal]:
        """Values of the graph that a text writes: "1984" is a number or a year."""
        with self._database.quick() as sql:
            return values.find_values(sql, text, self._at)

    def query(
        self,
        patterns: Sequence[Sequence[str]],
        *,
        select: Sequence[str] | None = None,
        limit: int | None = None,
        strict: bool = False,
        where: Sequence[Where] = (),
        order_by: str | Sequence[str] = (),
    ) -> Iterator[tuple[str, ...]]:
        """Answer a basic graph pattern: triples of keys and ``?variables``, joined.

        Args:
            patterns: (head, relation, tail) each; a relation may be given by its label.
            select: The variables to return, by default all in the order in which they come.
            limit: The most rows to return.
            strict: Whether a name that the graph lacks is an error, rather than no match.
            where: Comparisons: ``("?x", ">", 5)``, also with "1990-05-03" or "12 km". A bare number
                is in the unit of most values, among dates a year. What is no number and no date, or
                of another dimension, compares with nothing.
            order_by: Selected variables, each as "?x" or, the greatest first, "-?x": numbers and
                dates by size, then names.

        Returns:
            Distinct rows of keys, or of values where a variable stands for one, in no promised
            order without ``order_by``.

        Raises:
            QueryError: A pattern, a selected variable, a comparison or an order is malformed.
            UnknownKeyError: ``strict``, and the graph lacks an entity or relation of a pattern.
        """
        from kg.querying import PatternForm, answer

        form = PatternForm(select, limit, strict, where, order_by)
        yield from answer(self._database, self, patterns, form, self._at)

    def sparql(
        self, query: str, *, bindings: Mapping[str, str | Literal] | None = None
    ) -> Bindings | bool | list[Triple | Attribute]:
        """Answer a query in SPARQL by RDFLib's engine; needs ``pip install "kptm[sparql]"``.

        A key that is an IRI is named by it, any other with the prefix ``key:``, percent-encoded
        (``key:Q90``, ``key:directed%20by``). ``rdf rdfs schema skos xsd`` are declared too.

        Args:
            query: SELECT, ASK, CONSTRUCT or DESCRIBE.
            bindings: What variables stand for: keys, or values.

        Returns:
            Rows of keys, values or None for SELECT (their ``variables`` name the columns), a bool
            for ASK, facts for others.

        Raises:
            QueryError: The query is malformed, changes something, asks beyond this graph (SERVICE,
                FROM, GRAPH), or fails.
            KGError: RDFLib is not installed.
        """
        try:
            from kg.sparql import plugin as sparql
        except ModuleNotFoundError as error:
            raise KGError('SPARQL needs RDFLib: pip install "kptm[sparql]"') from error
        return sparql.answer(self._database, query, self._at, bindings or {})

    def touching(self, keys: Iterable[str]) -> list[Triple]:
        """The triples that have one of ``keys`` as head or tail, in the order of their rows."""
        with self._database.reading() as sql:
            return triples.incident_triples(sql, sorted(set(keys)), self._at, None)

    def neighbours(
        self,
        key: str,
        *,
        hops: int = 1,
        limit: int = 100,
        direction: Direction = "both",
        relations: Collection[str] | None = None,
    ) -> list[Triple]:
        """Triples within ``hops`` of an entity, nearest first, of a hop first those that lead away.

        Args:
            key: The entity.
            hops: How far to go.
            limit: The most triples to return.
            direction: "out" follows facts from head to tail, "in" from tail to head, or "both".
            relations: The keys of the relations to follow; None follows all.

        Raises:
            UnknownKeyError: The entity is not in the graph.
            QueryError: The direction is another.
        """
        key = self.entity(key).key
        with self._database.reading() as sql:
            return paths.neighbours(sql, key, hops=hops, limit=limit, direction=direction,
                                    relations=relations, at=self._at)  # fmt: skip

    def paths(self, a: str, b: str, *, max_hops: int = 3, limit: int = 10) -> list[list[Triple]]:
        """Paths between two entities, the shortest first, facts read in either direction.

        No entity comes twice in a path. None within ``max_hops`` gives an empty list.

        Raises:
            UnknownKeyError: One of the entities is not in the graph.
        """
        a, b = self.entity(a).key, self.entity(b).key
        with self._database.reading() as sql:
            return paths.paths(sql, a, b, max_hops=max_hops, limit=limit, at=self._at)

    def follow(self, key: str, steps: Sequence[Step]) -> list[str]:
        """The nodes that a path leads to, each once: keys, or values (:class:`kg.ValueKey`).

        Several steps do not come back to where they start. Facts of the last step that hold today
        come first, then undated ones; among these, what most entities lead to, then the earliest
        line. Beside facts of rank *preferred* no others count.
        """
        return self.evaluator().follow(self._find_key(key) or key, steps)

    def trails(
        self, start: str, steps: Sequence[Step], end: str, *, limit: int = 1
    ) -> list[list[Triple]]:
        """The facts of the first ``limit`` ways of :meth:`follow` from ``start`` to ``end``."""
        with self._database.quick() as sql:
            return traverse.witness_paths(sql, start, steps, end, limit=limit, at=self._at)

    def evaluate(self, program: Program, *, limit: int | None = None) -> Denotation:
        """What a program denotes; see :meth:`kg.programs.Evaluator.evaluate`."""
        return self.evaluator().evaluate(program, limit=limit)

    def evaluator(self) -> Evaluator:
        """The evaluator of programs over this graph, which also finds facts as proof."""
        from kg.programs import Evaluator

        self._evaluator = self._evaluator or Evaluator(self._database, self._at, times=self._times)
        return self._evaluator

    # ── history ──────────────────────────────────────────────────────────────────────────────

    def history(self, key: str) -> list[Change]:
        """When which source began or ceased to say something of an entity, oldest first."""
        with self._database.reading() as sql:
            return history.history(sql, self._find_key(key) or key, self._at)

    def revisions(self, *, limit: int = 20) -> list[Revision]:
        """The newest revisions, newest first."""
        with self._database.reading() as sql:
            return revisions.listing(sql, max(limit, 0), self._at)

    def revision(self) -> int:
        """The number of the newest revision, 0 for an empty graph."""
        if self._at is not None:
            return self._at
        with self._database.quick() as sql:
            return revisions.latest(sql)

    changed, attested = OldName("changed_entities"), OldName("attestations")

    def changed_entities(self, since: int, *, most: int = 20_000) -> set[str] | None:
        """Entities about which something began or ceased to be said after ``since``.

        None where more than ``most`` statements have, or a purge has left no trace of what it took.
        """
        with self._database.reading() as sql:
            return change_feed.changed_keys(sql, since, most)

    def fingerprint(self, revision: int | None = None) -> str:
        """SHA-256 of the triples that live now, or lived at ``revision``, however they were loaded.

        Raises:
            StoreError: There is no such revision.
        """
        return fingerprints.fingerprint(self._database, self._at if revision is None else revision)

    def snapshot(self) -> tuple[int, list[Triple]]:
        """The newest revision's number and its triples, both of one moment."""
        everything = triples.matching(triples.Pattern(None, None, None), self._at)
        with self._database.reading() as sql:
            number = revisions.latest(sql) if self._at is None else self._at
            return number, list(map(Triple._make, sql.stream(*everything)))

    # ── all of it ────────────────────────────────────────────────────────────────────────────

    def describe(self, key: str, *, limit: int = 100, deprecated: bool = False) -> Description:
        """What the graph knows of an entity, with who says it.

        Args:
            key: The entity.
            limit: The most facts as head, and as tail.
            deprecated: Whether to list what is known to be wrong: Wikidata's rank *deprecated*,
                confidence 0. No other method answers these.

        Raises:
            UnknownKeyError: There is none.
        """
        entity = self.entity(key)
        with self._database.reading() as sql:
            facts = describe.facts(sql, entity.key, self._at, limit, deprecated=deprecated)
            return Description(entity, tuple(facts))

    def attestations(self, facts: Iterable[Triple]) -> dict[Triple, Attested]:
        """Who says each of ``facts``, and since when; what does not live is left out."""
        with self._database.quick() as sql:
            return describe.read_attestations(sql, facts, self._at)

    def confidences(self, facts: Iterable[Triple]) -> dict[Triple, float]:
        """The greatest confidence of each fact, of those whose sources all state one."""
        with self._database.quick() as sql:
            return describe.confidences(sql, facts, self._at)

    def sources(self) -> list[str]:
        """The names of all sources that state or stated something."""
        with self._database.quick() as sql:
            return names.sources(sql)

    def stats(self) -> dict[str, int]:
        """Counts of entities, relations, triples, attributes, aliases, sources, revisions."""
        with self._database.reading() as sql:
            return names.counts(sql, self._at)

    def export(
        self,
        target: str | Path,
        *,
        format: str | None = None,
        progress: Callable[[int], None] | None = None,
    ) -> ExportReport:
        """Write the graph to a file; the suffix decides the format, ``-`` is standard output.

        JSON Lines holds everything; RDF no confidence, qualifiers and units; TSV and CSV triples.
        ``progress`` gets how many of the :meth:`count_statements` are written.

        Raises:
            TripleFormatError: The format cannot hold a name, or the file cannot be written.
        """
        from kg.formats import write_records

        with self._database.reading() as sql:
            found = triples.statements(sql, self._at)
            return write_records(target, found, format=format, progress=progress)

    def count_statements(self) -> int:
        """How many statements of sources there are, which :meth:`export` writes."""
        with self._database.reading() as sql:
            return triples.count_statements(sql, self._at)

    def triples_with_sources(self) -> Iterator[tuple[Triple, str]]:
        """Stream the triples between entities, each once for every source that says it."""
        with self._database.reading() as sql:
            yield from triples.with_sources(sql, self._at)

    def to_networkx(self, triples: Iterable[Triple] | None = None) -> nx.MultiDiGraph[str]:
        """A MultiDiGraph of ``triples`` (by default all), with relation keys as edge keys."""
        from kg.formats import to_networkx

        return to_networkx(self.match() if triples is None else triples, self.entities)

    def to_pandas(self, triples: Iterable[Triple] | None = None) -> pd.DataFrame:
        """A DataFrame of ``triples`` (the whole graph by default): head, relation, tail."""
        from kg.formats import to_pandas

        return to_pandas(self.match() if triples is None else triples)
