"""The time of an edit on the example world.

    python benchmarks/edits.py [--steps 50] [--folder F] [--profile]

A workspace with embeddings, a model, modeledge and phrasings makes all edits of the example world,
in one process as the demo does, and undoes them. The quality of the model does not change the time,
so it is trained for a few steps only. Figures are printed, never asserted.
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
"""The first edits, which also load what is needed and are not profiled."""


def commit():
    described = subprocess.run(
        ["git", "describe", "--always", "--dirty"],
        cwd=HERE,
        capture_output=True,
        text=True,
        check=False,
    )
    return described.stdout.strip()


def cpu_seconds():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def world_workspace(folder, steps):
    """Open the workspace of the example world in a folder, or build it there."""
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


def measure_steps(steps):
    """Run each step; return its CPU seconds and wall seconds."""
    times = []
    for step in steps:
        wall_before, cpu_before = time.monotonic(), cpu_seconds()
        step()
        times.append((cpu_seconds() - cpu_before, time.monotonic() - wall_before))
    return times


def line(what, times):
    """A line of the table; the first step is shown apart from the others."""
    first, rest = times[0], times[1:]
    seconds = (
        median(cpu for cpu, _ in rest),
        max(cpu for cpu, _ in rest),
        median(wall for _, wall in rest),
    )
    cells = " | ".join(f"{round(1_000 * value, 1)}" for value in seconds)
    total = sum(cpu for cpu, _ in times)
    return f"| {what} | {len(times)} | {total:.2f} | {1_000 * first[0]:.0f} | {cells} |"


def main():
    parser = argparse.ArgumentParser(description=__doc__,
    formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--folder", type=Path, help="keep the workspace here and reuse it")
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

        edits = measure_steps([lambda fact=fact: edit(fact) for fact in facts[:WARM]])
        profiler = cProfile.Profile()
        if options.profile:
            profiler.enable()
        edits += measure_steps([lambda fact=fact: edit(fact) for fact in facts[WARM:]])
        profiler.disable()
        undone = measure_steps([partial(ws.undo, number) for number in reversed(revisions)])
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
