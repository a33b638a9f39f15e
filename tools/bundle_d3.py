"""Builds the explorer's drawing library, one file with its licences, from the modules of D3.

    python tools/bundle_d3.py

Writes ``d3.js`` and ``d3.LICENSE.txt`` in ``kptm/serving/static``. Needs Node.js with npm; only
whoever changes a version below runs this.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections import defaultdict
from pathlib import Path

STATIC = Path(__file__).parents[1] / "kptm" / "serving" / "static"
PACKAGES = ("d3-force@3", "d3-selection@3", "d3-zoom@3", "esbuild@0.28.2")
ENTRY = """\
export { forceLink, forceManyBody, forceSimulation, forceX, forceY } from "d3-force";
export { select } from "d3-selection";
export { zoom, zoomIdentity } from "d3-zoom";
"""


def main() -> None:
    """Build both files."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / "package.json").write_text("{}")
        subprocess.run(
            ["npm", "install", "--no-audit", "--no-fund", *PACKAGES], cwd=folder, check=True
        )
        (folder / "entry.js").write_text(ENTRY)
        command = ["node_modules/.bin/esbuild", "entry.js", "--bundle", "--minify", "--format=esm"]
        command += ["--legal-comments=none", f"--outfile={STATIC / 'd3.js'}"]
        subprocess.run(command, cwd=folder, check=True)
        (STATIC / "d3.LICENSE.txt").write_text(licences(folder / "node_modules"), encoding="utf-8")


def licences(modules: Path) -> str:
    """The licences of the modules, each text once."""
    found: dict[str, list[str]] = defaultdict(list)
    for place in sorted(modules.glob("d3-*")):
        package = json.loads((place / "package.json").read_text(encoding="utf-8"))
        text = (place / "LICENSE").read_text(encoding="utf-8").strip()
        found[text].append(f"{package['name']} {package['version']}")
    head = "d3.js consists of these modules of D3 (https://d3js.org), without changes.\n"
    return head + "".join(
        f"\n{'=' * 80}\n{', '.join(names)}\n\n{text}\n" for text, names in found.items()
    )


if __name__ == "__main__":
    main()
