"""Recipes: how well they rank, and how well they tell facts from hard negatives."""

import sys
import time
from dataclasses import replace
from statistics import mean

from .graphs import Data, configure, known_to, memory, triples

PUBLISHED = {"codex-s": (0.465, 0.646), "codex-m": (0.337, 0.476), "fb15k-237": (0.348, 0.536),
    "wn18rr": (0.475, 0.547)}  # fmt: skip
"""ComplEx: MRR and Hits@10 (CoDEx: Safavi and Koutra 2020; the others: Ruffinelli et al. 2020)."""


def recipe(options, folder):
    """Train by a recipe, rank the test set, for some seeds."""
    for name in options.data or ["codex-s"]:
        data, config = Data(name, folder), configure(options)
        print(
            f"\n{name}, recipe {options.name}: {config}\n\n| seed | seconds | epochs | MRR | Hits@1"
            " | Hits@10 |\n|---|---|---|---|---|---|"
        )
        rows = []
        for seed in range(options.seeds):
            curve = []
            begun = time.monotonic()

            def seen(epoch, curve=curve, begun=begun):
                curve.append((round(time.monotonic() - begun), epoch))
                if epoch.mrr is not None:
                    print(
                        f"  {curve[-1][0]} s, epoch {epoch.number}:"
                        f" loss {epoch.loss:.3f}, validation MRR {epoch.mrr:.4f}",
                        file=sys.stderr,
                        flush=True,
                    )

            found, seconds = data.embeddings(
                replace(config, seed=seed), validation=data.valid, progress=seen
            )
            report = data.report(found)
            rows.append((report.mrr, report.hits_at_10, seconds))
            print(
                f"| {seed} | {seconds:.0f} | {len(found.curve)} | {report.mrr:.4f} |"
                f" {report.hits_at_1:.4f} | {report.hits_at_10:.4f} |",
                flush=True,
            )
            if seed == 0:
                categories = ", ".join(
                    f"{key} {value.mrr:.3f} ({value.count:,})"
                    for key, value in report.by_category.items()
                )
                curve_ = ", ".join(
                    f"{at} s {epoch.mrr:.3f}" for at, epoch in curve if epoch.mrr is not None
                )
        published = PUBLISHED[name]
        print(
            f"| mean | {mean(r[2] for r in rows):.0f} | | {mean(r[0] for r in rows):.4f} | |"
            f" {mean(r[1] for r in rows):.4f} |"
        )
        print(f"| published ComplEx | | | {published[0]} | | {published[1]} |")
        print(
            f"\nMRR by category, seed 0: {categories}\n\nvalidation MRR, seed 0:"
            f" {curve_}\n\npeak memory {memory():,.0f} MB"
        )


def classify(options, folder):
    """Are facts told from hard negatives, with what was learnt on the validation set?"""
    print(
        "\n| data | recipe | accuracy on validation | accuracy on test | facts"
        " |\n|---|---|---|---|---|"
    )
    for name in options.data or ["codex-s", "codex-m"]:
        data, config = Data(name, folder), configure(options)
        found, _ = data.embeddings(config, validation=data.valid)
        found.calibrate(
            known_to(found, data.valid), known_to(found, triples(name, "valid_negatives"))
        )
        true, false = known_to(found, data.test), known_to(found, triples(name, "test_negatives"))
        right = (found.probability(true) >= 0.5).sum() + (found.probability(false) < 0.5).sum()
        count = len(true) + len(false)
        print(
            f"| {name} | {options.name} | {found.calibration.accuracy:.4f} | {right / count:.4f} |"
            f" {count:,} |",
            flush=True,
        )
