"""Questions over tables of facts, one's own or those that are here.

    python benchmarks/answers.py table [TABLE.tsv …] [--failures]

By default the eleven tables of ``tables/``, each with sixty questions beside it in
``NAME.questions.tsv``: a question, a tab, and what is right. Answers are joined by ``|``, and what
is right as well follows after `` || ``; ``refuse`` means that the table cannot answer. People wrote
tables and questions who had not seen the code that reads them; the facts are theirs, from memory.
Nothing is learnt. A list counts as right where it is right as a whole.
"""

from __future__ import annotations

import argparse
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from kptm import Workspace

from .real.asking import ask
from .real.cases import Case
from .real.gold import Gold

if TYPE_CHECKING:
    from collections.abc import Iterator

TABLES = Path(__file__).parent / "tables"
REFUSE = "refuse"
VERDICTS = ("right", "rightly refused", "wrongly refused", "wrong")


def main(argv: list[str]) -> None:
    """Ask, print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tables", nargs="*", type=Path, default=sorted(_tables()))
    parser.add_argument("--failures", action="store_true", help="print what was not right")
    options = parser.parse_args(argv)
    print(f"| table | questions | {' | '.join(VERDICTS)} |")
    print("|---|---|---|---|---|---|")
    for table in options.tables:
        with tempfile.TemporaryDirectory() as folder, Workspace.open(Path(folder) / "ws") as ws:
            ws.load(table)
            found = ask(ws, list(cases(table)), strict=True)
        counts = Counter(item.verdict for item in found)
        cells = " | ".join(str(counts[verdict]) for verdict in VERDICTS)
        print(f"| {table.stem} | {len(found)} | {cells} |")
        for item in found if options.failures else ():
            if not item.right:
                answers = ", ".join(item.answers)
                print(f"    {item.question}: {item.gold}; not {answers or item.reason!r}")


def cases(table: Path) -> Iterator[Case]:
    """The questions that stand beside a table."""
    path = table.with_name(f"{table.stem}.questions.tsv")
    for line in path.read_text(encoding="utf-8").splitlines():
        question, _, gold = line.partition("\t")
        ways = [way.strip() for way in gold.split(" || ")]
        readings = (frozenset(way.split("|")) for way in ways if way != REFUSE)
        yield Case(question, Gold(tuple(readings), refusal=REFUSE in ways))


def _tables() -> Iterator[Path]:
    return (path for path in TABLES.glob("*.tsv") if not path.name.endswith(".questions.tsv"))
