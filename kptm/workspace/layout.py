"""Where everything of a workspace lies: each path once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kptm.errors import WorkspaceError

if TYPE_CHECKING:
    from pathlib import Path


EMBEDDINGS = ("embeddings.json", "vectors.safetensors")
MODEL = ("kptm.json", "fusion.safetensors")
"""Files by which a stage's folder is told from one that holds other things."""


@dataclass(frozen=True, slots=True)
class Layout:
    """The paths of a workspace.

    Attributes:
        folder: The workspace.
    """

    folder: Path

    @property
    def config(self) -> Path:
        """Settings."""
        return self.folder / "kptm.toml"

    @property
    def state(self) -> Path:
        """The last known revision of the graph (:mod:`kptm.workspace.files.graph_state`)."""
        return self.folder / ".kptm-state.json"

    @property
    def graph(self) -> Path:
        """The graph and modeledge: SQLite's file."""
        return self.folder / "graph.db"

    @property
    def graph_files(self) -> tuple[Path, ...]:
        """The graph with what SQLite writes beside it."""
        name = self.graph.name
        return (self.graph, *(self.folder / (name + end) for end in ("-wal", "-shm", "-journal")))

    @property
    def snapshots(self) -> Path:
        """Snapshots of modeledge's indexes."""
        return self.folder / "graph.db.index"

    @property
    def linking(self) -> Path:
        """What linking derives from the graph."""
        return self.folder / "linking"

    @property
    def linking_index(self) -> Path:
        """Names and features of entities as arrays."""
        return self.linking / "index"

    @property
    def linking_encoder(self) -> Path:
        """Vectors of descriptions and of relations."""
        return self.linking / "encoder"

    @property
    def embeddings(self) -> Path:
        """Vectors of the graph's entities."""
        return self.folder / "embeddings"

    @property
    def embeddings_checkpoint(self) -> Path:
        """A training of embeddings that was cut."""
        return self.folder / "embeddings.checkpoint"

    @property
    def model(self) -> Path:
        """The fused model."""
        return self.folder / "model"

    @property
    def pretraining(self) -> Path:
        """A pretraining that has not ended."""
        return self.folder / "pretraining"

    @property
    def pretraining_start(self) -> Path:
        """The model that it started from."""
        return self.pretraining / "start"

    @property
    def pretraining_run(self) -> Path:
        """What it is of."""
        return self.pretraining / "run.json"

    @property
    def finetuned(self) -> Path:
        """Models fine-tuned for a task, a folder each."""
        return self.folder / "finetuned"

    def finetuned_for(self, task: str) -> Path:
        """The model of a task."""
        return self.finetuned / task

    @property
    def phrasings(self) -> Path:
        """How the texts say relations."""
        return self.folder / "phrasings.json"

    @property
    def reader(self) -> Path:
        """What reads answers out of passages."""
        return self.folder / "reader.safetensors"

    @property
    def questions(self) -> Path:
        """What was learnt from answered questions."""
        return self.folder / "questions.json"

    @property
    def lessons(self) -> Path:
        """The answered questions themselves, to which others are added."""
        return self.folder / "learnt.jsonl"

    @property
    def weights(self) -> Path:
        """How much each source of answers weighs."""
        return self.folder / "weights.json"

    @property
    def extractor(self) -> Path:
        """What reads facts out of texts."""
        return self.folder / "extraction.safetensors"

    @property
    def sync_manifest(self) -> Path:
        """The files that ``kptm sync`` has seen, with their hashes."""
        return self.folder / "sync.json"

    def lock(self, stage: str) -> Path:
        """The file that a process locks while it runs a stage."""
        return self.folder / f".kptm-{stage}.lock"

    @property
    def replaced(self) -> tuple[Path, ...]:
        """All that is written whole or not at all, of which a kill may leave temporaries."""
        return (
            self.config,
            self.state,
            self.embeddings,
            self.embeddings_checkpoint,
            self.model,
            self.pretraining,
            self.phrasings,
            self.reader,
            self.questions,
            self.lessons,
            self.weights,
            self.extractor,
            self.sync_manifest,
        )

    @property
    def stages(self) -> tuple[Path, ...]:
        """What stages write, without the graph."""
        return (
            self.linking,
            self.embeddings,
            self.embeddings_checkpoint,
            self.model,
            self.pretraining,
            self.finetuned,
            self.phrasings,
            self.reader,
            self.questions,
            self.lessons,
            self.weights,
            self.extractor,
            self.sync_manifest,
        )

    @property
    def has_embeddings(self) -> bool:
        """Whether there are embeddings, sound or not."""
        return any((self.embeddings / name).exists() for name in EMBEDDINGS)

    @property
    def has_model(self) -> bool:
        """Whether there is a model, sound or not."""
        return any((self.model / name).exists() for name in MODEL)

    def check_output(self, path: Path) -> None:
        """Refuse to write a result over a part of the workspace.

        Raises:
            WorkspaceError: ``path`` is such a part, by itself or through links.
        """
        real = path.resolve()
        files = (self.config, self.state, *self.graph_files)
        if any(real == own.resolve() for own in files) or any(
            real.is_relative_to(own.resolve()) for own in (*self.stages, self.snapshots)
        ):
            raise WorkspaceError(f"{path}: is a part of the workspace; name another file")

    def is_workspace(self) -> bool:
        """Whether there is a workspace in the folder."""
        return self.config.exists()
