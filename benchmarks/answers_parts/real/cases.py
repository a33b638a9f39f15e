"""The questions: read from the shared data, with their gold answers, and divided into folds."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from .gold import Gold

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

FOLDS = 5
BLANK = "[MASK]"
STOP = frozenset(
    "and any are been but did does for from had has have her him his how into its not off one our"
    " out she that the their them they"
    " this too was were what when where which who whom whose why will with you your".split()
)
"""Words that are written as capitals nowhere, though a name may be spelt like them."""


@dataclass(frozen=True, slots=True)
class Case:
    """A question with what is right.

    Attributes:
        question: As it is asked.
        gold: What is right.
        group: The part of the set that it is counted in, too.
        answers: Its answers as a line to learn from has them.
    """

    question: str
    gold: Gold
    group: str = ""
    answers: tuple[str, ...] = ()


def rows(path: Path) -> Iterator[dict[str, Any]]:
    """The objects of a gzipped file of JSON Lines."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def freebase(data: Path) -> list[Case]:
    """The questions that people typed over FB15k-237; gold are keys."""
    return [
        Case(row["question"], Gold.of(row["answers"]), row["source"], tuple(row["answers"]))
        for row in rows(data / "questions/freebase.dev.jsonl.gz")
    ]


def geo(data: Path, part: str, language: str = "") -> list[Case]:
    """GeoQuery's questions of ``train`` or ``dev``, in English or as ``languages`` has them.

    Gold is text.
    """
    found = []
    for row in rows(data / f"questions/geo.{part}.jsonl.gz"):
        question = row.get("languages", {}).get(language) if language else row["question"]
        if question:
            answers = tuple(row["answers"])
            found.append(Case(question, Gold.of(answers), row["kind"], answers))
    return found


def draw(seed: int, text: str) -> int:
    """A number that seed and text alone decide."""
    return int.from_bytes(hashlib.sha256(f"{seed}\x1f{text}".encode()).digest()[:8], "big")


def in_order(cases: Iterable[Case], seed: int) -> list[Case]:
    """The cases in an order that the seed decides."""
    return sorted(cases, key=lambda case: (draw(seed, case.question), case.question))


def folds(
    cases: Sequence[Case], seed: int, count: int = FOLDS
) -> Iterator[tuple[list[Case], list[Case]]]:
    """(to learn from, to ask) for each fold; a question that stands twice is in one fold."""
    texts = sorted({case.question for case in cases}, key=lambda text: (draw(seed, text), text))
    fold_of = {text: at % count for at, text in enumerate(texts)}
    for fold in range(count):
        yield (
            [case for case in cases if fold_of[case.question] != fold],
            [case for case in cases if fold_of[case.question] == fold],
        )


def lesson_lines(cases: Iterable[Case]) -> Iterator[str]:
    """``question⇥answer|answer`` lines."""
    for case in cases:
        if any(set("|\t\n") & set(text) for text in case.answers):
            raise ValueError(f"an answer of {case.question!r} cannot stand in a line")
        yield f"{case.question}\t{'|'.join(case.answers)}\n"


def lower_case(case: Case) -> Case:
    """The question in lower case; a cloze's blank stays."""
    return replace(case, question=case.question.lower().replace(BLANK.lower(), BLANK))


def capitaliser(names: Iterable[str]) -> Callable[[Case], Case]:
    """What writes names in a question as the graph does.

    The longest name first, very short ones and stop words never.
    """
    spelt = {
        name.lower(): name
        for name in sorted(names)
        if len(name) > 2 and name.lower() not in STOP | {name}
    }
    longest = sorted(spelt, key=lambda name: (-len(name), name))
    pattern = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, longest))})(?!\w)", re.IGNORECASE)

    def capitalise(case: Case) -> Case:
        text = pattern.sub(lambda match: spelt[match[0].lower()], case.question)
        return replace(case, question=text)

    return capitalise
