"""Readers of the example world's files; any folder with files of these names will do."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from kg.errors import shorten
from kptm.errors import ConfigError
from kptm.linking import LinkedText

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

T = TypeVar("T")

_MARKED = re.compile(r"\[\[([^|\]]+)\|([^\]]+)\]\]")


@dataclass(frozen=True, slots=True)
class WorldFact:
    """A triple and where it may be known from.

    Attributes:
        head: An entity key.
        relation: A relation key.
        tail: An entity key.
        split: A text and graph; B graph only; C neither; D edited later; G graph, never asked.
        new_tail: What a D fact is edited to, else "".
    """

    head: str
    relation: str
    tail: str
    split: str
    new_tail: str = ""


@dataclass(frozen=True, slots=True)
class Phrasing:
    """A way to say a relation: ``[X]`` is the head, ``[Y]`` the tail; role "train" or "ask"."""

    relation: str
    role: str
    pattern: str


@dataclass(frozen=True, slots=True)
class WorldQuestion:
    """A question with all its right answers; none when nothing in the graph can answer it.

    Attributes:
        question: The text.
        answers: Keys of entities; of composed questions also the text of a value, such as "1233
            km", a number, "yes" or "no".
        kind: What the question asks for, such as "cloze" or "count".
    """

    question: str
    answers: tuple[str, ...]
    kind: str = ""


def parse_marked(line: str) -> LinkedText:
    """Read ``[[key|surface]]`` marks: the text without them, with their links."""
    parts: list[str] = []
    spans: list[tuple[int, int, str]] = []
    length = position = 0
    for mark in _MARKED.finditer(line):
        before, surface = line[position : mark.start()], mark[2]
        start = length + len(before)
        spans.append((start, start + len(surface), mark[1]))
        parts += [before, surface]
        length = start + len(surface)
        position = mark.end()
    parts.append(line[position:])
    return LinkedText.from_spans("".join(parts), spans)


class World:
    """The example world's files.

    Attributes:
        folder: Where they are; the installed package's own by default.
    """

    def __init__(self, folder: str | Path | None = None) -> None:
        self.folder = Path(folder) if folder else Path(__file__).parent / "world"

    @property
    def triples(self) -> Path:
        """The graph: ``head⇥relation⇥tail``."""
        return self.folder / "triples.tsv"

    @property
    def values(self) -> Path:
        """Numbers, quantities and dates of the entities: ``head⇥relation⇥value``."""
        return self.folder / "values.tsv"

    @property
    def entities(self) -> Path:
        """Labels, aliases, descriptions, types: JSON Lines."""
        return self.folder / "entities.jsonl"

    @property
    def relations(self) -> Path:
        """JSON Lines with the relations' other names and what each says of its ends.

        They load like entities.
        """
        return self.folder / "relations.jsonl"

    @property
    def learn(self) -> Path:
        """Answered questions to learn from: ``question⇥answer|answer``, the answers as keys."""
        return self.folder / "learn.tsv"

    @property
    def corpus(self) -> Path:
        """The text, one or two sentences a line: phrased A and D facts, then the prose."""
        return self.folder / "corpus.txt"

    def copy_to(self, folder: str | Path) -> list[Path]:
        """Copy the files into a folder, which is made; return the copies, by name.

        Raises:
            ConfigError: One of them is there already, or cannot be written.
        """
        folder = Path(folder)
        files = sorted(path for path in self.folder.iterdir() if path.is_file())
        copies = [folder / path.name for path in files]
        there = next((path for path in copies if path.exists()), None)
        if there is not None:
            raise ConfigError(f"{there}: is there already; name another folder")
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for path, copy in zip(files, copies, strict=True):
                shutil.copyfile(path, copy)
        except OSError as error:
            raise ConfigError(f"{folder}: cannot be written ({error}); name another") from error
        return copies

    def _lines(self, name: str) -> Iterator[str]:
        path = self.folder / name
        try:
            with path.open(encoding="utf-8", newline="\n") as stream:
                for line in stream:
                    yield line.rstrip("\n")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(
                f"{path}: cannot be read ({error}); the world's files are UTF-8 text in one folder"
            ) from error

    def _parse_lines(self, name: str, parse: Callable[[str], T], what: str) -> list[T]:
        found = []
        for number, line in enumerate(self._lines(name), 1):
            try:
                found.append(parse(line))
            except (ValueError, TypeError, LookupError) as error:
                raise ConfigError(
                    f"{self.folder / name}, line {number}: {shorten(line)!r} is not {what}"
                ) from error
        return found

    def texts(self) -> list[str]:
        """The lines of the corpus."""
        return list(self._lines("corpus.txt"))

    def prose(self) -> list[LinkedText]:
        """The hand-written lines with their gold links."""
        return self._parse_lines("prose.txt", parse_marked, "text with [[key|surface]] marks")

    def facts(self) -> list[WorldFact]:
        """All facts with their splits."""
        wanted = "head⇥relation⇥tail⇥split, or for D also ⇥new tail"
        return self._parse_lines("facts.tsv", lambda line: WorldFact(*line.split("\t")), wanted)

    def phrasings(self) -> list[Phrasing]:
        """Ways to say each asked relation."""
        wanted = "relation⇥train or ask⇥pattern"
        return self._parse_lines("phrasings.tsv", lambda line: Phrasing(*line.split("\t")), wanted)

    def questions(self) -> list[WorldQuestion]:
        """Cloze questions and questions in words."""
        return self._parse_lines(
            "questions.jsonl", _question, "JSON with question, answers and kind"
        )

    def composed_questions(self) -> list[WorldQuestion]:
        """Questions over the triples and :attr:`values`: counts, superlatives, comparisons."""
        return self._parse_lines(
            "questions-composed.jsonl", _question, "JSON with question, answers and kind"
        )


def _question(line: str) -> WorldQuestion:
    row = json.loads(line)
    return WorldQuestion(row["question"], tuple(row["answers"]), row["kind"])
