"""pyoxigraph: a store on disk, filled by its bulk loader from N-Triples."""

import pyoxigraph as ox

from store_peers.contest import Peer

PREFIX = "urn:"


class Contender(Peer):
    """Oxigraph on RocksDB; keys are IRIs behind ``urn:``."""

    def prepare(self) -> None:
        with (
            self.place.tsv.open(encoding="utf-8") as lines,
            (self.place.prepared / "triples.nt").open("w", encoding="utf-8") as out,
        ):
            for line in lines:
                out.write("".join(f"<{PREFIX}{part}> " for part in line[:-1].split("\t")) + ".\n")

    def load(self) -> None:
        store = ox.Store(str(self.place.store))
        store.bulk_load(path=str(self.place.prepared / "triples.nt"), format=ox.RdfFormat.N_TRIPLES)
        store.flush()

    def open(self) -> None:
        self.store = ox.Store(str(self.place.store))

    def count(self) -> int:
        return len(self.store)

    def one_hop(self, key: str) -> list[tuple[str, ...]]:
        cut = len(PREFIX)
        return [
            (quad.predicate.value[cut:], quad.object.value[cut:])
            for quad in self.store.quads_for_pattern(ox.NamedNode(PREFIX + key), None, None)
        ]

    def two_hop(self, key: str) -> list[str]:
        cut = len(PREFIX)
        found = self.store.query(f"SELECT DISTINCT ?y WHERE {{ <{PREFIX}{key}> ?r ?x . ?x ?s ?y }}")
        return [row[0].value[cut:] for row in found]

    def close(self) -> None:
        del self.store
