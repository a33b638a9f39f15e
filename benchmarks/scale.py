"""Past one process: PostgreSQL with several writers, workers of a server, and large corpora.

    python benchmarks/scale.py writers [--writers 4] [--readers 8] [--seconds 60] [--seed 0]
    python benchmarks/scale.py kills [--kills 200] [--seed 0]
    python benchmarks/scale.py move [--triples 1000000]
    python benchmarks/scale.py serving [--workers 1 2] [--rounds 3] [--seconds 20]
    python benchmarks/scale.py corpora [--documents 200000] [--rounds 2] [--kills 50] [--seed 0]
                                       [--memory 10000 100000 1000000] [--sentences 9]
                                       [--index 10000 100000]
    python benchmarks/scale.py extraction [--documents 2000] [--kills 50] [--seed 0]
                                          [--memory 1000 10000] [--sentences 1]
    python benchmarks/scale.py training [--steps 40]
    python benchmarks/scale.py embeddings DATA [--partitions 0 8] [--epochs 3] [--dim 32]
    python benchmarks/scale.py table [--entities 10000000] [--triples 20000000] [--partitions 16]
                                     [--dim 64] [--pairs 136]
    python benchmarks/scale.py vectors [--rows 50000] [--dim 64] [--queries 300] [--seeds 3]
                                       [--rounds 3] [--graph-from 10000]
    python benchmarks/scale.py partitions [--triples 10000000] [--partitions 0 16] [--rounds 3]
                                          [--seed 0]

Each of the first three, and `partitions`, starts a PostgreSQL server of its own. Except for `kills`
it has its default settings, so that a commit waits for the disk. `serving`, `corpora` and
`extraction` need none: their workspace is the example world in SQLite, without a model. `training`
pretrains a small one. `embeddings` and `table` train embeddings by partitions on disk. `vectors`
compares FAISS, Qdrant's engine in this process and pgvector, whose server it starts.
Figures are printed, never asserted; the exit status is 1 if anything was lost or torn.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from scale_parts import (
    corpora,
    corpus_extraction,
    embedding_buckets,
    kills,
    move_time,
    partitions,
    serving_load,
    training,
    vector_engines,
    writers,
)
from store_peers import server


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    verbs = parser.add_subparsers(dest="verb", required=True)
    crowd = verbs.add_parser("writers")
    crowd.add_argument("--writers", type=int, default=4)
    crowd.add_argument("--readers", type=int, default=8)
    crowd.add_argument("--seconds", type=float, default=60)
    crowd.add_argument("--seed", type=int, default=0)
    killing = verbs.add_parser("kills")
    killing.add_argument("--kills", type=int, default=200)
    killing.add_argument("--seed", type=int, default=0)
    moving = verbs.add_parser("move")
    moving.add_argument("--triples", type=int, default=1_000_000)
    serving = verbs.add_parser("serving")
    serving.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    serving.add_argument("--rounds", type=int, default=3)
    serving.add_argument("--seconds", type=float, default=20)
    linking = verbs.add_parser("corpora")
    linking.add_argument("--documents", type=int, default=200_000)
    linking.add_argument("--rounds", type=int, default=2)
    linking.add_argument("--kills", type=int, default=50)
    linking.add_argument("--seed", type=int, default=0)
    linking.add_argument("--memory", type=int, nargs="*", default=[10_000, 100_000, 1_000_000])
    linking.add_argument("--index", type=int, nargs="*", default=[10_000, 100_000])
    linking.add_argument("--sentences", type=int, default=9, help="of a document, at most")
    reading = verbs.add_parser("extraction")
    reading.add_argument("--documents", type=int, default=2_000)
    reading.add_argument("--kills", type=int, default=50)
    reading.add_argument("--seed", type=int, default=0)
    reading.add_argument("--memory", type=int, nargs="*", default=[1_000, 10_000])
    reading.add_argument("--sentences", type=int, default=1, help="of a document, at most")
    pretraining = verbs.add_parser("training")
    pretraining.add_argument("--steps", type=int, default=40)
    buckets = verbs.add_parser("embeddings")
    buckets.add_argument("data", type=Path, help="a folder with train, valid and test.tsv.gz")
    buckets.add_argument("--partitions", type=int, nargs="+", default=[0, 8])
    buckets.add_argument("--epochs", type=int, default=3)
    buckets.add_argument("--dim", type=int, default=32)
    large = verbs.add_parser("table")
    large.add_argument("--entities", type=int, default=10_000_000)
    large.add_argument("--triples", type=int, default=20_000_000)
    large.add_argument("--partitions", type=int, default=16)
    large.add_argument("--dim", type=int, default=64)
    large.add_argument("--pairs", type=int, default=136)
    engines = verbs.add_parser("vectors")
    engines.add_argument("--rows", type=int, default=50_000)
    engines.add_argument("--dim", type=int, default=64)
    engines.add_argument("--queries", type=int, default=300)
    engines.add_argument("--seeds", type=int, default=3)
    engines.add_argument("--rounds", type=int, default=3)
    engines.add_argument("--graph-from", type=int, default=10_000, help="Qdrant's, in kB")
    divided = verbs.add_parser("partitions")
    divided.add_argument("--triples", type=int, default=10_000_000)
    divided.add_argument("--partitions", type=int, nargs="+", default=[0, 16])
    divided.add_argument("--rounds", type=int, default=3)
    divided.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    if given.verb == "vectors":
        if problem := server.why_no_vectors():
            sys.exit(problem)
        with tempfile.TemporaryDirectory(prefix="kptm-vectors-") as place:
            wrong = vector_engines.measure(
                given.rows,
                given.dim,
                given.queries,
                given.seeds,
                given.rounds,
                given.graph_from,
                Path(place),
            )
        sys.exit(wrong > 0)
    if given.verb in ("embeddings", "table"):
        with tempfile.TemporaryDirectory(prefix="kptm-embeddings-") as place:
            sys.exit(_embed(given, Path(place)))
    if given.verb == "training":
        with tempfile.TemporaryDirectory(prefix="kptm-training-") as place:
            sys.exit(training.measure(given.steps, Path(place)) > 0)
    if given.verb == "corpora":
        with tempfile.TemporaryDirectory(prefix="kptm-corpora-") as place:
            wrong = corpora.measure(
                given.documents,
                given.rounds,
                given.kills,
                given.memory,
                given.sentences,
                given.seed,
                Path(place),
            )
            corpora.measure_index(given.index, Path(place))
        sys.exit(wrong > 0)
    if given.verb == "extraction":
        with tempfile.TemporaryDirectory(prefix="kptm-extraction-") as place:
            wrong = corpus_extraction.measure(
                given.documents, given.kills, given.memory, given.sentences, given.seed, Path(place)
            )
        sys.exit(wrong > 0)
    if given.verb == "serving":
        with tempfile.TemporaryDirectory(prefix="kptm-serving-") as place:
            wrong = serving_load.measure(given.workers, given.rounds, given.seconds, Path(place))
        sys.exit(wrong > 0)
    if problem := server.why_not():
        sys.exit(problem)
    with tempfile.TemporaryDirectory(prefix="kptm-scale-") as place:
        # Clients are killed and not the server, so that it need not wait for the disk then.
        settings = "-c fsync=off -c synchronous_commit=off" if given.verb == "kills" else ""
        with server.running(settings) as host:
            sys.exit(_measure_server(given, Path(place), Databases(host)) > 0)


def _measure_server(given: argparse.Namespace, folder: Path, places: "Databases") -> int:
    """Measure what needs a server; return how much was wrong."""
    if given.verb == "writers":
        run = writers.Crowd(given.writers, given.readers, given.seconds, given.seed)
        return writers.measure(run, folder, places.new())
    if given.verb == "kills":
        return kills.measure(given.kills, given.seed, folder, places.new)
    if given.verb == "partitions":
        return partitions.measure(
            given.triples, given.partitions, given.rounds, given.seed, folder, places.new
        )
    return move_time.measure(given.triples, folder, places.new())


def _embed(given: argparse.Namespace, folder: Path) -> int:
    if given.verb == "embeddings":
        return embedding_buckets.compare(
            given.data, given.partitions, given.epochs, given.dim, folder
        )
    return embedding_buckets.measure_memory(
        given.entities, given.triples, given.partitions, given.dim, given.pairs, folder
    )


class Databases:
    """Makes empty databases on a server."""

    def __init__(self, host: str) -> None:
        self._host = host
        self._made = 0

    def new(self) -> str:
        """The URL of one more."""
        self._made += 1
        server.fresh_database(self._host, f"scale{self._made}")
        return f"postgresql://postgres@/scale{self._made}?host={self._host}"


if __name__ == "__main__":
    main()
