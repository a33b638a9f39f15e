"""Write the tables by which languages are told apart, from the data files of the lexicon.

    python tools/build_lexicon.py

reads ``kptm/answering/lexicon/*.toml`` and writes ``detection.json`` beside them. A test compares
the two.
"""

from __future__ import annotations

import json

from kptm.answering.lexicon.detection import STORED, hashes_of, make_tables
from kptm.answering.lexicon.lexicon import FOLDER


def main() -> None:
    """Write the file."""
    stored = {"files": hashes_of(FOLDER), "tables": make_tables(FOLDER)}
    # Not sorted: the order of spellings is the order in which they are replaced.
    text = json.dumps(stored, ensure_ascii=False, indent=0)
    (FOLDER / STORED).write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
