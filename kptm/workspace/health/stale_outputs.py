"""Finds outputs that are older than their inputs: vectors, models, modeledge, texts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from kg.errors import KGError
from kptm.answering.evidence.staleness import entities_with_other_facts, training_revision
from kptm.errors import KPTMError
from kptm.modeledge.sql import oplog, spaces
from kptm.passages import Passages
from kptm.sync.manifest import Manifest, file_hash
from kptm.workspace.health.findings import Finding
from kptm.workspace.health.manifest_checks import EMBEDDINGS, read_json
from kptm.workspace.stages.answering_model import compressed_models

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kg.graph import KnowledgeGraph
    from kptm.workspace.layout import Layout

_MAX_NAMED_FILES = 3
"""Files that a finding names."""


def check_staleness(layout: Layout, graph: KnowledgeGraph) -> Iterator[Finding]:
    """The outputs that were made from an older state of the workspace."""
    embeddings = read_json(layout.embeddings / EMBEDDINGS)
    table = read_json(layout.model / "embeddings" / EMBEDDINGS)
    remedy = "run kptm embed, or kptm embed --update for new entities and relations"
    yield from _vectors("embeddings", "the embeddings", embeddings, graph, remedy)
    yield from _vectors("model", "the model", table, graph, "run kptm embed and kptm pretrain")
    if embeddings and table and embeddings.get("revision") != table.get("revision"):
        text = (
            f"the model was fused with embeddings of revision {table.get('revision')}, but the"
            f" present ones are of revision {embeddings.get('revision')}"
        )
        yield Finding("model-older-than-embeddings", False, text, "run kptm pretrain")
    yield from _modeledge(layout, graph)
    yield from _linking_index(layout, graph)
    yield from _reader(layout, graph)
    yield from _changed_texts(layout)


def _vectors(
    name: str, described_as: str, content: dict[str, object], graph: KnowledgeGraph, remedy: str
) -> Iterator[Finding]:
    fingerprint, revision = str(content.get("fingerprint") or ""), content.get("revision")
    if not isinstance(revision, int):
        return
    newest = graph.revision()
    base = training_revision(graph, fingerprint, revision)
    if base is None:
        return
    if base == newest != revision and graph.fingerprint() != fingerprint:
        text = f"{described_as}: the graph never had the facts of their training"
        yield Finding(f"{name}-of-another-graph", True, text, remedy)
    elif entities_with_other_facts(graph, base) is not None:
        text = f"{described_as}: trained on revision {base}; revision {newest} has other facts"
        yield Finding(f"{name}-stale", False, text, remedy)


def _modeledge(layout: Layout, graph: KnowledgeGraph) -> Iterator[Finding]:
    folders = (layout.model, *map(layout.compressed_for, compressed_models(layout)))
    present = {read_json(folder / "kptm.json").get("fingerprint") for folder in folders} - {None}
    if not present:
        return
    with graph.database.reading() as sql:
        own = other = 0
        for space in spaces.list_all(sql):
            rows = len(oplog.living(sql, space.id))
            kind, _, model = space.name.partition(":")
            own += rows if model in present else 0
            other += rows if kind in ("mention", "cloze") and model not in present else 0
    if other and not own:
        text = f"all {other:,} rows of modeledge are of an earlier model"
        yield Finding("modeledge-stale", False, text, "run kptm migrate, or kptm index")
    elif not own and len(Passages.of(graph)):
        text = "texts were indexed before there was a model, so modeledge is empty"
        yield Finding("modeledge-missing", False, text, "run kptm index with the texts")


def _linking_index(layout: Layout, graph: KnowledgeGraph) -> Iterator[Finding]:
    from kptm.linking.index.index_storage import MANIFEST, VERSION, identity

    content = read_json(layout.linking_index / MANIFEST)
    revision = content.get("revision")
    if not isinstance(revision, int):
        return
    remedy = "run kptm link, which rebuilds the index"
    if content.get("version") != VERSION:
        text = f"the index of the linker has version {content.get('version')}, not {VERSION}"
        yield Finding("linking-index-stale", False, text, remedy)
    elif revision > graph.revision() or content.get("graph") != identity(graph, revision):
        text = "the index of the linker was made from another graph"
        yield Finding("linking-index-stale", False, text, remedy)


def _reader(layout: Layout, graph: KnowledgeGraph) -> Iterator[Finding]:
    from kptm.passages.reader.reader_model import ReaderModel

    count = len(Passages.of(graph))
    if not count:
        return
    try:
        model = ReaderModel.load(layout.reader) if layout.reader.is_file() else None
    except KPTMError:
        return  # a damaged reader is another finding
    if model is None or not model.fits(graph, count):
        text = "the reader of passages was fitted on other facts or texts"
        remedy = "run kptm ask, which fits it again"
        yield Finding("reader-stale", False, text, remedy)


def _changed_texts(layout: Layout) -> Iterator[Finding]:
    """The files of synchronised folders that have changed or are gone."""
    try:
        is_file = layout.sync_manifest.is_file()
        folders = Manifest.read(layout.sync_manifest).files if is_file else {}
    except (KPTMError, KGError):
        return
    for folder, files in folders.items():
        odd = sorted(name for name, (mark, _) in files.items() if _hash(folder, name) != mark)
        if odd:
            more = (
                f" and {len(odd) - _MAX_NAMED_FILES:,} more" if len(odd) > _MAX_NAMED_FILES else ""
            )
            names = ", ".join(odd[:_MAX_NAMED_FILES]) + more
            text = f"{folder}: {names} changed since kptm sync read them"
            yield Finding("texts-stale", False, text, f"run kptm sync with {folder}")


def _hash(folder: str, name: str) -> str | None:
    try:
        path = Path(folder, name)
        return file_hash(path) if path.is_file() else None
    except OSError:
        return None
