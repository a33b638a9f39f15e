"""Half of WebNLG's facts in the graph, all of its texts indexed, the other half asked; values and new names are answers too."""

import argparse
import tempfile
import time
from collections import defaultdict
from pathlib import Path

from kptm import Workspace
from texts_parts import arms, tasks


def plain(text: str) -> str:
    """A name or value as it is compared: no quotes, no underscores, no case; numbers by value."""
    text = text.strip().strip('"').partition('"^^')[0].replace("_", " ").casefold().strip()
    try:
        return str(float(text.replace(",", "")))
    except ValueError:
        return text


def is_right(answer, gold: set[str]) -> bool:
    if not answer.found:
        return False
    first = answer.answers[0]
    said = {plain(first.key), plain(first.label)}
    return not said.isdisjoint({plain(text) for text in gold})


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--limit", type=int, help="questions, by every nth; all by default")
    parser.add_argument("--set", action="append", default=[], help="settings of the workspace")
    options = parser.parse_args(argv)
    task = tasks.webnlg()
    questions = [(*pair, gold) for pair, gold in sorted(task.asked.items())]
    if options.limit:
        questions = questions[:: max(1, len(questions) // options.limit)][: options.limit]
    print(f"{len(task.known):,} facts known, {len(task.texts):,} texts, {len(questions):,} asked\n")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with Workspace.open(folder / "ws", changes=options.set) as ws:
            task.load(ws, folder)
            start = time.perf_counter(), time.process_time()
            ws.index(task.texts, source="webnlg")
            spent = time.perf_counter() - start[0], time.process_time() - start[1]
            print(f"indexed in {spent[0]:.0f} s, {spent[1]:.0f} s of CPU\n\n{arms.HEAD}")
            arms.measure("graph alone", questions, arms.by_query(ws, is_right, sources=["graph"]))
            arms.measure("thirty lines", questions, arms.baseline(ws, task.known))
            for kind, some in by_kind(ws, questions).items():
                arms.measure(f"query, {kind}", some, arms.by_query(ws, is_right))
            arms.measure("query", questions, arms.by_query(ws, is_right))
    return 0


def by_kind(ws, questions: list) -> dict[str, list]:
    """Questions by what their answers are: entities of the graph, values, or names that it lacks."""
    found = defaultdict(list)
    for head, relation, gold in questions:
        known = ws.graph.entities(gold)
        value = all(text[:1] in '"-+' or text[:1].isdigit() for text in gold)
        kind = "entities" if known else "values" if value else "new names"
        found[kind].append((head, relation, gold))
    return dict(sorted(found.items()))
