"""What both data sets share: the seed, a clock, settings, and shares with their intervals."""

import gzip
import hashlib
import sys
import time
from contextlib import contextmanager
from dataclasses import replace

from kptm.evaluation import interval
from kptm.workspace.config import WorkspaceConfig

SEED = 0
ASKED = 300


class Clock:
    """Seconds of each stage, told on stderr as they pass."""

    def __init__(self):
        self.seconds = {}

    @contextmanager
    def stage(self, name):
        began = time.monotonic()
        yield
        self.seconds[name] = round(time.monotonic() - began, 1)
        print(f"{name}: {self.seconds[name]} s", file=sys.stderr, flush=True)


def triples_of(path):
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [tuple(line.rstrip("\n").split("\t")) for line in lines]


def draw(*parts):
    """A number between 0 and 1 that the parts alone decide."""
    digest = hashlib.sha256("\x1f".join(parts).encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def share(flags):
    """Mean with its 95% interval."""
    if not flags:
        return {"mean": None, "n": 0}
    found = interval([float(flag) for flag in flags])
    return {"mean": found.mean, "low": found.low, "high": found.high, "n": len(flags)}


def settings(embedding, steps):
    standard = WorkspaceConfig()
    return replace(
        standard,
        embedding=embedding,
        fusion=replace(standard.fusion, seed=SEED),
        pretraining=replace(standard.pretraining, steps=steps, seed=SEED, checkpoint_every=0),
    )
