"""Reads the files of the example world, or of any folder with the same file names."""

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
    """A triple with its split.

    Attributes:
        head: The key of an entity.
        relation: The key of a relation.
        tail: The key of an entity.
        split: Where the fact is: A in texts and graph; B in the graph only; C in neither; D in
            texts and graph, and edited later; G in the graph, but never asked.
        new_tail: The tail after the edit of a D fact, else "".
    """

    head: str
    relation: str
    tail: str
    split: str
    new_tail: str = ""


@dataclass(frozen=True, slots=True)
class Phrasing:
    """A phrasing of a relation: ``[X]`` is the head, ``[Y]`` the tail; role "train" or "ask"."""

    relation: str
    role: str
    pattern: str


@dataclass(frozen=True, slots=True)
class WorldQuestion:
    """A question with all its right answers; none if the graph cannot answer it.

    Attributes:
        question: The text of the question.
        answers: Keys of entities; for composed questions also the text of a value, such as "1233
            km", a number, "yes" or "no".
        kind: The kind of question, such as "cloze" or "count".
    """

    question: str
    answers: tuple[str, ...]
    kind: str = ""


def parse_marked(line: str) -> LinkedText:
    """Convert a text with ``[[key|surface]]`` marks to a linked text."""
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
        folder: The folder of the files; by default that of the installed package.
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
        """Other names of the relations and what they imply about their ends: JSON Lines.

        They are loaded like entities.
        """
        return self.folder / "relations.jsonl"

    @property
    def learn(self) -> Path:
        """Answered questions for training: ``question⇥answer|answer``, with answers as keys."""
        return self.folder / "learn.tsv"

    @property
    def corpus(self) -> Path:
        """The texts, one or two sentences per line: A and D facts in phrasings, then the prose."""
        return self.folder / "corpus.txt"

    def copy_to(self, folder: str | Path) -> list[Path]:
        """Copy the files into a folder, which is created if needed; return the copies, by name.

        Raises:
            ConfigError: A file exists already, or cannot be written.
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

    def _parse_lines(self, name: str, parse: Callable[[str], T], described_as: str) -> list[T]:
        items = []
        for number, line in enumerate(self._lines(name), 1):
            try:
                items.append(parse(line))
            except (ValueError, TypeError, LookupError) as error:
                raise ConfigError(
                    f"{self.folder / name}, line {number}: {shorten(line)!r} is not {described_as}"
                ) from error
        return items

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
        """The phrasings of each asked relation."""
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
