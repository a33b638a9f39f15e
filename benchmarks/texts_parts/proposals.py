"""Facts out of FewRel or of FB15k-237's descriptions, learnt from texts that the graph labels.

Half of the facts, by a hash of head and relation, are in the graph. An extractor learns from a
share of the texts, by hash, and reads the others. A proposal is right if the other half of the
facts has it, and wrong if the data have other tails of its head and relation, or mark its two ends
in this sentence with other relations alone. Of others the data say nothing: they are open, and
``--show`` prints some, to be read by a person.
"""

import argparse
import random
import tempfile
import time
from pathlib import Path

from kptm import Workspace
from texts_parts import tasks
from texts_parts.extraction import draw

PRECISIONS = (0.95, 0.9, 0.8, 0.7)
TASKS = {"fewrel": tasks.fewrel, "descriptions": tasks.descriptions}
HEAD = (
    "| texts | precision | threshold of all | relations | proposed | right | wrong | open |"
    " of the judged | known |\n|---|---|---|---|---|---|---|---|---|---|"
)


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--task", choices=sorted(TASKS), default="fewrel")
    parser.add_argument("--shares", nargs="+", type=float, default=[0.02, 0.1, 0.5])
    parser.add_argument("--precisions", nargs="+", type=float, default=PRECISIONS)
    parser.add_argument("--show", type=int, default=0, help="open proposals at .9 to print")
    options = parser.parse_args(argv)
    task = TASKS[options.task]()
    print(f"{len(task.known):,} facts known, {len(task.texts):,} texts\n\n{HEAD}", flush=True)
    for share in options.shares:
        measure(task, share, options)
    return 0


def measure(task, share: float, options) -> None:
    learnt = [text for text in task.texts if draw(text) < share]
    others = [text for text in task.texts if draw(text) >= share]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with Workspace.open(folder / "ws") as ws:
            task.load(ws, folder)
            start = time.process_time()
            ws.learn_extractor(learnt)
            took = time.process_time() - start
            # A lower precision proposes what a higher one does, and more.
            for precision in sorted(options.precisions, reverse=True):
                report = ws.extract(others, precision=precision)
                row(task, ws, report, precision, len(learnt))
                if options.show and precision == 0.9:
                    show(task, ws, options.show)
            print(f"\nlearnt in {took:.0f} s of CPU\n", flush=True)


def row(task, ws, report, precision: float, texts: int) -> None:
    judged = [judge(task, item) for item in ws.proposals(limit=None)]
    right, wrong = judged.count(True), judged.count(False)
    share = f"{right / (right + wrong):.3f}" if right + wrong else "–"
    least = ws.extractor().calibration.threshold("", precision)
    print(
        f"| {texts:,} | {precision:g} | {f'{least:.3f}' if least <= 1 else 'none'} |"
        f" {report.relations - report.out_of_reach} of {report.relations} | {len(judged):,} |"
        f" {right:,} | {wrong:,} | {judged.count(None):,} | {share} | {report.known:,} |",
        flush=True,
    )


def judge(task, item) -> bool | None:
    """Whether a proposal is right, by the facts that the graph has not; None where none tells."""
    tail = str(item.tail)
    if (item.head, item.relation, tail) in task.held_out:
        return True
    if (item.head, item.relation) in task.told:
        return False
    marked = task.marked.get((item.document, item.head, tail), set())
    return False if marked and item.relation not in marked else None


def show(task, ws, count: int) -> None:
    found = [item for item in ws.proposals(limit=None) if judge(task, item) is None]
    random.Random(0).shuffle(found)
    for item in found[:count]:
        (a, b), (c, d) = item.head_span, item.tail_span
        names = item.sentence[a:b], item.sentence[c:d]
        relation = task.relations.get(item.relation, item.relation)
        print(f"    {names[0]} – {relation} – {names[1]} ({item.confidence}): {item.sentence}")
