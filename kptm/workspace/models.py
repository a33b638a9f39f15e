"""The models of a workspace: the fused model, modeledge, the reader, and fine-tuned models."""

from __future__ import annotations

import logging
from contextlib import ExitStack, nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from kg.errors import TripleFormatError
from kg.types import Statement
from kptm.errors import ConfigError, WorkspaceError
from kptm.passages import Passages, Written
from kptm.texts import read_documents
from kptm.workspace.files.learnt_files import PHRASINGS, LearntFiles
from kptm.workspace.files.stage_locks import stage
from kptm.workspace.stages.answering_model import model_folder
from kptm.workspace.stages.linked_corpora import LinkedCorpora
from kptm.workspace.stages.text_spool import TextSpool

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from kptm.corpora import CorpusShards
    from kptm.corpora.sharded_texts import ShardedTexts
    from kptm.data import Phrasings
    from kptm.finetuning import FinetunedModel
    from kptm.finetuning.task_rows import Rows
    from kptm.fusion import FusedModel
    from kptm.linking import LinkedText
    from kptm.modeledge import Modeledge
    from kptm.passages.reader.passage_reader import Reader
    from kptm.passages.reader.reader_model import ReaderModel
    from kptm.pretraining import PretrainReport
    from kptm.workspace.embeddings import WorkspaceEmbeddings
    from kptm.workspace.graph import WorkspaceGraph

logger = logging.getLogger(__name__)


