"""Random operations on a store, and their effect by a dictionary independent of the store."""

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
    """What should be known of a row."""

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
    """What should be there.

    Attributes:
        rows: By id.
        newest: The newest operation.
        brought: The rows that an operation brought in or back.
    """

    rows: dict[int, Row] = field(default_factory=dict)
    newest: int = 0
    brought: dict[int, list[int]] = field(default_factory=dict)

    def copy(self) -> State:
        return State(dict(self.rows), self.newest, dict(self.brought))

    def live(self, space: str) -> dict[int, Row]:
        return {n: row for n, row in self.rows.items() if row.live and row.space == space}

    def _turn(self, ids: list[int], live: bool) -> None:
        for number in ids:
            self.rows[number] = replace(self.rows[number], live=live, last=self.newest)
        if live:
            self.brought[self.newest] = [*self.brought.get(self.newest, []), *ids]

    def _add(self, rows: list[Row]) -> None:
        first = max(self.rows, default=0) + 1
        made = range(first, first + len(rows))
        self.rows.update(zip(made, rows, strict=True))
        self._turn(list(made), True)

    def apply(self, told: dict, work: Work) -> State:
        """What is there when an operation has been done."""
        new = self.copy()
        name = told["op"]
        if name == "snapshot":
            return new
        undone = self.newest
        new.newest += 1
        if name == "add":
            new._add(work.own_rows(told))
        elif name == "edit":
            gone = [n for n, row in self.rows.items() if row.live and says(row, told)]
            new._turn(gone, False)
            new._add(work.stated_rows(told))
        elif name == "forget":
            column, wanted = told["column"], told["wanted"]
            gone = [n for n, row in self.rows.items() if row.live and fits(row, column, wanted)]
            new._turn(gone, False)
            if not gone:
                new.newest -= 1
        elif name == "undo":
            goes = [n for n in self.brought.get(undone, []) if self.rows[n].live]
            comes = [n for n, row in self.rows.items() if not row.live and row.last == undone]
            new._turn(goes, False)
            new._turn(comes, True)
        return new


def fits(row: Row, column: str, wanted: str) -> bool:
    if column == "source":
        return row.source == wanted
    return wanted in (row.value, *row.context)


def says(row: Row, told: dict) -> bool:
    """Whether a text that stands in a row says a fact."""
    head, old = told["head"], told["old"]
    pairs = ((old, head), (head, old))
    return row.kind != "own" and any(row.value == a and b in row.context for a, b in pairs)


class Work:
    """The operations themselves; made before a process is forked."""

    def __init__(self) -> None:
        texts = [self._said(head, tail).text for head in NAMES for tail in NAMES]
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
    def _said(head: str, tail: str) -> LinkedText:
        at = len(head) + 5
        spans = [(0, len(head), head), (at, at + len(tail), tail)]
        return LinkedText.from_spans(f"{head} has {tail}.", spans)

    def _statements(self, head: str, tail: str) -> list[Cloze]:
        return list(clozes(self._said(head, tail), kind="fact"))

    def drawn(self, state: State, rng: np.random.Generator) -> dict:
        """An operation at random that has something to do."""
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

    def own(self, told: dict) -> tuple[np.ndarray, list[str]]:
        rng = np.random.default_rng(told["seed"])
        vectors = rng.standard_normal((told["count"], DIM), dtype=np.float32)
        return vectors, [str(value) for value in rng.choice(VALUES, told["count"])]

    def own_rows(self, told: dict) -> list[Row]:
        return [
            Row("s", "own", value, (), told["source"], vector.tobytes(), True, 0)
            for vector, value in zip(*self.own(told), strict=True)
        ]

    def stated_rows(self, told: dict) -> list[Row]:
        pair = told["head"], told["new"]
        return [
            Row(self.space, "fact", item.value, item.record.context, "edit", key.tobytes(), True, 0)
            for item, key in zip(self.statements[pair], self.keys[pair], strict=True)
        ]

    def do(self, store: Modeledge, told: dict, newest: int) -> None:
        name = told["op"]
        if name == "add":
            store.add(*self.own(told), space="s", source=told["source"])
        elif name == "edit":
            items = self.statements[told["head"], told["new"]]
            store.edit(self.model, items, head=told["head"], old=told["old"], note="edit")
        elif name == "forget" and told["column"] == "source":
            store.forget(source=told["wanted"])
        elif name == "forget":
            store.forget(entity=told["wanted"])
        elif name == "undo":
            store.undo(newest)
        else:
            store.build(told["space"], IndexConfig(kind=told["kind"], target=0.0))

    def forever(self, path: str, state: State, seed: int, tell: int) -> None:
        """Work until killed; print each operation before it begins and after it is done."""
        rng = np.random.default_rng(seed)
        store = Modeledge.open(path)
        while True:
            told = self.drawn(state, rng)
            os.write(tell, (json.dumps(told) + "\n").encode())
            self.do(store, told, state.newest)
            os.write(tell, b"done\n")
            state = state.apply(told, self)


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
