"""A small graph, a corpus of several shards, and its links by the plain path."""

import json
import random
from dataclasses import dataclass
from pathlib import Path

import pytest

from kptm import Workspace

WORDS = (
    "the of people live near great old city river when Chad France Lima Peru Niger Spain".split()
)


def documents(seed, count):
    chance = random.Random(seed)
    return [" ".join(chance.choices(WORDS, k=chance.randint(0, 900))) for _ in range(count)]


def _write_corpus(folder, seed=0, count=200):
    """Three files, of which one has empty documents and escapes."""
    folder.mkdir(parents=True, exist_ok=True)
    texts = documents(seed, count)
    third = count // 3
    (folder / "a.txt").write_text("".join(text + "\n" for text in texts[:third]))
    rows = [
        {"id": at, "text": text} for at, text in enumerate(["", "Chad\n\u2028é", *texts[third:]])
    ]
    (folder / "b.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "c.txt").write_text("Georgia borders Armenia.\n")
    return folder


@dataclass(frozen=True)
class Linked:
    """A workspace, a corpus, and the lines of ``kptm link`` for it."""

    workspace: Path
    corpus: Path
    plain: bytes

    def lines(self):
        return [json.loads(line) for line in self.plain.splitlines()]


def _plain_lines(ws, corpus, candidates=False):
    """What the plain path writes: no shards, no workers."""
    from kptm.texts import read_records

    records = list(read_records(corpus))
    linked = ws.link(record.values["text"] for record in records)
    return b"".join(
        json.dumps(
            {**one.to_dict(candidates), "source": str(record.path)}, ensure_ascii=False
        ).encode()
        + b"\n"
        for record, one in zip(records, linked, strict=True)
    )


@pytest.fixture(scope="session")
def linked(toy, tmp_path_factory):
    folder = tmp_path_factory.mktemp("corpora")
    corpus = _write_corpus(folder / "corpus")
    with Workspace.init(folder / "ws") as ws:
        ws.load_entities(toy.entities)
        ws.load(toy.triples)
        plain = _plain_lines(ws, corpus)
    return Linked(folder / "ws", corpus, plain)


@pytest.fixture
def ws(linked):
    with Workspace.open(linked.workspace) as opened:
        yield opened


@pytest.fixture(scope="session")
def plain_lines():
    """A function of a workspace, files and whether candidates are wanted."""
    return _plain_lines


@pytest.fixture(scope="session")
def write_corpus():
    """A function of a folder that writes a corpus there."""
    return _write_corpus
