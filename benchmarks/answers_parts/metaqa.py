"""Questions about films: learnt from four fifths of MetaQA's dev set, measured on the last fifth.

    python benchmarks/answers.py metaqa [--data FOLDER] [--train N] [--test N]

A hash of the question decides which fifth is held out. Only questions and answers are learnt from:
no types and no brackets, with all numbers of hops together. Measured are the questions that the
graph can answer in full: all answers can be reached along the path of the question's type (the
graph lacks a few per cent of the published triples). A missing answer counts as a wrong one.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import re
import statistics
import tempfile
import time
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from kg import Step
from kptm import Workspace

HOPS = (1, 2, 3)
ENDS = {
    "actor": "starred actors", "director": "directed by", "writer": "written by",
    "year": "release year", "genre": "has genre", "language": "in language", "tags": "has tags",
    "tag": "has tags", "imdbrating": "has imdb rating", "imdbvotes": "has imdb votes",
}  # fmt: skip
"""The relation of each part of MetaQA's types; only used to choose the questions to measure."""


class Question(NamedTuple):
    text: str
    topic: str
    answers: frozenset[str]
    type: str

    @property
    def plain(self) -> str:
        return self.text.replace("[", "").replace("]", "")

    @property
    def path(self) -> list[Step]:
        ends = self.type.split("_to_")
        pairs = pairwise(ends)
        return [Step(ENDS[b]) if a == "movie" else Step(ENDS[a], False) for a, b in pairs]


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="answers.py metaqa", description=__doc__)
    here = Path(__file__).resolve().parents[3] / "shared/data/metaqa"
    parser.add_argument("--data", type=Path, default=here)
    parser.add_argument("--train", type=int, help="the most questions to learn from")
    parser.add_argument("--test", type=int, help="the most questions to ask, by number of hops")
    options = parser.parse_args(argv)
    if not options.data.is_dir():
        print(f"skipped: {options.data} is not there")
        return 0
    asked = {hops: list(read(options.data / f"{hops}-hop.dev.tsv.gz")) for hops in HOPS}
    with tempfile.TemporaryDirectory() as folder:
        with Workspace.open(Path(folder) / "films") as ws:
            report = ws.load(options.data / "kb.tsv.gz")
            print(f"{report.added:,} triples\n")
            test = {
                hops: [q for q in rows if held_out(q) and answerable(ws, q)][: options.test]
                for hops, rows in asked.items()
            }
            print(
                "| | hops | questions | Hits@1 | the exact set | F1 of sets | median ms"
                " |\n|---|---|---|---|---|---|---|"
            )
            for hops in HOPS:
                measure(ws, "before any training", hops, test[hops], brackets=False)
            train = [q for rows in asked.values() for q in rows if not held_out(q)]
            learn(ws, train, options.train, Path(folder) / "questions.tsv")
        opened = time.perf_counter()
        with Workspace.open(Path(folder) / "films") as ws:
            ws.ask(test[1][0].plain)
            opened = time.perf_counter() - opened
            for brackets in (False, True):
                for hops in HOPS:
                    name = "in brackets" if brackets else "learnt"
                    measure(ws, name, hops, test[hops], brackets=brackets)
            print(f"\nworkspace opened and asked once: {opened:.2f} s")
            print(f"query: {query_ms(ws, test[1]):.2f} ms in the median")
    return 0


def read(path: Path):
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            text, answers, kind = line.rstrip("\n").split("\t")
            topic = re.search(r"\[(.*)\]", text)[1]
            yield Question(text, topic, frozenset(answers.split("|")), kind)


def held_out(question: Question) -> bool:
    return int(hashlib.sha256(question.text.encode()).hexdigest(), 16) % 5 == 0


def answerable(ws: Workspace, question: Question) -> bool:
    return question.answers <= set(map(str, ws.graph.follow(question.topic, question.path)))


def learn(ws: Workspace, questions: list[Question], most: int | None, path: Path) -> None:
    questions = sorted(questions, key=lambda q: hashlib.sha256(q.plain.encode()).digest())[:most]
    path.write_text("".join(f"{q.plain}\t{'|'.join(sorted(q.answers))}\n" for q in questions))
    started = time.perf_counter()
    used = ws.learn_questions(path)
    took = time.perf_counter() - started
    print(f"| *learnt from {used:,} of {len(questions):,} in {took:.0f} s* | | | | | | |")


def measure(ws: Workspace, name: str, hops: int, questions: list[Question], *, brackets: bool):
    total: Counter[str] = Counter()
    took = []
    for question in questions:
        started = time.perf_counter()
        answer = ws.ask(question.text if brackets else question.plain)
        took.append(time.perf_counter() - started)
        keys = {scored.key for scored in answer.answers}
        common = len(keys & question.answers)
        total["hit"] += any(scored.key in question.answers for scored in answer.answers[:1])
        total["exact"] += keys == question.answers
        total["f1"] += 2 * common / (len(keys) + len(question.answers))
    n = len(questions)
    figures = " | ".join(f"{total[key] / n:.3f}" for key in ("hit", "exact", "f1"))
    print(
        f"| {name} | {hops} | {n:,} | {figures} | {statistics.median(took) * 1e3:.1f} |", flush=True
    )


def query_ms(ws: Workspace, questions: list[Question]) -> float:
    took = []
    for question in questions[:500]:
        ((relation, forward),) = question.path
        ends = (question.topic, None) if forward else (None, question.topic)
        started = time.perf_counter()
        ws.query(ends[0], relation, ends[1])
        took.append(time.perf_counter() - started)
    return statistics.median(took) * 1e3
