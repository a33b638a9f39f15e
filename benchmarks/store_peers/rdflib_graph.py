"""RDFLib: its in-memory Graph, filled triple by triple, asked by its own methods (not SPARQL)."""

from rdflib import Graph, URIRef

from store_peers.contest import Peer

PREFIX = "urn:"


class Contender(Peer):
    """RDFLib; nothing on disk."""

    def load(self) -> None:
        self.graph = Graph()
        with self.place.tsv.open(encoding="utf-8", newline="\n") as lines:
            for line in lines:
                head, relation, tail = line[:-1].split("\t")
                self.graph.add(
                    (URIRef(PREFIX + head), URIRef(PREFIX + relation), URIRef(PREFIX + tail))
                )

    def count(self) -> int:
        return len(self.graph)

    def one_hop(self, key: str) -> list[tuple[str, ...]]:
        cut, subject = len(PREFIX), URIRef(PREFIX + key)
        return [(str(p)[cut:], str(o)[cut:]) for p, o in self.graph.predicate_objects(subject)]

    def two_hop(self, key: str) -> list[str]:
        cut, objects = len(PREFIX), self.graph.objects
        ends = {
            end for middle in objects(URIRef(PREFIX + key), unique=True) for end in objects(middle)
        }
        return [str(end)[cut:] for end in ends]

    def disk(self) -> None:
        return None
