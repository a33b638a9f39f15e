"""An extraction that is killed and run again ends like one that was not killed."""

import os
import random
import shutil
import signal
import time
from contextlib import suppress

from invented_countries import COUNTRIES, KNOWN, texts_of

from kptm import Workspace

KILLS = int(os.environ.get("KPTM_KILLS", "6"))
"""``KPTM_KILLS=200`` for the long run."""
EACH = 4
"""Kills of one workspace, at most, before the run that ends it."""


def outcome(folder):
    with Workspace.open(folder) as ws:
        found = ws.proposals(state=None)
        rows = [
            (x.head, x.relation, str(x.tail), x.sentence, x.confidence, x.source) for x in found
        ]
        return sorted(rows), ws.graph.fingerprint()


def test_kills_lose_nothing(forge, learnt, tmp_path):
    rng = random.Random(3)
    texts = tmp_path / "texts.txt"
    numbers = range(KNOWN, len(COUNTRIES))
    texts.write_text(
        "".join(f"{text} Day {day}.\n" for day in range(8) for n in numbers for text in texts_of(n))
    )
    whole = shutil.copytree(learnt / "ws", tmp_path / "whole")
    began = time.monotonic()
    assert forge.run("extract", whole, texts) == 0
    took = time.monotonic() - began
    wanted = outcome(whole)
    left = KILLS
    while left:
        cut = shutil.copytree(learnt / "ws", tmp_path / f"cut{left}")
        for _ in range(min(EACH, left)):
            process = forge.start("extract", cut, texts)
            time.sleep(rng.uniform(0, 1.1) * took)
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
            left -= forge.wait() == -signal.SIGKILL
        assert forge.run("extract", cut, texts) == 0
        assert outcome(cut) == wanted
        shutil.rmtree(cut)
