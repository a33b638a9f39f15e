"""Fusion studies: facts, the texts that say some of them, and what is asked; every arm and baseline on the same.

The graph holds the A, B and D facts, the texts say the A facts. D facts are edited in the graph
after training.
"""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from kg.embedding import KGEConfig
from kg.graph import KnowledgeGraph
from kg.types import EntityRecord
from kptm.errors import ConfigError
from kptm.evaluation.fusion.fact_probing import make_probes
from kptm.evaluation.fusion.study_facts import (
    Edit,
    choose_asked,
    choose_edits,
    read_facts,
    read_patterns,
    say,
)
from kptm.evaluation.fusion.study_facts import edited as with_edits
from kptm.evaluation.fusion.study_links import NOISE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from kg.embedding import EntityEmbeddings
    from kptm.evaluation.fusion.fact_probing import Probe, SplitFact
    from kptm.evaluation.fusion.results.study_results import Results
    from kptm.evaluation.fusion.study_arms import StudyBackbone
    from kptm.linking import LinkedText

MAX_TOKENS = 64
"""What a phrasing of two names fits into."""


def standard_embedding() -> KGEConfig:
    """How a study's vectors are trained where nothing else is said."""
    return KGEConfig(dim=32, epochs=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """What is known from where, and how it is asked; :meth:`run_all` trains and asks the arms.

    Attributes:
        facts: Head, relation, tail, split; those of D with the tail that they have before the edit.
        edits: What becomes of the D facts.
        documents: The texts to train on, with gold links.
        held_out: Texts that nothing is trained on, for the language model's loss.
        probes: What is asked; those of D by their new tail.
        entities: The entities with their names; each is in the graph.
        background: Triples that the graph holds too and that are not asked.
        steps: Training steps of an arm.
        learning_rate: Its peak.
        noise: The share of wrong links in the arm "noisy".
        embedding: How the graph's vectors are trained.
        max_length: Tokens that a text is cut to.
        found_links: Whether the arm "real" can be had: False where the links are not gold.
    """

    facts: list[SplitFact]
    edits: list[Edit]
    documents: list[LinkedText]
    held_out: list[LinkedText]
    probes: list[Probe]
    entities: list[EntityRecord]
    background: list[tuple[str, str, str]] = field(default_factory=list)
    steps: int = 1_500
    learning_rate: float = 3e-3
    noise: float = NOISE
    embedding: KGEConfig = field(default_factory=standard_embedding)
    found_links: bool = True
    max_length: int = MAX_TOKENS

    def __post_init__(self) -> None:
        if self.steps < 1:
            raise ConfigError(f"steps must be at least 1, not {self.steps}")
        if not 0 <= self.noise <= 1:
            raise ConfigError(f"noise must be between 0 and 1, not {self.noise}")

    def triples(self, *, edited: bool = False) -> list[tuple[str, str, str]]:
        """What the graph holds, before or after the edits."""
        facts = with_edits(self.facts, self.edits) if edited else self.facts
        return [*(fact[:3] for fact in facts if fact[3] != "C"), *self.background]

    @contextmanager
    def graph(self) -> Iterator[KnowledgeGraph]:
        """The graph before the edits, in a folder of its own, for a while."""
        with (
            tempfile.TemporaryDirectory() as folder,
            KnowledgeGraph.open(Path(folder) / "graph.db") as graph,
        ):
            graph.add(self.entities)
            graph.add(self.triples())
            yield graph

    def embeddings(self, config: KGEConfig | None = None) -> EntityEmbeddings:
        """Embeddings of the graph before the edits."""
        from kg.embedding import train_embeddings

        with self.graph() as graph:
            return train_embeddings(graph, config or self.embedding)

    def run(
        self,
        arms: Sequence[str],
        seeds: Sequence[int],
        *,
        kind: str = "gated",
        progress: Callable[[int, float], None] | None = None,
    ) -> dict[str, dict[str, float]]:
        """P@1 by split and arm or baseline, the mean over ``seeds``, with knowledge entering by a kind of fusion."""
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
        from kptm.evaluation.fusion.trials import Trials, gather

        trials = Trials.prepare(self, arms, kind=kind, backbone=backbone)
        runs = [trials.run(arm, seed, progress) for arm in arms for seed in seeds]
        return gather(self.probes, runs, trials.baselines())


class FusionStudy(Study):
    """A study on facts and phrasings of one's own: every fact is asked in the phrasing that no text has."""

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
    """Ask each fact, and those that are edited by their new tail; the old one stays among the candidates."""
    retired = [fact for fact in facts if fact[3] == "D"]
    return make_probes(with_edits(facts, edits), patterns, labels, retired=retired)
