"""Milliseconds an edit takes on the example world.

Run ``python benchmarks/edits.py [--steps 50] [--folder F] [--profile]``.

A workspace with embeddings, a model, modeledge and phrasings makes all edits of the example world,
in one process as the demo does, and takes them back. How well the model is trained does not matter
to the time, so it is trained for a few steps. Figures are printed, never asserted.
"""

import argparse
import cProfile
import os
import platform
import pstats
import resource
import subprocess
import tempfile
import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from statistics import median

HERE = Path(__file__).resolve().parent
WARM = 20
"""Edits after which all is loaded; the others are profiled."""


def commit():
    said = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=HERE, capture_output=True,
    text=True, check=False)  # fmt: skip
    return said.stdout.strip()


def cpu():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def world_workspace(folder, steps):
    """The example world's workspace; made once."""
    from kptm.examples import World
    from kptm.workspace import Workspace
    from kptm.workspace.config import WorkspaceConfig

    if (folder / "kptm.toml").exists():
        return Workspace.open(folder)
    settings = WorkspaceConfig()
    pretraining = replace(settings.pretraining, steps=steps, checkpoint_every=0)
    ws = Workspace.init(folder, replace(settings, pretraining=pretraining))
    world = World()
    ws.load_entities(world.entities)
    ws.load(world.triples)
    ws.embed()
    documents = list(ws.link(world.texts()))
    ws.pretrain(documents)
    ws.index(documents)
    return ws


def timed(steps):
    """CPU seconds and wall seconds of each."""
    taken = []
    for step in steps:
        began, used = time.monotonic(), cpu()
        step()
        taken.append((cpu() - used, time.monotonic() - began))
    return taken


def line(what, taken):
    first, rest = taken[0], taken[1:]
    milliseconds = [round(1_000 * value, 1) for value in (median(cpu for cpu, _ in rest),
    max(cpu for cpu, _ in rest), median(wall for _, wall in rest))]  # fmt: skip
    return (
        f"| {what} | {len(taken)} | {sum(cpu for cpu, _ in taken):.2f} | {1_000 * first[0]:.0f}"
        f" | {' | '.join(map(str, milliseconds))} |"
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__,
    formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--folder", type=Path, help="Keeps the workspace for the next time.")
    parser.add_argument("--profile", action="store_true")
    options = parser.parse_args()

    from kptm.examples import World

    with (
        tempfile.TemporaryDirectory() as fresh,
        world_workspace(options.folder or Path(fresh) / "world", options.steps) as ws,
    ):
        facts = [fact for fact in World().facts() if fact.split == "D"]
        revisions = []

        def edit(fact):
            revisions.append(ws.edit(fact.head, fact.relation, fact.new_tail, old=fact.tail))

        edits = timed([lambda fact=fact: edit(fact) for fact in facts[:WARM]])
        profiler = cProfile.Profile()
        if options.profile:
            profiler.enable()
        edits += timed([lambda fact=fact: edit(fact) for fact in facts[WARM:]])
        profiler.disable()
        undone = timed([partial(ws.undo, number) for number in reversed(revisions)])
    print(f"commit {commit()}, Python {platform.python_version()}, {os.cpu_count()} cores\n")
    print(
        "| | number | CPU s, all | first, CPU ms | median CPU ms | most CPU ms | median wall ms |"
    )
    print("|---|---|---|---|---|---|---|")
    print(line("edit", edits))
    print(line("undo", undone))
    if options.profile:
        pstats.Stats(profiler).sort_stats("cumulative").print_stats(70)


if __name__ == "__main__":
    main()
