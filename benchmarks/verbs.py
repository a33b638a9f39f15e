"""CPU seconds and libraries of each verb on a graph without a model.

Run ``python benchmarks/verbs.py GRAPH.jsonl[.gz] NAME OTHER RELATION``.

The graph is loaded into a fresh workspace; each verb runs in a process of its own, three times, and
the least of user and system seconds is shown: what else the machine does makes it more, never less.
Beside it stand the number of modules that were loaded and the large libraries among them. Figures
are printed, never asserted; tests/kptm/cli/test_cli_modules.py asserts the libraries.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
LARGE = ("numpy", "sqlalchemy", "alembic", "rich", "rdflib", "torch", "transformers", "faiss",
    "sklearn", "scipy", "pykeen", "pandas", "networkx")  # fmt: skip
TIMES = 3
RUN = """
import json, resource, sys
from kptm.cli.main import main
try:
    main(sys.argv[2:])
except SystemExit as end:
    status = end.code
used = resource.getrusage(resource.RUSAGE_SELF)
with open(sys.argv[1], "w") as out:
    json.dump([status, used.ru_utime + used.ru_stime, sorted(sys.modules)], out)
"""


def run(arguments, folder):
    """Status, CPU seconds, modules."""
    out = folder / "out.json"
    subprocess.run([sys.executable, "-c", RUN, out, *map(str, arguments)], cwd=folder,
    capture_output=True, check=False)  # fmt: skip
    return json.loads(out.read_text(encoding="utf-8"))


def main():
    parser = argparse.ArgumentParser(description=__doc__,
    formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
    parser.add_argument("graph", type=Path)
    parser.add_argument("name", help="An entity with a value of RELATION.")
    parser.add_argument("other", help="Another entity.")
    parser.add_argument("relation")
    options = parser.parse_args()
    name, other, relation = options.name, options.other, options.relation
    commit = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=HERE,
    capture_output=True, text=True, check=False).stdout.strip()  # fmt: skip
    print(f"commit {commit}, Python {platform.python_version()}, {os.cpu_count()} cores\n")
    print("| verb | status | CPU s | modules | libraries |\n|---|---|---|---|---|")
    graph = options.graph.resolve()
    verbs = {
        "load": ["load", "ws", graph],
        "ask": ["ask", "ws", f"What is the {relation} of {name}?"],
        "query": ["query", "ws", name, relation],
        "search": ["search", "ws", name],
        "stats": ["stats", "ws"],
        "describe": ["describe", "ws", name],
        "link": ["link", "ws", f"{name} is near {other}."],
        "neighbours": ["neighbours", "ws", name],
        "paths": ["paths", "ws", name, other],
        "history": ["history", "ws", name],
        "export": ["export", "ws", "out.jsonl"],
        "edit": ["edit", "ws", name, relation, other],
        "undo": ["undo", "ws"],
        "forget": ["forget", "ws", other],
    }
    with tempfile.TemporaryDirectory() as fresh:
        folder = Path(fresh)
        run(["load", "ws", graph], folder)
        for verb, arguments in verbs.items():
            ran = [run(arguments, folder) for _ in range(1 if verb == "forget" else TIMES)]
            modules = ran[0][2]
            shown = ", ".join(library for library in LARGE if library in modules)
            least = min(cpu for _, cpu, _ in ran)
            print(
                f"| {verb} | {ran[0][0]} | {least:.2f} | {len(modules):,} | {shown} |", flush=True
            )


if __name__ == "__main__":
    main()
