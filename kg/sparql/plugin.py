"""SPARQL over the store: a plugin of RDFLib that answers each triple pattern by SQL.

Keys become IRIs as in the RDF formats (:mod:`kg.formats.rdf.iris`): a key that is an IRI stays as
it is, any other gets the prefix ``key:``. Triples of RDF have no place for confidence, qualifiers,
units and sources, so a query cannot see them.
"""

from __future__ import annotations

import logging
import re
from contextlib import closing, contextmanager
from contextvars import ContextVar
from itertools import count
from typing import TYPE_CHECKING, Any, NamedTuple
from weakref import WeakKeyDictionary

import rdflib
from rdflib.plugins.sparql.algebra import (
    _addVars,
    _traverseAgg,
    analyse,
    simplify,
    translateGroupGraphPattern,
    translatePath,
    translateQuery,
    traverse,
)
from rdflib.plugins.sparql.parser import parseQuery
from rdflib.store import Store

from kg.errors import KGError, QueryError, shorten
from kg.formats.rdf.iris import iri_of
from kg.sparql.aggregates import prepare_aggregates
from kg.sparql.dates import as_date
from kg.sparql.rdflib_terms import Value, as_term, fact_of, key, node, sort_key, term_of, value_of
from kg.store.read.triples import alive
from kg.store.rows import dictionary
from kg.store.rows.schema import FIRST_RELATION
from kg.types import Attribute, Literal, Triple
from kg.vocabulary import IRI, MINTED, XSD

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rdflib.plugins.sparql.sparql import Query
    from rdflib.query import Result

    from kg.sparql.rdflib_terms import Term
    from kg.sql.cursor import Sql
    from kg.sql.database import Database

TERMS_PER_LOOKUP = 2_000
"""Rows whose terms are looked up together."""

MAX_CACHED_TERMS = 100_000
"""Terms in the cache of a query."""

PREFIXES = {
    "key": MINTED,
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "schema": "http://schema.org/",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "xsd": XSD,
}
"""Prefixes that a query may use without declaring them."""


class Bindings(list[tuple[Value, ...]]):
    """The rows of a SELECT, in the order of the query.

    Attributes:
        variables: The variable of each column, without the question mark; for ``SELECT *`` in the
            order of their first occurrence in the query.
    """

    def __init__(self, variables: tuple[str, ...], rows: Iterator[tuple[Value, ...]]) -> None:
        super().__init__(rows)
        self.variables = variables


def answer(
    database: Database, query: str, at: int | None, bindings: Mapping[str, str | Literal]
) -> Bindings | bool | list[Triple | Attribute]:
    """Answer a SPARQL query on the newest revision of the graph, or on revision ``at``.

    Raises:
        QueryError: The query is malformed, is an update, reads other graphs, or fails.
        StoreError: The database cannot be read.
    """
    with _quiet():
        prepared, everything = _prepare(query)
        terms = {name: as_term(value) for name, value in bindings.items()}
        with read_graph(database, at) as graph:
            try:
                result = graph.query(prepared, initBindings=terms)
                return _read_result(result, query if everything else None)
            except RecursionError as error:
                raise QueryError("the query is nested too deeply; shorten its paths") from error
            except KGError:
                raise
            except database.failures:
                raise
            except Exception as error:  # RDFLib does not catch the errors of an expression
                reason = " ".join(str(error).split()) or type(error).__name__
                raise QueryError(f"the query fails ({shorten(reason, 200)})") from error


@contextmanager
def read_graph(database: Database, at: int | None = None) -> Iterator[rdflib.Graph]:
    """The newest revision of the graph, or revision ``at``, for RDFLib, in one transaction."""
    with database.reading() as sql, closing(_SqlStore(database, sql, at)) as store:
        yield rdflib.Graph(store=store, bind_namespaces="none")


