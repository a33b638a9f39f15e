"""Fusion studies: the same facts, texts and probes for every arm.

The texts state the A facts; the graph holds the A, B and D facts; C facts are in neither. D facts
are edited in the graph after training.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg.types import EntityRecord
from kptm.errors import ConfigError
from kptm.evaluation.fusion.fact_probing import make_probes
from kptm.evaluation.fusion.study_data import StudyData
from kptm.evaluation.fusion.study_facts import (
    Edit,
    choose_asked,
    choose_edits,
    read_facts,
    read_patterns,
    say,
)
from kptm.evaluation.fusion.study_facts import apply_edits as with_edits
from kptm.evaluation.fusion.study_links import DEFAULT_NOISE
from kptm.evaluation.fusion.trials import Trials, gather

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from kptm.evaluation.fusion.fact_probing import Probe, SplitFact
    from kptm.evaluation.fusion.results.study_results import Results
    from kptm.evaluation.fusion.study_arms import StudyBackbone


class Study(StudyData):
    """A study that trains arms and probes them."""

    __slots__ = ()

    def run(
        self,
        arms: Sequence[str],
        seeds: Sequence[int],
        *,
        kind: str = "gated",
        progress: Callable[[int, float], None] | None = None,
    ) -> dict[str, dict[str, float]]:
        """P@1 by split and arm or baseline, averaged over ``seeds``, for one kind of fusion."""
        return self.run_all(arms, seeds, kind=kind, progress=progress).table()

    def run_all(
        self,
        arms: Sequence[str],
        seeds: Sequence[int],
        *,
        kind: str = "gated",
        backbone: StudyBackbone | None = None,
        progress: Callable[[int, float], None] | None = None,
    ) -> Results:
        """Run every arm with every seed, and the baselines; "knn" needs the arm "none".

        Args:
            arms: The arms.
            seeds: The seeds; each arm is run once per seed.
            kind: The kind of fusion.
            backbone: The backbone of all arms; by default a small BERT with random weights.
            progress: Called after each step.

        Raises:
            ConfigError: An arm does not exist, or this study cannot run it.
        """
        trials = Trials.prepare(self, arms, kind=kind, backbone=backbone)
        runs = [trials.run(arm, seed, progress) for arm in arms for seed in seeds]
        return gather(self.probes, runs, trials.baselines())


class FusionStudy(Study):
    """A study on a user's facts and phrasings; facts are asked in a phrasing that no text has."""

    __slots__ = ()

    @classmethod
    def read(
        cls,
        facts: str | Path,
        phrasings: str | Path,
        ask: str,
        *,
        steps: int = 1_500,
        learning_rate: float = 3e-3,
        limit: int | None = None,
        noise: float = DEFAULT_NOISE,
    ) -> FusionStudy:
        """Read the two files.

        Args:
            facts: JSON Lines with relation, subject, object.
            phrasings: JSON Lines with relation, pattern.
            ask: The phrasing of the probes: its number from 1, or a file of phrasings.
            steps: Training steps per arm.
            learning_rate: The peak learning rate.
            limit: The maximum number of facts per relation.
            noise: The share of wrong links in the arm "noisy".

        Raises:
            TripleFormatError: A file is malformed.
            ConfigError: ``ask`` leaves no phrasing for the texts or for the probes.
        """
        read, asked = choose_asked(read_patterns(phrasings), ask)
        chosen = [fact for fact in read_facts(facts, limit=limit) if fact[1] in asked]
        if not any(fact[3] == "A" for fact in chosen):
            raise ConfigError(
                f"{facts}: no fact has a relation with phrasings to train on and to ask in"
                f" {phrasings}"
            )
        labels = {end: end for fact in chosen for end in (fact[0], fact[2])}
        before, edits = choose_edits(chosen)
        return cls(
            facts=before,
            edits=edits,
            documents=say(before, read),
            held_out=say(before, {key: [pattern] for key, pattern in asked.items()}),
            probes=probes_after(before, edits, asked, labels),
            entities=[EntityRecord(key=key, label=key) for key in sorted(labels)],
            steps=steps,
            learning_rate=learning_rate,
            noise=noise,
        )


def probes_after(
    facts: Sequence[SplitFact],
    edits: Sequence[Edit],
    patterns: dict[str, str],
    labels: dict[str, str],
) -> list[Probe]:
    """Make a probe of each fact; an edited one asks for its new tail, with the old as candidate."""
    retired = [fact for fact in facts if fact[3] == "D"]
    return make_probes(with_edits(facts, edits), patterns, labels, retired=retired)
