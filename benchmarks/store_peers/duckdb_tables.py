"""DuckDB: read_csv, numbers by joins, indexes; everything in SQL."""

import duckdb

from store_peers.contest import Peer

READ = """
    CREATE TEMP TABLE line AS SELECT DISTINCT * FROM read_csv(
        '{tsv}', delim = '\t', header = false, quote = '', escape = '',
        columns = {{'head': 'VARCHAR', 'relation': 'VARCHAR', 'tail': 'VARCHAR'}})"""
TABLES = (
    """CREATE TABLE entity AS SELECT (row_number() OVER ())::INTEGER AS id, key FROM
        (SELECT head AS key FROM line UNION SELECT tail FROM line)""",
    """CREATE TABLE relation AS SELECT (row_number() OVER ())::INTEGER AS id, key FROM
        (SELECT DISTINCT relation AS key FROM line)""",
    """CREATE TABLE triple AS SELECT h.id AS head, r.id AS relation, t.id AS tail FROM line
        JOIN entity h ON h.key = line.head JOIN entity t ON t.key = line.tail
        JOIN relation r ON r.key = line.relation""",
    "DROP TABLE line",
    "CREATE UNIQUE INDEX entity_key ON entity (key)",
    "CREATE UNIQUE INDEX entity_id ON entity (id)",
    # An index of several columns is of no use to DuckDB where only the first is known.
    "CREATE INDEX triple_head ON triple (head)",
    "CREATE INDEX triple_tail ON triple (tail)",
)
ONE_HOP = """
    SELECT relation.key, entity.key FROM triple
    JOIN relation ON relation.id = triple.relation JOIN entity ON entity.id = triple.tail
    WHERE triple.head = (SELECT id FROM entity WHERE key = $1)"""
TWO_HOP = """
    SELECT key FROM entity WHERE id IN (
        SELECT second.tail FROM triple first JOIN triple second ON second.head = first.tail
        WHERE first.head = (SELECT id FROM entity WHERE key = $1))"""


class Contender(Peer):
    """DuckDB."""

    def _connect(self) -> None:
        self.connection = duckdb.connect(str(self.place.store / "duck.db"))

    def load(self) -> None:
        self._connect()
        self.connection.execute(READ.format(tsv=self.place.tsv))
        for statement in TABLES:
            self.connection.execute(statement)
        self.close()

    def open(self) -> None:
        self._connect()
        self.connection.execute("SET threads = 1")  # quicker than several for questions this small

    def count(self) -> int:
        return self.connection.execute("SELECT count(*) FROM triple").fetchall()[0][0]

    def one_hop(self, key: str) -> list[tuple[str, ...]]:
        return self.connection.execute(ONE_HOP, (key,)).fetchall()

    def two_hop(self, key: str) -> list[tuple[str]]:
        return self.connection.execute(TWO_HOP, (key,)).fetchall()

    def close(self) -> None:
        self.connection.close()
