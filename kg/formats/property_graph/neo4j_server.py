"""Reads a property graph from a server that speaks Bolt, such as Neo4j or Memgraph.

The nodes are streamed first, then the relationships, in one read transaction. The driver pulls
:data:`ROWS_PER_FETCH` rows at a time and the server waits, so that neither needs memory for the
graph.
"""

from __future__ import annotations

import os
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from kg.errors import TripleFormatError
from kg.formats.property_graph.graph_records import (
    NEO4J,
    Edge,
    Node,
    records_of_node,
    statement_of_edge,
)
from kg.formats.property_graph.server_values import literals_of

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from kg.formats.line import Line

SCHEMES = ("bolt", "bolt+s", "bolt+ssc", "neo4j", "neo4j+s", "neo4j+ssc")
"""The schemes of URLs that the driver knows; s is TLS, ssc TLS with a self-signed certificate."""
ROWS_PER_FETCH = 1_000
"""The number of rows that the driver asks for at a time."""
CONNECT_SECONDS = 30.0
"""The maximum number of seconds until a server must have answered the first time."""
USER, PASSWORD = "NEO4J_USERNAME", "NEO4J_PASSWORD"
"""The environment variables of Neo4j's own tools."""

_NODES = "MATCH (n) RETURN n"
_EDGES = "MATCH ()-[r]->() RETURN r"


@dataclass(frozen=True, slots=True)
class BoltAddress:
    """The address of a database.

    Attributes:
        url: The URL as the user wrote it.
        server: The URL of the server, without user and database.
        database: The name of the database; None for the user's default.
        user: The user; "" for a server that asks for none.
        password: The password, from the environment.
    """

    url: str
    server: str
    database: str | None
    user: str
    password: str

    @classmethod
    def of(cls, url: str) -> BoltAddress:
        """The parts of ``bolt://user@host:7687/database``; all but the host may be left out.

        Without a user, it is the one in ``NEO4J_USERNAME``; the password is in ``NEO4J_PASSWORD``.

        Raises:
            TripleFormatError: The URL is malformed or contains a password, or the password of the
                user is not in the environment.
        """
        parts = _split(url)
        netloc = parts.netloc.rpartition("@")[2]
        user = unquote(parts.username or "") or os.environ.get(USER, "")
        password = os.environ.get(PASSWORD, "")
        if user and not password:
            reason = f"the user {user!r} needs a password; put it in the variable {PASSWORD}"
            raise TripleFormatError(url, None, reason)
        name = unquote(parts.path.strip("/"))
        server = f"{parts.scheme}://{netloc}" + (f"?{parts.query}" if parts.query else "")
        return cls(url, server, name or None, user, password)


def _split(url: str) -> Any:
    """The parts of a URL.

    Raises:
        TripleFormatError: The URL is malformed or contains a password.
    """
    wanted = f"expected {SCHEMES[0]}://user@host:7687/database"
    try:
        parts = urlsplit(url)
        host, password, _ = parts.hostname, parts.password, parts.port
    except ValueError as error:
        raise TripleFormatError(url, None, f"{wanted} ({error})") from error
    if password is not None:
        hidden = f"{parts.scheme}://{parts.username}:***@{parts.netloc.rpartition('@')[2]}"
        reason = f"a password in a URL is stored with it; put it in the variable {PASSWORD}"
        raise TripleFormatError(hidden + parts.path, None, reason)
    if not host or parts.fragment or "/" in parts.path.strip("/"):
        raise TripleFormatError(url, None, wanted)
    return parts


def read_server(address: BoltAddress, notes: list[str]) -> Generator[Line]:
    """Stream the nodes and relationships of a database.

    The key of a node is its element id. "Lines" are numbered in the order in which they arrive.

    Args:
        address: The address of the database.
        notes: Conversions are appended to it.

    Raises:
        TripleFormatError: The driver is not installed, or the server cannot be read. The error of a
            single node or relationship is yielded instead.
    """
    number, zones = 0, 0
    with _reading(address) as transaction:
        for query, convert in ((_NODES, _node), (_EDGES, _edge)):
            for (item,) in transaction.run(query):
                number += 1
                try:
                    records, count = convert(item)
                except ValueError as error:  # such as a confidence that is no number
                    text = f"{item.element_id} {dict(item)}"
                    yield number, TripleFormatError(address.url, number, str(error), text)
                    continue
                zones += count
                for record in records:
                    yield number, record
    if zones:
        times = "1 time keeps" if zones == 1 else f"{zones:,} times keep"
        notes.append(f"{times} the offset, not the name of the time zone")


def _node(item: Any) -> tuple[list[Any], int]:
    """The records of a node, and how many of its times have the name of a zone."""
    properties, zones = literals_of(item)
    node = Node(item.element_id, dict.fromkeys(sorted(item.labels)), properties)
    return list(records_of_node(node, NEO4J)), zones


def _edge(item: Any) -> tuple[list[Any], int]:
    """The record of a relationship, and how many of its times have the name of a zone."""
    properties, zones = literals_of(item)
    ends = item.start_node.element_id, item.end_node.element_id
    return [statement_of_edge(Edge(ends[0], item.type, ends[1], properties))], zones


@contextmanager
def _reading(address: BoltAddress) -> Iterator[Any]:
    """A read transaction.

    Raises:
        TripleFormatError: The driver is not installed, or the server cannot be read.
    """
    try:
        import neo4j
    except ImportError as error:
        reason = 'reading a server needs Neo4j\'s driver: pip install "kptm[neo4j]"'
        raise TripleFormatError(address.url, None, reason) from error
    auth = (address.user, address.password) if address.user else None
    try:
        with ExitStack() as stack:
            driver = neo4j.GraphDatabase.driver(
                address.server,
                auth=auth,
                connection_timeout=CONNECT_SECONDS,
                connection_acquisition_timeout=CONNECT_SECONDS,
            )
            stack.enter_context(driver)
            session = driver.session(
                database=address.database,
                default_access_mode=neo4j.READ_ACCESS,
                fetch_size=ROWS_PER_FETCH,
            )
            stack.enter_context(session)
            yield stack.enter_context(session.begin_transaction())
    except (neo4j.exceptions.Neo4jError, neo4j.exceptions.DriverError) as error:
        reason = _reason(error, address, neo4j.exceptions)
        raise TripleFormatError(address.url, None, reason) from error


def _reason(error: Any, address: BoltAddress, kinds: Any) -> str:
    """The error and its remedy, as one line."""
    message = " ".join(str(getattr(error, "message", None) or error).split())
    if isinstance(error, kinds.AuthError):
        user = (
            f"the user {address.user!r} or its password" if address.user else "access without user"
        )
        return f"the server refuses {user} ({message}); see {USER} and {PASSWORD}"
    if isinstance(error, kinds.ServiceUnavailable | kinds.SessionExpired):
        return f"no server of Bolt answers ({message}); is it running, and is this its port?"
    if "DatabaseNotFound" in (getattr(error, "code", None) or ""):
        return f"the server has no database {address.database!r} ({message})"
    return f"the server cannot be read ({message})"
