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
from kptm.evaluation.fusion.study_links import DEFAULT_NOISE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kg.embedding import EntityEmbeddings
    from kg.types import EntityRecord
    from kptm.evaluation.fusion.fact_probing import Probe, SplitFact
    from kptm.linking import LinkedText

MAX_TOKENS = 64
"""Tokens that are enough for a phrasing with two names."""


def standard_embedding() -> KGEConfig:
    """The default configuration of a study's embeddings."""
    return KGEConfig(dim=32, epochs=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyData:
    """The facts, texts and probes of a study.

    Attributes:
        facts: (head, relation, tail, split); D facts have their tail from before the edit.
        edits: The edits of the D facts.
        documents: The texts to train on, with gold links.
        held_out: Texts that nothing is trained on, for the language model's loss.
        probes: The probes; those of D facts ask for the new tail.
        entities: The entities of the graph, with their names.
        background: Further triples of the graph, which are not asked.
        steps: Training steps per arm.
        learning_rate: The peak learning rate.
        noise: The share of wrong links in the arm "noisy".
        embedding: The configuration of the graph's embeddings.
        max_length: The maximum number of tokens of a text; longer texts are truncated.
        found_links: Whether the arm "real" is possible; it needs gold links to compare with.
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
    noise: float = DEFAULT_NOISE
    embedding: KGEConfig = field(default_factory=standard_embedding)
    found_links: bool = True
    max_length: int = MAX_TOKENS

    def __post_init__(self) -> None:
        if self.steps < 1:
            raise ConfigError(f"steps must be at least 1, not {self.steps}")
        if not 0 <= self.noise <= 1:
            raise ConfigError(f"noise must be between 0 and 1, not {self.noise}")

    def triples(self, *, edited: bool = False) -> list[tuple[str, str, str]]:
        """The triples of the graph, before or after the edits."""
        facts = with_edits(self.facts, self.edits) if edited else self.facts
        return [*(fact[:3] for fact in facts if fact[3] != "C"), *self.background]

    @contextmanager
    def graph(self) -> Iterator[KnowledgeGraph]:
        """The graph before the edits, in a temporary folder, as a context manager."""
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
