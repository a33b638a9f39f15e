"""The files that each graph comes from, and the same with entities or relations left out."""

from __future__ import annotations

import gzip
import json
import tempfile
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from kptm import Workspace

Fact = tuple[str, str, str]


@dataclass(frozen=True)
class Source:
    """A graph's files.

    Attributes:
        files: In the order in which they are loaded: triples as TSV, or entities and facts as JSON
            Lines, gzipped or not.
    """

    files: tuple[Path, ...]

    def facts(self) -> Iterator[Fact]:
        """(head, relation, tail's key or value's text)."""
        for row in self._rows():
            if "relation" in row:
                yield row["head"], row["relation"], row.get("tail", row.get("value"))

    def entities(self) -> Iterator[dict[str, Any]]:
        """The rows that describe entities."""
        return (row for row in self._rows() if "relation" not in row)

    def names(self) -> dict[str, set[str]]:
        """The keys that each name, in lower case, is a label, alias or key of."""
        found: dict[str, set[str]] = defaultdict(set)
        for row in self._rows():
            if "relation" not in row:
                for name in (row.get("label"), *row.get("aliases", ())):
                    if name:
                        found[name.lower()].add(row["key"])
            elif not self._has_entities:
                found[row["head"].lower()].add(row["head"])
                found[row["tail"].lower()].add(row["tail"])
        return dict(found)

    @property
    def _has_entities(self) -> bool:
        return any(".jsonl" in path.name for path in self.files)

    def _rows(self) -> Iterator[dict[str, Any]]:
        for path in self.files:
            for line in lines_of(path):
                yield _row(path, line)

    def load(
        self, ws: Workspace, entities: Collection[str] = (), relations: Collection[str] = ()
    ) -> None:
        """Load all but some entities, with what is stated of them, and all but some relations."""
        with tempfile.TemporaryDirectory() as folder:
            for path in self.files:
                kept = Path(folder) / path.name.removesuffix(".gz")
                with kept.open("w", encoding="utf-8") as out:
                    for line in lines_of(path):
                        row = _row(path, line)
                        ends = {row.get("key"), row.get("head"), row.get("tail")}
                        if not ends & set(entities) and row.get("relation") not in relations:
                            out.write(line)
                ws.load(kept)


def lines_of(path: Path) -> Iterator[str]:
    """The lines of a file, gzipped or not."""
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8") as lines:
        yield from lines


def _row(path: Path, line: str) -> dict[str, Any]:
    if ".jsonl" in path.name:
        return json.loads(line)
    head, relation, tail = line.rstrip("\n").split("\t")
    return {"head": head, "relation": relation, "tail": tail}


def source_of(name: str, shared: Path) -> Source:
    """The files of a set's graph."""
    data = shared / "data"
    fb15k = data / "fb15k-237"
    parts = ("entities.jsonl.gz", "train.tsv.gz", "valid.tsv.gz", "test.tsv.gz")
    return {
        "freebase": Source(tuple(fb15k / part for part in parts)),
        "geo": Source((data / "questions/geo.graph.jsonl.gz",)),
        "newcomer": Source((shared / "cases/newcomer/countries.tsv",)),
    }[name]
