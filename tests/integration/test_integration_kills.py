"""A run that is killed at any moment, and run again, ends where a run that was not killed does."""

import os
import random
import signal
import time
from contextlib import suppress

from kptm import FusedModel, Modeledge, Workspace

QUESTIONS = ("The capital of Georgia is [MASK].", "Which country does Spain border?", "Who am I?")


def stages(folder, toy):
    return {
        "load": ("load", folder, toy.triples, "--entities", toy.entities),
        "embed": ("embed", folder),
        "pretrain": ("pretrain", folder, toy.texts),
        "index": ("index", folder, toy.texts),
    }


def outcome(folder):
    """Everything that must be equal: triples, weights, vectors, answers."""
    with Workspace.open(folder) as ws:
        rows = []
        for name in sorted(ws.modeledge.stats()):
            vectors = ws.modeledge.vectors(name)
            rows += [(name, record, vector.tobytes()) for record, vector in vectors]
        return (
            ws.graph.fingerprint(),
            ws.model().fingerprint(),
            sorted(rows, key=repr),
            [ws.ask(question).to_dict() for question in QUESTIONS],
        )


def test_ten_kills(forge, toy, tmp_path):
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    settings = [part for change in toy.settings for part in ("--set", change)]
    took = {}
    assert forge.run("init", whole, *settings) == 0
    for name, command in stages(whole, toy).items():
        began = time.monotonic()
        assert forge.run(*command) == 0
        took[name] = time.monotonic() - began
    assert forge.run("init", cut, *settings) == 0
    rng = random.Random(7)
    kills = {"load": 2, "embed": 1, "pretrain": 4, "index": 3}
    for name, command in stages(cut, toy).items():
        left = kills[name]
        while left:
            process = forge.start(*command)
            time.sleep(rng.uniform(0.05, 0.7) * took[name])
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
            code = forge.wait()
            if code == -signal.SIGKILL:
                left -= 1
            else:  # it was done before: the machine has less to do than when the time was taken
                assert code == 0
                took[name] /= 2
        assert forge.run(*command) == 0
    assert outcome(cut) == outcome(whole)
    assert not (cut / "pretraining").exists()


def test_the_parts_fit_together(trained):
    """The same model, read on its own, finds its own vectors in the same database."""
    model = FusedModel.from_pretrained(trained / "model")
    store = Modeledge.open(trained / "graph.db")
    assert {name.partition(":")[2] for name in store.stats()} == {model.fingerprint()}
    store.close()
