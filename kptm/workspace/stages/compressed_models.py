"""Compresses the model of a workspace into a second one, and measures both."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from kptm.errors import ModelError
from kptm.linking import LinkedText
from kptm.texts import read_documents
from kptm.workspace.files.stage_locks import stage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from kptm.compression import CompressionConfig, CompressionReport
    from kptm.workspace.graph import WorkspaceGraph
    from kptm.workspace.models import WorkspaceModels


class CompressedModels:
    """The smaller models of a workspace."""

    def __init__(self, base: WorkspaceGraph, models: WorkspaceModels) -> None:
        self._base, self._models = base, models

    def compress(
        self,
        config: CompressionConfig,
        *,
        texts: str | Path | Iterable[str | LinkedText] | None = None,
        out: str | Path | None = None,
        progress: Callable[[int, float], None] | None = None,
    ) -> CompressionReport:
        """Write a compressed copy of the saved model, and measure both.

        Args:
            config: The methods, steps and seed.
            texts: Texts to train on and to measure with; by default the indexed passages.
            out: A folder for the result; by default ``compressed/METHODS`` in the workspace.
            progress: Called after each step of distillation.

        Raises:
            WorkspaceError: There is no model yet, or ``out`` is a part of the workspace.
            ConfigError: These methods do not support the kind of fusion or the family.
            ModelError: There is no text to learn from, or ``out`` has other content.
        """
        from kptm.compression import compress, graph_only_probes
        from kptm.fusion.fused_storage import META
        from kptm.fusion.model_manifest import check_target

        layout = self._base.layout
        target = layout.compressed_for(config.name) if out is None else Path(out)
        if not target.resolve().is_relative_to(layout.compressed.resolve()):
            layout.check_output(target)
        check_target(target, META)
        model = self._models.model()
        documents = list(self._documents(texts))
        if config.needs_training and config.steps and not documents:
            raise ModelError(
                f"{layout.folder}: has no text to learn from; run kptm index, or name texts"
            )
        probes = graph_only_probes(self._base.graph, documents, self._models.phrasings())
        with stage(layout, "compress") if out is None else nullcontext():
            compressed, report = compress(
                model, documents, config, probes=probes, progress=progress
            )
            compressed.save_pretrained(target)
        return replace(report, folder=str(target))

    def _documents(
        self, texts: str | Path | Iterable[str | LinkedText] | None
    ) -> Iterator[LinkedText]:
        """The texts, linked; by default those of the passages."""
        if texts is None:
            yield from self._base.link(passage.text for passage in self._models.passages.stream())
            return
        documents = list(read_documents(texts) if isinstance(texts, str | Path) else texts)
        linked = self._base.link(text for text in documents if isinstance(text, str))
        for text in documents:
            yield text if isinstance(text, LinkedText) else next(linked)
