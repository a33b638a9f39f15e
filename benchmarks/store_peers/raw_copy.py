"""What a careful person writes by hand with psycopg: the measure for PostgreSQL."""

from store_peers import raw_sqlite, server
from store_peers.contest import Peer

TABLES = (
    'CREATE TABLE entity (id integer PRIMARY KEY, key text COLLATE "C" NOT NULL)',
    'CREATE TABLE relation (id integer PRIMARY KEY, key text COLLATE "C" NOT NULL)',
    "CREATE TABLE triple (head integer NOT NULL, relation integer NOT NULL, tail integer NOT NULL)",
)
NO_DUPLICATES = """
    DELETE FROM triple WHERE ctid IN (
        SELECT id FROM (
            SELECT ctid AS id, row_number() OVER (PARTITION BY tail, relation, head) AS number
            FROM triple
        ) AS counted WHERE number > 1
    )"""
AFTER = (
    *raw_sqlite.KEYS,
    raw_sqlite.BACKWARD,
    NO_DUPLICATES,
    raw_sqlite.FORWARD,
    raw_sqlite.BY_RELATION,
)
ONE_HOP = raw_sqlite.ONE_HOP.replace("?", "%s")
TWO_HOP = raw_sqlite.TWO_HOP.replace("?", "%s")


class Contender(Peer):
    """COPY of numbers from a dictionary, indexes at the end, one transaction."""

    database = "bench_raw"

    def setup(self) -> None:
        self.empty = server.fresh_database(self.place.host, self.database)

    def load(self) -> None:
        entities: dict[str, int] = {}
        relations: dict[str, int] = {}
        with server.connect(self.place.host, self.database) as connection:
            cursor = connection.cursor()
            for statement in TABLES:
                cursor.execute(statement)
            with cursor.copy("COPY triple FROM STDIN") as copy:
                for rows in raw_sqlite.read_rows(self.place.tsv, entities, relations):
                    copy.write("".join(f"{h}\t{r}\t{t}\n" for h, r, t in rows))
            for table, names in (("entity", entities), ("relation", relations)):
                with cursor.copy(f"COPY {table} (key, id) FROM STDIN") as copy:
                    copy.write("".join(f"{key}\t{number}\n" for key, number in names.items()))
            for statement in AFTER:
                cursor.execute(statement)

    def open(self) -> None:
        self.connection = server.connect(self.place.host, self.database, autocommit=True)
        self.connection.execute("ANALYZE")
        self.cursor = self.connection.cursor()

    def count(self) -> int:
        return self.cursor.execute("SELECT count(*) FROM triple").fetchone()[0]

    def one_hop(self, key: str) -> list[tuple[str, ...]]:
        return self.cursor.execute(ONE_HOP, (key,), prepare=True).fetchall()

    def two_hop(self, key: str) -> list[tuple[str]]:
        return self.cursor.execute(TWO_HOP, (key,), prepare=True).fetchall()

    def close(self) -> None:
        self.connection.close()

    def disk(self) -> int:
        return server.size(self.place.host, self.database) - self.empty
