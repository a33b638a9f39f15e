"""How files are to be loaded: what each holds, and the layout of tables."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kg.formats.reader import TRIPLES, choose
from kg.formats.text.table_guess import guess_table
from kptm.errors import WorkspaceError
from kptm.sync.folder import FileKind, files_of, kind_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kg.formats.text.table_guess import TableGuess

ENTITY_COLUMNS = {"key", "label", "aliases", "description", "types", "prior"}
"""The columns of an entities file; see :meth:`kg.KnowledgeGraph.load_entities`."""


@dataclass(frozen=True, slots=True)
class FilePlan:
    """How a file is to be loaded.

    Attributes:
        path: The file.
        kind: The kind of its content.
        table: The layout of a CSV or TSV file with facts; None for other files.
    """

    path: Path
    kind: FileKind
    table: TableGuess | None = None

    @property
    def doubts(self) -> tuple[str, ...]:
        """The guesses that a person should check before the file is loaded."""
        return () if self.table is None else self.table.doubts

    def __str__(self) -> str:
        if self.table is None or self.table.layout == "triples":
            contents = "one fact per line" if self.kind == FileKind.TRIPLES else str(self.kind)
            return f"{self.path}: {contents}"
        relations = [name for name in self.table.columns if name and name != self.table.key]
        text = f"{self.path}: one entity per row, named by column {self.table.key!r}; "
        text += f"its relations are {', '.join(relations)}"
        if self.table.split:
            text += f"; {self.table.split!r} separates several values in a cell"
        return text


def plan_files(paths: Iterable[str | Path]) -> tuple[list[FilePlan], list[Path]]:
    """Plan the loading of files, and of all files below folders.

    Returns:
        The plans, entities first and texts last, and the files in folders whose format is unknown.

    Raises:
        WorkspaceError: A path is missing, or a given file has an unknown format.
        kg.TripleFormatError: A table is empty or has one column.
    """
    plans, unknown = [], []
    for name in paths:
        path = Path(name)
        if path.is_dir():
            for file in files_of(Path(os.path.abspath(path))):  # noqa: PTH100  # follows no links
                if file.kind is None:
                    unknown.append(file.path)
                else:
                    plans.append(_plan(file.path, file.kind))
            continue
        if not path.exists():
            raise WorkspaceError(f"{path}: there is no such file")
        kind = kind_of(path)
        if kind is None:
            raise WorkspaceError(
                f"{path}: no format has this suffix; name the format: kptm load --format NAME"
            )
        plans.append(_plan(path, kind))
    order = (FileKind.ENTITIES, FileKind.TRIPLES, FileKind.TEXTS)
    return sorted(plans, key=lambda plan: order.index(plan.kind)), unknown


def _plan(path: Path, kind: FileKind) -> FilePlan:
    if kind != FileKind.TRIPLES or not choose(path, TRIPLES, None).has_columns:
        return FilePlan(path, kind)
    guess = guess_table(path)
    columns = {name.casefold() for name in guess.columns}
    if "key" in columns and columns <= ENTITY_COLUMNS:
        return FilePlan(path, FileKind.ENTITIES)
    return FilePlan(path, kind, guess)
