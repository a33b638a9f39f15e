"""Many runs of one study in several processes, each written down as it ends.

What trex.py and webnlg_arms.py share.
"""

import json
import os
import platform
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict
from multiprocessing import get_context
from pathlib import Path

_state = {}
_SETTINGS = (
    "steps",
    "kind",
    "limit",
    "texts",
    "stated",
    "learning_rate",
    "backbone",
    "freeze",
    "lora",
)


def add_options(parser, *, steps, learning_rate=3e-3):
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--few", type=int, default=2)
    parser.add_argument("--steps", type=int, default=steps)
    parser.add_argument("--learning-rate", type=float, default=learning_rate)
    parser.add_argument("--kind", default="gated")
    parser.add_argument("--backbone", default="")
    parser.add_argument("--freeze", action="store_true")
    parser.add_argument("--lora", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--out", type=Path)


def jobs_of(options, deciding, others):
    """(arm, seed) of every run: the arms that decide with all seeds, the others with few."""
    few = range(min(options.few, options.seeds))
    jobs = [(arm, seed) for seed in range(options.seeds) for arm in deciding]
    return jobs + [(arm, seed) for seed in few for arm in others]


def _start(read, options, arms):
    import torch

    from kptm.evaluation.fusion.study_arms import StudyBackbone
    from kptm.evaluation.fusion.trials import Trials

    torch.set_num_threads(1)
    _state["trials"] = Trials.prepare(
        read(options),
        arms,
        kind=options.kind,
        backbone=StudyBackbone(
            path=options.backbone, freeze=options.freeze, lora_rank=options.lora
        ),
    )


def _run(job):
    began = time.monotonic()
    return asdict(_state["trials"].run(*job)), time.monotonic() - began


def _baselines():
    trials = _state["trials"]
    return trials.baselines()


def run_jobs(read, options, jobs):
    """The results of all jobs, (arm, seed) each; those that --out has already are not run again."""
    from kptm.evaluation.fusion.trials import ArmRun, gather

    settings = {name: getattr(options, name, None) for name in _SETTINGS}
    kept = {"settings": settings, "baselines": None, "runs": []}
    if options.out and options.out.exists():
        kept = json.loads(options.out.read_text(encoding="utf-8"))
        if kept["settings"] != settings:
            raise SystemExit(f"{options.out}: has runs of {kept['settings']}; name another file")
    began = time.monotonic()
    study = read(options)
    done = {(run["arm"], run["seed"]) for run in kept["runs"]}
    left = [job for job in jobs if job not in done]
    if left or kept["baselines"] is None:
        arms = sorted({arm for arm, _ in jobs})
        with ProcessPoolExecutor(
            options.jobs, get_context("spawn"), initializer=_start, initargs=(read, options, arms)
        ) as pool:
            # The baselines are the first job, for a run that is cut should have them.
            waiting = {} if kept["baselines"] else {pool.submit(_baselines): "baselines"}
            waiting |= {pool.submit(_run, job): job for job in left}
            for future in as_completed(waiting):
                if waiting[future] == "baselines":
                    kept["baselines"] = future.result()
                else:
                    run, seconds = future.result()
                    kept["runs"].append(run)
                    print(f"  {run['arm']}, seed {run['seed']}: {seconds:.0f} s", flush=True)
                if options.out:
                    fresh = options.out.with_name(options.out.name + ".new")
                    fresh.write_text(json.dumps(kept), encoding="utf-8")
                    fresh.replace(options.out)
    order = {job: number for number, job in enumerate(jobs)}
    runs = [run for run in kept["runs"] if (run["arm"], run["seed"]) in order]
    runs.sort(key=lambda run: order[run["arm"], run["seed"]])
    print(f"\n{time.monotonic() - began:.0f} s")
    return study, gather(study.probes, [ArmRun(**run) for run in runs], kept["baselines"])


def show(found, options):
    """Print both tables, and whether the language model pays for the knowledge."""
    from kptm.evaluation.fusion.results.study_tables import as_markdown, kept_figures, more_figures

    study, results = found
    relations = len({probe.relation for probe in study.probes})
    print(
        f"\nPython {platform.python_version()}, {os.cpu_count()} cores, {options.kind},"
        f" {options.steps} steps;"
        f" {relations} relations, {len(study.documents):,} texts, {len(study.edits)} edits\n"
    )
    print(as_markdown(results))
    print(more_figures(results))
    print(kept_figures(results))
    if "none" in results.losses and "aligned" in results.losses:
        aligned, none = (
            sum(results.losses[x]) / len(results.losses[x]) for x in ("aligned", "none")
        )
        print(f"masked LM on held-out texts, aligned / none: {aligned / none:.4f} (bar: 1.01)")
