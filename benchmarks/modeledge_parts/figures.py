"""The tables of helps.py.

The rows of an arm have the shape (seeds, questions, 3): correct, p, calibrated p.
"""

import numpy as np

from kptm.evaluation import interval, paired_interval
from kptm.evaluation.answers.selective_answers import (
    bootstrap_interval,
    calibration_error,
    calibration_error_by_mass,
    risk_coverage_area,
)

TIMES = 500
"""Resamples of a bootstrap that computes a figure for each resample and every seed."""


def format_interval(figure, digits=3, sign=""):
    return (
        f"{figure.mean:{sign}.{digits}f} [{figure.low:{sign}.{digits}f},"
        f" {figure.high:{sign}.{digits}f}]"
    )


def helps_table(rows, group_of):
    """P@1 by group and arm, and what each arm adds to the model."""
    groups = list(dict.fromkeys(group_of.tolist()))
    print("| P@1 | " + " | ".join(f"{x} (n = {(group_of == x).sum()})" for x in groups) + " |")
    print("|---" * (len(groups) + 1) + "|")
    means = {arm: table[..., 0].mean(0) for arm, table in rows.items()}
    for arm, right in means.items():
        cells = [format_interval(interval(right[group_of == x].tolist())) for x in groups]
        print(f"| {arm} | " + " | ".join(cells) + " |")
    for arm in list(means)[1:]:
        cells = [
            format_interval(
                paired_interval(
                    means[arm][group_of == x].tolist(), means["model"][group_of == x].tolist()
                ),
                sign="+",
            )
            for x in groups
        ]
        print(f"| {arm} − model | " + " | ".join(cells) + " |")
    print("bar: store − model of told at least +.10; shuffled − model within noise of 0")


def provenance_table(runs):
    """How often answers change once rows are dropped, over all seeds."""
    decided = np.array([row for run in runs for row in run["decided"]], float).reshape(-1, 3)
    checks = [item for run in runs for item in run["checks"]]
    print(f"\nprovenance: {len(decided)} answers that the store decided, over all seeds")
    names = (
        "without the cited rows (bar: ≥ .95)",
        "without as many random other rows (bar: ≤ .05)",
        "without as many random other neighbours",
    )
    for column, name in enumerate(names):
        print(f"  {name}: changed {format_interval(interval(decided[:, column].tolist()))}")
    print(f"  really dropped from the store: {sum(checks)} of {len(checks)} answers are the same")


def calibration_table(rows, group_of):
    """ECE and risk–coverage area of the answers of all groups, by raw and by calibrated p."""
    seeds = len(next(iter(rows.values())))
    print(
        f"\ncalibration, all groups together, n = {len(group_of)}, the mean over {seeds} seeds of"
    )
    print(
        "| arm | p | ECE, 15 bins of equal width | ECE, 15 of equal mass | area under risk–coverage"
        " |"
    )
    print("|---|---|---|---|---|")
    for arm in ("model", "store", "shuffled"):
        for column, name in ((1, "as mixed"), (2, "calibrated")):
            # Questions are resampled, each with all of its seeds.
            table = rows[arm][..., [column, 0]].transpose(1, 0, 2)
            cells = [
                format_interval(bootstrap_interval(over_seeds(measure), table, times=TIMES))
                for measure in (calibration_error, calibration_error_by_mass, risk_coverage_area)
            ]
            print(f"| {arm} | {name} | " + " | ".join(cells) + " |")
    pair = np.concatenate([rows["store"], rows["model"]], axis=-1).transpose(1, 0, 2)
    less = bootstrap_interval(
        lambda table: (
            over_seeds(risk_coverage_area)(table[..., [2, 0]])
            - over_seeds(risk_coverage_area)(table[..., [5, 3]])
        ),
        pair,
        times=TIMES,
    )
    print(
        f"area, store − model, both calibrated: {format_interval(less, sign='+')}"
        " (bar: below 0); ECE's bar: .05"
    )
    print("An ECE of resampled answers is larger than that of the answers: its interval lies high.")
    threshold_table(rows["store"], group_of)


def over_seeds(measure):
    """A function from a table of shape (questions, seeds, 2) to the mean of a figure over seeds.

    Args:
        measure: Computes the figure from confidences and correctness.
    """
    return lambda table: float(
        np.mean([measure(table[:, seed, 0], table[:, seed, 1]) for seed in range(table.shape[1])])
    )


def threshold_table(table, group_of):
    """Coverage and accuracy by group, where a calibrated p below .5 counts as "unknown"."""
    answered = table[..., 2] >= 0.5
    print("\nanswers of the store arm with a calibrated p of .5 and more; the others are unknown")
    for group in dict.fromkeys(group_of.tolist()):
        at = group_of == group
        share, right = answered[:, at], table[:, at, 0]
        rate = right[share].mean() if share.any() else float("nan")
        print(f"  {group}: {share.mean():.3f} answered, {rate:.3f} of them right")
