"""Does knowledge arrive? T-REx's facts: graph = A and B facts, text = A facts in two phrasings, asked in the third.

    python tests/benchmarks/trex.py [--limit 60] [--seeds 5] [--few 2] [--steps 1500] [--kind gated] [--jobs 2]

All relations, at most so many facts of each. The arms that decide run with all seeds, the others with few. Intervals are 95%,
bootstrapped over facts of the mean over seeds, paired where two arms are compared; ± is the standard deviation over seeds.
The facts are looked for in ``../shared/data``. Figures are printed, never asserted.
"""

import argparse
import os
import platform
import time
from collections import Counter, defaultdict
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np

DATA = Path(__file__).resolve().parents[3] / "shared" / "data" / "trex"
DECIDING, OTHERS = ("aligned", "permuted"), ("none", "zero", "random")
_state = {}


def read(limit, steps):
    from kptm.evaluation.study import FusionStudy

    facts, patterns = DATA / "facts.jsonl.gz", DATA / "patterns.jsonl.gz"
    return FusionStudy.read(facts, patterns, "3", steps=steps, limit=limit)


def start(limit, steps, kind):
    import torch

    torch.set_num_threads(1)
    _state["study"], _state["kind"] = read(limit, steps), kind


def run(job):
    arm, seed = job
    began = time.monotonic()
    right = _state["study"].run_all([arm], [seed], kind=_state["kind"])[arm][0]
    return arm, seed, right, time.monotonic() - began


def majority(study):
    """Whether the commonest object of the relation among the graph's facts is right."""
    count = defaultdict(Counter)
    for _, relation, tail, split in study.facts:
        if split in "AB":
            count[relation][tail] += 1
    best = {key: found.most_common(1)[0][0] for key, found in count.items()}
    by_fact = {(fact[0], fact[1]): best.get(fact[1]) == fact[2] for fact in study.facts}
    splits = defaultdict(list)
    for head, relation, _, split in study.facts:
        splits[split].append(float(by_fact[head, relation]))
    return {split: float(np.mean(values)) for split, values in splits.items()}


def main() -> None:
    from kptm.evaluation import interval, paired_interval

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--limit", type=int, default=60)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--few", type=int, default=2)
    parser.add_argument("--steps", type=int, default=1_500)
    parser.add_argument("--kind", default="gated")
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    began = time.monotonic()
    study = read(options.limit, options.steps)
    splits = np.array([probe.split for probe in study.probes])
    jobs = [(arm, seed) for seed in range(options.seeds) for arm in DECIDING]
    jobs += [(arm, seed) for seed in range(options.few) for arm in OTHERS]
    found = defaultdict(list)
    arguments = (options.limit, options.steps, options.kind)
    with ProcessPoolExecutor(
        options.jobs, get_context("spawn"), initializer=start, initargs=arguments
    ) as pool:
        for arm, seed, right, seconds in pool.map(run, jobs):
            found[arm].append(right)
            print(f"  {arm}, seed {seed}: {seconds:.0f} s", flush=True)
    names = sorted(set(splits))
    counts = ", ".join(f"{name} {int((splits == name).sum()):,}" for name in names)
    print(
        f"\nPython {platform.python_version()}, {os.cpu_count()} cores, {options.kind}, {options.steps} steps; {len({probe[1] for probe in study.facts})} relations, facts asked: {counts}\n"
    )
    print(f"| arm (seeds) | {' | '.join(names)} |\n|{'---|' * (len(names) + 1)}")
    for arm, runs in found.items():
        values = np.array(runs, float)
        cells = []
        for name in names:
            mean = interval(values[:, splits == name].mean(0).tolist())
            spread = (
                values[:, splits == name].mean(1).std(ddof=1) if len(values) > 1 else float("nan")
            )
            cells.append(f"{mean.mean:.3f} [{mean.low:.3f}, {mean.high:.3f}] ±{spread:.3f}")
        print(f"| {arm} ({len(values)}) | {' | '.join(cells)} |")
    cells = []
    for name in names:
        ours, theirs = (
            np.array(found[arm], float)[:, splits == name].mean(0).tolist() for arm in DECIDING
        )
        gain = paired_interval(ours, theirs)
        cells.append(f"{gain.mean:+.3f} [{gain.low:+.3f}, {gain.high:+.3f}]")
    print(f"| **aligned − permuted** | {' | '.join(cells)} |")
    common = majority(study)
    shares = " | ".join(f"{common.get(name, 0.0):.3f}" for name in names)
    print(f"| *commonest object* | {shares} |")
    print(f"\n{time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
