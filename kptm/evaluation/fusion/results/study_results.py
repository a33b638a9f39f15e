"""What the arms answered, run by run, and the figures that are made of it."""

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
"""Which arms are compared, fact by fact."""


def reciprocals(probes: Sequence[Probe], scores: Sequence[Mapping[str, float]]) -> list[float]:
    """Each probe's reciprocal rank; a run is kept as these, of which P@1 and MRR are both made."""
    return [reciprocal(found, probe.answer) for probe, found in zip(probes, scores, strict=True)]


@dataclass(slots=True)
class Results:
    """Reciprocal ranks by probe, for every run of every arm and baseline.

    Attributes:
        probes: What was asked.
        arms: Arm → runs, one a seed, each of len(probes) numbers.
        baselines: Baseline → the same; those that hang on no seed have one run.
        losses: Arm → masked-LM loss on the held-out texts, one a run.
        kept: Arm → what is left of what a backbone could do that was trained before, one a run.
    """

    probes: Sequence[Probe]
    arms: dict[str, list[list[float]]] = field(default_factory=dict)
    baselines: dict[str, list[list[float]]] = field(default_factory=dict)
    losses: dict[str, list[float]] = field(default_factory=dict)
    kept: dict[str, list[dict[str, float]]] = field(default_factory=dict)

    def splits(self) -> dict[str, int]:
        """Split → how many facts were asked."""
        names = [probe.split for probe in self.probes]
        return {name: names.count(name) for name in sorted(set(names))}

    def runs(self, name: str, split: str, *, mrr: bool = False) -> NDArray[np.float64]:
        """Per run and fact of the split: right (1 or 0) or reciprocal rank, shape (runs, facts)."""
        found = self.arms[name] if name in self.arms else self.baselines[name]
        at = [number for number, probe in enumerate(self.probes) if probe.split == split]
        values = np.array(found, dtype=np.float64).reshape(len(found), len(self.probes))[:, at]
        return values if mrr else (values == 1).astype(np.float64)

    def table(self) -> dict[str, dict[str, float]]:
        """P@1 by split and arm or baseline, the mean over runs."""
        return {
            split: {
                name: float(self.runs(name, split).mean()) for name in (*self.arms, *self.baselines)
            }
            for split in self.splits()
        }

    def estimate(self, name: str, split: str, *, mrr: bool = False) -> Interval:
        """The mean over runs and facts, its interval over facts of the mean over runs."""
        return interval(self.runs(name, split, mrr=mrr).mean(0).tolist())

    def deviation(self, name: str, split: str) -> float:
        """Standard deviation over runs of P@1; nan of a single run."""
        means = self.runs(name, split).mean(1)
        return float(means.std(ddof=1)) if len(means) > 1 else float("nan")

    def macro(self, name: str, split: str) -> float:
        """P@1 as the mean of the relations' means, each relation counting once."""
        by_relation: dict[str, list[float]] = defaultdict(list)
        asked = [probe for probe in self.probes if probe.split == split]
        for probe, value in zip(asked, self.runs(name, split).mean(0), strict=True):
            by_relation[probe.relation].append(float(value))
        return float(np.mean([np.mean(values) for values in by_relation.values()]))

    def differences(self) -> dict[str, dict[str, Interval]]:
        """Per pair of arms ("one − other") and split, the paired difference of P@1."""
        return {
            f"{one} − {other}": {
                split: paired_interval(
                    self.runs(one, split).mean(0).tolist(),
                    self.runs(other, split).mean(0).tolist(),
                )
                for split in self.splits()
            }
            for one, other in PAIRS
            if one in self.arms and other in self.arms
        }

    def kept_means(self) -> dict[str, dict[str, float]]:
        """Arm → the mean over runs of each figure of what is left."""
        return {
            arm: {
                name: float(np.mean([run[name] for run in runs]))
                for name in runs[0]
                if all(name in run for run in runs)
            }
            for arm, runs in self.kept.items()
        }
