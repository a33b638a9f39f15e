"""The facts, texts and probes of a study, its graph and its embeddings."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from kg.embedding.config import KGEConfig
from kg.graph import KnowledgeGraph
from kptm.errors import ConfigError
from kptm.evaluation.fusion.study_facts import Edit
from kptm.evaluation.fusion.study_facts import apply_edits as with_edits
from kptm.evaluation.fusion.study_links import NOISE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kg.embedding import EntityEmbeddings
    from kg.types import EntityRecord
    from kptm.evaluation.fusion.fact_probing import Probe, SplitFact
    from kptm.linking import LinkedText

MAX_TOKENS = 64
"""What a phrasing of two names fits into."""


def standard_embedding() -> KGEConfig:
    """How a study's vectors are trained where nothing else is said."""
    return KGEConfig(dim=32, epochs=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyData:
    """What is known from where, and how it is asked.

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
