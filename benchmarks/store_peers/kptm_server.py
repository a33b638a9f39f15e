"""kptm on PostgreSQL."""

from store_peers import kptm_graph, server


class Contender(kptm_graph.Contender):
    """A KnowledgeGraph behind a URL; the process measured is the client."""

    database = "bench_kptm"

    @property
    def where(self) -> str:
        return f"postgresql+psycopg://postgres@/{self.database}?host={self.place.host}"

    def setup(self) -> None:
        super().setup()
        self.empty = server.fresh_database(self.place.host, self.database)

    def disk(self) -> int:
        return server.size(self.place.host, self.database) - self.empty
