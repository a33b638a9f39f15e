"""doctor: the health of a workspace, and what to run next."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from kptm.cli.output.common import show, verb, workspace_argument

if TYPE_CHECKING:
    from kptm.workspace import HealthReport

_SHOWN = ("kptm", "schema", "python", "sqlite", "torch", "transformers", "pykeen", "faiss-cpu")


@click.command()
@workspace_argument
@verb
def doctor(workspace: str, as_json: bool) -> None:
    """Examine WORKSPACE: versions, damage, outdated outputs, leftovers, disk space.

    Each finding says what to run next. Nothing is changed. Exit code 1 if something is broken, 0 if
    there is only advice.
    """
    from kptm.workspace import examine

    report = examine(workspace)
    show(report.to_dict(), as_json, "\n".join(_lines(report)))
    if report.broken:
        raise click.exceptions.Exit(1)


def _lines(report: HealthReport) -> list[str]:
    lines = [", ".join(f"{name} {report.versions[name]}" for name in _SHOWN
                       if name in report.versions)]  # fmt: skip
    sizes = {name: size for name, size in report.sizes.items() if size}
    parts = ", ".join(f"{name} {_bytes(size)}" for name, size in sizes.items())
    lines.append(f"{_bytes(sum(sizes.values()))} ({parts}); {_bytes(report.free)} free")
    for finding in report.findings:
        lines.append(f"{'broken' if finding.broken else 'advice'}  {finding.name}: {finding.text}")
        lines.append(f"        {finding.remedy}")
    return lines if report.findings else [*lines, "healthy"]


def _bytes(count: int) -> str:
    size = float(count)
    for unit in ("bytes", "KB", "MB", "GB"):
        if size < 1000:  # the step between units
            return f"{size:,.0f} {unit}" if unit == "bytes" else f"{size:,.1f} {unit}"
        size /= 1000
    return f"{size:,.1f} TB"
