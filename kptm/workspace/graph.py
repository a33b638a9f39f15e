"""The graph of a workspace: loading, export, and entity linking."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from kg.errors import UnknownKeyError, shorten
from kg.files import temporary
from kptm.linking import LinkedText, Linker
from kptm.linking.disambiguation.description_encoder import Encoder
from kptm.linking.disambiguation.disambiguation_model import Weights
from kptm.workspace.database.workspace_tables import WorkspaceTables
from kptm.workspace.files.graph_state import note_graph
from kptm.workspace.layout import Layout

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from kg.formats.text.layout import Columns
    from kg.formats.wikidata_subset import WikidataSubset
    from kg.graph import OnError
    from kg.loading.rows import Rows
    from kg.loading.tables import Types
    from kg.types import ExportReport, LoadReport
    from kptm.workspace.config import WorkspaceConfig


class WorkspaceGraph:
    """The graph of a workspace and its linker.

    Args:
        folder: The workspace.
        config: Its settings.
        tables: The place of its tables; by default where the settings say.

    Attributes:
        tables: The place of its tables.
        on_change: Called when the graph, or anything derived from it, has changed.
        on_end: Called in the transaction of a load that ended facts, with its revision.
        on_merge: Called in the transaction of a merge, with its revision and pairs (gone, kept).
    """

    def __init__(
        self, folder: Path, config: WorkspaceConfig, tables: WorkspaceTables | None = None
    ) -> None:
        self.folder, self.config, self.layout = folder, config, Layout(folder)
        self.tables = tables or WorkspaceTables(self.layout, config.database)
        linking, encoder_folder = config.linking, self.layout.linking_encoder
        # If both use the same encoder, it is loaded once; its vectors are stored by its
        # fingerprint.
        names = {name for name in (linking.encoder, config.answering.encoder) if name}
        encoders = {
            name: Encoder(name, folder=encoder_folder, device=linking.device)
            for name in sorted(names)
        }
        encoder = encoders.get(linking.encoder)
        self.question_encoder = encoders.get(config.answering.encoder)
        weights = Weights.load(linking.weights) if linking.weights else None
        temporary.recover(folder, [path.name for path in self.layout.replaced])
        for models in self.layout.model_folders:
            temporary.recover_all(models, re.compile(".+", re.DOTALL))
        self.graph = self.tables.open_graph(config)
        note_graph(self.layout, self.graph.revision())
        index = self.layout.linking_index
        self.linker = Linker(
            self.graph,
            weights=weights,
            encoder=encoder,
            folder=index,
            policy=None if weights else linking.policy,
            coreference=linking.coreference,
        )
        self.on_change: list[Callable[[], None]] = []
        self.on_end: list[Callable[[int], None]] = []
        self.on_merge: list[Callable[[int, Mapping[str, str]], None]] = []

    def note_change(self) -> None:
        """Call ``on_change``, since the graph or anything derived from it has changed."""
        for follow in self.on_change:
            follow()

    def note_ended_facts(self, revision: int) -> None:
        """Call ``on_end``, in the transaction of a load, since facts have ended."""
        for follow in self.on_end:
            follow(revision)

    def note_merge(self, revision: int, pairs: Mapping[str, str]) -> None:
        """Call ``on_merge``, in the transaction of a merge, with its pairs (gone, kept)."""
        for follow in self.on_merge:
            follow(revision, pairs)

    def _load_and_end(self, load: Callable[[], LoadReport]) -> LoadReport:
        """Load, and in the same transaction end everything derived from facts that have ended."""
        self.note_change()
        with self.graph.transaction():
            report = load()
            if report.revision is not None and report.ended:
                self.note_ended_facts(report.revision)
            return report

    def load(
        self,
        path: str | Path | Rows,
        *,
        format: str | None = None,
        columns: Columns | None = None,
        key: str | None = None,
        split: str | None = None,
        header: bool | None = None,
        types: Types = None,
        subset: WikidataSubset | None = None,
        source: str | None = None,
        add: bool | None = None,
        on_error: OnError = "raise",
        rejected: str | Path | None = None,
        create_entities: bool = True,
        progress: Callable[[int], None] | None = None,
    ) -> LoadReport:
        """Load triples (:meth:`kg.KnowledgeGraph.load`); the settings complete ``types``."""
        from kg.loading.table_values import TypeSettings  # imports NumPy

        settled = self.config.graph.types
        if settled and types is not False and not isinstance(types, TypeSettings):
            stated = types if isinstance(types, Mapping) else {}
            types = TypeSettings(stated=stated, defaults=settled)
        load = partial(
            self.graph.load,
            path,
            format=format,
            columns=columns,
            key=key,
            split=split,
            header=header,
            types=types,
            subset=subset,
            source=source,
            add=add,
            on_error=on_error,
            rejected=rejected,
            create_entities=create_entities,
            progress=progress,
        )
        return self._load_and_end(load)

    def load_entities(
        self,
        path: str | Path,
        *,
        format: str | None = None,
        columns: Sequence[str] | None = None,
        source: str | None = None,
        add: bool | None = None,
        on_error: OnError = "raise",
        rejected: str | Path | None = None,
        progress: Callable[[int], None] | None = None,
    ) -> LoadReport:
        """Load entities; see :meth:`kg.KnowledgeGraph.load_entities`."""
        load = partial(
            self.graph.load_entities,
            path,
            format=format,
            columns=columns,
            source=source,
            add=add,
            on_error=on_error,
            rejected=rejected,
            progress=progress,
        )
        return self._load_and_end(load)

    def link(self, texts: Iterable[str]) -> Iterator[LinkedText]:
        """Link a stream of texts to the graph, with the settings under ``[linking]``."""
        return self.linker.link_many(texts, n_jobs=self.config.linking.jobs)

    def link_senses(self, texts: Iterable[str]) -> Iterator[LinkedText]:
        """Link a stream of texts, however improbable the links, as passages need them."""
        return self.linker.link_many(texts, n_jobs=self.config.linking.jobs, threshold=0.0)

    def export(self, target: str | Path, *, format: str | None = None) -> ExportReport:
        """Write the graph to a file; see :meth:`kg.KnowledgeGraph.export`."""
        self.layout.check_output(Path(target))
        return self.graph.export(target, format=format)

    def resolve(self, name: str) -> str:
        """The key of a key, label or alias; the likeliest sense of an ambiguous name.

        Raises:
            UnknownKeyError: The graph has no such entity; the message suggests similar names.
        """
        known = self.graph.entities([name]).get(name)
        if known is not None:
            return known.key
        senses = self.linker.candidates(name)
        if not senses:
            reason = self.graph.suggestion(name)
            raise UnknownKeyError(f"no entity is called {shorten(name)!r}{reason}")
        return senses[0].entity
