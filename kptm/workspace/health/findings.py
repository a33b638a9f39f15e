"""The findings of an examination of a workspace."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Finding:
    """A fault of a workspace, or advice.

    Attributes:
        name: The kind of problem, such as ``embeddings-damaged``.
        broken: Whether something does not work; otherwise it is advice.
        text: The problem, and where it is.
        remedy: The command to run, or the next step.
    """

    name: str
    broken: bool
    text: str
    remedy: str


@dataclass(frozen=True, slots=True)
class HealthReport:
    """The health of a workspace.

    Attributes:
        folder: The workspace.
        versions: By name: kptm, Python, SQLite, the required libraries, and the formats of stored
            files.
        sizes: Bytes by part of the workspace; ``other`` is what kptm did not write.
        free: Free bytes on its disk.
        findings: Faults first, then advice; empty for a healthy workspace.
    """

    folder: str
    versions: dict[str, str]
    sizes: dict[str, int]
    free: int
    findings: tuple[Finding, ...]

    @property
    def broken(self) -> bool:
        """Whether something does not work."""
        return any(finding.broken for finding in self.findings)

    def to_dict(self) -> dict[str, Any]:
        """The values as JSON has them."""
        return {
            **asdict(self),
            "findings": [asdict(finding) for finding in self.findings],
            "broken": self.broken,
        }
