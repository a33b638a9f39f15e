"""What a careful person writes with sqlite3: the yardstick for stores on disk."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

from store_peers.contest import BATCH, Peer

Rows = list[tuple[int, int, int]]

TABLES = (
    "CREATE TABLE entity (id INTEGER PRIMARY KEY, key TEXT NOT NULL)",
    "CREATE TABLE relation (id INTEGER PRIMARY KEY, key TEXT NOT NULL)",
    "CREATE TABLE triple (head INTEGER NOT NULL, relation INTEGER NOT NULL, tail INTEGER NOT NULL)",
)
KEYS = (
    "CREATE UNIQUE INDEX entity_key ON entity (key)",
    "CREATE UNIQUE INDEX relation_key ON relation (key)",
)
BACKWARD = "CREATE INDEX triple_tail ON triple (tail, relation, head)"
# The index that is there already brings equal triples together: no sort, little memory.
NO_DUPLICATES = """
    DELETE FROM triple WHERE rowid IN (
        SELECT id FROM (
            SELECT rowid AS id, row_number() OVER (PARTITION BY tail, relation, head) AS number
            FROM triple
        ) WHERE number > 1
    )"""
FORWARD = "CREATE UNIQUE INDEX triple_head ON triple (head, relation, tail)"
BY_RELATION = "CREATE INDEX triple_relation ON triple (relation)"
AFTER = (*KEYS, BACKWARD, NO_DUPLICATES, FORWARD, BY_RELATION)

ONE_HOP = """
    SELECT relation.key, entity.key FROM triple
    JOIN relation ON relation.id = triple.relation
    JOIN entity ON entity.id = triple.tail
    WHERE triple.head = (SELECT id FROM entity WHERE key = ?)"""
TWO_HOP = """
    SELECT entity.key FROM (
        SELECT DISTINCT second.tail AS id FROM triple AS first
        JOIN triple AS second ON second.head = first.tail
        WHERE first.head = (SELECT id FROM entity WHERE key = ?)
    ) AS found JOIN entity ON entity.id = found.id"""


def connect(path: Path) -> sqlite3.Connection:
    """Open a connection with the settings that the graph uses."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")
    connection.execute("PRAGMA cache_size=-65536")
    return connection


def read_rows(path: Path, entities: dict[str, int], relations: dict[str, int]) -> Iterator[Rows]:
    """Yield triples as numbers, in batches; new names are numbered in the dictionaries."""
    rows: Rows = []
    with path.open(encoding="utf-8", newline="\n") as lines:
        for line in lines:
            head, relation, tail = line[:-1].split("\t")
            rows.append(
                (
                    entities.setdefault(head, len(entities)),
                    relations.setdefault(relation, len(relations)),
                    entities.setdefault(tail, len(entities)),
                )
            )
            if len(rows) == BATCH:
                yield rows
                rows = []
    yield rows


class Contender(Peer):
    """sqlite3 alone: one transaction, numbers from a dictionary, indexes at the end."""

    def load(self) -> None:
        entities: dict[str, int] = {}
        relations: dict[str, int] = {}
        connection = connect(self.place.store / "raw.db")
        connection.execute("BEGIN IMMEDIATE")
        for statement in TABLES:
            connection.execute(statement)
        for rows in read_rows(self.place.tsv, entities, relations):
            connection.executemany("INSERT INTO triple VALUES (?, ?, ?)", rows)
        connection.executemany("INSERT INTO entity (key, id) VALUES (?, ?)", entities.items())
        connection.executemany("INSERT INTO relation (key, id) VALUES (?, ?)", relations.items())
        for statement in AFTER:
            connection.execute(statement)
        connection.execute("COMMIT")
        connection.close()

    def open(self) -> None:
        self.connection = connect(self.place.store / "raw.db")

    def count(self) -> int:
        return self.connection.execute("SELECT count(*) FROM triple").fetchone()[0]

    def one_hop(self, key: str) -> list[tuple[str, ...]]:
        return self.connection.execute(ONE_HOP, (key,)).fetchall()

    def two_hop(self, key: str) -> list[tuple[str]]:
        return self.connection.execute(TWO_HOP, (key,)).fetchall()

    def close(self) -> None:
        self.connection.close()
