"""The reciprocal ranks of all runs of a study, and figures computed from them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from kptm.evaluation.fusion.fact_probing import reciprocal
from kptm.evaluation.statistics import Interval, interval, paired_interval

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from kptm.evaluation.fusion.fact_probing import Probe

PAIRS = (("aligned", "permuted"), ("aligned", "none"))
"""Pairs of arms that are compared fact by fact."""


def reciprocals(probes: Sequence[Probe], scores: Sequence[Mapping[str, float]]) -> list[float]:
    """The reciprocal rank of each probe, from which both P@1 and MRR are computed."""
    return [
        reciprocal(scores_of_probe, probe.answer)
        for probe, scores_of_probe in zip(probes, scores, strict=True)
    ]


@dataclass(slots=True)
class Results:
    """The reciprocal ranks of all probes, for every run of every arm and baseline.

    Attributes:
        probes: The probes.
        arms: By arm: one run per seed, each of len(probes) numbers.
        baselines: By baseline: its runs; one run if it does not depend on the seed.
        losses: By arm: the masked-LM loss on the held-out texts, one per run.
        kept: By arm: the shares of a pretrained backbone's ability that are left, one per run.
    """

    probes: Sequence[Probe]
    arms: dict[str, list[list[float]]] = field(default_factory=dict)
    baselines: dict[str, list[list[float]]] = field(default_factory=dict)
    losses: dict[str, list[float]] = field(default_factory=dict)
    kept: dict[str, list[dict[str, float]]] = field(default_factory=dict)

    def splits(self) -> dict[str, int]:
        """The number of probes by split."""
        names = [probe.split for probe in self.probes]
        return {name: names.count(name) for name in sorted(set(names))}

    def runs(self, name: str, split: str, *, mrr: bool = False) -> NDArray[np.float64]:
        """Scores of every run and fact of a split, shape (runs, facts).

        A score is 1 or 0 for a right or wrong answer, or with ``mrr`` the reciprocal rank.
        """
        runs = self.arms[name] if name in self.arms else self.baselines[name]
        numbers = [number for number, probe in enumerate(self.probes) if probe.split == split]
        values = np.array(runs, dtype=np.float64).reshape(len(runs), len(self.probes))[:, numbers]
        return values if mrr else (values == 1).astype(np.float64)

    def table(self) -> dict[str, dict[str, float]]:
        """P@1 by split and arm or baseline, averaged over runs."""
        return {
            split: {
                name: float(self.runs(name, split).mean()) for name in (*self.arms, *self.baselines)
            }
            for split in self.splits()
        }

    def estimate(self, name: str, split: str, *, mrr: bool = False) -> Interval:
        """The mean over runs and facts; the interval is over facts, averaged over runs."""
        return interval(self.runs(name, split, mrr=mrr).mean(0).tolist())

    def deviation(self, name: str, split: str) -> float:
        """The standard deviation of P@1 over runs; nan for a single run."""
        means = self.runs(name, split).mean(1)
        return float(means.std(ddof=1)) if len(means) > 1 else float("nan")

    def macro(self, name: str, split: str) -> float:
        """Macro P@1: the mean over relations of each relation's P@1."""
        by_relation: dict[str, list[float]] = defaultdict(list)
        probes = [probe for probe in self.probes if probe.split == split]
        for probe, value in zip(probes, self.runs(name, split).mean(0), strict=True):
            by_relation[probe.relation].append(float(value))
        return float(np.mean([np.mean(values) for values in by_relation.values()]))

    def differences(self) -> dict[str, dict[str, Interval]]:
        """The paired difference of P@1 by pair of arms ("one − other") and split."""
        return {
            f"{first} − {second}": {
                split: paired_interval(
                    self.runs(first, split).mean(0).tolist(),
                    self.runs(second, split).mean(0).tolist(),
                )
                for split in self.splits()
            }
            for first, second in PAIRS
            if first in self.arms and second in self.arms
        }

    def kept_means(self) -> dict[str, dict[str, float]]:
        """By arm: the shares of the backbone's ability that are left, averaged over runs."""
        return {
            arm: {
                name: float(np.mean([run[name] for run in runs]))
                for name in runs[0]
                if all(name in run for run in runs)
            }
            for arm, runs in self.kept.items()
        }
