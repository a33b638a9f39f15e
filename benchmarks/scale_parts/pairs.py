"""What writers write, so that a lost or torn write can be seen: pairs in graph and modeledge.

A pair has two facts, a record of modeledge and a passage, written or ended in one transaction. A
writer notes the name before the transaction and after it, in a file that survives a kill.
"""

from __future__ import annotations

import json
import os
import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from kptm.linking import LinkedText

if TYPE_CHECKING:
    from pathlib import Path

    from kg.sql.cursor import Sql
    from kptm import Workspace

DIM = 8
_SIDE = (
    "SELECT e.key FROM triple x JOIN relation r ON r.id = x.relation_id"
    " JOIN entity e ON e.id = x.head_id WHERE r.key = ? AND x.rev_removed = 0"
)
_RECORDS = "SELECT value FROM modeledge_record WHERE live = 1"
_PASSAGES = "SELECT source FROM passage WHERE live = 1"


class Journal:
    """What a writer began and what was committed, line by line."""

    def __init__(self, path: Path) -> None:
        self._stream = path.open("a")

    def note(self, word: str, name: str) -> None:
        self._stream.write(json.dumps([word, name]) + "\n")
        self._stream.flush()
        os.fsync(self._stream.fileno())


@dataclass
class Expected:
    """What must be there, and what may be: a change that was begun and not confirmed.

    Attributes:
        live: Names whose pair was written and confirmed.
        gone: Names whose pair was ended and confirmed.
        open: Names of the last change, which a kill left unconfirmed.
    """

    live: set[str] = field(default_factory=set)
    gone: set[str] = field(default_factory=set)
    open: set[str] = field(default_factory=set)

    def read(self, path: Path) -> None:
        """Read a journal; a kill may have cut its last line."""
        for line in path.read_text().splitlines():
            try:
                word, name = json.loads(line)
            except ValueError:
                continue
            self.open.discard(name)
            if word in ("writing", "ending"):
                self.open.add(name)
            elif word == "written":
                self.live.add(name)
            else:
                self.live.discard(name)
                self.gone.add(name)

    def problems(self, seen: set[str]) -> tuple[int, int]:
        """How many changes are lost, and how many are there that nobody made."""
        certain, ended = self.live - self.open, self.gone - self.open
        lost = len(certain - seen) + len(ended & seen)
        return lost, len(seen - self.live - self.gone - self.open)


class PairWriter:
    """Writes pairs and ends every fifth of them again.

    Args:
        ws: The workspace.
        name: The name of the writer, with which its pairs' names begin.
        journal: Its journal.
    """

    def __init__(self, ws: Workspace, name: str, journal: Journal) -> None:
        self._ws, self._name, self._journal = ws, name, journal
        self._random = random.Random(name)
        self._made: list[str] = []
        self._at = 0

    def step(self) -> None:
        """One transaction."""
        if self._made and self._random.random() < 0.2:
            self._end(self._made.pop(self._random.randrange(len(self._made))))
            return
        self._at += 1
        self._write(f"{self._name}_{self._at}")

    def _write(self, name: str) -> None:
        self._journal.note("writing", name)
        vector = np.random.default_rng(self._at).normal(size=(1, DIM)).astype(np.float32)
        text = LinkedText.from_spans(f"{name} has two sides.", [(0, len(name), name)])
        with self._ws.graph.transaction():
            self._ws.graph.add([(name, "left", "hub"), (name, "right", "hub")])
            self._ws.modeledge.add(vector, [name], space="pairs", source=name)
            self._ws.passages.write([text], source=name, revision=self._ws.graph.revision())
        self._journal.note("written", name)
        self._made.append(name)

    def _end(self, name: str) -> None:
        self._journal.note("ending", name)
        with self._ws.graph.transaction():
            number = self._ws.graph.forget(entity=name)
            self._ws.modeledge.forget(source=name, revision=number)
            self._ws.passages.forget(source=name, revision=number)
        self._journal.note("ended", name)


def look(sql: Sql) -> tuple[set[str], int]:
    """The names of the whole pairs, and how many are torn: in some tables and not in others."""
    parts = [
        {key for (key,) in sql.all(query, parameters)}
        for query, parameters in (
            (_SIDE, ("left",)),
            (_SIDE, ("right",)),
            (_RECORDS, ()),
            (_PASSAGES, ()),
        )
    ]
    whole, some = set.intersection(*parts), set.union(*parts)
    return whole, len(some - whole)


def revisions_are_whole(sql: Sql) -> bool:
    """Whether revisions and operations are numbered without a gap."""
    return all(
        count == newest
        for count, newest in (
            sql.all(f"SELECT count(*), coalesce(max(id), 0) FROM {table}")[0]
            for table in ("revision", "modeledge_operation")
        )
    )
