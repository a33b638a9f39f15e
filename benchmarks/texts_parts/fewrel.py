"""Asks half of FewRel's facts; the graph has the other half, and all sentences are indexed.

No model is used.
"""

import argparse
import random
import tempfile
import time
from pathlib import Path

from kptm import Workspace
from texts_parts import arms, tasks


def is_right(answer, gold: set[str]) -> bool:
    return answer.entity in gold


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--limit", type=int, help="the most questions, every nth; default: all")
    parser.add_argument("--cited", type=int, default=200, help="answers whose sentence is removed")
    parser.add_argument("--set", action="append", default=[], help="settings of the workspace")
    options = parser.parse_args(argv)
    task = tasks.fewrel()
    questions = [(*pair, gold) for pair, gold in sorted(task.asked.items())]
    if options.limit:
        questions = questions[:: max(1, len(questions) // options.limit)][: options.limit]
    print(
        f"{len(task.known):,} facts known, {len(task.texts):,} sentences, {len(questions):,}"
        " asked\n"
    )
    with tempfile.TemporaryDirectory() as folder:
        ws = open_workspace(task, Path(folder), "real", options.set)
        start = time.perf_counter(), time.process_time()
        ws.index(task.texts, source="fewrel")
        spent = time.perf_counter() - start[0], time.process_time() - start[1]
        print(f"indexed in {spent[0]:.0f} s, {spent[1]:.0f} s of CPU\n\n{arms.HEAD}")
        arms.measure("graph alone", questions, arms.by_query(ws, is_right, sources=["graph"]))
        arms.measure("thirty lines", questions, arms.baseline(ws, task.known))
        arms.measure("query", questions, arms.by_query(ws, is_right))
        arms.measure("in words", questions, arms.in_words(ws, is_right, task))
        measure_shuffled(task, Path(folder), questions, options.set)
        some = questions[:: max(1, len(questions) // options.cited)][: options.cited]
        share = arms.changed_without_citation(ws, some, is_right)
        print(f"\nthe cited sentence removed: another answer or none in {share:.3f} of {len(some)}")
        ws.close()
    return 0


def open_workspace(task, folder: Path, name: str, settings: list[str]) -> Workspace:
    """Open a new workspace with the task's graph."""
    ws = Workspace.open(folder / name, changes=settings)
    task.load(ws, folder)
    return ws


def measure_shuffled(task, folder: Path, questions: list, settings: list[str]) -> None:
    """Measure answers from sentences whose heads were permuted."""
    others = list(task.heads)
    random.Random(0).shuffle(others)
    texts = [
        text.replace(head, other)
        for text, head, other in zip(task.texts, task.heads, others, strict=True)
    ]
    with open_workspace(task, folder, "shuffled", settings) as ws:
        ws.index(texts, source="fewrel")
        arms.measure("query, heads shuffled", questions, arms.by_query(ws, is_right))
