"""Questions asked of a workspace, learnt from, and judged."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Protocol

from kptm.errors import KPTMError

from .cases import lesson_lines
from .gold import items_of
from .progress import say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kptm import Answer, Workspace

    from .cases import Case

SHOWN = 12
EVERY = 100


@dataclass(frozen=True, slots=True)
class Outcome:
    """A question asked and judged.

    Attributes:
        question: As asked.
        group: As the case has it.
        gold: What is right, for people.
        answers: What was answered, the first few.
        count: How many answers there were.
        p: The score.
        found: Whether there was an answer.
        right: Whether the first answer is right, or there was rightly none.
        exact: Whether the set of answers is right.
        answerable: Whether it has a right answer.
        ms: Milliseconds.
        cpu_ms: Milliseconds of this process, which other work on the machine does not change.
        why: The word for why there was none.
        reason: The same in words.
        reading: How the question was understood.
    """

    question: str
    group: str
    gold: str
    answers: tuple[str, ...]
    count: int
    p: float
    found: bool
    right: bool
    exact: bool
    answerable: bool
    ms: float
    cpu_ms: float
    why: str
    reason: str
    reading: str

    @property
    def verdict(self) -> str:
        """One of "right", "rightly refused", "wrongly refused", "wrong"."""
        if self.found:
            return "right" if self.right else "wrong"
        return "rightly refused" if self.right else "wrongly refused"

    @classmethod
    def of(cls, row: dict[str, Any]) -> Outcome:
        """What :meth:`to_dict` gave."""
        values = {name: value for name, value in row.items() if name != "verdict"}
        return cls(**{**values, "answers": tuple(row["answers"])})

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {**asdict(self), "verdict": self.verdict}


class Asker(Protocol):
    """A workspace, or a conversation with one."""

    def ask(self, question: str, /) -> Answer:
        """Answer a question."""


def ask(
    ws: Asker, cases: Sequence[Case], *, strict: bool = False, warm: bool = True
) -> list[Outcome]:
    """Ask each question; ``strict`` counts an answer as right only where the whole set is.

    ``warm`` asks one before.
    """
    found = []
    for case in cases[: int(warm)]:
        ws.ask(case.question)
    for number, case in enumerate(cases, 1):
        began, cpu = time.perf_counter(), time.process_time()
        answer = ws.ask(case.question)
        took = time.perf_counter() - began, time.process_time() - cpu
        found.append(_judge(case, answer, took, strict=strict))
        if number % EVERY == 0:
            say(f"  {number} of {len(cases)} asked, {sum(x.right for x in found)} right")
    return found


def _judge(case: Case, answer: Answer, seconds: tuple[float, float], *, strict: bool) -> Outcome:
    items = items_of(answer) if answer.found else []
    exact = case.gold.is_exact(items)
    return Outcome(
        question=case.question,
        group=case.group,
        gold=str(case.gold),
        answers=tuple(x.text for x in answer.answers[:SHOWN]),
        count=len(answer.answers),
        p=float(answer.score),
        found=answer.found,
        right=exact if strict else case.gold.hits(items),
        exact=exact,
        answerable=bool(case.gold.readings),
        ms=1e3 * seconds[0],
        cpu_ms=1e3 * seconds[1],
        why=str(answer.why),
        reason=answer.reason,
        reading=reading_of(answer),
    )


def reading_of(answer: Answer) -> str:
    """How a question was understood: its program where the answer has one, else topic and path."""
    if answer.program is not None:
        return answer.expression
    hops = [f"{'' if step.forward else '^'}{step.relation}" for step in answer.path]
    return " / ".join([answer.topic, *hops]) if answer.topic else ""


def learn(ws: Workspace, cases: Sequence[Case]) -> tuple[str, float]:
    """Learn from questions; (what the product says of it, seconds)."""
    path = ws.folder.parent / "learn.tsv"
    path.write_text("".join(lesson_lines(cases)), encoding="utf-8")
    began = time.perf_counter()
    try:
        said = str(ws.learn(path))
    except KPTMError as error:
        said = str(error)
    took = time.perf_counter() - began
    say(f"  learnt from {len(cases)} in {took:.1f} s: {said.splitlines()[0]}")
    return said, took
