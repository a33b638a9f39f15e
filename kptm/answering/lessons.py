"""Answered questions: read from a file, stored in a workspace so that more can be added, and reported line by line."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from kg.errors import TripleFormatError
from kg.formats.files import open_bytes
from kg.formats.lines import text_lines
from kg.types import Literal
from kg.values.node import ValueKey
from kptm.answering.naming import value_keys
from kptm.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from kg.graph import KnowledgeGraph
    from kptm.linking import Linker

SHOWN = 5
"""Lines of each kind that a report holds."""

UNKNOWN_ANSWERS = "the graph has none of the answers"
NO_NAME = "no name in the question is in the graph"
NO_PATH = "no path of relations leads from a name in the question to the answers"


@dataclass(frozen=True, slots=True)
class Lesson:
    """A question with its answers.

    Attributes:
        question: In words.
        answers: Keys of entities; none where the graph has no answer.
        line: Where it stands in its file, from 1; 0 for a question that was learnt before.
    """

    question: str
    answers: frozenset[str]
    line: int = 0


@dataclass(frozen=True, slots=True)
class Unused:
    """Lines that taught nothing, by the reason.

    Attributes:
        reason: Why.
        count: How many.
        lines: The first of them, as (line, text).
    """

    reason: str
    count: int
    lines: tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True)
class LearnReport:
    """The outcome of learning.

    Attributes:
        lines: Lines of the file.
        used: Lines that taught how questions are understood.
        weighed: Questions that the graph is silent on, which taught how much the sources weigh.
        unused: The others, by the reason.
        earlier: Questions learnt before, which were learnt again with these.
        revision: The revision of it, to undo it by.
    """

    lines: int
    used: int
    weighed: int = 0
    unused: tuple[Unused, ...] = ()
    earlier: int = 0
    revision: int = 0

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)

    def __str__(self) -> str:
        """For people, a line for the whole and some for each reason."""
        text = [f"{self.used:,} of {self.lines:,} lines taught something"]
        if self.earlier:
            text[0] += f", beside {self.earlier:,} questions learnt before"
        if self.weighed:
            text.append(
                f"  {self.weighed:,} that the graph is silent on taught what the sources weigh"
            )
        for item in self.unused:
            text.append(f"  {item.count:,} not used: {item.reason}")
            text += [f"    line {line}: {shown}" for line, shown in item.lines]
            if item.count > len(item.lines):
                text.append(f"    and {item.count - len(item.lines):,} more")
        return "\n".join(text)


@dataclass
class Refusals:
    """Collects the lines that teach nothing."""

    counts: Counter[str] = field(default_factory=Counter)
    shown: dict[str, list[tuple[int, str]]] = field(default_factory=dict)

    def add(self, reason: str, line: int, text: str) -> None:
        """Count a line."""
        self.counts[reason] += 1
        lines = self.shown.setdefault(reason, [])
        if len(lines) < SHOWN:
            lines.append((line, text[:200]))

    def listed(self) -> tuple[Unused, ...]:
        """All of them, the most frequent reason first."""
        return tuple(
            Unused(reason, count, tuple(sorted(self.shown[reason])))
            for reason, count in sorted(self.counts.items(), key=lambda item: (-item[1], item[0]))
        )


def read_lessons(
    graph: KnowledgeGraph, linker: Linker, path: Path, refusals: Refusals
) -> Iterator[Lesson]:
    """Each line's question and the entities that its answers may mean: those of that key, or else of that name.

    A line without an answer has none; one whose answers the graph does not know is refused.

    Raises:
        TripleFormatError: The file cannot be read, or a line is not ``question⇥answer|answer``.
    """
    with open_bytes(path) as stream:
        for number, text in text_lines(stream, path):
            if isinstance(text, TripleFormatError):
                raise text
            question, tab, rest = text.partition("\t")
            if not tab or not question.strip():
                raise TripleFormatError(path, number, "expected question⇥answer|answer", text)
            names = [name for name in rest.split("\t")[0].split("|") if name.strip()]
            known = set(graph.entities(names))
            others = [name for name in names if name not in known]
            known |= {x.entity for name in others for x in linker.candidates(name)}
            known |= {key for name in names for key in value_keys(graph, name)}
            if known or not names:
                yield Lesson(question, frozenset(known), number)
            else:
                refusals.add(UNKNOWN_ANSWERS, number, text)


def added(earlier: Sequence[Lesson], new: Sequence[Lesson]) -> list[Lesson]:
    """The earlier lessons but for those whose question is asked anew, then the new ones."""
    again = {item.question.strip() for item in new}
    return [*(item for item in earlier if item.question.strip() not in again), *new]


def dump(lessons: Iterable[Lesson]) -> bytes:
    """Lessons as JSON Lines; an answer is an entity's key, or an object for a value."""
    rows = (
        {"question": item.question, "answers": [_written(key) for key in sorted(item.answers)]}
        for item in lessons
    )
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode(
        "utf-8", "backslashreplace"
    )


def load(path: Path, graph: KnowledgeGraph) -> list[Lesson]:
    """The stored lessons, without answers that the graph has no more; a question all of whose answers are gone is left out.

    Raises:
        ConfigError: The file is malformed.
    """
    if not path.exists():
        return []
    try:
        rows = [json.loads(line) for line in path.read_bytes().splitlines()]
        found = [(str(row["question"]), list(map(_read, row["answers"]))) for row in rows]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(
            f"{path}: no stored questions ({error!r}); learn anew with kptm learn --replace"
        ) from error
    known = set(graph.entities(key for _, keys in found for key in keys))
    lessons = []
    for question, keys in found:
        kept = frozenset(key for key in keys if isinstance(key, ValueKey) or key in known)
        if kept or not keys:
            lessons.append(Lesson(question, kept))
    return lessons


def _written(key: str) -> Any:
    return asdict(key.literal) if isinstance(key, ValueKey) else key


def _read(answer: Any) -> str:
    return ValueKey(Literal(**answer)) if isinstance(answer, dict) else str(answer)
