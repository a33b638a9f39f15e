"""A workspace: one folder, one project, the same verbs wired together.

    graph.db          the graph and modeledge (SQL is the truth)
    linking/          what linking knows of the graph, as arrays
    embeddings/       vectors of the graph's entities
    model/            the fused model
    pretraining/      checkpoints of a run that has not ended
    finetuned/        models fine-tuned for a task, a folder each
    phrasings.json    how the texts say relations
    questions.json    what was learnt from answered questions
    weights.json      how much modeledge weighs, fitted on those that the graph is silent on
    kptm.toml         settings

What a stage writes appears whole or not at all.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kptm import workspace_config
from kptm.errors import ModeledgeError, WorkspaceError
from kptm.workspace_config import WorkspaceConfig
from kptm.workspace_training import WorkspaceTraining

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType

    from kptm.answering import Answer, Predictor
    from kptm.workspace_purge import Purged


class Workspace(WorkspaceTraining):
    """One project in one folder. A context manager."""

    def __init__(self, folder: Path, config: WorkspaceConfig) -> None:
        super().__init__(folder, config)
        self._predictor: Predictor | None = None

    @classmethod
    def init(cls, folder: str | Path, config: WorkspaceConfig | None = None) -> Workspace:
        """Make a new workspace in ``folder``, which is created.

        Raises:
            WorkspaceError: There is a workspace already, or a file in the way.
        """
        folder = Path(folder)
        if (folder / "kptm.toml").exists():
            raise WorkspaceError(
                f"{folder}: is a workspace already; open it, or name another folder"
            )
        if folder.exists() and not folder.is_dir():
            raise WorkspaceError(f"{folder}: is a file; name a folder")
        folder.mkdir(parents=True, exist_ok=True)
        config = config or WorkspaceConfig()
        workspace_config.write(folder / "kptm.toml", config)
        return cls(folder, config)

    @classmethod
    def open(
        cls, folder: str | Path, *, create: bool = True, changes: Iterable[str] = ()
    ) -> Workspace:
        """Open a workspace; a folder that is not there, or is empty, becomes one.

        Args:
            folder: Where it is.
            create: Whether to make one where there is none.
            changes: Settings for this time only, as ``section.key=value``.

        Raises:
            WorkspaceError: The folder holds other things, or there is none and none is to be made.
            ConfigError: Its ``kptm.toml``, or a change, is malformed.
        """
        folder = Path(folder)
        if (folder / "kptm.toml").exists():
            return cls(folder, workspace_config.read(folder / "kptm.toml").replaced(changes))
        if folder.is_dir() and any(folder.iterdir()):
            raise WorkspaceError(f"{folder}: is no workspace (no kptm.toml) and is not empty")
        if not create:
            raise WorkspaceError(f"{folder}: there is no workspace; make one with kptm init")
        return cls.init(folder)

    def close(self) -> None:
        """Close the database."""
        if self._modeledge is not None:
            self._modeledge.close()
        self.graph.close()

    def __enter__(self) -> Workspace:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _changed(self) -> None:
        self._predictor = None

    # ── looking ──────────────────────────────────────────────────────────────────────────────

    def stats(self) -> dict[str, Any]:
        """Counts of the graph, and which stages have been run."""
        return {
            **self.graph.stats(),
            "modeledge": sum(self.modeledge.stats().values()),
            "embeddings": (self.folder / "embeddings").is_dir(),
            "model": (self.folder / "model").is_dir(),
        }

    # ── asking ───────────────────────────────────────────────────────────────────────────────

    def predictor(self) -> Predictor:
        """A predictor over every stage that has been run."""
        from kptm.answering import Predictor, RelationReader
        from kptm.answering.relations import load_learnt
        from kptm.answering.weighing import Weights
        from kptm.data import Phrasings

        if self._predictor is None:
            mined = self.folder / "phrasings.json"
            phrasings = Phrasings.load(mined) if mined.exists() else Phrasings({})
            learnt = load_learnt(self.folder / "questions.json")
            has_model = (self.folder / "model").is_dir()
            self._predictor = Predictor(
                self.graph,
                self.linker,
                self.model() if has_model else None,
                self.embeddings() if (self.folder / "embeddings").is_dir() else None,
                self.modeledge if has_model else None,
                phrasings=phrasings,
                relations=RelationReader(self.graph.relations(), phrasings, learnt),
            )
            space = self._predictor.space
            self._predictor.take(Weights.load(self.folder / "weights.json", space=space))
        return self._predictor

    def ask(self, question: str) -> Answer:
        """Answer a cloze or a question in words; see :meth:`kptm.Predictor.ask`."""
        return self.predictor().ask(question)

    def query(self, head: str | None = None, relation: str = "", tail: str | None = None) -> Answer:
        """Answer (head, relation, ?) or (?, relation, tail); see :meth:`kptm.Predictor.query`."""
        return self.predictor().query(head, relation, tail)

    def learn_questions(self, path: str | Path) -> int:
        """Learn the words of relations from ``question⇥answer|answer`` lines; return how many helped.

        Those that the graph is silent on tell how much modeledge weighs, and what a p is worth, if they are enough.

        Raises:
            TripleFormatError: The file cannot be read, or a line has no tab.
        """
        from kptm.answering.learning import learn, read_questions

        predictor = self.predictor()
        used = learn(predictor.questions, self.graph, self.linker, path)
        predictor.questions.relations.save(self.folder / "questions.json")
        weights = predictor.weigh(read_questions(self.graph, self.linker, path))
        if weights.count:
            weights.save(self.folder / "weights.json")
        return used

    # ── changing ─────────────────────────────────────────────────────────────────────────────

    def edit(self, head: str, relation: str, tail: str, *, old: str | None = None) -> int:
        """Change a fact in the graph and in modeledge; the next answer follows, without training.

        Names may be keys, labels or aliases. Returns the graph's revision, to undo it by.

        Raises:
            UnknownKeyError: A name is not in the graph.
            StoreError: The fact has several values and ``old`` is not given.
        """
        keys = {name: self.resolve(name) for name in (head, tail)}
        old_key = self.resolve(old) if old is not None else None
        known = self.graph.relation(relation).key
        before = [item.tail for item in self.graph.match(keys[head], known)]
        revision = self.graph.edit(keys[head], known, keys[tail], old=old_key)
        gone = old_key or (before[0] if before else None)
        if (self.folder / "model").is_dir():
            self.predictor().tell(
                keys[head], known, keys[tail], old=gone, note=f"revision {revision}"
            )
        return revision

    def forget(self, entity: str) -> dict[str, int]:
        """Forget an entity: all that is said of it, and every modeledge record it stands in.

        Args:
            entity: Its key, label or alias; the likeliest sense of an ambiguous name.

        Returns:
            How many triples and records went, and the graph's revision, to undo both by: 0 where
            nothing was said of it.

        Raises:
            UnknownKeyError: Nothing is called so.
        """
        key = self.resolve(entity)
        gone = len(self.graph.touching([key]))
        revision = self.graph.forget(entity=key)
        note = f"revision {revision}" if revision else ""
        records = self.modeledge.forget(entity=key, note=note)
        return {"triples": gone, "records": records, "revision": revision}

    def undo(self, revision: int | None = None) -> int:
        """Take back a revision of the graph and what went with it in modeledge; an undo too.

        Args:
            revision: Its number, the newest by default.

        Returns:
            The revision that the undo is itself.

        Raises:
            StoreError: There is no such revision, or nothing of it is left to undo.
        """
        number = self.graph.revision() if revision is None else revision
        new = self.graph.undo(number)
        operation = self.modeledge.operation_of(f"revision {number}")
        if operation is not None:
            with suppress(ModeledgeError):  # what it changed is gone by now
                self.modeledge.undo(operation, note=f"revision {new}")
        return new

    def purge(self, *, entity: str | None = None, source: str | None = None) -> Purged:
        """Delete for good all that is said of an entity, or by a source, wherever it stands here.

        Out of the graph and its history, out of modeledge, and with every stage's files that hold a
        name that is gone: those have to be made again.

        Args:
            entity: Its key, label or alias.
            source: As it was loaded: a path, by default.

        Raises:
            UnknownKeyError: The graph never heard of it.
            StoreError: Not exactly one of the two was given, or another process reads the graph.
        """
        from kptm.workspace_purge import purge

        self._changed()
        if entity is not None and entity in self.graph.entities([entity]):
            return purge(self, entity=entity, source=source)
        found = self.linker.candidates(entity) if entity is not None else ()
        return purge(self, entity=found[0].entity if found else entity, source=source)

    def settings(self) -> dict[str, Any]:
        """Every setting, as ``kptm.toml`` holds it."""
        return asdict(self.config)
