"""Killed migrations: every row stays whole, and a restart ends like an uninterrupted migration."""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from kg import EntityEmbeddings
from kptm.data import train_tokenizer
from kptm.fusion import FusedModel, FusionConfig
from kptm.linking import LinkedText
from kptm.modeledge import Modeledge
from kptm.modeledge.transfer import migrate

from .worker import table_of, tiny_config

if TYPE_CHECKING:
    from pathlib import Path

NAMES = ("Paris", "Seine", "Jordan", "Rhine")
TEXTS = 120
PAGE = 32
"""Records a transaction: few, so that a migration can be killed between many transactions."""


def migrations(folder: Path, count: int, seed: int) -> int:
    """Kill `count` migrations and return the number of mismatches."""
    migrate.RECORDS_PER_TRANSACTION = PAGE
    texts = [_text(number) for number in range(TEXTS)]
    one, other = (_model(texts, number) for number in (1, 2))
    with Modeledge.open(folder / "first.db") as store:
        store.write(one, texts, source="texts")
    shutil.copy(folder / "first.db", folder / "whole.db")
    began = time.perf_counter()
    with Modeledge.open(folder / "whole.db") as store:
        store.migrate(other, method="encode", replace=True)
        wanted = _rows(store)
    longest = time.perf_counter() - began
    rng = np.random.default_rng(seed)
    outcome: Counter[str] = Counter()
    wrong = 0
    for number in range(count):
        for old in folder.glob("moved.db*"):
            shutil.rmtree(old) if old.is_dir() else old.unlink()
        shutil.copy(folder / "first.db", folder / "moved.db")
        ended = _run_and_kill(folder / "moved.db", other, float(rng.random()) * longest)
        with Modeledge.open(folder / "moved.db") as store:
            problems = [problem for check in store.verify() for problem in check.problems]
            stats = store.stats()
            if ended:
                outcome["ended before"] += 1
            elif len(stats) > 2:
                outcome["cut between pages"] += 1
            else:
                outcome["cut before or after"] += 1
            if any(name.endswith(one.fingerprint()) for name in stats):
                store.migrate(other, method="encode", replace=True)
            if problems or _rows(store) != wanted:
                wrong += 1
                print(f"migration {number}: {problems or 'other rows than without a kill'}")
    print(f"\n{count} kills of a migration: {dict(outcome)}; mismatches: {wrong}")
    return wrong


def _run_and_kill(path: Path, model: FusedModel, wait: float) -> bool:
    """Migrate in another process and kill it; return whether it had ended by then."""
    pid = os.fork()
    if not pid:
        try:
            with Modeledge.open(path) as store:
                store.migrate(model, method="encode", replace=True)
            os._exit(0)
        finally:
            os._exit(1)
    time.sleep(wait)
    os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    if os.WIFEXITED(status) and os.WEXITSTATUS(status):
        raise SystemExit("a migration failed before it was killed")
    return os.WIFEXITED(status)


def _rows(store: Modeledge) -> list[tuple[object, ...]]:
    """The rows of a store without their ids, sorted."""
    return sorted(
        (space, repr(entry.record), entry.sources, vector.tobytes())
        for space in store.stats()
        for entry, vector in store.entries(space)
    )


def _text(number: int) -> LinkedText:
    head, tail = NAMES[number % 4], NAMES[(number // 4 + number + 1) % 4]
    at = len(head) + 5
    spans = [(0, len(head), head), (at, at + len(tail), tail)]
    return LinkedText.from_spans(f"{head} has {tail} {number}.", spans)


def _model(texts: list[LinkedText], seed: int) -> FusedModel:
    import torch

    tokenizer = train_tokenizer([linked.text for linked in texts], vocab_size=80)
    torch.manual_seed(seed)
    return FusedModel.build(
        tiny_config(len(tokenizer), tokenizer.pad_token_id),
        EntityEmbeddings(NAMES, table_of(len(NAMES))),
        FusionConfig(seed=seed),
        tokenizer=tokenizer,
    ).eval()
