"""A workspace: one folder, one project, the same verbs wired together.

    graph.db          the graph and modeledge (SQL is the truth)
    graph.db.index/   snapshots of modeledge's indexes
    linking/          what linking knows of the graph, as arrays
    embeddings/       vectors of the graph's entities
    model/            the fused model
    pretraining/      checkpoints of a run that has not ended
    finetuned/        models fine-tuned for a task, a folder each
    phrasings.json    how the texts say relations
    reader.safetensors  what reads answers out of passages, fitted on the graph's own facts
    questions.json    what was learnt from answered questions
    learnt.jsonl      those questions, to which others are added
    weights.json      how much modeledge weighs, fitted on those that the graph is silent on
    extraction.safetensors  what reads facts out of texts
    sync.json         the files that sync has seen
    kptm.toml         settings

What a stage writes appears whole or not at all.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kg.errors import StoreError
from kptm import workspace_config
from kptm.errors import WorkspaceError
from kptm.workspace_config import WorkspaceConfig
from kptm.workspace_layout import Layout
from kptm.workspace_state import note_graph
from kptm.workspace_sync import WorkspaceSync

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType


class Workspace(WorkspaceSync):
    """One project in one folder. A context manager."""

    @classmethod
    def init(cls, folder: str | Path, config: WorkspaceConfig | None = None) -> Workspace:
        """Make a new workspace in ``folder``, which is created.

        Raises:
            WorkspaceError: There is a workspace already, or a file in the way.
        """
        folder = Path(folder)
        layout = Layout(folder)
        if layout.is_workspace():
            raise WorkspaceError(
                f"{folder}: is a workspace already; open it, or name another folder"
            )
        if folder.exists() and not folder.is_dir():
            raise WorkspaceError(f"{folder}: is a file; name a folder")
        folder.mkdir(parents=True, exist_ok=True)
        config = config or WorkspaceConfig()
        workspace_config.write(layout.config, config)
        return cls(folder, config)

    @classmethod
    def open(
        cls, folder: str | Path, *, create: bool = True, changes: Iterable[str] = ()
    ) -> Workspace:
        """Open a workspace; a folder that is not there, or is empty, becomes one.

        Args:
            folder: Where it is.
            create: Whether to make one where there is none.
            changes: Settings for this time only, as ``section.key=value``.

        Raises:
            WorkspaceError: The folder holds other things, or there is none and none is to be made.
            ConfigError: Its ``kptm.toml``, or a change, is malformed.
        """
        folder = Path(folder)
        layout = Layout(folder)
        if layout.is_workspace():
            return cls(folder, workspace_config.read(layout.config).replaced(changes))
        if folder.is_dir() and any(folder.iterdir()):
            raise WorkspaceError(f"{folder}: is no workspace (no kptm.toml) and is not empty")
        if not create:
            raise WorkspaceError(f"{folder}: there is no workspace; make one with kptm init")
        return cls.init(folder)

    def close(self) -> None:
        """Close the database."""
        with suppress(StoreError):
            note_graph(self.layout, self.graph.revision())
        if self._modeledge is not None:
            self._modeledge.close()
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

    # ── looking ──────────────────────────────────────────────────────────────────────────────

    def stats(self) -> dict[str, Any]:
        """Counts of the graph, and which stages have been run."""
        return {
            **self.graph.stats(),
            "passages": len(self.passages),
            "modeledge": sum(self.modeledge.stats().values()),
            "embeddings": self.layout.has_embeddings,
            "model": self.layout.has_model,
        }

    def settings(self) -> dict[str, Any]:
        """Every setting, as ``kptm.toml`` holds it."""
        return asdict(self.config)
