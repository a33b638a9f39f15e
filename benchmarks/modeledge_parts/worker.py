"""Random operations on a store, and a dictionary that computes their effect independently."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field, replace

import numpy as np

from kg import EntityEmbeddings
from kptm.data import train_tokenizer
from kptm.fusion import FusedModel, FusionConfig
from kptm.linking import LinkedText
from kptm.modeledge import Cloze, IndexConfig, Modeledge
from kptm.modeledge.encode.encode_texts import clozes, encode_clozes
from kptm.modeledge.sql.spaces import spaces_of

DIM = 16
SOURCES = ("x", "y")
VALUES = ("a", "b", "c")
NAMES = ("Paris", "Seine", "Jordan")
INDEXES = ("flat", "hnsw", "ivf", "ivf-sq8")
LARGEST = 300
"""Rows in one batch."""


@dataclass(frozen=True)
class Row:
    """A row as the store should hold it.

    Attributes:
        live: False once an edit, a forgetting or an undo has removed the row.
        last: The operation that last inserted, removed or restored the row.
    """

    space: str
    kind: str
    value: str
    context: tuple[str, ...]
    source: str
    vector: bytes
    live: bool
    last: int


@dataclass
class State:
    """The expected contents of a store.

    Attributes:
        rows: Every row that was ever inserted, by id.
        newest: The newest operation.
        brought: For each operation, the ids of the rows that it inserted or restored.
    """

    rows: dict[int, Row] = field(default_factory=dict)
    newest: int = 0
    brought: dict[int, list[int]] = field(default_factory=dict)

    def copy(self) -> State:
        return State(dict(self.rows), self.newest, dict(self.brought))

    def live(self, space: str) -> dict[int, Row]:
        return {n: row for n, row in self.rows.items() if row.live and row.space == space}

    def _set_live(self, ids: list[int], live: bool) -> None:
        for number in ids:
            self.rows[number] = replace(self.rows[number], live=live, last=self.newest)
        if live:
            self.brought[self.newest] = [*self.brought.get(self.newest, []), *ids]

    def _add(self, rows: list[Row]) -> None:
        first = max(self.rows, default=0) + 1
        ids = range(first, first + len(rows))
        self.rows.update(zip(ids, rows, strict=True))
        self._set_live(list(ids), True)

    def apply(self, operation: dict, work: Work) -> State:
        """The state after an operation."""
        new = self.copy()
        name = operation["op"]
        if name == "snapshot":
            return new
        undone = self.newest
        new.newest += 1
        if name == "add":
            new._add(work.own_rows(operation))
        elif name == "edit":
            gone = [n for n, row in self.rows.items() if row.live and states(row, operation)]
            new._set_live(gone, False)
            new._add(work.stated_rows(operation))
        elif name == "forget":
            column, wanted = operation["column"], operation["wanted"]
            gone = [n for n, row in self.rows.items() if row.live and fits(row, column, wanted)]
            new._set_live(gone, False)
            if not gone:
                new.newest -= 1
        elif name == "undo":
            removed = [n for n in self.brought.get(undone, []) if self.rows[n].live]
            restored = [n for n, row in self.rows.items() if not row.live and row.last == undone]
            new._set_live(removed, False)
            new._set_live(restored, True)
        return new


def fits(row: Row, column: str, wanted: str) -> bool:
    if column == "source":
        return row.source == wanted
    return wanted in (row.value, *row.context)


def states(row: Row, operation: dict) -> bool:
    """Whether a row from a text states the old fact of an edit."""
    head, old = operation["head"], operation["old"]
    pairs = ((old, head), (head, old))
    return row.kind != "own" and any(row.value == a and b in row.context for a, b in pairs)


class Work:
    """The operations themselves; constructed before a process is forked."""

    def __init__(self) -> None:
        texts = [self._text(head, tail).text for head in NAMES for tail in NAMES]
        tokenizer = train_tokenizer(texts, vocab_size=60)
        self.model = FusedModel.build(
            tiny_config(len(tokenizer), tokenizer.pad_token_id),
            EntityEmbeddings(NAMES, table_of(len(NAMES))),
            FusionConfig(),
            tokenizer=tokenizer,
        ).eval()
        self.space = spaces_of(self.model)["cloze"]
        self.statements = {
            (head, tail): self._statements(head, tail)
            for head in NAMES
            for tail in NAMES
            if head != tail
        }
        self.keys = {
            pair: encode_clozes(self.model, items) for pair, items in self.statements.items()
        }

    @staticmethod
    def _text(head: str, tail: str) -> LinkedText:
        at = len(head) + 5
        spans = [(0, len(head), head), (at, at + len(tail), tail)]
        return LinkedText.from_spans(f"{head} has {tail}.", spans)

    def _statements(self, head: str, tail: str) -> list[Cloze]:
        return list(clozes(self._text(head, tail), kind="fact"))

    def draw(self, state: State, rng: np.random.Generator) -> dict:
        """Draw a random operation that the state allows."""
        live = [row for row in state.rows.values() if row.live]
        name = rng.choice(["add", "edit", "forget", "undo", "snapshot"])
        if (name in ("forget", "snapshot") and not live) or (name == "undo" and not state.newest):
            name = "add"
        if name == "add":
            return {"op": "add", "seed": int(rng.integers(2**31)),
            "source": str(rng.choice(SOURCES)),
                    "count": int(rng.integers(1, LARGEST))}  # fmt: skip
        if name == "edit":
            head, old, new = (str(key) for key in rng.permutation(NAMES))
            return {"op": "edit", "head": head, "old": old, "new": new}
        if name == "forget":
            column = str(rng.choice(["source", "entity"]))
            row = live[int(rng.integers(len(live)))]
            wanted = row.source if column == "source" else row.value
            return {"op": "forget", "column": column, "wanted": wanted}
        if name == "snapshot":
            space = live[int(rng.integers(len(live)))].space
            return {"op": "snapshot", "space": space, "kind": str(rng.choice(INDEXES))}
        return {"op": "undo"}

    def own_vectors(self, operation: dict) -> tuple[np.ndarray, list[str]]:
        rng = np.random.default_rng(operation["seed"])
        vectors = rng.standard_normal((operation["count"], DIM), dtype=np.float32)
        return vectors, [str(value) for value in rng.choice(VALUES, operation["count"])]

    def own_rows(self, operation: dict) -> list[Row]:
        return [
            Row("s", "own", value, (), operation["source"], vector.tobytes(), True, 0)
            for vector, value in zip(*self.own_vectors(operation), strict=True)
        ]

    def stated_rows(self, operation: dict) -> list[Row]:
        pair = operation["head"], operation["new"]
        return [
            Row(self.space, "fact", item.value, item.record.context, "edit", key.tobytes(), True, 0)
            for item, key in zip(self.statements[pair], self.keys[pair], strict=True)
        ]

    def do(self, store: Modeledge, operation: dict, newest: int) -> None:
        name = operation["op"]
        if name == "add":
            store.add(*self.own_vectors(operation), space="s", source=operation["source"])
        elif name == "edit":
            items = self.statements[operation["head"], operation["new"]]
            store.edit(self.model, items, head=operation["head"], old=operation["old"], note="edit")
        elif name == "forget" and operation["column"] == "source":
            store.forget(source=operation["wanted"])
        elif name == "forget":
            store.forget(entity=operation["wanted"])
        elif name == "undo":
            store.undo(newest)
        else:
            store.build(operation["space"], IndexConfig(kind=operation["kind"], target=0.0))

    def forever(self, path: str, state: State, seed: int, write_end: int) -> None:
        """Work until killed; write each operation before it begins, and "done" after it."""
        rng = np.random.default_rng(seed)
        store = Modeledge.open(path)
        while True:
            operation = self.draw(state, rng)
            os.write(write_end, (json.dumps(operation) + "\n").encode())
            self.do(store, operation, state.newest)
            os.write(write_end, b"done\n")
            state = state.apply(operation, self)


def tiny_config(vocabulary: int, pad: int) -> object:
    from transformers import BertConfig

    return BertConfig(
        vocab_size=vocabulary,
        pad_token_id=pad,
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=32,
    )


def table_of(count: int) -> object:
    import torch

    return torch.randn(count, 6, generator=torch.Generator().manual_seed(1))
