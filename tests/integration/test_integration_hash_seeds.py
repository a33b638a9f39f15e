"""What is fitted is the same in every process: the order of a set of strings is not."""

import os
import subprocess
import sys

import pytest

PROGRAM = """
import hashlib, sys
from pathlib import Path
from kptm import Workspace
from kptm.examples import World

folder, lessons = Path(sys.argv[1]), Path(sys.argv[2])
world = World()
texts = [document.text for document in world.prose()][:120]
with Workspace.open(folder) as ws:
    ws.load_entities(world.entities)
    ws.load(world.triples)
    ws.index(texts, source="prose")
    ws.learn_questions(lessons)
    ws.extract(texts, source="extracted")
    asked = [line.split("\\t")[0] for line in lessons.read_text().splitlines()]
    print([ws.ask(question).to_dict() for question in asked])
    print(sorted(map(repr, ws.proposals())))
for name in ("reader.safetensors", "questions.json", "weights.json", "extraction.safetensors"):
    print(name, hashlib.sha256((folder / name).read_bytes()).hexdigest())
"""


@pytest.mark.usefixtures("separate_process")
def test_what_is_fitted_is_the_same_in_every_process(tmp_path):
    from kptm.examples import World

    lessons = tmp_path / "lessons.tsv"
    lines = World().learn.read_text().splitlines(keepends=True)
    lessons.write_text("".join(lines[:20]))
    printed = [
        subprocess.run(
            [sys.executable, "-c", PROGRAM, str(tmp_path / seed / "ws"), str(lessons)],
            env={**os.environ, "PYTHONHASHSEED": seed, "OMP_NUM_THREADS": "1"},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert printed[0] == printed[1]
