"""Questions that people type, over graphs that others made.

python benchmarks/answers.py real --cache FOLDER [--set SET …] [--phase PHASE …]

    freebase    WebQuestions and SimpleQuestions that FB15k-237 can answer
    geo         GeoQuery over its own database; --languages asks it in others
    newcomer    91 questions over a table of countries, in lower case, nothing learnt
    elements, packages    two more tables, written for this project with their questions
    world       the example world's; composed: counts, superlatives, conditions over it

Phases: before (nothing learnt), after (learnt; five folds, each asked after learning from the other
four; of geo the dev part after all of train, too), missing and missing-after (names or relations of
questions are taken out of the graph: they have to be refused), latency (simple and composed
questions, on FB15k-237 and a million triples), learning (seconds). --case asks each question in
other letters, too: lower, or capitals (names as the graph writes them). Everything goes through
kptm.Workspace alone, so that it measures whatever reads the questions.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

from .phases import PHASES, SETS, Bench, run
from .report import Report
from .workspaces import Workspaces

SHARED = Path(__file__).resolve().parents[4] / "shared"


def main(argv: list[str]) -> int:
    """Ask what the options say and print the tables."""
    told = _options().parse_args(argv)
    if told.show:
        print(Report.read(told.show).tables())
        return 0
    if not (told.shared / "data/questions").is_dir():
        print("skipped: no questions there")
        return 0
    cache = told.cache or Path(tempfile.gettempdir()) / "kptm-answers"
    cache.mkdir(parents=True, exist_ok=True)
    report = Report(told.failures)
    bench = Bench(
        workspaces=Workspaces(cache, told.settings),
        shared=told.shared,
        report=report,
        seed=told.seed,
        limit=told.limit,
        forms=tuple(told.case),
        languages=tuple(told.languages),
        folds=told.folds,
    )
    for name in told.set:
        for phase in told.phase:
            run(bench, name, phase)
    print(report.tables())
    if told.json:
        told.json.write_text(json.dumps(report.to_dict(sys.argv), ensure_ascii=False, indent=1))
    return 0


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="answers.py real",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--set", nargs="+", choices=SETS, default=list(SETS))
    parser.add_argument("--phase", nargs="+", choices=PHASES, default=["before", "after"])
    parser.add_argument("--case", nargs="+", choices=("given", "lower", "capitals"),
    default=["given"])  # fmt: skip
    parser.add_argument("--languages", nargs="*", default=[], help="of geo: de el es zh th")
    parser.add_argument("--limit", type=int, help="ask so many questions of each set and fold")
    parser.add_argument("--folds", type=int, help="so many of the five folds")
    parser.add_argument("--seed", type=int, default=0, help="of folds and samples")
    parser.add_argument("--settings", nargs="*", default=[], metavar="SECTION.KEY=VALUE",
    help="of the workspaces, for an encoder for example")  # fmt: skip
    parser.add_argument("--cache", type=Path, help="where loaded graphs stay for the next run")
    parser.add_argument("--shared", type=Path, default=SHARED, help="the folder of the shared data")
    parser.add_argument("--show", type=Path, nargs="+",
    help="ask nothing: the tables of what --json wrote")  # fmt: skip
    parser.add_argument("--json", type=Path, help="write each question and its outcome there")
    parser.add_argument("--failures", type=Path,
    help="a folder; write what failed there, by set and phase")  # fmt: skip
    return parser
