"""A table that is larger than memory."""

import subprocess
import sys
import time
from pathlib import Path

from .graphs import HERE


def table(options, folder):
    """Write a table of many rows, then open it in a new process."""
    import numpy as np

    from kg.embedding.files import key_index as rows
    from kg.embedding.files import vectors

    random = np.random.default_rng(0)
    home = Path(folder) / "embeddings"
    home.mkdir()
    began = time.monotonic()
    chunks = (
        random.standard_normal((50_000, 128), np.float32) for _ in range(options.rows // 50_000)
    )
    vectors.write(home / "vectors.safetensors", options.rows, 128, chunks, "float16")
    written = time.monotonic()
    rows.write(home / "rows.db", (f"Q{number:09d}" for number in range(options.rows)))
    print(
        f"written: vectors {written - began:.0f} s, keys {time.monotonic() - written:.0f} s",
        flush=True,
    )
    import json

    from kg.embedding.files import folder as folders

    meta = {
        "format": folders.FORMAT_VERSION,
        "fingerprint": "",
        "revision": 0,
        "config": None,
        "curve": [],
        "calibration": None,
        "entities": options.rows,
        "relations": [],
        "sha256": {"rows.db": folders.file_sha256(home / "rows.db")},
    }
    meta["checksum"] = folders._checksum(meta)
    (home / "embeddings.json").write_text(json.dumps(meta))
    subprocess.run([sys.executable, HERE / "embeddings.py", "open-one", str(home)], check=True)


def open_one(options, folder):
    """Open a table, read random rows, and print times and memory."""
    import random

    import torch  # noqa: F401

    from kg import EntityEmbeddings

    def resident_mb():
        with Path("/proc/self/status").open() as file:
            return next(int(line.split()[1]) for line in file if line.startswith("VmRSS")) / 1024

    EntityEmbeddings.load  # noqa: B018
    before, began = resident_mb(), time.monotonic()
    table = EntityEmbeddings.load(options.name)
    opened = time.monotonic() - began
    after = resident_mb()
    keys = [f"Q{number:09d}" for number in random.Random(0).sample(range(len(table)), 3_000)]
    spent = []
    for start in range(0, 3_000, 1_000):
        began = time.monotonic()
        table.vectors(keys[start : start + 1_000])
        spent.append((time.monotonic() - began) * 1_000)
    began = time.monotonic()
    table.vectors(keys[:1_000])
    print(
        f"{len(table):,} × {table.dim}: opened in {opened:.3f} s, {after - before:.1f} MB more;"
        f" 1,000 random rows, others each time: {', '.join(f'{ms:.0f}' for ms in spent)} ms, the"
        f" first again {(time.monotonic() - began) * 1_000:.0f} ms;"
        f" then {resident_mb() - before:.1f} MB more"
    )