def _read_result(result: Result, text: str | None) -> Bindings | bool | list[Triple | Attribute]:
    """Convert RDFLib's result; ``text`` is the query if it selects ``*``, else None."""
    if result.type == "ASK":
        return bool(result.askAnswer)
    if result.type == "SELECT":
        variables = list(result.vars or ())
        if text is not None:  # RDFLib's order of the variables changes from run to run
            names = [match[1] for match in re.finditer(r"[?$](\w+)", text)]
            first = {name: i for i, name in reversed(list(enumerate(names)))}
            variables.sort(key=lambda name: (first.get(str(name), len(names)), str(name)))
        # Iterating over the result itself would skip rows without any binding.
        rows = (tuple(value_of(row.get(name)) for name in variables) for row in result.bindings)
        return Bindings(tuple(map(str, variables)), rows)
    facts = (fact_of(*triple) for triple in result.graph or ())
    return sorted((fact for fact in facts if fact is not None), key=sort_key)


def _prepare(query: str) -> tuple[Query, bool]:
    """Parse a query for RDFLib's engine; return it, and whether it selects ``*``."""
    try:
        parsed = parseQuery(query)
        everything = not parsed[1].projection
        prepared = translateQuery(parsed, initNs=PREFIXES)
    except Exception as error:
        raise QueryError(f"not a query in SPARQL ({error})") from error
    if parsed[1].having:
        inside: set[str] = set()
        traverse(parsed[1].having, visitPre=lambda part: inside.add(getattr(part, "name", "")))
        if not inside.isdisjoint(("Builtin_EXISTS", "Builtin_NOTEXISTS")):
            raise QueryError("EXISTS is not supported in HAVING: put it in a FILTER of the pattern")
    if prepared.algebra.get("datasetClause"):
        raise QueryError("FROM is not supported: a query reads this graph only")
    names: set[str] = set()
    traverse(prepared.algebra, visitPre=lambda part: names.add(getattr(part, "name", "")))
    try:
        traverse(prepared.algebra, visitPost=_complete)
    except Exception as error:
        raise QueryError(f"EXISTS is not supported in this place ({error})") from error
    prepare_aggregates(_IN_QUERY)
    if "ServiceGraphPattern" in names:
        raise QueryError("SERVICE is not supported: no other server is queried")
    if not names.isdisjoint(("Graph", "GraphGraphPattern")):
        raise QueryError("GRAPH is not supported: a query reads this graph only")
    return prepared, everything


def _complete(part: Any) -> Any:
    """Add to a part of the algebra what RDFLib lacks: EXISTS as a value, dates of any year."""
    if getattr(part, "name", "") in ("Builtin_EXISTS", "Builtin_NOTEXISTS"):
        if part.graph.name.startswith("GroupGraphPattern"):  # RDFLib translates it only in FILTER
            pattern = traverse(part.graph, visitPost=translatePath)
            # Set as an attribute, as RDFLib does: items would be evaluated, and a pattern has no
            # value.
            part.graph = traverse(translateGroupGraphPattern(pattern), visitPost=simplify)
            _traverseAgg(part.graph, visitor=analyse)
            _traverseAgg(part.graph, _addVars)
        part.graph = traverse(part.graph, visitPost=_complete)
        return part
    return as_date(part) if isinstance(part, rdflib.Literal) else None


_IN_QUERY: ContextVar[bool] = ContextVar("kptm_in_query", default=False)
# RDFLib logs a traceback for every value that does not fit its datatype, which may be thousands.
logging.getLogger("rdflib.term").addFilter(lambda _: not _IN_QUERY.get())


@contextmanager
def _quiet() -> Iterator[None]:
    token = _IN_QUERY.set(True)
    try:
        yield
    finally:
        _IN_QUERY.reset(token)


# ── units ────────────────────────────────────────────────────────────────────────────────────────


class _Seen(NamedTuple):
    """Units found so far, up to the lowest id read: new literals get lower ids until a purge."""

    purges: int
    lowest: int
    units: dict[str, tuple[str, ...]]


_SEEN: WeakKeyDictionary[Database, _Seen] = WeakKeyDictionary()


