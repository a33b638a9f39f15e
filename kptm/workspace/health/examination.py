"""Examines a workspace; it changes nothing."""

from __future__ import annotations

from pathlib import Path

from kg.errors import KGError
from kptm.errors import ConfigError, WorkspaceError
from kptm.workspace import config
from kptm.workspace.config import WorkspaceConfig
from kptm.workspace.database.workspace_tables import WorkspaceTables
from kptm.workspace.health.database_checks import check_database
from kptm.workspace.health.disk_space import disk_space
from kptm.workspace.health.findings import Finding, HealthReport
from kptm.workspace.health.leftovers import check_leftovers
from kptm.workspace.health.stage_checks import check_stages, formats_of
from kptm.workspace.health.stale_outputs import check_staleness
from kptm.workspace.health.vector_checks import check_vectors
from kptm.workspace.health.versions import versions
from kptm.workspace.layout import Layout


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
    installed, findings = versions()
    sizes, free, low = disk_space(layout)
    settings, malformed = _settings(layout)
    findings += [*low, *malformed]
    tables = WorkspaceTables(layout, settings.database)
    problems, readable = check_database(layout, tables)
    findings += [*problems, *check_stages(layout), *check_leftovers(layout)]
    if readable:
        findings += _examine_graph(layout, tables)
    return HealthReport(
        folder=str(folder),
        versions={**installed, **formats_of(layout)},
        sizes=sizes,
        free=free,
        findings=tuple(sorted(findings, key=lambda finding: not finding.broken)),
    )


def _settings(layout: Layout) -> tuple[WorkspaceConfig, list[Finding]]:
    """The settings; if they are malformed, the default ones and a finding."""
    try:
        if not layout.config.is_file():
            raise ConfigError(f"{layout.config}: is not a plain file")
        return config.read(layout.config), []
    except (ConfigError, OSError) as error:
        remedy = f"correct {layout.config.name}, or copy that of a new workspace: kptm init"
        return WorkspaceConfig(), [Finding("settings-malformed", True, str(error), remedy)]


def _examine_graph(layout: Layout, tables: WorkspaceTables) -> list[Finding]:
    try:
        with tables.read_only() as graph:
            return [*check_vectors(graph, layout.snapshots), *check_staleness(layout, graph)]
    except KGError as error:
        remedy = "run kptm doctor again; if the result is the same, restore a backup: kptm restore"
        return [Finding("database-unreadable", True, str(error), remedy)]
