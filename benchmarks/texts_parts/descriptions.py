"""Half of FB15k-237's facts in the graph, its entities' short descriptions indexed, the facts that these name asked; no model.

Nothing was tuned on it. A description such as "city in Texas, United States" is no sentence, names of kinds are in small letters,
and relations have no names but their keys.
"""

import argparse
import tempfile
import time
from pathlib import Path

from kptm import Workspace
from texts_parts import arms, tasks
from texts_parts.fewrel import is_right


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--limit", type=int, help="questions, by every nth; all by default")
    parser.add_argument("--set", action="append", default=[], help="settings of the workspace")
    options = parser.parse_args(argv)
    task = tasks.descriptions()
    questions = [(*pair, gold) for pair, gold in sorted(task.asked.items())]
    if options.limit:
        questions = questions[:: max(1, len(questions) // options.limit)][: options.limit]
    print(f"{len(task.known):,} facts known, {len(task.texts):,} texts, {len(questions):,} asked\n")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with Workspace.open(folder / "ws", changes=options.set) as ws:
            task.load(ws, folder)
            start = time.perf_counter(), time.process_time()
            ws.index(task.texts, source="descriptions")
            spent = time.perf_counter() - start[0], time.process_time() - start[1]
            print(f"indexed in {spent[0]:.0f} s, {spent[1]:.0f} s of CPU\n\n{arms.HEAD}")
            arms.measure("graph alone", questions, arms.by_query(ws, is_right, sources=["graph"]))
            arms.measure("thirty lines", questions, arms.baseline(ws, task.known))
            arms.measure("query", questions, arms.by_query(ws, is_right))
    return 0
