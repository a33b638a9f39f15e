"""A pretraining run in a workspace, which can be resumed from its stored initial model."""

from __future__ import annotations

import hashlib
import json
from contextlib import nullcontext
from dataclasses import asdict
from typing import TYPE_CHECKING

from kg.files.atomic import recover, write_text
from kptm.data import train_tokenizer
from kptm.errors import CheckpointError, ModelError
from kptm.fusion import FusedModel
from kptm.fusion.facts.fact_reading import facts_of_graph
from kptm.fusion.fused_storage import META
from kptm.fusion.model_manifest import check_target
from kptm.fusion.small_bert import small_bert
from kptm.pretraining.processes import processes
from kptm.workspace.files.stage_files import run_of
from kptm.workspace.files.stage_locks import stage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from contextlib import AbstractContextManager

    from kg.embedding import EntityEmbeddings
    from kg.graph import KnowledgeGraph
    from kptm.linking import LinkedText
    from kptm.workspace.config import WorkspaceConfig
    from kptm.workspace.layout import Layout


class PretrainingRun:
    """A pretraining run; of several processes the first one writes its files.

    Args:
        layout: The workspace's paths.

    Attributes:
        folder: The folder of its checkpoints.
    """

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._state = processes()
        self.folder = layout.pretraining

    def alone(self) -> AbstractContextManager[None]:
        """Lock out other runs; all processes of a launch share the first one's lock."""
        if self._state.is_main_process:
            return stage(self._layout, "pretrain")
        return nullcontext()

    def start(
        self,
        config: WorkspaceConfig,
        embeddings: EntityEmbeddings,
        texts: Callable[[], Iterable[str | LinkedText]],
        graph: KnowledgeGraph,
    ) -> FusedModel:
        """The initial model of the run; an interrupted run gets the stored one.

        Args:
            config: The configuration of the backbone and fusion.
            embeddings: The embeddings to fuse.
            texts: Returns the texts from which a new tokenizer gets its vocabulary.
            graph: The graph, for a kind of fusion that reads the facts of mentions.

        Raises:
            ModelError: There are no texts.
            CheckpointError: The interrupted run had other texts, embeddings or settings.
        """
        with self._state.main_process_first():
            if self._state.is_main_process:
                recover(self.folder)
                check_target(self._layout.model, META)
            start, run = self._layout.pretraining_start, self._layout.pretraining_run
            made_of = _made_of(config, embeddings, texts())
            if not run.exists():
                model = _build(config, embeddings, texts, graph)
                self.folder.mkdir(exist_ok=True)
                model.save_pretrained(start)
                write_text(run, made_of)
            elif run.read_text(encoding="utf-8") != made_of:
                raise CheckpointError(
                    f"{self.folder}: has an interrupted run with other texts, embeddings or"
                    " settings; remove the folder to start again"
                )
            # Loaded from the file even now, so that resumed and uninterrupted runs start equally.
            return FusedModel.from_pretrained(start)

    def end(self, model: FusedModel) -> None:
        """Save the model, and delete the files of the run."""
        if self._state.is_main_process:
            model.save_pretrained(self._layout.model)
            run_of(self._layout).delete()  # a partly deleted run must not look like one to resume
        self._state.wait_for_everyone()


def _made_of(
    config: WorkspaceConfig, embeddings: EntityEmbeddings, texts: Iterable[str | LinkedText]
) -> str:
    vectors, words, count = hashlib.sha256(), hashlib.sha256(), 0
    for rows in embeddings.chunks():
        vectors.update(rows.tobytes())
    for count, text in enumerate(texts, 1):  # noqa: B007  # counted
        content = text if isinstance(text, str) else text.text
        words.update(json.dumps(content).encode() + b"\n")
    if not count:
        raise ModelError("there is no text to pretrain on; give some")
    settings = [asdict(config.backbone), asdict(config.fusion)]
    return json.dumps([*settings, vectors.hexdigest(), words.hexdigest()])


def _build(
    config: WorkspaceConfig,
    embeddings: EntityEmbeddings,
    texts: Callable[[], Iterable[str | LinkedText]],
    graph: KnowledgeGraph,
) -> FusedModel:
    facts = facts_of_graph(config.fusion, graph, embeddings)
    if config.backbone.path:
        return FusedModel.build(config.backbone.path, embeddings, config.fusion, facts=facts)
    words = (text if isinstance(text, str) else text.text for text in texts())
    tokenizer = train_tokenizer(words, vocab_size=config.backbone.vocabulary)
    backbone = small_bert(config.backbone, len(tokenizer), config.fusion.max_length)
    return FusedModel.build(backbone, embeddings, config.fusion, tokenizer=tokenizer, facts=facts)
