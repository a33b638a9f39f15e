"""A fusion study on facts and phrasings of one's own: graph, embeddings, texts and arms from two files.

The graph holds the A and B facts, the text says the A facts in the phrasings that are not asked, and every fact is
asked in the one that is.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kg.embedding import KGEConfig, train_embeddings
from kg.graph import KnowledgeGraph
from kg.types import EntityRecord
from kptm.data import train_tokenizer
from kptm.errors import ConfigError
from kptm.evaluation.arms import ARMS, ArmStudy, StudyConfig, splits
from kptm.evaluation.facts import choose_asked, read_facts, read_patterns, say
from kptm.evaluation.probing import make_probes
from kptm.fusion import FusionConfig
from kptm.pretraining import PretrainConfig

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kg.embedding import EntityEmbeddings
    from kptm.evaluation.probing import Probe, SplitFact
    from kptm.linking import LinkedText


@dataclass(frozen=True, slots=True)
class FusionStudy:
    """Facts, texts and questions; :meth:`run` trains and asks the arms."""

    facts: list[SplitFact]
    documents: list[LinkedText]
    probes: list[Probe]
    steps: int

    @classmethod
    def read(
        cls,
        facts: str | Path,
        phrasings: str | Path,
        ask: str,
        *,
        steps: int = 1_500,
        limit: int | None = None,
    ) -> FusionStudy:
        """Read the two files.

        Args:
            facts: JSON Lines of relation, subject, object.
            phrasings: JSON Lines of relation, pattern.
            ask: Which phrasing is asked: its place counted from 1, or a file.
            steps: Training steps of an arm.
            limit: At most so many facts a relation.

        Raises:
            TripleFormatError: A file is malformed.
            ConfigError: ``ask`` leaves nothing to read or to ask.
        """
        read, asked = choose_asked(read_patterns(phrasings), ask)
        chosen = [fact for fact in read_facts(facts, limit=limit) if fact[1] in asked]
        if not any(fact[3] == "A" for fact in chosen):
            raise ConfigError(f"{facts}: no fact of a relation that {phrasings} can say and ask")
        labels = {end: end for fact in chosen for end in (fact[0], fact[2])}
        return cls(chosen, say(chosen, read), make_probes(chosen, asked, labels), steps)

    def embeddings(self, config: KGEConfig | None = None) -> EntityEmbeddings:
        """Embeddings of the graph of A and B facts."""
        with (
            tempfile.TemporaryDirectory() as folder,
            KnowledgeGraph.open(Path(folder) / "graph.db") as graph,
        ):
            keys = sorted({end for fact in self.facts for end in (fact[0], fact[2])})
            graph.add([EntityRecord(key=key, label=key) for key in keys])
            graph.add([fact[:3] for fact in self.facts if fact[3] in "AB"])
            return train_embeddings(graph, config or KGEConfig(dim=32, epochs=60))

    def run(
        self,
        arms: Sequence[str],
        seeds: Sequence[int],
        *,
        kind: str = "gated",
        progress: Callable[[int, float], None] | None = None,
    ) -> dict[str, dict[str, float]]:
        """P@1 by split and arm, the mean over ``seeds``, with knowledge entering by a kind of fusion."""
        right = self.run_all(arms, seeds, kind=kind, progress=progress)
        table: dict[str, dict[str, float]] = {}
        for arm, runs in right.items():
            for run in runs:
                for split, values in splits(self.probes, run).items():
                    mean = sum(values) / len(values) / len(runs)
                    row = table.setdefault(split, {})
                    row[arm] = row.get(arm, 0.0) + mean
        return dict(sorted(table.items()))

    def run_all(
        self,
        arms: Sequence[str],
        seeds: Sequence[int],
        *,
        kind: str = "gated",
        progress: Callable[[int, float], None] | None = None,
    ) -> dict[str, list[list[bool]]]:
        """For each arm and seed, whether each probe was answered right.

        Raises:
            ConfigError: There is no such arm.
        """
        from kptm.workspace_config import BackboneConfig, small_bert

        for arm in arms:
            if arm not in ARMS:
                raise ConfigError(f"no arm is called {arm!r}; there are {', '.join(ARMS)}")
        tokenizer = train_tokenizer((item.text for item in self.documents), vocab_size=12_000)
        config = StudyConfig(
            backbone=small_bert(BackboneConfig(), len(tokenizer), 64),
            fusion=FusionConfig(kind=kind, max_length=64),
            pretraining=PretrainConfig(steps=self.steps, batch_size=128, learning_rate=3e-3),
        )
        study = ArmStudy(self.embeddings(), tokenizer, self.documents, self.probes, config)
        found: dict[str, list[list[bool]]] = {arm: [] for arm in arms}
        for arm in arms:
            for seed in seeds:
                model, _ = study.train(arm, seed, progress)
                found[arm].append(study.ask(model, arm))
        return found
