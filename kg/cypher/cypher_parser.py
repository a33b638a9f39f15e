"""Parses the subset of Cypher that :func:`kg.cypher.cypher` answers.

MATCH (p:Person {name: "Ada"})-[:KNOWS]->(q)<-[:KNOWS]-(r), (q)-[:BORN_IN]->(c)
WHERE q.born > 1800 AND c.name = "London" AND id(r) = "Q7259"
RETURN DISTINCT q, q.born AS year ORDER BY year DESC LIMIT 5
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, NoReturn

from kg.errors import QueryError, shorten

if TYPE_CHECKING:
    from collections.abc import Callable

    from kg.programs.expressions import Comparison

READS = "MATCH, WHERE with AND, RETURN, DISTINCT, AS, ORDER BY, LIMIT"
_TOKEN = re.compile(
    r"""\s*(?://[^\n]*\s*)*(?:(?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')"""
    r"""|(?P<quoted>`[^`]+`)|(?P<number>-?\d+(?:\.\d+)?(?!\w|\.\d))|(?P<name>[^\W\d]\w*)"""
    r"""|(?P<sign><>|<=|>=|<-|->|[-()\[\]{}:,.=<>*|+]))""",
    re.VERBOSE,
)
_COMPARISONS: dict[str, Comparison] = {
    "=": "=", "<>": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">=",
}  # fmt: skip
_KEYWORDS = frozenset(("match", "where", "return", "order", "limit", "and"))


class CypherToken(NamedTuple):
    """A token: its kind, its text, and where it stands in the query."""

    kind: str
    text: str
    at: int


class Property(NamedTuple):
    """``variable.name``."""

    variable: str
    name: str


@dataclass(slots=True)
class CypherQuery:
    """A parsed query.

    Attributes:
        labels: (variable, label) of nodes.
        edges: (variable, type or None, variable), in the direction of the edge.
        equal: (property, text) that must be equal.
        compared: (property, comparison, number or date).
        keys: (variable, key), from ``id(n) = "key"``.
        columns: The name and the variable or property of each column.
        order: (column, descending).
        limit: The maximum number of rows, or None.
    """

    labels: list[tuple[str, str]] = field(default_factory=list)
    edges: list[tuple[str, str | None, str]] = field(default_factory=list)
    equal: list[tuple[Property, str]] = field(default_factory=list)
    compared: list[tuple[Property, Comparison, str]] = field(default_factory=list)
    keys: list[tuple[str, str]] = field(default_factory=list)
    columns: list[tuple[str, str | Property]] = field(default_factory=list)
    order: list[tuple[str, bool]] = field(default_factory=list)
    limit: int | None = None


