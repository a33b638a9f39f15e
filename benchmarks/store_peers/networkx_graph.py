"""NetworkX: a MultiDiGraph in memory, relations as edge keys."""

import networkx as nx

from store_peers.contest import Peer


class Contender(Peer):
    """NetworkX; nothing on disk."""

    def load(self) -> None:
        self.graph: nx.MultiDiGraph[str] = nx.MultiDiGraph()
        with self.place.tsv.open(encoding="utf-8", newline="\n") as lines:
            for line in lines:
                head, relation, tail = line[:-1].split("\t")
                self.graph.add_edge(head, tail, relation)

    def count(self) -> int:
        return self.graph.number_of_edges()

    def one_hop(self, key: str) -> list[tuple[str, ...]]:
        return [(relation, tail) for _, tail, relation in self.graph.out_edges(key, keys=True)]

    def two_hop(self, key: str) -> list[str]:
        after = self.graph.successors
        return list({end for middle in after(key) for end in after(middle)})

    def disk(self) -> None:
        return None
