"""Fusion studies: facts, texts that say some of them, and probes; the same for every arm.

The graph holds the A, B and D facts, the texts say the A facts. D facts are edited in the graph
after training.
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
from kptm.evaluation.fusion.study_links import NOISE
from kptm.evaluation.fusion.trials import Trials, gather

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from kptm.evaluation.fusion.fact_probing import Probe, SplitFact
    from kptm.evaluation.fusion.results.study_results import Results
    from kptm.evaluation.fusion.study_arms import StudyBackbone


class Study(StudyData):
    """A study that trains arms and asks them."""

    __slots__ = ()

    def run(
        self,
        arms: Sequence[str],
        seeds: Sequence[int],
        *,
        kind: str = "gated",
        progress: Callable[[int, float], None] | None = None,
    ) -> dict[str, dict[str, float]]:
        """P@1 by split and arm or baseline, the mean over ``seeds``, for one kind of fusion."""
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
        """Every arm with every seed, and the baselines; "knn" needs the arm "none".

        Args:
            arms: The arms.
            seeds: One run of each arm for each.
            kind: How knowledge enters.
            backbone: What all arms start from; a small BERT from nothing by default.
            progress: Called after each step.

        Raises:
            ConfigError: There is no such arm, or the study cannot have it.
        """
        trials = Trials.prepare(self, arms, kind=kind, backbone=backbone)
        runs = [trials.run(arm, seed, progress) for arm in arms for seed in seeds]
        return gather(self.probes, runs, trials.baselines())


class FusionStudy(Study):
    """A study on your own facts and phrasings: a fact is asked in a phrasing that no text has."""

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
        noise: float = NOISE,
    ) -> FusionStudy:
        """Read the two files.

        Args:
            facts: JSON Lines of relation, subject, object.
            phrasings: JSON Lines of relation, pattern.
            ask: Which phrasing is asked: its place counted from 1, or a file.
            steps: Training steps of an arm.
            learning_rate: Its peak.
            limit: At most so many facts a relation.
            noise: The share of wrong links in the arm "noisy".

        Raises:
            TripleFormatError: A file is malformed.
            ConfigError: ``ask`` leaves nothing to read or to ask.
        """
        read, asked = choose_asked(read_patterns(phrasings), ask)
        chosen = [fact for fact in read_facts(facts, limit=limit) if fact[1] in asked]
        if not any(fact[3] == "A" for fact in chosen):
            raise ConfigError(f"{facts}: no fact of a relation that {phrasings} can say and ask")
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
    """Ask each fact, an edited one by its new tail; the old tail stays a candidate."""
    retired = [fact for fact in facts if fact[3] == "D"]
    return make_probes(with_edits(facts, edits), patterns, labels, retired=retired)