class CypherParser:
    """A recursive-descent parser.

    Args:
        text: The query.
    """

    def __init__(self, text: str) -> None:
        self._text = text.rstrip().rstrip(";").rstrip()
        self._tokens = list(self._scan())
        self._next = 0
        self._unnamed = 0
        self._nodes: dict[str, None] = {}
        self._query = CypherQuery()

    def parse(self) -> CypherQuery:
        """Parse the query.

        Raises:
            QueryError: The query is malformed, or uses a clause outside the subset; the message has
                the position.
        """
        if self._peek("match") is None:
            self._refuse()
        while self._take("match"):
            self._list(self._pattern)
        if self._take("where"):
            self._list(self._condition, "and")
        self._need("return")
        self._take("distinct")
        self._list(self._column)
        if self._take("order"):
            self._need("by")
            self._list(self._sort)
        if self._take("limit"):
            self._query.limit = int(self._kind("number").text)
        if self._next < len(self._tokens):
            self._refuse()
        return self._query

    def _list(self, part: Callable[[], None], separator: str = ",") -> None:
        part()
        while self._take(separator):
            part()

    # ── tokens ───────────────────────────────────────────────────────────────────────────────────

    def _scan(self) -> list[CypherToken]:
        tokens, position = [], 0
        while position < len(self._text):
            match = _TOKEN.match(self._text, position)
            if match is None or match.lastgroup is None:
                rest = self._text[position:].lstrip()
                reason = f"{shorten(rest[:10])!r} is no token of Cypher"
                self._fail(reason, len(self._text) - len(rest))
            kind = match.lastgroup
            tokens.append(CypherToken(kind, match[kind], match.start(kind)))
            position = match.end()
        return tokens

    def _peek(self, text: str) -> CypherToken | None:
        """The next token if it is a sign or keyword, in any case."""
        if self._next < len(self._tokens):
            token = self._tokens[self._next]
            if token.kind in ("sign", "name") and token.text.casefold() == text:
                return token
        return None

    def _take(self, text: str) -> bool:
        is_next = self._peek(text) is not None
        self._next += is_next
        return is_next

    def _need(self, text: str) -> None:
        if not self._take(text):
            self._refuse(text.upper())

    def _kind(self, *kinds: str) -> CypherToken:
        if self._next >= len(self._tokens) or self._tokens[self._next].kind not in kinds:
            self._refuse(" or ".join("a " + kind for kind in kinds))
        self._next += 1
        return self._tokens[self._next - 1]

    def _name(self) -> str:
        token = self._kind("name", "quoted")
        return token.text.strip("`") if token.kind == "quoted" else token.text

    def _refuse(self, wanted: str | None = None) -> NoReturn:
        """Raise an error about the next token."""
        if self._next >= len(self._tokens):
            self._fail(f"it ends where {wanted or 'RETURN'} is expected", len(self._text))
        token = self._tokens[self._next]
        expected = f"; {wanted} is expected" if wanted else ""
        self._fail(f"{token.text!r} is not supported here{expected}", token.at)

    def _fail(self, reason: str, at: int) -> NoReturn:
        line = self._text.count("\n", 0, at) + 1
        column = at - (self._text.rfind("\n", 0, at) + 1) + 1
        raise QueryError(f"Cypher, line {line}, column {column}: {reason}; this reads {READS}")

    # ── patterns ─────────────────────────────────────────────────────────────────────────────────

    def _pattern(self) -> None:
        left = self._node()
        while (backward := self._take("<-")) or self._take("-"):
            kind = self._edge_type()
            if backward:
                self._need("-")
            elif not self._take("->"):
                self._refuse('"->"')
            right = self._node()
            ends = (right, left) if backward else (left, right)
            self._query.edges.append((ends[0], kind, ends[1]))
            left = right

    def _edge_type(self) -> str | None:
        if not self._take("["):
            return None
        kind = None
        if self._take(":"):
            kind = self._name()
        self._need("]")
        return kind

    def _node(self) -> str:
        self._need("(")
        if self._next < len(self._tokens) and self._tokens[self._next].kind in ("name", "quoted"):
            variable = self._name()
        else:
            self._unnamed += 1
            variable = f" {self._unnamed}"
        self._nodes[variable] = None
        while self._take(":"):
            self._query.labels.append((variable, self._name()))
        if self._take("{"):
            self._property(variable)
            while self._take(","):
                self._property(variable)
            self._need("}")
        self._need(")")
        return variable

    def _property(self, variable: str) -> None:
        name = self._name()
        self._need(":")
        self._equal(Property(variable, name), self._kind("text", "number"))

    def _equal(self, item: Property, value: CypherToken) -> None:
        if value.kind == "text":
            self._query.equal.append((item, _unquote(value.text)))
        else:
            self._query.compared.append((item, "=", value.text))

    # ── conditions and columns ───────────────────────────────────────────────────────────────────

    def _condition(self) -> None:
        start = self._next
        if self._take("id") and self._take("("):
            variable = self._variable()
            self._need(")")
            self._need("=")
            self._query.keys.append((variable, _unquote(self._kind("text").text)))
            return
        self._next = start
        item = self._item()
        if isinstance(item, str):
            self._refuse('"."')
        comparison = _COMPARISONS.get(self._kind("sign").text)
        if comparison is None:
            self._next -= 1
            self._refuse("a comparison")
        value = self._kind("text", "number")
        if comparison == "=":
            self._equal(item, value)
        else:
            text = _unquote(value.text) if value.kind == "text" else value.text
            self._query.compared.append((item, comparison, text))

    def _variable(self) -> str:
        token = self._next
        variable = self._name()
        if variable not in self._nodes:
            self._fail(f"no node is called {variable!r}", self._tokens[token].at)
        return variable

    def _item(self) -> str | Property:
        token = self._tokens[self._next] if self._next < len(self._tokens) else None
        if token is not None and token.kind == "name" and token.text.casefold() in _KEYWORDS:
            self._refuse("a variable")
        variable = self._variable()
        return Property(variable, self._name()) if self._take(".") else variable

    def _column(self) -> None:
        item = self._item()
        name = item if isinstance(item, str) else f"{item.variable}.{item.name}"
        if self._take("as"):
            name = self._name()
        self._query.columns.append((name, item))

    def _sort(self) -> None:
        token = self._next
        name = self._name()
        if self._take("."):
            name = f"{name}.{self._name()}"
        if name not in [column for column, _ in self._query.columns]:
            self._fail(f"{name!r} is no column of RETURN", self._tokens[token].at)
        descending = self._take("desc") or self._take("descending")
        if not descending:
            _ = self._take("asc") or self._take("ascending")
        self._query.order.append((name, descending))


def _unquote(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text[1:-1])
