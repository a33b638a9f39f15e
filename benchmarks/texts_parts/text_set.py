"""Half of a set's facts in the graph, its texts indexed, the other half asked."""

import argparse
import tempfile
import time
from pathlib import Path

from kptm import Workspace
from texts_parts import arms


def ask_set(argv, description, task, source, is_right, by_kind=None) -> int:
    """Index a task's texts, ask its questions in each arm, print a table.

    Args:
        argv: The options of the command.
        description: Of the command.
        task: The facts, texts and questions.
        source: The name that the texts are indexed under.
        is_right: Whether an answer is one of the gold.
        by_kind: Divides the questions of a workspace into kinds, each an arm of its own.
    """
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--limit", type=int, help="questions, by every nth; all by default")
    parser.add_argument("--set", action="append", default=[], help="settings of the workspace")
    options = parser.parse_args(argv)
    questions = [(*pair, gold) for pair, gold in sorted(task.asked.items())]
    if options.limit:
        questions = questions[:: max(1, len(questions) // options.limit)][: options.limit]
    print(f"{len(task.known):,} facts known, {len(task.texts):,} texts, {len(questions):,} asked\n")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with Workspace.open(folder / "ws", changes=options.set) as ws:
            task.load(ws, folder)
            start = time.perf_counter(), time.process_time()
            ws.index(task.texts, source=source)
            spent = time.perf_counter() - start[0], time.process_time() - start[1]
            print(f"indexed in {spent[0]:.0f} s, {spent[1]:.0f} s of CPU\n\n{arms.HEAD}")
            arms.measure("graph alone", questions, arms.by_query(ws, is_right, sources=["graph"]))
            arms.measure("thirty lines", questions, arms.baseline(ws, task.known))
            for kind, some in by_kind(ws, questions).items() if by_kind else ():
                arms.measure(f"query, {kind}", some, arms.by_query(ws, is_right))
            arms.measure("query", questions, arms.by_query(ws, is_right))
    return 0
