"""Answers, measured: python benchmarks/answers.py PART [options].

    metaqa     questions in words over one, two and three hops, topics in brackets or not
    real       questions that people type, over graphs that others made
    table      questions over tables of facts, one's own or those that are here
    trex       clozes on facts in text and graph, graph, neither, or edited: each source, and all
    world      the example world's questions, and those that nobody can answer
    compressed whether compressed models answer as their original does
    load       fifty requests at once to the explorer

Each part says its options with --help. Figures are printed, never asserted.
"""

import sys
from importlib import import_module

PARTS = ("metaqa", "real", "table", "trex", "world", "compressed", "load")


def main(argv: list[str]) -> int:
    if not argv or argv[0] not in PARTS:
        print(__doc__, file=sys.stderr)
        return 2
    return import_module(f"answers_parts.{argv[0]}").main(argv[1:]) or 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
