"""What texts say, measured: python benchmarks/texts.py PART [options].

    fewrel       half of FewRel's facts in the graph, its sentences indexed, the other half asked
    webnlg       the same of WebNLG's texts and triples, whose values and new names are asked too
    descriptions the same of FB15k-237's short descriptions
    ranking      weights of passages, fitted and measured, with and without an encoder
    reader       the reader with an encoder's features, and without
    extraction   facts out of WebNLG's dev texts, learnt from train; --speed for sentences a second
    proposals    facts out of FewRel or of descriptions, learnt from the graph and a share of texts

Each part says its options with --help. The data are looked for in ``../shared/data``. Figures are
printed, never asserted.
"""

import sys
from importlib import import_module

PARTS = ("fewrel", "webnlg", "descriptions", "ranking", "reader", "extraction", "proposals")


def main(argv: list[str]) -> int:
    if not argv or argv[0] not in PARTS:
        print(__doc__, file=sys.stderr)
        return 2
    return import_module(f"texts_parts.{argv[0]}").main(argv[1:]) or 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
