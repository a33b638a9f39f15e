"""Real input, not ours: the whole path on WebNLG and on FB15k-237 with MSNBC documents.

    python benchmarks/real_data.py [webnlg|fb15k|all] [--data FOLDER] [--json]

Triples → graph → linked text → embeddings → fused pretraining → modeledge → answers, with one seed.
The data are looked for in ``../shared/data`` beside the project; where they are absent the part is
skipped and says so.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import tempfile
from pathlib import Path

import torch
from linking_parts.gold import DATA
from real_data_parts.fb15k import fb15k
from real_data_parts.setting import SEED
from real_data_parts.tables import show
from real_data_parts.webnlg import webnlg

PARTS = {"webnlg": (webnlg, ("webnlg",)), "fb15k": (fb15k, ("fb15k-237", "entity-linking"))}


def hardware():
    return (
        f"seed {SEED}, {os.cpu_count()} cores ({torch.get_num_threads()} thread used),"
        f" no GPU, Python {platform.python_version()}, torch {torch.__version__}"
    )


def main():
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("part", nargs="?", default="all", choices=[*PARTS, "all"])
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    results = {}
    for name in PARTS if options.part == "all" else [options.part]:
        run, needed = PARTS[name]
        absent = [part for part in needed if not (options.data / part).is_dir()]
        if absent:
            where = ", ".join(str(options.data / part) for part in absent)
            results[name] = {"skipped": f"no {where}; name the folder of the data with --data"}
            continue
        with tempfile.TemporaryDirectory() as folder:
            results[name] = run(options.data, Path(folder))
    if options.json:
        print(json.dumps({"run": hardware(), **results}, ensure_ascii=False, indent=1))
        return
    print(hardware())
    for name, out in results.items():
        show(name, out)


if __name__ == "__main__":
    main()
