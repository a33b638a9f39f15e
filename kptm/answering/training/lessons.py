"""Reads and stores answered questions for training, and reports on each line of a file."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from kg.errors import TripleFormatError
from kg.formats.files import open_bytes
from kg.formats.text.lines import text_lines
from kptm.answering.questions.naming import value_keys
from kptm.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from kg.graph import KnowledgeGraph
    from kptm.linking import Linker

MAX_REPORTED_LINES = 5
"""The maximum number of lines that a report shows for one reason."""

UNKNOWN_ANSWERS = "the graph has none of the answers"
NO_NAME = "no name in the question is in the graph"
NO_PROGRAM = "nothing that was tried with the names in the question gives the answers"


@dataclass(frozen=True, slots=True)
class Lesson:
    """A question with its answers, for training.

    Attributes:
        question: The question in words.
        answers: The answers as written: keys, labels or aliases of entities, values, a count, "yes"
            or "no"; empty if the graph has no answer.
        line: The line in the file, from 1; 0 for a question from an earlier training.
    """

    question: str
    answers: tuple[str, ...]
    line: int = 0


@dataclass(frozen=True, slots=True)
class Unused:
    """The lines that could not be used for training for the same reason.

    Attributes:
        reason: The reason.
        count: The number of lines.
        lines: The first of these lines, as (line, text).
    """

    reason: str
    count: int
    lines: tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True)
class LearnReport:
    """The result of training from answered questions.

    Attributes:
        lines: The number of lines in the file.
        used: The number of lines that trained the parser.
        weighed: The number of questions without an answer in the graph, to which the weights of the
            sources were fitted.
        sampled_out: The number of lines that were not in the sample on which the parser is trained.
        held_out: On held-out lines: the accuracy of the first answer before and after the training,
            and the number of these lines.
        by_name: The same for questions that ask for relations by their names.
        kept: Whether the new parser is used from now on; it is not if its accuracy is lower.
        unused: The lines that could not be used, by reason.
        earlier: The number of questions from earlier trainings that were used again.
        revision: The revision by which the training can be undone.
    """

    lines: int
    used: int
    weighed: int = 0
    sampled_out: int = 0
    held_out: tuple[float, float, int] = (0.0, 0.0, 0)
    by_name: tuple[float, float, int] = (0.0, 0.0, 0)
    kept: bool = True
    unused: tuple[Unused, ...] = ()
    earlier: int = 0
    revision: int = 0

    def to_dict(self) -> dict[str, Any]:
        """The report as a JSON value."""
        return asdict(self)

    def __str__(self) -> str:
        """The report as text: a summary, then some of the unused lines for each reason."""
        text = [f"{self.used:,} of {self.lines:,} lines taught something"]
        if self.earlier:
            text[0] += f", beside {self.earlier:,} questions learnt before"
        if self.weighed:
            text.append(
                f"  {self.weighed:,} that the graph is silent on taught what the sources weigh"
            )
        if self.sampled_out:
            text.append(
                f"  {self.sampled_out:,} were not looked at: a sample of all lines is enough"
            )
        for name, (before, after, count) in (
            ("lines that were held out", self.held_out),
            ("relations asked by their names", self.by_name),
        ):
            if count:
                text.append(
                    f"  of {count:,} {name} {before:.0%} were right before, {after:.0%} after"
                )
        if not self.kept:
            text.append("  this would be worse than before, so that nothing was taken over")
        for item in self.unused:
            text.append(f"  {item.count:,} not used: {item.reason}")
            text += [f"    line {line}: {shown}" for line, shown in item.lines]
            if item.count > len(item.lines):
                text.append(f"    and {item.count - len(item.lines):,} more")
        return "\n".join(text)


@dataclass
class Refusals:
    """Collects the lines that cannot be used for training."""

    counts: Counter[str] = field(default_factory=Counter)
    shown: dict[str, list[tuple[int, str]]] = field(default_factory=dict)

    def add(self, reason: str, line: int, text: str) -> None:
        """Add a line with its reason."""
        self.counts[reason] += 1
        lines = self.shown.setdefault(reason, [])
        if len(lines) < MAX_REPORTED_LINES:
            lines.append((line, text[:200]))

    def list_reasons(self) -> tuple[Unused, ...]:
        """The unused lines by reason, the most frequent reason first."""
        return tuple(
            Unused(reason, count, tuple(sorted(self.shown[reason])))
            for reason, count in sorted(self.counts.items(), key=lambda item: (-item[1], item[0]))
        )


def read_lessons(path: Path) -> Iterator[Lesson]:
    """Yield the questions of a file, with their answers as written.

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
            names = [name.strip() for name in rest.split("\t")[0].split("|") if name.strip()]
            yield Lesson(question, tuple(dict.fromkeys(names)), number)


def meanings(graph: KnowledgeGraph, linker: Linker, lesson: Lesson) -> dict[str, frozenset[str]]:
    """The nodes that each answer may mean, by the answer as written.

    These are the entity with that key, or otherwise the entities with that name, and values.
    """
    known = graph.entities(lesson.answers)
    nodes = {}
    for name in lesson.answers:
        keys = {known[name].key} if name in known else {x.entity for x in linker.candidates(name)}
        nodes[name] = frozenset(keys | set(value_keys(graph, name)))
    return nodes


def merge_lessons(earlier: Sequence[Lesson], new: Sequence[Lesson]) -> list[Lesson]:
    """The earlier lessons, then the new ones; a new lesson replaces one with the same question."""
    again = {item.question.strip() for item in new}
    return [*(item for item in earlier if item.question.strip() not in again), *new]


def dump(lessons: Iterable[Lesson]) -> bytes:
    """Lessons as JSON Lines."""
    rows = ({"question": item.question, "answers": item.answers} for item in lessons)
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode(
        "utf-8", "backslashreplace"
    )


def load(path: Path) -> list[Lesson]:
    """Read the lessons that :func:`dump` wrote; none if there is no file.

    Raises:
        ConfigError: The file is malformed.
    """
    if not path.exists():
        return []
    try:
        rows = [json.loads(line) for line in path.read_bytes().splitlines()]
        return [Lesson(str(row["question"]), tuple(map(str, row["answers"]))) for row in rows]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(
            f"{path}: no stored questions ({error!r}); learn anew with kptm learn --replace"
        ) from error
