"""Does knowledge arrive? The example world's facts, five seeds, every arm and baseline.

    python benchmarks/fusion_arms.py [--seeds 5] [--steps 1000] [--arms none,permuted,aligned]
        [--json]

Every seed trains its own embeddings and its own model for each arm (the same weights at the start,
the same texts, the same steps). Facts are asked in a phrasing that no text has, among the
relation's tails, other true tails left out. D facts were edited after training. Intervals are 95%:
over facts, of the mean over seeds (paired where two arms are compared), and over seeds (Student's
t) beside it.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections import Counter, defaultdict
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import torch
from scipy.stats import t as student

from kptm.demo.measure import world_probes
from kptm.evaluation import ArmStudy, StudyConfig, ask_model, interval, paired_interval
from kptm.evaluation.fusion.modeledge_arm import neighbours_speak
from kptm.examples import World
from kptm.fusion.small_bert import small_bert
from kptm.workspace import Workspace
from kptm.workspace.config import WorkspaceConfig

STORE = "aligned + modeledge"


def run_seed(
    seed: int, arms: list[str], steps: int, folder: Path
) -> tuple[list, dict[str, list[bool]]]:
    """Train and ask every arm of one seed; return the probes and the right answers by arm."""
    world, settings = World(), WorkspaceConfig()
    config = replace(
        settings,
        embedding=replace(settings.embedding, seed=seed),
        fusion=replace(settings.fusion, seed=seed),
        pretraining=replace(settings.pretraining, steps=steps, seed=seed, checkpoint_every=0),
    )
    right: dict[str, list[bool]] = {}
    with Workspace.init(folder / f"seed-{seed}", config) as ws:
        ws.load_entities(world.entities)
        ws.load(world.triples)
        documents = list(ws.link(world.texts()))
        embeddings = ws.embed()
        ws.pretrain(documents)
        ws.index(documents)
        model = ws.model()
        probes = world_probes(world, ws.graph)
        right["aligned"] = ask_model(model, probes)
        backbone = small_bert(config.backbone, len(model.tokenizer), config.fusion.max_length)
        study = ArmStudy(
            embeddings,
            model.tokenizer,
            documents,
            probes,
            StudyConfig(backbone=backbone, fusion=config.fusion, pretraining=config.pretraining),
        )
        for arm in arms:
            if arm != "aligned":
                trained, _ = study.train(arm, seed)
                right[arm] = study.ask(trained, arm)
        right["link prediction by the embeddings"] = _by_embeddings(embeddings, probes)
        for fact in world.facts():
            if fact.split == "D":
                ws.edit(fact.head, fact.relation, fact.new_tail, old=fact.tail)
        right[STORE] = ask_model(
            model, probes, adjust=neighbours_speak(model, ws.modeledge, probes)
        )
        right["graph lookup"] = [
            probe.answer in {x.tail for x in ws.graph.match(probe.head, probe.relation)}
            for probe in probes
        ]
        right["majority"] = _by_majority(world, probes)
    return probes, right


def _by_embeddings(embeddings, probes) -> list[bool]:
    found = []
    for probe in probes:
        keys = [key for key in probe.candidates if key in embeddings]
        scores = embeddings.scores(head=probe.head, relation=probe.relation)
        best = max(keys, key=lambda key: (float(scores[embeddings.row(key)]), key))
        found.append(best == probe.answer)
    return found


def _by_majority(world, probes) -> list[bool]:
    seen: dict[str, Counter[str]] = defaultdict(Counter)
    for fact in world.facts():
        if fact.split in "AD":  # what the texts say
            seen[fact.relation][fact.tail] += 1
    return [
        max(probe.candidates, key=lambda key: (seen[probe.relation][key], key)) == probe.answer
        for probe in probes
    ]


def summarise(probes, runs: list[dict[str, list[bool]]]) -> dict[str, dict[str, dict[str, float]]]:
    """Arm → split → mean with both intervals; the difference that decides stands last."""
    places: dict[str, list[int]] = defaultdict(list)
    for number, probe in enumerate(probes):
        places[probe.split].append(number)
    table: dict[str, dict[str, dict[str, float]]] = {}

    def row(values_by_seed: np.ndarray) -> dict[str, dict[str, float]]:
        cells = {}
        for split, at in sorted(places.items()):
            facts = interval(values_by_seed[:, at].mean(0).tolist())
            means = values_by_seed[:, at].mean(1)
            spread = 0.0
            if len(means) > 1:
                spread = float(
                    student.ppf(0.975, len(means) - 1) * means.std(ddof=1) / len(means) ** 0.5
                )
            cells[split] = {
                **asdict(facts),
                "seeds_low": facts.mean - spread,
                "seeds_high": facts.mean + spread,
            }
        return cells

    arrays = {arm: np.array([run[arm] for run in runs], float) for arm in runs[0]}
    for arm, array in arrays.items():
        table[arm] = row(array)
    if "permuted" in arrays:
        table["aligned − permuted"] = row(arrays["aligned"] - arrays["permuted"])
        for split, at in places.items():
            paired = paired_interval(
                arrays["aligned"][:, at].mean(0).tolist(),
                arrays["permuted"][:, at].mean(0).tolist(),
            )
            table["aligned − permuted"][split].update(asdict(paired))
    return table


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=1_000)
    parser.add_argument("--arms", default="none,permuted,aligned")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    began, runs, probes = time.monotonic(), [], []
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(options.seeds):
            probes, right = run_seed(seed, options.arms.split(","), options.steps, Path(folder))
            runs.append(right)
            b = [i for i, probe in enumerate(probes) if probe.split == "B"]
            shown = {
                arm: round(sum(values[i] for i in b) / len(b), 3) for arm, values in right.items()
            }
            print(
                f"seed {seed}, {time.monotonic() - began:.0f} s, B: {shown}",
                file=sys.stderr,
                flush=True,
            )
    table = summarise(probes, runs)
    if options.json:
        print(json.dumps(table, indent=1, ensure_ascii=False))
        return
    print(
        f"{options.seeds} seeds, {options.steps} steps, {os.cpu_count()} cores, torch"
        f" {torch.__version__}, {time.monotonic() - began:.0f} s"
    )
    print(
        "| arm | "
        + " | ".join(f"{s} (n={len([p for p in probes if p.split == s])})" for s in "ABCD")
        + " |"
    )
    print("|---|" + "---|" * 4)
    for arm, row in table.items():
        cells = [
            f"{row[s]['mean']:.3f} [{row[s]['low']:.3f}, {row[s]['high']:.3f}]"
            f" ±{row[s]['seeds_high'] - row[s]['mean']:.3f}"
            for s in "ABCD"
        ]
        print(f"| {arm} | " + " | ".join(cells) + " |")
    print("mean [95% over facts] ± 95% over seeds")


if __name__ == "__main__":
    main()
