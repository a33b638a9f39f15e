"""Benchmarks of modeledge: python benchmarks/modeledge.py PART [options].

    speed      writing, searching, opening, memory, beside raw SQLite, raw FAISS, Chroma and LanceDB
    crash      kills at random moments and damaged files: is anything lost, or wrongly found?
    recall     does the reported recall agree with brute force?
    helps      do stored facts help a model?
    edit       is an edited fact answered, also in other words, and nothing else changed?
    transfer   can vectors be moved from one model to another?
    shards     one FAISS index beside the same rows in shards

Each part lists its options with --help. Figures are printed, never asserted.
"""

import sys
from importlib import import_module

PARTS = ("speed", "crash", "recall", "helps", "edit", "transfer", "shards")


def main(argv: list[str]) -> int:
    if not argv or argv[0] not in PARTS:
        print(__doc__, file=sys.stderr)
        return 2
    return import_module(f"modeledge_parts.{argv[0]}").main(argv[1:]) or 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
