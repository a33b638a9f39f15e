"""The result of linking a corpus."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class CorpusReport:
    """What was linked, and what was skipped.

    Attributes:
        shards: The number of shards.
        made: The shards that this run linked; earlier runs linked the others.
        documents: The documents of all shards.
        links: The links of all shards.
        rejected: The lines that are no documents.
        rejected_examples: The first of them: file, line and reason.
        rejected_file: The file with all of them, as JSON Lines; "" if there is none.
        lost_workers: The workers that died; their shards were linked again.
    """

    shards: int
    made: int
    documents: int
    links: int
    rejected: int
    rejected_examples: tuple[str, ...]
    rejected_file: str
    lost_workers: int

    def to_dict(self) -> dict[str, Any]:
        """A JSON value."""
        return asdict(self)
