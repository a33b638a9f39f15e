"""Pretrainings that ``torchrun`` starts: launched_sharded.py OUT RUNS, JSON of names to changes."""

import json
import sys
from pathlib import Path

import launched
import torch

from kptm.pretraining.processes import processes

if __name__ == "__main__":
    torch.set_num_threads(1)
    out, runs = Path(sys.argv[1]), json.loads(sys.argv[2])
    state = processes()
    results = {name: launched.run(**changes, saved=out / name) for name, changes in runs.items()}
    text = json.dumps([state.num_processes, results])
    (out / f"{state.process_index}.json").write_text(text, encoding="utf-8")
