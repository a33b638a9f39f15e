"""A server of Bolt 4.4 or 5.4 that has one graph and knows the two queries that kptm sends."""

import socket
import struct
import threading
from contextlib import contextmanager

from tests.kg.formats.packstream import Structure, Unpacker, pack

NODES, EDGES = "MATCH (n) RETURN n", "MATCH ()-[r]->() RETURN r"
HELLO, GOODBYE, RESET, RUN, BEGIN, COMMIT, ROLLBACK = 0x01, 0x02, 0x0F, 0x10, 0x11, 0x12, 0x13
DISCARD, PULL, TELEMETRY, LOGON, LOGOFF = 0x2F, 0x3F, 0x54, 0x6A, 0x6B
SUCCESS, RECORD, IGNORED, FAILURE = 0x70, 0x71, 0x7E, 0x7F


class BoltServer:
    """Serves APOC's items of nodes and relationships.

    Args:
        items: The nodes and relationships, as lines of APOC's JSON.
        version: The version of Bolt: (4, 4) has no element ids, (5, 4) has.
        password: The password of the user "neo4j"; None lets everybody in.
        database: The only database besides the default one.
        drop_after: The number of records after which the connection breaks.

    Attributes:
        pulls: The number of rows that each PULL asked for.
        seen: The tags of all messages.
        databases: The database of each transaction.
    """

    def __init__(self, items, *, version=(5, 4), password="secret",
                 database="movies", drop_after=None):  # fmt: skip
        self.items, self.version, self.password = items, version, password
        self.database, self.drop_after = database, drop_after
        self.pulls, self.seen, self.databases = [], [], []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]

    def element_id(self, key):
        """The element id of a node: before Neo4j 5 its number."""
        return f"4:1b2c:{key}" if self.version >= (5, 0) else str(key)

    def accept(self):
        """Serve connections until the listener is closed."""
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def close(self):
        """Accept no more connections."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _serve(self, connection):
        with connection, connection.makefile("rb") as stream:
            magic, offers = stream.read(4), stream.read(16)
            assert magic == b"\x60\x60\xb0\x17"
            assert len(offers) == 16
            connection.sendall(bytes([0, 0, self.version[1], self.version[0]]))
            session = _Session(self, connection)
            while (message := _message(stream)) is not None and session.answer(message):
                pass

    def rows(self, query):
        """The rows of a query, as structures."""
        if query == NODES:
            return [self._node(item) for item in self.items if item["type"] == "node"]
        assert query == EDGES
        edges = [item for item in self.items if item["type"] == "relationship"]
        return [self._edge(number, item) for number, item in enumerate(edges)]

    def _node(self, item):
        ids = [self.element_id(item["id"])] if self.version >= (5, 0) else []
        fields = (int(item["id"]), item.get("labels", []), item.get("properties", {}), *ids)
        return Structure(0x4E, fields)

    def _edge(self, number, item):
        ends = [item[side]["id"] for side in ("start", "end")]
        ids = [f"5:1b2c:{number}", *map(self.element_id, ends)] if self.version >= (5, 0) else []
        fields = (number, *map(int, ends), item["label"], item.get("properties", {}), *ids)
        return Structure(0x52, fields)


class _Session:
    """The state of a connection."""

    def __init__(self, server, connection):
        self._server, self._connection = server, connection
        self._rows, self._sent, self._failed = iter(()), 0, False

    def answer(self, message):
        """Answer a message; False ends the connection."""
        tag, fields = message.tag, message.fields
        self._server.seen.append(tag)
        if tag == GOODBYE:
            return False
        if tag == RESET:
            self._failed = False
        elif self._failed:
            self._send(IGNORED)
            return True
        greeting = LOGON if self._server.version >= (5, 1) else HELLO
        if tag == greeting and not self._is_welcome(fields[0]):
            return self._fail("Neo.ClientError.Security.Unauthorized", "authentication failure")
        if tag == BEGIN:
            name = fields[0].get("db")
            self._server.databases.append(name)
            assert fields[0]["mode"] == "r"
            if name not in (None, self._server.database):
                return self._fail("Neo.ClientError.Database.DatabaseNotFound",
                                  f"Graph not found: {name}")  # fmt: skip
        if tag == PULL:
            return self._pull(fields[0]["n"])
        if tag == RUN:
            self._rows = iter(self._server.rows(fields[0]))
            self._send(SUCCESS, {"fields": ["x"], "t_first": 0})
            return True
        extra = {"server": "Neo4j/5.0.0", "connection_id": "bolt-1"} if tag == HELLO else {}
        self._send(SUCCESS, extra)
        return True

    def _is_welcome(self, auth):
        password = self._server.password
        return password is None or (auth.get("principal"), auth.get("credentials")) == (
            "neo4j", password,
        )  # fmt: skip

    def _pull(self, count):
        self._server.pulls.append(count)
        for _ in range(count):
            row = next(self._rows, None)
            if row is None:
                self._send(SUCCESS, {"type": "r", "t_last": 0})
                return True
            if self._sent == self._server.drop_after:
                return False
            self._send(RECORD, [row])
            self._sent += 1
        self._send(SUCCESS, {"has_more": True})
        return True

    def _fail(self, code, text):
        self._failed = True
        self._send(FAILURE, {"code": code, "message": text})
        return True

    def _send(self, tag, *fields):
        data = pack(Structure(tag, fields))
        chunks = [data[at : at + 0xFFFF] for at in range(0, len(data), 0xFFFF)]
        framed = b"".join(struct.pack(">H", len(chunk)) + chunk for chunk in chunks)
        self._connection.sendall(framed + b"\0\0")


def _message(stream):
    """The next message, of one chunk or several; None at the end."""
    data = b""
    while len(header := stream.read(2)) == 2:
        size = struct.unpack(">H", header)[0]
        if size == 0 and data:
            return Unpacker(data).read()
        data += stream.read(size)
    return None


@contextmanager
def serving(items, *, version=(5, 4), password="secret", drop_after=None):
    """A running server."""
    server = BoltServer(items, version=version, password=password, drop_after=drop_after)
    thread = threading.Thread(target=server.accept, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.close()
        thread.join()
