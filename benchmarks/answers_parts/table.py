"""Questions over tables of facts, your own or the ones in `tables/`.

    python benchmarks/answers.py table [TABLE.tsv …] [--failures]

The default is all tables of `tables/`: a fact on each line, or a spreadsheet with a row for each
thing, whose layout is guessed as by `kptm new`. Sixty questions about each are in the file
`NAME.questions.tsv` beside it: a question, a tab, and the gold answers, joined by `|`. An
alternative set of gold answers follows after ` || `; `refuse` means that the table has no answer.
The authors of tables and questions had not seen the code; they wrote the facts from memory. Nothing
is learnt. A list counts as right only if it is complete and has no wrong answer.
"""

from __future__ import annotations

import argparse
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from kg.formats import guess_table
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
    """Ask the questions and print a line for each table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tables", nargs="*", type=Path, default=sorted(_tables()))
    parser.add_argument("--failures", action="store_true", help="print every wrong answer")
    options = parser.parse_args(argv)
    print(f"| table | questions | {' | '.join(VERDICTS)} |")
    print("|---|---|---|---|---|---|")
    for table in options.tables:
        with tempfile.TemporaryDirectory() as folder, Workspace.open(Path(folder) / "ws") as ws:
            guess = guess_table(table)
            ws.load(table, key=guess.key or None, split=guess.split or None)
            outcomes = ask(ws, list(cases(table)), strict=True)
        counts = Counter(outcome.verdict for outcome in outcomes)
        cells = " | ".join(str(counts[verdict]) for verdict in VERDICTS)
        print(f"| {table.stem} | {len(outcomes)} | {cells} |")
        for outcome in outcomes if options.failures else ():
            if not outcome.right:
                answers = ", ".join(outcome.answers) or repr(outcome.reason)
                print(f"    {outcome.question}: {outcome.gold}; not {answers}")


def cases(table: Path) -> Iterator[Case]:
    """Read the questions of a table."""
    path = table.with_name(f"{table.stem}.questions.tsv")
    for line in path.read_text(encoding="utf-8").splitlines():
        question, _, gold = line.partition("\t")
        ways = [way.strip() for way in gold.split(" || ")]
        readings = (frozenset(way.split("|")) for way in ways if way != REFUSE)
        yield Case(question, Gold(tuple(readings), refusal=REFUSE in ways))


def _tables() -> Iterator[Path]:
    return (path for path in TABLES.glob("*.tsv") if not path.name.endswith(".questions.tsv"))
