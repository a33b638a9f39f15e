"""GraphView: all queries to a graph, at its newest or an earlier revision."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from kg.deprecation import OldName
from kg.entities.entity_view import EntityView
from kg.errors import KGError
from kg.store.node_sets import traverse
from kg.store.read import change_feed, describe, history, names, paths, triples
from kg.store.rows import fingerprints, link_counts, revisions, values
from kg.types import Description, Triple

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    import networkx as nx  # type: ignore[import-untyped, unused-ignore]  # stubs are optional
    import pandas as pd  # type: ignore[import-untyped, unused-ignore]
    import polars as pl  # type: ignore[import-not-found, unused-ignore]  # an extra

    from kg.programs import Denotation, Evaluator, Program
    from kg.querying import Where
    from kg.sparql.plugin import Bindings
    from kg.store.read.paths import Direction
    from kg.types import Attested, Attribute, Change, ExportReport, Literal, Revision, Step


class GraphView(EntityView):
    """A graph for reading, at a revision; ``at`` None is the newest.

    Reading while another process writes shows the state before or after a change, never between.
    """

    def _repr_html_(self) -> str:
        from kg.formats.notebook_html import SHOWN_ROWS, graph_html

        facts = list(islice(self.match(), SHOWN_ROWS))
        ends = self.entities([key for fact in facts for key in (fact.head, fact.tail)])
        labels = {entity.key: entity.label for entity in (self.relations() if facts else ())}
        labels |= {key: entity.label for key, entity in ends.items()}
        return graph_html(self.stats(), facts, labels)

    # ── facts ────────────────────────────────────────────────────────────────────────────────

    def link_counts(
        self, keys: Collection[str] | None = None
    ) -> dict[tuple[str, str], tuple[int, int]]:
        """By (key, name): how often texts link the name to the entity, and how often it occurs."""
        with self._database.reading() as sql:
            return link_counts.counts(sql, keys)

    def match(
        self, head: str | None = None, relation: str | None = None, tail: str | None = None
    ) -> Iterator[Triple]:
        """Stream the triples that match a pattern of keys; None matches anything.

        They are in the order of their rows, which is deterministic. A merged key means the entity
        that was kept.
        """
        pattern = self._pattern(head, relation, tail)
        facts = self._matching(pattern)
        first = next(facts, None)
        if first is not None:
            yield first
        elif (kept := self._without_merged_keys(pattern)) != pattern:
            facts = self._matching(kept)
        yield from facts

    def _matching(self, pattern: triples.Pattern) -> Iterator[Triple]:
        statement, parameters = triples.matching(pattern, self._at)
        few = pattern.head is not None or pattern.tail is not None  # most likely
        yield from map(Triple._make, self._database.rows(statement, parameters, few=few))

    def _pattern(self, head: str | None, relation: str | None, tail: str | None) -> triples.Pattern:
        relation = self._find_key(relation, "relation")
        return triples.Pattern(self._find_key(head), relation, self._find_key(tail))

    def _without_merged_keys(self, pattern: triples.Pattern) -> triples.Pattern:
        """The pattern with the kept entities in place of merged ones.

        A merged entity has no facts, so that reading needs it only for patterns without a match.
        """
        head, relation, tail = pattern
        kept = self._merged_into([head, tail])
        return triples.Pattern(kept.get(head or "", head), relation, kept.get(tail or "", tail))

    def attributes(
        self, head: str | None = None, relation: str | None = None
    ) -> Iterator[Attribute]:
        """Stream the facts whose tails are values; labels only if their relation is given."""
        pattern = self._pattern(head, relation, None)
        if head is not None:
            pattern = self._without_merged_keys(pattern)
        with self._database.reading() as sql:
            yield from triples.attributes(sql, *pattern[:2], self._at)

    def values(self, text: str) -> list[Literal]:
        """The values of the graph that a text denotes: "1984" is a number or a year."""
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
            patterns: Triples (head, relation, tail); a relation may be given by its label.
            select: The variables to return; by default all, in order of their first occurrence.
            limit: The maximum number of rows to return.
            strict: Whether a name that the graph lacks is an error instead of no match.
            where: Comparisons: ``("?x", ">", 5)``, also with "1990-05-03" or "12 km". A number
                without unit has the unit of most values, or is a year among dates. Values that are
                not numbers or dates, or of another dimension, never satisfy a comparison.
            order_by: Selected variables, each as "?x" or, in descending order, "-?x": numbers and
                dates by size, then names.

        Returns:
            Distinct rows of keys and values, in no particular order without ``order_by``.

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
        """Answer a SPARQL query by RDFLib's engine; needs ``pip install "kptm[sparql]"``.

        A key that is an IRI stands for itself; any other gets the prefix ``key:``, percent-encoded
        (``key:Q90``, ``key:directed%20by``). ``rdf rdfs schema skos xsd`` are declared too.

        Args:
            query: SELECT, ASK, CONSTRUCT or DESCRIBE.
            bindings: Values of variables: keys, or literals.

        Returns:
            For SELECT rows of keys, values or None, with the columns' names in ``variables``; for
            ASK a bool; else facts.

        Raises:
            QueryError: The query is malformed, is an update, reads other graphs (SERVICE, FROM,
                GRAPH), or fails.
            KGError: RDFLib is not installed.
        """
        try:
            from kg.sparql import plugin as sparql
        except ModuleNotFoundError as error:
            raise KGError('SPARQL needs RDFLib: pip install "kptm[sparql]"') from error
        return sparql.answer(self._database, query, self._at, bindings or {})

    def touching(self, keys: Iterable[str]) -> list[Triple]:
        """The triples with one of ``keys`` as head or tail, in the order of their rows."""
        asked = set(keys)
        kept = self._merged_into(asked)
        with self._database.reading() as sql:
            current = sorted({kept.get(key, key) for key in asked})
            return triples.incident_triples(sql, current, self._at, None)

    def neighbours(
        self,
        key: str,
        *,
        hops: int = 1,
        limit: int = 100,
        direction: Direction = "both",
        relations: Collection[str] | None = None,
    ) -> list[Triple]:
        """Triples within ``hops`` of an entity, nearest first; per hop, outgoing triples first.

        Args:
            key: The entity.
            hops: The maximum number of hops.
            limit: The maximum number of triples to return.
            direction: "out" follows facts from head to tail, "in" from tail to head, or "both".
            relations: The keys of the relations to follow; None follows all.

        Raises:
            UnknownKeyError: The entity is not in the graph.
            QueryError: The direction is unknown.
        """
        key = self.entity(key).key
        with self._database.reading() as sql:
            return paths.neighbours(sql, key, hops=hops, limit=limit, direction=direction,
                                    relations=relations, at=self._at)  # fmt: skip

    def paths(self, a: str, b: str, *, max_hops: int = 3, limit: int = 10) -> list[list[Triple]]:
        """Paths between two entities, shortest first, along facts in either direction.

        No entity occurs twice in a path. Empty if there is no path within ``max_hops``.

        Raises:
            UnknownKeyError: One of the entities is not in the graph.
        """
        a, b = self.entity(a).key, self.entity(b).key
        with self._database.reading() as sql:
            return paths.paths(sql, a, b, max_hops=max_hops, limit=limit, at=self._at)

    def follow(self, key: str, steps: Sequence[Step]) -> list[str]:
        """The nodes at the end of a path, each once: keys, or values (:class:`kg.ValueKey`).

        A path of several steps does not return to its start. Nodes are ordered by the facts of the
        last step: those that hold today first, then undated ones; then by the number of entities
        that lead to a node, then by line. Facts beside one of rank *preferred* are ignored.
        """
        start = self._find_key(key) or key
        nodes = self.evaluator().follow(start, steps)
        if not nodes and (kept := self._merged_into([start])):
            return self.evaluator().follow(kept[start], steps)
        return nodes

    def trails(
        self, start: str, steps: Sequence[Step], end: str, *, limit: int = 1
    ) -> list[list[Triple]]:
        """The facts of the first ``limit`` paths of :meth:`follow` from ``start`` to ``end``."""
        kept = self._merged_into([start, end])
        start, end = kept.get(start, start), kept.get(end, end)
        with self._database.quick() as sql:
            return traverse.witness_paths(sql, start, steps, end, limit=limit, at=self._at)

    def evaluate(self, program: Program, *, limit: int | None = None) -> Denotation:
        """Evaluate a program; see :meth:`kg.programs.Evaluator.evaluate`."""
        return self.evaluator().evaluate(program, limit=limit)

    def evaluator(self) -> Evaluator:
        """The evaluator of programs over this graph, which also finds their evidence."""
        from kg.programs import Evaluator

        self._evaluator = self._evaluator or Evaluator(self._database, self._at, times=self._times)
        return self._evaluator

    # ── history ──────────────────────────────────────────────────────────────────────────────

    def history(self, key: str) -> list[Change]:
        """When each source began or ceased to state facts of an entity, oldest first."""
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
        """Entities whose statements have changed after revision ``since``.

        None if more than ``most`` statements have changed, or after a purge, which leaves no trace.
        """
        with self._database.reading() as sql:
            return change_feed.changed_keys(sql, since, most)

    def fingerprint(self, revision: int | None = None) -> str:
        """SHA-256 of the live triples, at ``revision`` if given, whatever the order of loading.

        Raises:
            StoreError: The revision does not exist.
        """
        return fingerprints.fingerprint(self._database, self._at if revision is None else revision)

    def snapshot(self) -> tuple[int, list[Triple]]:
        """The number of the newest revision and its triples, read consistently."""
        everything = triples.matching(triples.Pattern(None, None, None), self._at)
        with self._database.reading() as sql:
            number = revisions.latest(sql) if self._at is None else self._at
            return number, list(map(Triple._make, sql.stream(*everything)))

    # ── descriptions, sources, export ────────────────────────────────────────────────────────

    def describe(self, key: str, *, limit: int = 100, deprecated: bool = False) -> Description:
        """Describe an entity by its facts, with their sources.

        Args:
            key: The entity.
            limit: The maximum number of facts with the entity as head, and of facts with it as
                tail.
            deprecated: Whether to include facts known to be wrong, with Wikidata's rank
                *deprecated* or confidence 0, which no other method returns.

        Raises:
            UnknownKeyError: The entity does not exist.
        """
        entity = self.entity(key)
        with self._database.reading() as sql:
            facts = describe.facts(sql, entity.key, self._at, limit, deprecated=deprecated)
            return Description(entity, tuple(facts))

    def attestations(self, facts: Iterable[Triple]) -> dict[Triple, Attested]:
        """The sources and first revision of each live fact."""
        with self._database.quick() as sql:
            return describe.read_attestations(sql, facts, self._at)

    def confidences(self, facts: Iterable[Triple]) -> dict[Triple, float]:
        """The highest confidence of each fact whose sources all state one."""
        with self._database.quick() as sql:
            return describe.confidences(sql, facts, self._at)

    def sources(self) -> list[str]:
        """The names of all sources, with live statements or not."""
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

        JSON Lines is lossless; RDF has no confidence, qualifiers or units; TSV and CSV only
        triples. ``progress`` is called with the number written, of :meth:`count_statements`.

        Raises:
            TripleFormatError: The format cannot represent a name, or the file cannot be written.
        """
        from kg.formats import write_records

        with self._database.reading() as sql:
            statements = triples.statements(sql, self._at)
            return write_records(target, statements, format=format, progress=progress)

    def count_statements(self) -> int:
        """The number of statements that :meth:`export` writes."""
        with self._database.reading() as sql:
            return triples.count_statements(sql, self._at)

    def triples_with_sources(self) -> Iterator[tuple[Triple, str]]:
        """Stream the triples between entities, each once per source that states it."""
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

    def to_polars(self, triples: Iterable[Triple] | None = None) -> pl.DataFrame:
        """The same as a DataFrame of Polars; needs ``pip install "kptm[polars]"``.

        Raises:
            KGError: Polars is not installed.
        """
        from kg.formats import to_polars

        return to_polars(self.match() if triples is None else triples)
