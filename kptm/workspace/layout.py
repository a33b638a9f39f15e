"""The paths of all files and folders of a workspace."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kptm.errors import WorkspaceError

if TYPE_CHECKING:
    from pathlib import Path


EMBEDDINGS = ("embeddings.json", "vectors.safetensors")
MODEL = ("kptm.json", "fusion.safetensors")
"""Files by which the folder of a stage is recognised."""


@dataclass(frozen=True, slots=True)
class Layout:
    """The paths of a workspace.

    Attributes:
        folder: The workspace.
    """

    folder: Path

    @property
    def config(self) -> Path:
        """The settings."""
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
        """The graph's file, with the files that SQLite writes beside it."""
        name = self.graph.name
        return (self.graph, *(self.folder / (name + end) for end in ("-wal", "-shm", "-journal")))

    @property
    def snapshots(self) -> Path:
        """The snapshots of modeledge's indexes."""
        return self.folder / "graph.db.index"

    @property
    def linking(self) -> Path:
        """The indexes of the linker."""
        return self.folder / "linking"

    @property
    def linking_index(self) -> Path:
        """The names and features of entities as arrays."""
        return self.linking / "index"

    @property
    def linking_encoder(self) -> Path:
        """The vectors of descriptions and relations."""
        return self.linking / "encoder"

    @property
    def embeddings(self) -> Path:
        """The embeddings of the graph."""
        return self.folder / "embeddings"

    @property
    def embeddings_checkpoint(self) -> Path:
        """The checkpoint of an interrupted training of embeddings."""
        return self.folder / "embeddings.checkpoint"

    @property
    def embeddings_partitions(self) -> Path:
        """An unfinished training of embeddings on disk."""
        return self.folder / "embeddings.partitions"

    @property
    def model(self) -> Path:
        """The fused model."""
        return self.folder / "model"

    @property
    def pretraining(self) -> Path:
        """The files of an unfinished pretraining."""
        return self.folder / "pretraining"

    @property
    def pretraining_start(self) -> Path:
        """The model from which the pretraining started."""
        return self.pretraining / "start"

    @property
    def pretraining_run(self) -> Path:
        """The identity of the pretraining: its texts, embeddings and settings."""
        return self.pretraining / "run.json"

    @property
    def finetuned(self) -> Path:
        """The fine-tuned models, one folder per task."""
        return self.folder / "finetuned"

    def finetuned_for(self, task: str) -> Path:
        """The fine-tuned model of a task."""
        return self.finetuned / task

    @property
    def compressed(self) -> Path:
        """The compressed models, one folder per model."""
        return self.folder / "compressed"

    def compressed_for(self, name: str) -> Path:
        """The compressed model with a name, which lists the methods of compression."""
        return self.compressed / name

    @property
    def modules(self) -> Path:
        """The modules of the model, one folder per module."""
        return self.folder / "modules"

    def module_for(self, name: str) -> Path:
        """The module with a name."""
        return self.modules / name

    @property
    def phrasings(self) -> Path:
        """The phrasings of relations in the texts."""
        return self.folder / "phrasings.json"

    @property
    def reader(self) -> Path:
        """The reader of passages."""
        return self.folder / "reader.safetensors"

    @property
    def questions(self) -> Path:
        """The parser's weights, trained on answered questions."""
        return self.folder / "questions.json"

    @property
    def lessons(self) -> Path:
        """The answered questions, to which later trainings add."""
        return self.folder / "learnt.jsonl"

    @property
    def weights(self) -> Path:
        """The weights of the sources of answers."""
        return self.folder / "weights.json"

    @property
    def extractor(self) -> Path:
        """The extractor of facts from texts."""
        return self.folder / "extraction.safetensors"

    @property
    def duplicates(self) -> Path:
        """The weights by which duplicates are found, fitted to reviewed pairs."""
        return self.folder / "duplicates.json"

    @property
    def sync_manifest(self) -> Path:
        """The files that ``kptm sync`` has read, with their hashes."""
        return self.folder / "sync.json"

    @property
    def tokens(self) -> Path:
        """The hashed tokens of a server's clients; no stage makes it, and no backup has it."""
        return self.folder / "tokens.json"

    def lock(self, stage: str) -> Path:
        """The lock file of a stage."""
        return self.folder / f".kptm-{stage}.lock"

    @property
    def replaced(self) -> tuple[Path, ...]:
        """All paths written atomically, of which a killed process may leave temporary files."""
        return (
            self.config,
            self.state,
            self.graph,
            self.embeddings,
            self.embeddings_checkpoint,
            self.embeddings_partitions,
            self.model,
            self.pretraining,
            self.phrasings,
            self.reader,
            self.questions,
            self.lessons,
            self.weights,
            self.extractor,
            self.duplicates,
            self.sync_manifest,
            self.tokens,
        )

    @property
    def model_folders(self) -> tuple[Path, ...]:
        """The folders of which each entry is a model or module, written atomically."""
        return (self.finetuned, self.compressed, self.modules)

    @property
    def stages(self) -> tuple[Path, ...]:
        """The outputs of all stages, without the graph."""
        return (
            self.linking,
            self.embeddings,
            self.embeddings_checkpoint,
            self.embeddings_partitions,
            self.model,
            self.pretraining,
            self.finetuned,
            self.compressed,
            self.modules,
            self.phrasings,
            self.reader,
            self.questions,
            self.lessons,
            self.weights,
            self.extractor,
            self.duplicates,
            self.sync_manifest,
        )

    @property
    def has_embeddings(self) -> bool:
        """Whether there are embeddings, intact or not."""
        return any((self.embeddings / name).exists() for name in EMBEDDINGS)

    @property
    def has_model(self) -> bool:
        """Whether there is a model, intact or not."""
        return any((self.model / name).exists() for name in MODEL)

    def check_output(self, path: Path) -> None:
        """Refuse to write a result over a part of the workspace.

        Raises:
            WorkspaceError: ``path`` is a part of the workspace, directly or through links.
        """
        real = path.resolve()
        files = (self.config, self.state, self.tokens, *self.graph_files)
        if any(real == own.resolve() for own in files) or any(
            real.is_relative_to(own.resolve()) for own in (*self.stages, self.snapshots)
        ):
            raise WorkspaceError(f"{path}: is a part of the workspace; name another file")

    def is_workspace(self) -> bool:
        """Whether the folder is a workspace."""
        return self.config.exists()
