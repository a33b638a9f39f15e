"""Checks the graph and its undecided proposals against SHACL shapes, by pySHACL.

W3C, *Shapes Constraint Language*, 2017. pySHACL validates a copy of the graph in memory twice:
alone, and with all proposals added. A proposal breaks a shape if the second validation has a new
result whose focus node is the proposal's head or tail and whose path is its relation. If two
proposals break a shape only together, both are named.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from kptm.constraints.constraint import Constraint, ConstraintKind, Violation
from kptm.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import rdflib

    from kg.graph import KnowledgeGraph
    from kg.review.proposal import Proposal
    from kg.sparql.rdflib_terms import Term
    from kg.types import Literal

SH = "http://www.w3.org/ns/shacl#"


class ShapeResult(NamedTuple):
    """A validation result of SHACL.

    Attributes:
        shape: The name of the shape; "" if it has none.
        component: The component of SHACL, such as ``MinCount``.
        focus: The key of the node that does not conform.
        path: The key of the relation, or a longer path in the syntax of SPARQL; "" if the result
            is about the node itself.
        value: The value that does not conform; "" if a value is missing.
        message: The explanation, from the shape or from pySHACL.
    """

    shape: str
    component: str
    focus: str
    path: str
    value: str | Literal
    message: str


def check_shapes(
    graph: KnowledgeGraph, path: Path, proposals: Sequence[Proposal] = (), *, limit: int = 1_000
) -> list[Violation]:
    """The violations of the shapes of a file: those of facts first, then those of proposals.

    Args:
        graph: The graph to check.
        path: The file of shapes, in any RDF format that RDFLib recognizes by the file's suffix.
        proposals: The undecided proposals to check.
        limit: How many violations to return for each component of each shape at most.

    Raises:
        ConfigError: pySHACL is not installed, or the file is missing, malformed, or holds no shape.
    """
    shapes = _shapes(path)
    data = _data(graph)
    known = _results(data, shapes, path)
    violations = [_violation(result) for result in sorted(known, key=_order)]
    if proposals:
        for triple in _facts(proposals):
            data.add(triple)
        fresh = sorted(_results(data, shapes, path) - known, key=_order)
        violations += [
            _violation(result, item.id)
            for result in fresh
            for item in proposals
            if _is_about(result, item)
        ]
    return list(_limit_per_constraint(violations, limit))


def _shapes(path: Path) -> rdflib.Graph:
    try:
        import pyshacl  # noqa: F401  # an extra
        import rdflib
    except ImportError as error:
        raise ConfigError('shapes need pySHACL: pip install "kptm[shacl]"') from error
    if not path.is_file():
        raise ConfigError(f"{path}: there is no such file of shapes")
    try:
        shapes = rdflib.Graph().parse(path)
    except Exception as error:  # each of RDFLib's parsers has errors of its own
        reason = " ".join(str(error).split())[:200]
        raise ConfigError(f"{path}: cannot be read as RDF ({reason})") from error
    kinds = (rdflib.URIRef(f"{SH}NodeShape"), rdflib.URIRef(f"{SH}PropertyShape"))
    targets = ("targetClass", "targetNode", "targetSubjectsOf", "targetObjectsOf")
    if not any((None, None, kind) in shapes for kind in kinds) and not any(
        (None, rdflib.URIRef(SH + name), None) in shapes for name in targets
    ):
        raise ConfigError(
            f"{path}: holds no shape (no sh:NodeShape, no sh:PropertyShape, no target)"
        )
    return shapes


def _results(data: rdflib.Graph, shapes: rdflib.Graph, path: Path) -> set[ShapeResult]:
    import rdflib
    from pyshacl import validate
    from pyshacl.errors import ReportableRuntimeError, ShapeLoadError

    try:
        _, report, text = validate(data, shacl_graph=shapes, inplace=True, advanced=True)
    except (ReportableRuntimeError, ShapeLoadError) as error:
        reason = " ".join(str(error).split())[:200]
        raise ConfigError(f"{path}: pySHACL cannot use these shapes ({reason})") from error
    if not isinstance(report, rdflib.Graph):
        reason = " ".join(text.split())[:200]
        raise ConfigError(f"{path}: pySHACL cannot use these shapes ({reason})")
    return set(_read(report))


def _data(graph: KnowledgeGraph) -> rdflib.Graph:
    """All facts and types as an RDFLib graph in memory, which pySHACL needs.

    A type that is a plain name becomes the RDF class with that name as its key.
    """
    import rdflib

    from kg.sparql.plugin import read_graph
    from kg.sparql.rdflib_terms import node

    data = rdflib.Graph(bind_namespaces="none")
    with read_graph(graph.database) as base:
        for head, relation, tail in base:
            is_name = relation == rdflib.RDF.type and isinstance(tail, rdflib.Literal)
            data.add((head, relation, node(str(tail)) if is_name else tail))
    return data


def _facts(proposals: Sequence[Proposal]) -> Iterator[tuple[Term, Term, Term]]:
    import rdflib

    from kg.formats.rdf.iris import iri_of
    from kg.sparql.rdflib_terms import node, term_of

    for item in proposals:
        tail = node(item.tail) if isinstance(item.tail, str) else term_of(item.tail)
        yield node(item.head), rdflib.URIRef(iri_of(item.relation)), tail


def _read(report: rdflib.Graph) -> Iterator[ShapeResult]:
    import rdflib

    from kg.sparql.rdflib_terms import key, value_of

    def term(name: str) -> rdflib.URIRef:
        return rdflib.URIRef(SH + name)

    for result in report.subjects(rdflib.RDF.type, term("ValidationResult")):
        shape, focus = (
            report.value(result, term("sourceShape")),
            report.value(result, term("focusNode")),
        )
        component = str(report.value(result, term("sourceConstraintComponent"))).removeprefix(SH)
        messages = sorted(str(message) for message in report.objects(result, term("resultMessage")))
        severity = str(report.value(result, term("resultSeverity"))).removeprefix(SH)
        reason = " ".join(" ".join(messages).split()) or component
        yield ShapeResult(
            shape=key(shape) if isinstance(shape, rdflib.URIRef) else "",
            component=component.removesuffix("ConstraintComponent"),
            focus=str(focus) if isinstance(focus, rdflib.Literal) or focus is None else key(focus),
            path=_path(report, report.value(result, term("resultPath"))),
            value=value_of(report.value(result, term("value"))) or "",
            message=reason if severity == "Violation" else f"{severity.lower()}: {reason}",
        )


def _path(report: rdflib.Graph, path: Any) -> str:
    import rdflib

    from kg.sparql.rdflib_terms import key

    if path is None:
        return ""
    if isinstance(path, rdflib.URIRef):
        return key(path)
    back = report.value(path, rdflib.URIRef(f"{SH}inversePath"))
    return f"^{key(back)}" if isinstance(back, rdflib.URIRef) else "a path"


def _is_about(result: ShapeResult, item: Proposal) -> bool:
    """Whether a result is about a proposal.

    A result without a path is about all facts of its focus node.
    """
    if result.path in ("", "a path"):
        return result.focus in (item.head, item.tail)
    back = result.path.startswith("^")
    ends = (item.tail, item.head) if back else (item.head, item.tail)
    return (
        result.path.removeprefix("^") == item.relation
        and ends[0] == result.focus
        and result.value in ("", ends[1])
    )


def _violation(result: ShapeResult, proposal: int = 0) -> Violation:
    rule = Constraint(
        ConstraintKind.SHAPE,
        result.shape or "without a name",
        (result.component,),
        is_declared=True,
    )
    return Violation(rule, result.focus, result.path, result.value, result.message, proposal)


def _order(result: ShapeResult) -> tuple[str, ...]:
    return (
        result.shape,
        result.component,
        result.focus,
        result.path,
        str(result.value),
        result.message,
    )


def _limit_per_constraint(violations: Sequence[Violation], limit: int) -> Iterator[Violation]:
    count: dict[tuple[object, bool], int] = {}
    for violation in violations:
        name = violation.constraint, bool(violation.proposal)
        count[name] = count.get(name, 0) + 1
        if count[name] <= limit:
            yield violation