class WorkspaceModels:
    """The stages after the embeddings: models, passages, modeledge, phrasings."""

    def __init__(self, base: WorkspaceGraph, vectors: WorkspaceEmbeddings) -> None:
        self._base, self._vectors, self.tables = base, vectors, base.tables
        self.folder, self.layout = base.folder, base.layout
        self.graph, self.linker = base.graph, base.linker
        self._modeledge: Modeledge | None = None
        self.passages = Passages.of(self.graph)

    def close(self) -> None:
        """Write the snapshots of modeledge."""
        if self._modeledge is not None:
            self._modeledge.close()

    def pretrain(
        self,
        texts: str | Path | Iterable[str | LinkedText],
        *,
        triples: bool = False,
        progress: Callable[[int, float], None] | None = None,
        reading: Callable[[int], None] | None = None,
    ) -> PretrainReport:
        """Pretrain a fused model on texts and save it; an interrupted run is resumed.

        Under ``accelerate launch`` every process calls it, and the first process saves.

        Args:
            texts: A file or folder of texts, or texts, linked or not.
            triples: Whether to train on the graph's triples as sentences too.
            progress: Called after each step.
            reading: Called with the number of texts linked and encoded so far.

        Raises:
            CheckpointError: The interrupted run had other texts, embeddings or settings.
            WorkspaceError: Another process is pretraining in this workspace.
        """
        from kptm.pretraining import pretrain
        from kptm.workspace.stages.pretraining import PretrainingRun

        repeatable = texts if isinstance(texts, str | Path) else list(texts)

        def stream() -> Iterator[str | LinkedText]:
            yield from (
                read_documents(repeatable) if isinstance(repeatable, str | Path) else repeatable
            )
            if triples:
                yield from self._triple_sentences()

        run = PretrainingRun(self.layout)
        with run.alone():
            model = run.start(self._base.config, self._vectors.embeddings(), stream, self.graph)
            report = pretrain(
                model,
                stream(),
                self._base.link,
                self._base.config.pretraining,
                linked_by=self.linker.identity(),
                graph=self.graph,
                checkpoints=run.folder,
                progress=progress,
                reading=reading,
            )
            run.end(model)
        self._base.note_change()
        return report

    def _triple_sentences(self) -> Iterator[LinkedText]:
        """The graph's triples as sentences, in mined phrasings if there are any."""
        from kptm.data import Phrasings, verbalise

        mined = self.layout.phrasings
        return verbalise(self.graph, Phrasings.load(mined) if mined.exists() else None)

    def model(self, name: str = "") -> FusedModel:
        """The saved model, or a compressed copy.

        Args:
            name: The name of a compressed model, or its folder; "" for the model itself.

        Raises:
            WorkspaceError: There is no such model yet.
            EmbeddingMismatchError: The model belongs to another graph.
        """
        from kptm.fusion import FusedModel

        folder = model_folder(self.layout, name)
        model = FusedModel.from_pretrained(folder, device=self._base.config.pretraining.device)
        model.embeddings.check(self.graph)
        return model

    def answering_model(self) -> FusedModel | None:
        """The model of the setting ``answering.model``; None if the workspace has no model yet.

        It answers questions, and reads and writes modeledge.

        Raises:
            WorkspaceError: The setting names a model that does not exist.
            EmbeddingMismatchError: The model belongs to another graph.
        """
        name = self._base.config.answering.model
        return self.model(name) if name or self.layout.has_model else None

    def export_onnx(self, target: str | Path, *, int8: bool = False) -> None:
        """Export the saved model to ONNX, for onnxruntime.

        Args:
            target: A folder for the export alone.
            int8: Whether to quantise its weights to 8 bits.

        Raises:
            WorkspaceError: There is no model yet, or ``target`` is a part of the workspace.
            ConfigError: The kind of fusion cannot be exported, or a package is not installed.
            ModelError: The model cannot be exported; see
                :func:`kptm.fusion.export.onnx_graph.export_onnx`.
        """
        from kptm.fusion.export.onnx_graph import export_onnx

        self.layout.check_output(Path(target))
        export_onnx(self.model(), target, int8=int8)

    def finetune(
        self,
        train: Rows,
        *,
        task: str,
        dev: Rows | None = None,
        out: str | Path | None = None,
        progress: Callable[[int, float], None] | None = None,
    ) -> FinetunedModel:
        """Fine-tune a copy of the saved model for a task, and save it.

        Args:
            train: Training rows; see :func:`kptm.finetune`. Rows without links are linked to the
                graph.
            task: "relation", "typing", "tokens" or "text".
            dev: Held-out rows, for the report.
            out: A folder for the result; by default ``finetuned/TASK`` in the workspace.
            progress: Called after each step.

        Raises:
            WorkspaceError: There is no model yet, another process is fine-tuning in this workspace,
                or ``out`` would overwrite the rows or a part of the workspace.
            TripleFormatError: A row lacks a field, or a field does not fit its text.
            ModelError: There are no training rows, or ``out`` has other content.
        """
        from kptm.finetuning import finetune
        from kptm.finetuning.config import check_task
        from kptm.finetuning.finetuned_storage import META
        from kptm.fusion.model_manifest import check_target

        check_task(task)
        if out is not None:
            self._check_folder(Path(out), [train, dev])
        target = self.layout.finetuned_for(task) if out is None else Path(out)
        check_target(target, META)
        with stage(self.layout, "finetune") if out is None else nullcontext():
            tuned = finetune(
                self.model(),
                train,
                task=task,
                dev=dev,
                config=self._base.config.finetuning,
                linker=self.linker,
                progress=progress,
            )
            tuned.save_pretrained(target)
        return tuned

    def _check_folder(self, folder: Path, inputs: Iterable[Rows | None]) -> None:
        """Refuse a folder that is a part of the workspace or contains the inputs."""
        if not folder.resolve().is_relative_to(self.layout.finetuned.resolve()):
            self.layout.check_output(folder)
        for path in inputs:
            if isinstance(path, str | Path) and Path(path).resolve().is_relative_to(
                folder.resolve()
            ):
                raise WorkspaceError(
                    f"{folder}: holds {path}, which is read and would be lost; name another folder"
                )

    @property
    def modeledge(self) -> Modeledge:
        """The store of modeledge, in the graph's database."""
        from kptm.modeledge import Modeledge

        if self._modeledge is None:
            snapshots, engine = self.layout.snapshots, self._base.config.modeledge
            self._modeledge = Modeledge(
                self.graph.database, owned=False, snapshots=snapshots, engine=engine
            )
        return self._modeledge

    def index(
        self,
        texts: str | Path | Iterable[str | LinkedText] | None = None,
        *,
        triples: bool = False,
        source: str | None = None,
        shards: CorpusShards | None = None,
        progress: Callable[[int], None] | None = None,
        reading: Callable[[int], None] | None = None,
    ) -> int:
        """Index texts as passages and modeledge, and mine phrasings; return the number of vectors.

        Without a model there are no vectors; passages and phrasings, which answers use too, are
        written all the same. New phrasings are added to the existing ones. It is one revision,
        which :meth:`kptm.Workspace.undo` undoes; :meth:`kptm.Workspace.changes` counts passages.

        If a file or folder, identified by its absolute path, is indexed again, sentences that it no
        longer has are removed, unless another source has them too. If ``source`` also has other
        files, or texts without a file, nothing is removed and a warning is given.

        Args:
            texts: A file, a folder, or texts; None to index triples only.
            triples: Whether to index the graph's triples too, in mined phrasings.
            source: The source of the texts; by default their path.
            shards: Where several workers link a file or folder; bad lines are then skipped.
            progress: Called with the number of texts and triples done; triples come after texts.
            reading: Called with the number of texts linked so far.

        Raises:
            ConfigError: There are ``shards``, but the texts are not in a file.
            CorpusError: As for ``link_corpus``.
            TripleFormatError: A file is missing or malformed.
        """
        model = self.answering_model()
        path = texts if isinstance(texts, str | Path) else None
        if shards is not None:
            links, senses = LinkedCorpora(self._base).link_for_index(path, shards, reading)
            return self._index(model, senses, links, path, source, triples, progress)
        with ExitStack() as at_end:
            spooled = documents = None
            if texts is not None:
                stream = self._texts_of(texts) if isinstance(texts, str | Path) else texts
                spooled = at_end.enter_context(TextSpool(self.folder, stream))
                linked = spooled.link_all(self._base.link)
                documents = at_end.enter_context(TextSpool(self.folder, linked, reading))
            with_all_senses = None if spooled is None else spooled.link_all(self._base.link_senses)
            return self._index(model, with_all_senses, documents, path, source, triples, progress)

    def _index(
        self,
        model: FusedModel | None,
        senses: Iterable[LinkedText] | None,
        documents: TextSpool[LinkedText] | ShardedTexts | None,
        path: str | Path | None,
        source: str | None,
        triples: bool,
        progress: Callable[[int], None] | None,
    ) -> int:
        """Index texts, linked with all senses for passages, and with the likely ones."""
        from kg.store.rows.sources import document_of
        from kptm.modeledge.sql.documents import document_source

        from_source = document_source(self.graph.database, path, source)
        with self.graph.transaction():
            number, mined = self._begin_index(documents, from_source.source or "texts")
            written = Written()
            if senses is not None:
                written = self.passages.write(
                    senses,
                    source=from_source.source,
                    document="" if path is None else document_of(path),
                    revision=number,
                    replace=path is not None,
                )
        if written:
            self.fit_reader()
        added = 0
        if documents is not None and model is not None:
            if path is not None and from_source.others:
                logger.warning("%s", from_source.explain_kept(path))
            added += self.modeledge.write(
                model,
                documents,
                source=from_source.source,
                revision=number,
                replace=path is not None and not from_source.others,
                progress=progress,
            )
        if triples and model is not None:
            triples_with_sources = self.graph.triples_with_sources()
            facts = (Statement(triple, source=source) for triple, source in triples_with_sources)
            before = len(documents or ())
            advance = None if progress is None else lambda count: progress(before + count)
            added += self.modeledge.write_facts(
                model, self.graph, facts, self.phrasings(), revision=number, progress=advance
            )
        has_records = model is not None and bool(self.modeledge.operations_of(number))
        if not mined and not written and not has_records:
            self.graph.log.withdraw(number)
        return added

    def fit_reader(self) -> ReaderModel:
        """Fit the reader of passages on facts of the graph that its texts state, and save it.

        :meth:`index` calls this, and so does asking, if a twentieth of facts or passages has
        changed.
        """
        from kptm.passages.reader.reader_training import train

        model = train(self.graph, passages=len(self.passages))
        with suppress(OSError):  # the folder may be read-only
            model.save(self.layout.reader)
        self._base.note_change()
        return model

    def reader(self) -> Reader | None:
        """The reader of passages; None without passages."""
        from kptm.passages.reader.passage_reader import Reader
        from kptm.passages.reader.reader_model import ReaderModel

        if not self.passages:
            return None
        model = None
        if self.layout.reader.exists():
            # It may be damaged or of an earlier version; then it is fitted again.
            with suppress(ConfigError):
                model = ReaderModel.load(self.layout.reader)
        if model is None or not model.fits(self.graph, len(self.passages)):
            model = self.fit_reader()
        return Reader(self.graph, model)

    def _begin_index(self, documents: Iterable[LinkedText] | None, note: str) -> tuple[int, bool]:
        """Open a revision, add mined phrasings; return its number and whether they changed."""
        from kptm.data import Phrasings

        if documents is None:
            return self.graph.log.note("index", "triples"), False
        files = LearntFiles(self.folder)
        before = files.read(PHRASINGS)
        mined = self.phrasings().join_patterns(Phrasings.mine(self.graph, documents))
        number = self.graph.log.note("index", note, before={PHRASINGS: before})
        if before is not None or mined.relations():
            mined.save(self.layout.phrasings)
        self._base.note_change()
        return number, files.read(PHRASINGS) != before

    def phrasings(self) -> Phrasings:
        """The phrasings of relations in the indexed texts."""
        from kptm.data import Phrasings

        return (
            Phrasings.load(self.layout.phrasings)
            if self.layout.phrasings.exists()
            else Phrasings({})
        )

    def _texts_of(self, path: str | Path) -> Iterator[str | LinkedText]:
        """The texts of a file; for an indexed file that is gone, the error names kptm forget."""
        from kptm.modeledge.sql.documents import sources_of

        if not Path(path).exists() and (known := sources_of(self.graph.database, path)):
            reason = (
                "there is no such file or folder; to remove the texts that were indexed from it,"
                f" run kptm forget --source {known[0]}"
            )
            raise TripleFormatError(path, None, reason)
        return read_documents(path)
