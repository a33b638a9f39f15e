"""Embeddings: how right, how fast, beside PyKEEN's own pipeline and what is published.

    python benchmarks/embeddings.py recipe NAME [--data codex-s] [--seeds 3] [--set key=value …]
    python benchmarks/embeddings.py classify [--data codex-s codex-m]  # hard negatives
    python benchmarks/embeddings.py pykeen                          # time to its pipeline's MRR
    python benchmarks/embeddings.py evaluation                      # ranks of FB15k-237's test
    python benchmarks/embeddings.py extend                          # a tenth comes later
    python benchmarks/embeddings.py table [--rows 5000000]          # larger than memory

The graphs are looked for in ``../shared/data``. Figures are printed, never asserted.
"""

import argparse
import tempfile

from embeddings_parts.graphs import circumstances
from embeddings_parts.growth import extend
from embeddings_parts.large_table import open_one, table
from embeddings_parts.peers import evaluate_one, evaluation, pykeen
from embeddings_parts.recipes import classify, recipe


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    runs = {"recipe": recipe, "classify": classify, "pykeen": pykeen, "evaluation": evaluation,
    "evaluate-one": evaluate_one, "extend": extend, "table": table,
    "open-one": open_one}  # fmt: skip
    parser.add_argument("what", choices=runs)
    parser.add_argument("name", nargs="?", default="accurate")
    parser.add_argument("--data", nargs="*")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--epochs", type=int, default=100, help="of PyKEEN's pipeline")
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--set", nargs="*", default=[])
    options = parser.parse_args()
    if "-one" not in options.what:
        print(circumstances())
    with tempfile.TemporaryDirectory(prefix="kptm-embeddings-") as folder:
        runs[options.what](options, folder)


if __name__ == "__main__":
    main()
