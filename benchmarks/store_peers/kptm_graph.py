"""kptm itself, by its public face alone; it keeps provenance and history as it loads."""

from pathlib import Path

from kg.graph import KnowledgeGraph
from store_peers.contest import Peer


class Contender(Peer):
    """A KnowledgeGraph in a SQLite file."""

    @property
    def where(self) -> Path | str:
        """What the graph is opened by."""
        return self.place.store / "graph.db"

    def setup(self) -> None:
        with KnowledgeGraph.open(self.place.prepared / "empty.db"):
            pass  # what is imported when first used

    def load(self) -> None:
        with KnowledgeGraph.open(self.where) as graph:
            graph.load(self.place.tsv)

    def open(self) -> None:
        self.graph = KnowledgeGraph.open(self.where)

    def count(self) -> int:
        return self.graph.stats()["triples"]

    def one_hop(self, key: str) -> list[tuple[str, ...]]:
        return list(self.graph.match(head=key))

    def two_hop(self, key: str) -> list[tuple[str]]:
        return list(self.graph.query([(key, "?r", "?x"), ("?x", "?s", "?y")], select=["?y"]))

    def close(self) -> None:
        self.graph.close()
