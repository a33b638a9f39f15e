"""A workspace: the folder of one project, and all operations on it.

graph.db          the graph, passages and modeledge, unless PostgreSQL has them
graph.db.index/   snapshots of modeledge's indexes
linking/          indexes of the linker over the graph, as arrays
embeddings/       vectors of the graph's entities
model/            the fused model
pretraining/      checkpoints of an unfinished run
finetuned/        fine-tuned models, one folder per task
compressed/       compressed models beside the model, one folder each
modules/          named modules of the model, one folder each
phrasings.json    phrasings of relations in the texts
reader.safetensors  the reader of passages, fitted on facts of the graph
questions.json    the weights of the parser, trained on answered questions
learnt.jsonl      these questions, for later trainings
weights.json      the weights of sources, fitted on questions without an answer in the graph
extraction.safetensors  the extractor of facts from texts
duplicates.json   the weights by which duplicates are found, fitted to reviewed pairs
sync.json         the files that sync has read
tokens.json       hashes of the tokens with which clients use a server
kptm.toml         settings

Every stage writes its files atomically.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kg.errors import StoreError
from kg.lazy import lazy
from kptm.errors import WorkspaceError
from kptm.workspace import config as workspace_config
from kptm.workspace.answers import WorkspaceAnswers
from kptm.workspace.changes.edits import WorkspaceEdits
from kptm.workspace.changes.merges import WorkspaceDuplicates
from kptm.workspace.config import WorkspaceConfig
from kptm.workspace.database.database_config import split_password
from kptm.workspace.database.workspace_tables import WorkspaceTables
from kptm.workspace.delegation import Delegated
from kptm.workspace.embeddings import WorkspaceEmbeddings
from kptm.workspace.extraction import WorkspaceExtraction
from kptm.workspace.files.graph_state import note_graph
from kptm.workspace.graph import WorkspaceGraph
from kptm.workspace.layout import Layout
from kptm.workspace.lookups import WorkspaceLookups
from kptm.workspace.models import WorkspaceModels
from kptm.workspace.stages.compressed_models import CompressedModels
from kptm.workspace.stages.fused_modules import FusedModules
from kptm.workspace.stages.linked_corpora import LinkedCorpora
from kptm.workspace.sync import WorkspaceSync

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType

    from kptm.modeledge import Modeledge
    from kptm.workspace.backup.backup_key import BackupKey
    from kptm.workspace.backup.backup_reader import restore
    from kptm.workspace.backup.backup_writer import BackupReport, back_up
    from kptm.workspace.changes.additions import AddReport
    from kptm.workspace.changes.merges import DuplicateFit, DuplicateReport
    from kptm.workspace.changes.purge import Purged, PurgePlan
    from kptm.workspace.config import GraphConfig
    from kptm.workspace.database.database_config import DatabaseConfig
    from kptm.workspace.database.move import MoveReport, move
    from kptm.workspace.files.learnt_files import ChangeReport
    from kptm.workspace.files.stage_files import Artefact
    from kptm.workspace.health.examination import examine
    from kptm.workspace.health.findings import Finding, HealthReport
    from kptm.workspace.lookups import HasModeledge
    from kptm.workspace.review_items import AcceptanceRule, ReviewItem
    from kptm.workspace.sync import FileChange, SyncReport

__all__ = [
    "AcceptanceRule",
    "AddReport",
    "Artefact",
    "BackupKey",
    "BackupReport",
    "ChangeReport",
    "DatabaseConfig",
    "DuplicateFit",
    "DuplicateReport",
    "FileChange",
    "Finding",
    "GraphConfig",
    "HasModeledge",
    "HealthReport",
    "Layout",
    "MoveReport",
    "PurgePlan",
    "Purged",
    "ReviewItem",
    "SyncReport",
    "Workspace",
    "WorkspaceConfig",
    "WorkspaceTables",
    "back_up",
    "examine",
    "move",
    "restore",
]
_HOMES = {
    "kptm.workspace.backup.backup_key": ("BackupKey",),
    "kptm.workspace.backup.backup_writer": ("BackupReport", "back_up"),
    "kptm.workspace.backup.backup_reader": ("restore",),
    "kptm.workspace.changes.additions": ("AddReport",),
    "kptm.workspace.changes.merges": ("DuplicateFit", "DuplicateReport"),
    "kptm.workspace.changes.purge": ("PurgePlan", "Purged"),
    "kptm.workspace.config": ("GraphConfig",),
    "kptm.workspace.database.database_config": ("DatabaseConfig",),
    "kptm.workspace.database.move": ("MoveReport", "move"),
    "kptm.workspace.extraction": ("AcceptanceRule", "ReviewItem"),
    "kptm.workspace.files.learnt_files": ("ChangeReport",),
    "kptm.workspace.files.stage_files": ("Artefact",),
    "kptm.workspace.health.examination": ("examine",),
    "kptm.workspace.health.findings": ("Finding", "HealthReport"),
    "kptm.workspace.lookups": ("HasModeledge",),
    "kptm.workspace.sync": ("FileChange", "SyncReport"),
}
__getattr__, __dir__ = lazy(__name__, _HOMES)


class Workspace:
    """A project in a folder; a context manager."""

    def __init__(
        self, folder: Path, config: WorkspaceConfig, tables: WorkspaceTables | None = None
    ) -> None:
        self._base = base = WorkspaceGraph(folder, config, tables)
        self._vectors = WorkspaceEmbeddings(base)
        self._models = WorkspaceModels(base, self._vectors)
        self._compressed = CompressedModels(base, self._models)
        self._modules = FusedModules(base, self._models)
        self._answers = WorkspaceAnswers(base, self._vectors, self._models, self._modules)
        self._edits = WorkspaceEdits(base, self._models, self._answers)
        self._lookups = WorkspaceLookups(base, self._vectors, self._models)
        self._extraction = WorkspaceExtraction(base)
        self._duplicates = WorkspaceDuplicates(base, self._vectors, self._models)
        self._corpora = LinkedCorpora(base)
        self._sync = WorkspaceSync(base, self._models, self._edits, self._extraction)
        self.folder, self.layout = base.folder, base.layout
        self.graph, self.linker = base.graph, base.linker
        self.passages = self._models.passages

    @classmethod
    def init(
        cls,
        folder: str | Path,
        config: WorkspaceConfig | None = None,
        *,
        database: str | None = None,
        partitions: int | None = None,
    ) -> Workspace:
        """Create a workspace in ``folder``, which is created if needed.

        Args:
            folder: The folder.
            config: The settings.
            database: The URL of a PostgreSQL database for graph, passages and modeledge, in place
                of a file in the folder. A password in it is used now and not stored. If the
                database already has a graph, the workspace uses it.
            partitions: The number of hash partitions of that database's largest tables, from 2 to
                128; by default they are not divided. An existing graph must have this number.

        Raises:
            WorkspaceError: There is a workspace already, or the path is a file.
            ConfigError: The URL is malformed, or not one of PostgreSQL.
            StoreError: The database cannot be reached, has tables of other programs, or cannot
                have these partitions.
        """
        folder = Path(folder)
        layout = Layout(folder)
        if layout.is_workspace():
            raise WorkspaceError(
                f"{folder}: is a workspace already; open it, or name another folder"
            )
        if folder.exists() and not folder.is_dir():
            raise WorkspaceError(f"{folder}: is a file; name a folder")
        config, password = config or WorkspaceConfig(), None
        if database is not None:
            url, password = split_password(database)
            config = replace(config, database=replace(config.database, url=url))
        tables = WorkspaceTables(layout, config.database, password=password)
        tables.create(partitions)  # first, so that a wrong URL leaves no workspace
        folder.mkdir(parents=True, exist_ok=True)
        workspace_config.write(layout.config, config)
        return cls(folder, config, tables)

    @classmethod
    def open(
        cls, folder: str | Path, *, create: bool = True, changes: Iterable[str] = ()
    ) -> Workspace:
        """Open a workspace; an empty or missing folder becomes one.

        Args:
            folder: The folder.
            create: Whether to create a workspace if there is none.
            changes: Settings for this session only, as ``section.key=value``.

        Raises:
            WorkspaceError: The folder has other content, or has no workspace and ``create`` is
                False.
            ConfigError: Its ``kptm.toml``, or a change, is malformed.
        """
        folder = Path(folder)
        layout = Layout(folder)
        if layout.is_workspace():
            return cls(folder, workspace_config.read(layout.config).with_changes(changes))
        if folder.is_dir() and any(folder.iterdir()):
            raise WorkspaceError(f"{folder}: is not a workspace (no kptm.toml) and is not empty")
        if not create:
            raise WorkspaceError(f"{folder}: there is no workspace; make one with kptm init")
        return cls.init(folder)

    def close(self) -> None:
        """Close the database."""
        with suppress(StoreError):
            note_graph(self.layout, self.graph.revision())
        self._models.close()
        self.graph.close()

    def __enter__(self) -> Workspace:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    # ── the graph ───────────────────────────────────────────────────────────────────────────────

    load = Delegated("_base", WorkspaceGraph.load)
    load_entities = Delegated("_base", WorkspaceGraph.load_entities)
    link = Delegated("_base", WorkspaceGraph.link)
    link_corpus = Delegated("_corpora", LinkedCorpora.link_corpus)
    export = Delegated("_base", WorkspaceGraph.export)
    resolve = Delegated("_base", WorkspaceGraph.resolve)

    # ── embeddings ──────────────────────────────────────────────────────────────────────────────

    embed = Delegated("_vectors", WorkspaceEmbeddings.embed)
    embedding_config = Delegated("_vectors", WorkspaceEmbeddings.embedding_config)
    take_vectors = Delegated("_vectors", WorkspaceEmbeddings.take_vectors)
    embeddings = Delegated("_vectors", WorkspaceEmbeddings.embeddings)

    # ── models, passages, modeledge ─────────────────────────────────────────────────────────────

    pretrain = Delegated("_models", WorkspaceModels.pretrain)
    model = Delegated("_models", WorkspaceModels.model)
    answering_model = Delegated("_models", WorkspaceModels.answering_model)
    pretrain_module = Delegated("_modules", FusedModules.pretrain_module)
    modular_model = Delegated("_modules", FusedModules.modular_model)
    export_onnx = Delegated("_models", WorkspaceModels.export_onnx)
    compress = Delegated("_compressed", CompressedModels.compress)
    finetune = Delegated("_models", WorkspaceModels.finetune)
    index = Delegated("_models", WorkspaceModels.index)
    fit_reader = Delegated("_models", WorkspaceModels.fit_reader)
    reader = Delegated("_models", WorkspaceModels.reader)
    phrasings = Delegated("_models", WorkspaceModels.phrasings)

    # ── answers ─────────────────────────────────────────────────────────────────────────────────

    predictor = Delegated("_answers", WorkspaceAnswers.predictor)
    refresh = Delegated("_answers", WorkspaceAnswers.refresh)
    ask = Delegated("_answers", WorkspaceAnswers.ask)
    ask_many = Delegated("_answers", WorkspaceAnswers.ask_many)
    conversation = Delegated("_answers", WorkspaceAnswers.conversation)
    query = Delegated("_answers", WorkspaceAnswers.query)
    relabel = Delegated("_answers", WorkspaceAnswers.relabel)
    recall = Delegated("_answers", WorkspaceAnswers.recall)
    learn = Delegated("_answers", WorkspaceAnswers.learn)
    learn_questions = Delegated("_answers", WorkspaceAnswers.learn_questions)

    # ── edits ───────────────────────────────────────────────────────────────────────────────────

    add = Delegated("_edits", WorkspaceEdits.add)
    edit = Delegated("_edits", WorkspaceEdits.edit)
    forget = Delegated("_edits", WorkspaceEdits.forget)
    undo = Delegated("_edits", WorkspaceEdits.undo)
    changes = Delegated("_edits", WorkspaceEdits.changes)
    receipts = Delegated("_edits", WorkspaceEdits.receipts)
    purge = Delegated("_edits", WorkspaceEdits.purge)
    plan_purge = Delegated("_edits", WorkspaceEdits.plan_purge)

    # ── lookups ─────────────────────────────────────────────────────────────────────────────────

    search = Delegated("_lookups", WorkspaceLookups.search)
    describe = Delegated("_lookups", WorkspaceLookups.describe)
    history = Delegated("_lookups", WorkspaceLookups.history)
    revisions = Delegated("_lookups", WorkspaceLookups.revisions)
    paths = Delegated("_lookups", WorkspaceLookups.paths)
    neighbours = Delegated("_lookups", WorkspaceLookups.neighbours)
    predict = Delegated("_lookups", WorkspaceLookups.predict)
    predict_facts = Delegated("_lookups", WorkspaceLookups.predict_facts)
    near = Delegated("_lookups", WorkspaceLookups.near)
    classify = Delegated("_lookups", WorkspaceLookups.classify)
    verify = Delegated("_lookups", WorkspaceLookups.verify)
    migrate = Delegated("_lookups", WorkspaceLookups.migrate)
    merge = Delegated("_lookups", WorkspaceLookups.merge)

    # ── extraction of facts from texts ──────────────────────────────────────────────────────────

    extract = Delegated("_extraction", WorkspaceExtraction.extract)
    learn_extractor = Delegated("_extraction", WorkspaceExtraction.learn_extractor)
    extractor = Delegated("_extraction", WorkspaceExtraction.extractor)
    evaluate_extraction = Delegated("_extraction", WorkspaceExtraction.evaluate_extraction)
    proposals = Delegated("_extraction", WorkspaceExtraction.proposals)
    review = Delegated("_extraction", WorkspaceExtraction.review)
    propose = Delegated("_extraction", WorkspaceExtraction.propose)
    accept = Delegated("_extraction", WorkspaceExtraction.accept)
    accept_all = Delegated("_extraction", WorkspaceExtraction.accept_all)
    reject = Delegated("_extraction", WorkspaceExtraction.reject)
    change_proposal = Delegated("_extraction", WorkspaceExtraction.change_proposal)
    check = Delegated("_extraction", WorkspaceExtraction.check)

    # ── duplicates ──────────────────────────────────────────────────────────────────────────────

    duplicates = Delegated("_duplicates", WorkspaceDuplicates.duplicates)
    merge_entities = Delegated("_duplicates", WorkspaceDuplicates.merge_entities)
    fit_duplicates = Delegated("_duplicates", WorkspaceDuplicates.fit_duplicates)

    # ── synchronisation with a folder ───────────────────────────────────────────────────────────

    sync = Delegated("_sync", WorkspaceSync.sync)
    forget_file = Delegated("_sync", WorkspaceSync.forget_file)

    @property
    def modeledge(self) -> Modeledge:
        """The store of modeledge, in the graph's database."""
        return self._models.modeledge

    @property
    def config(self) -> WorkspaceConfig:
        """The settings."""
        return self._base.config

    @config.setter
    def config(self, config: WorkspaceConfig) -> None:
        self._base.config = config

    # ── statistics and settings ──────────────────────────────────────────────────────────────

    def stats(self) -> dict[str, Any]:
        """Counts of the graph, and the stages that have been run."""
        return {
            **self.graph.stats(),
            "passages": len(self.passages),
            "modeledge": sum(self.modeledge.stats().values()),
            "embeddings": self.layout.has_embeddings,
            "model": self.layout.has_model,
        }

    def settings(self) -> dict[str, Any]:
        """All settings, in the form of ``kptm.toml``."""
        return asdict(self.config)