def _units(database: Database, sql: Sql) -> dict[str, tuple[str, ...]]:
    """The units of each datatype's values; looking up a literal needs its unit.

    Only the first call reads all literals.
    """
    purges = int(sql.one("SELECT count(*) FROM revision WHERE kind = 'purge'"))
    lowest = int(sql.one("SELECT min(id) FROM literal") or 0)
    read = _SEEN.get(database)
    if read is None or read.purges != purges:
        read = _Seen(purges, 0, {})
    if lowest < read.lowest:
        units = {datatype: set(old) for datatype, old in read.units.items()}
        query = "SELECT DISTINCT datatype, unit FROM literal WHERE id < ? AND unit <> ''"
        for datatype, unit in sql.all(query, (read.lowest,)):
            units.setdefault(datatype, set()).add(unit)
        read = _Seen(purges, lowest, {kind: tuple(sorted(of)) for kind, of in units.items()})
    _SEEN[database] = read
    return read.units


# ── the plugin ───────────────────────────────────────────────────────────────────────────────────


class _SqlStore(Store):
    """RDFLib's view of one read-only transaction."""

    def __init__(self, database: Database, sql: Sql, at: int | None) -> None:
        super().__init__()
        self._database, self._sql = database, sql
        self._alive, self._twin = alive(at), _twin(at)
        self._relations: dict[int, Term] = {
            number: rdflib.URIRef(iri_of(name))
            for number, name in sql.all("SELECT id, key FROM relation")
        }
        self._numbers = {term: number for number, term in self._relations.items()}
        self._nodes: dict[int, Term] = {}
        self._doubtful: set[int] = set()
        self._heads: dict[Term, int] = {}
        self._ends: dict[Term, list[int]] = {}
        self._reading: dict[int, Any] = {}
        self._counter = count(1)

    def close(self, commit_pending_transaction: bool = False) -> None:
        """Close the open cursors, which would keep the transaction open."""
        for number in list(self._reading):
            self._end(number)

    def __len__(self, context: object = None) -> int:
        query = (
            "SELECT count(*) FROM triple x LEFT JOIN literal l ON l.id = x.tail_id"
            f" WHERE {self._alive} AND NOT (x.tail_id < 0 AND ({self._twin}))"
        )
        return int(self._sql.one(query))

    def triples(
        self, triple_pattern: tuple[Any, Any, Any], context: object = None
    ) -> Iterator[tuple[tuple[Term, Term, Term], Iterator[None]]]:
        """Yield the triples that match a pattern, each once; None in the pattern is a variable."""
        head, relation, end = triple_pattern
        where, parameters, chosen = [self._alive], [], "x.head_id, x.relation_id, x.tail_id"
        if head is not None:
            where.append("x.head_id = ?")
            parameters.append(self._head(head))
        if relation is not None:
            where.append("x.relation_id = ?")
            parameters.append(self._numbers.get(relation, 0))
        if end is not None:
            ids = self._end_ids(end)
            where.append(f"x.tail_id IN ({', '.join('?' * len(ids)) or '0'})")
            parameters += ids
            chosen = "x.head_id, x.relation_id, 0"
            if len(ids) > 1:  # several ids may stand for the same term of RDF
                chosen = f"DISTINCT {chosen}"
        if 0 in parameters:
            return
        query = f"SELECT {chosen} FROM triple x WHERE {' AND '.join(where)}"
        for page in self._pages(query, parameters, few=head is not None):
            for triple in self._rows_as_terms(page, end):
                yield triple, iter(())

    def _rows_as_terms(
        self, page: list[tuple[Any, ...]], end: Term | None
    ) -> list[tuple[Term, Term, Term]]:
        """Rows of ids as terms, without rows that are the same triple in RDF as another row."""
        nodes = self._nodes
        self._look_up({number for row in page for number in (row[0], row[2]) if number})
        distinct = [row for row in page if row[2] not in self._doubtful or not self._has_twin(row)]
        return [(nodes[h], self._relations[r], nodes[t] if t else end) for h, r, t in distinct]  # type: ignore[misc]

    def _has_twin(self, row: tuple[Any, ...]) -> bool:
        query = (
            "SELECT 1 FROM triple x JOIN literal l ON l.id = x.tail_id"
            f" WHERE x.head_id = ? AND x.relation_id = ? AND x.tail_id = ? AND ({self._twin})"
        )
        return self._sql.one(query, row) is not None

    # ── ids and terms ──

    def _look_up(self, numbers: set[int]) -> None:
        """Read the terms of ids into the cache."""
        if len(self._nodes) > MAX_CACHED_TERMS:
            for known in (self._nodes, self._doubtful, self._heads, self._ends):
                known.clear()
        missing = sorted(numbers - self._nodes.keys())
        keys = [number for number in missing if number > 0]
        if keys:
            listed, parameter = self._sql.values(keys)
            rows = self._sql.all(f"SELECT id, key FROM entity WHERE id IN {listed}", (parameter,))
            for number, named in rows:
                self._nodes[number] = node(named)
                self._heads[self._nodes[number]] = number
        values = [number for number in missing if number < 0]
        if values:
            literals = dictionary.literals(self._sql, values)
            self._nodes.update((number, term_of(value)) for number, value in literals.items())
            self._doubtful.update(
                number for number, value in literals.items() if value.unit or value.datatype == IRI
            )

    def _head(self, term: Term) -> int:
        """The id of the entity that a term names; 0 if there is none."""
        if term not in self._heads:
            self._heads[term] = 0
            if not isinstance(term, rdflib.Literal) and node(key(term)) == term:
                ids = dictionary.ids_of(self._sql, "entity", [key(term)])
                self._heads[term] = next(iter(ids.values()), 0)
        return self._heads[term]

    def _end_ids(self, term: Term) -> list[int]:
        """The ids that a term may have as a tail: of an entity, and of values."""
        if term not in self._ends:
            numbers = [number for number in (self._head(term),) if number]
            value = value_of(term)
            if not isinstance(value, Literal):
                value = Literal(str(value), IRI)
            if isinstance(term, rdflib.Literal) or node(value.value) == term:
                units = ("", *_units(self._database, self._sql).get(value.datatype, ()))
                parts = value.value, value.datatype, value.language
                wanted = [Literal(*parts, unit) for unit in units]
                numbers += dictionary.known_literals(self._sql, wanted).values()
            self._ends[term] = numbers
        return self._ends[term]

    # ── cursors: RDFLib joins by nested loops, so that several are open at once ──

    def _pages(
        self, query: str, parameters: Sequence[int], *, few: bool
    ) -> Iterator[list[tuple[Any, ...]]]:
        number = next(self._counter)
        if self._sql.postgresql and not few:  # its driver would fetch all rows at once
            self._reading[number] = f"kptm_sparql_{number}"
            self._sql.run(
                f"DECLARE {self._reading[number]} NO SCROLL CURSOR FOR {query}", parameters
            )
        else:
            self._reading[number] = self._sql.cursor(query, parameters)
        try:
            while page := self._page(self._reading[number]):
                yield page
        except GeneratorExit:  # the caller needs no more rows
            self._end(number)
            raise
        self._end(number)

    def _page(self, cursor: Any) -> list[tuple[Any, ...]]:
        if isinstance(cursor, str):
            return self._sql.all(f"FETCH {TERMS_PER_LOOKUP:d} FROM {cursor}")
        rows: list[tuple[Any, ...]] = cursor.fetchmany(TERMS_PER_LOOKUP)
        return rows

    def _end(self, number: int) -> None:
        cursor = self._reading.pop(number, None)
        if isinstance(cursor, str):
            self._sql.run(f"CLOSE {cursor}")
        elif cursor is not None:
            cursor.close()


def _twin(at: int | None) -> str:
    """The SQL condition that triple ``x`` with literal ``l`` equals another triple in RDF.

    Its value is an IRI that names the tail of the other triple, or differs from the other value
    only in its unit.
    """
    same = f"y.head_id = x.head_id AND y.relation_id = x.relation_id AND {alive(at, 'y')}"
    return (
        f"x.relation_id >= {FIRST_RELATION} AND l.datatype = '{IRI}' AND EXISTS ("
        "SELECT 1 FROM entity e CROSS JOIN triple y WHERE e.key = l.value"
        f" AND y.tail_id = e.id AND {same})"
        " OR l.unit <> '' AND EXISTS ("
        f"SELECT 1 FROM triple y CROSS JOIN literal m WHERE {same} AND y.tail_id < 0"
        " AND m.id = y.tail_id AND m.unit < l.unit AND m.value = l.value"
        " AND m.datatype = l.datatype AND m.language = l.language)"
    )
