"""Kùzu: one node table, one relationship table with the relation as its property, both by COPY."""

import csv

import kuzu

from store_peers.contest import Peer

ONE_HOP = "MATCH (a:entity {key: $key})-[f:fact]->(b:entity) RETURN f.relation, b.key"
TWO_HOP = """
    MATCH (a:entity {key: $key})-[:fact]->(:entity)-[:fact]->(b:entity) RETURN DISTINCT b.key"""


class Contender(Peer):
    """Kùzu; COPY wants nodes first and keeps duplicates, so both CSV files are made beforehand."""

    def prepare(self) -> None:
        with self.place.tsv.open(encoding="utf-8") as lines:
            triples = dict.fromkeys(tuple(line[:-1].split("\t")) for line in lines)
        nodes = dict.fromkeys(end for head, _, tail in triples for end in (head, tail))
        with (self.place.prepared / "nodes.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows((key,) for key in nodes)
        with (self.place.prepared / "facts.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows((head, tail, relation) for head, relation, tail in triples)

    def _connect(self) -> None:
        self.database = kuzu.Database(str(self.place.store / "kuzu.db"))
        self.connection = kuzu.Connection(self.database)

    def load(self) -> None:
        self._connect()
        for statement in (
            "CREATE NODE TABLE entity (key STRING PRIMARY KEY)",
            "CREATE REL TABLE fact (FROM entity TO entity, relation STRING)",
            f"COPY entity FROM '{self.place.prepared / 'nodes.csv'}'",
            f"COPY fact FROM '{self.place.prepared / 'facts.csv'}'",
        ):
            self.connection.execute(statement)
        self.close()

    def open(self) -> None:
        self._connect()
        self.one, self.two = self.connection.prepare(ONE_HOP), self.connection.prepare(TWO_HOP)

    def count(self) -> int:
        return self.connection.execute("MATCH ()-[f:fact]->() RETURN count(f)").get_all()[0][0]

    def one_hop(self, key: str) -> list[tuple[str, ...]]:
        return self.connection.execute(self.one, {"key": key}).get_all()

    def two_hop(self, key: str) -> list[tuple[str]]:
        return self.connection.execute(self.two, {"key": key}).get_all()

    def close(self) -> None:
        self.connection.close()
        self.database.close()
