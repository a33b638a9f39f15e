"""Examines a workspace; it changes nothing."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from kg.errors import KGError
from kg.graph import KnowledgeGraph
from kg.sql.database import Database
from kptm.errors import ConfigError, WorkspaceError
from kptm.workspace import config
from kptm.workspace.health.database_checks import check_database
from kptm.workspace.health.disk_space import disk_space
from kptm.workspace.health.findings import Finding, HealthReport
from kptm.workspace.health.leftovers import check_leftovers
from kptm.workspace.health.stage_checks import check_stages, formats_of
from kptm.workspace.health.stale_outputs import check_staleness
from kptm.workspace.health.vector_checks import check_vectors
from kptm.workspace.health.versions import versions
from kptm.workspace.layout import Layout

if TYPE_CHECKING:
    from collections.abc import Iterator


def examine(folder: str | Path) -> HealthReport:
    """Examine a workspace: versions, integrity, staleness, leftovers and disk.

    Nothing is written, not even a migration; a workspace that cannot be opened is examined too.

    Args:
        folder: The workspace.

    Raises:
        WorkspaceError: The folder is not a workspace.
    """
    layout = Layout(Path(folder))
    if not layout.is_workspace() and not layout.config.is_symlink():
        raise WorkspaceError(f"{folder}: there is no workspace; make one with kptm init")
    found, findings = versions()
    sizes, free, low = disk_space(layout)
    findings += [*low, *_settings(layout)]
    problems, readable = check_database(layout)
    findings += [*problems, *check_stages(layout), *check_leftovers(layout)]
    if readable:
        findings += _examine_graph(layout)
    return HealthReport(
        folder=str(folder),
        versions={**found, **formats_of(layout)},
        sizes=sizes,
        free=free,
        findings=tuple(sorted(findings, key=lambda one: not one.broken)),
    )


def _settings(layout: Layout) -> Iterator[Finding]:
    try:
        if not layout.config.is_file():
            raise ConfigError(f"{layout.config}: is not a plain file")
        config.read(layout.config)
    except (ConfigError, OSError) as error:
        remedy = f"correct {layout.config.name}, or take that of a new workspace: kptm init"
        yield Finding("settings-malformed", True, str(error), remedy)


def _examine_graph(layout: Layout) -> list[Finding]:
    try:
        with closing(KnowledgeGraph(Database(layout.graph, read_only=True))) as graph:
            return [*check_vectors(graph, layout.snapshots), *check_staleness(layout, graph)]
    except KGError as error:
        remedy = "run kptm doctor again; if it says the same, restore a backup: kptm restore"
        return [Finding("database-unreadable", True, str(error), remedy)]
