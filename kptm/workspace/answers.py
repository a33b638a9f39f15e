"""Answers from a workspace, and training from answered questions."""

from __future__ import annotations

import dataclasses
import logging
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from kg.naming.languages import checked_languages
from kptm.errors import ConfigError, WorkspaceError
from kptm.workspace.files.learnt_files import LESSONS, QUESTIONS, WEIGHTS, LearntFiles

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from contextlib import AbstractContextManager

    from kptm.answering import Answer, Predictor
    from kptm.answering.conversation import Conversation
    from kptm.answering.sentences.answer_labels import AnswerLabels
    from kptm.answering.training.lessons import LearnReport
    from kptm.modeledge import RecordFilter
    from kptm.modeledge.recall import Recalled
    from kptm.workspace.embeddings import WorkspaceEmbeddings
    from kptm.workspace.graph import WorkspaceGraph
    from kptm.workspace.models import WorkspaceModels
    from kptm.workspace.stages.fused_modules import FusedModules
    from kptm.workspace.stages.model_facts import ModelFacts

logger = logging.getLogger(__name__)

MAX_LANGUAGE_LISTS = 16
"""The maximum number of lists of languages whose labels are cached; a server's clients have
different ones."""


SEEN_AT_ONCE = frozenset(("edit", "remove"))
"""The kinds of revisions after which a predictor need not be rebuilt to answer correctly."""
MAX_FOLLOWED_REVISIONS = 64
"""The maximum number of revisions whose kinds are read; after more of them the predictor is made
again."""


class WorkspaceAnswers:
    """Answers questions from all stages that have been run."""

    def __init__(
        self,
        base: WorkspaceGraph,
        vectors: WorkspaceEmbeddings,
        models: WorkspaceModels,
        modules: FusedModules,
    ) -> None:
        self._base, self._vectors, self._models, self._modules = base, vectors, models, modules
        self.folder, self.layout, self.graph, self.linker = (
            base.folder,
            base.layout,
            base.graph,
            base.linker,
        )
        self._predictor: Predictor | None = None
        self._facts: ModelFacts | None = None
        self._labels: dict[tuple[str, ...], AnswerLabels] = {}
        base.on_change.append(self._drop_predictor)

    def _drop_predictor(self) -> None:
        self._predictor = None
        self._labels.clear()

    def refresh(self, since: int) -> int:
        """Take up what other processes have done to the graph since a revision.

        Changes of single facts and of names are seen without it; new relations and learnt questions
        are not.

        Args:
            since: The newest revision when this was called the last time.

        Returns:
            The newest revision.
        """
        newest = self.graph.revision()
        if newest != since:
            later = self.graph.revisions(limit=min(max(newest - since, 1), MAX_FOLLOWED_REVISIONS))
            if newest - since > MAX_FOLLOWED_REVISIONS or any(
                revision.kind not in SEEN_AT_ONCE for revision in later
            ):
                self._base.note_change()
        return newest

    def predictor(self) -> Predictor:
        """A predictor over all stages that have been run."""
        from kptm.answering import Predictor
        from kptm.answering.combination.source_weights import SourceWeights
        from kptm.answering.parsing.model import ReadingModel
        from kptm.workspace.stages.model_facts import ModelFacts

        if self._predictor is None:
            reader = self._models.reader()
            model = self._models.answering_model()
            self._predictor = Predictor(
                self.graph,
                self.linker,
                model,
                self._vectors.embeddings() if self.layout.has_embeddings else None,
                self._models.modeledge if model is not None else None,
                phrasings=self._models.phrasings(),
                reading=ReadingModel.load(self.layout.questions),
                encoder=self._base.question_encoder,
                reader=reader,
                modules=self._modules.choice(model),
            )
            space = self._predictor.space
            copied = model is not None and model.origin.copy_of
            original = f"cloze:{copied}" if copied else ""
            weights = SourceWeights.load(self.layout.weights, space=space, original=original)
            if self._base.config.answering.modules:
                weights = dataclasses.replace(weights, borrowed="the model without modules")
            self._predictor.take(weights)
            if original:
                self._warn_without_modeledge(space, original)
            # After the predictor knows the space of modeledge, which depends on the saved facts.
            self._facts = None if model is None else ModelFacts(model, self.graph)
        if self._facts is not None:
            self._facts.follow()
        return self._predictor

    def saved_facts(self) -> AbstractContextManager[None]:
        """Let the predictor's model read the facts with which it was saved, as modeledge needs."""
        return nullcontext() if self._facts is None else self._facts.as_saved()

    def _warn_without_modeledge(self, space: str, original: str) -> None:
        """Warn of a compressed model that has no modeledge, though the original has."""
        rows = self._models.modeledge.stats()
        if rows.get(original) and not rows.get(space):
            logger.warning(
                "the model %s has no modeledge, which is therefore not asked; run kptm migrate %s"
                " --model %s",
                name := self._base.config.answering.model,
                self._base.folder,
                name,
            )

    def ask(
        self, question: str, *, sources: Iterable[str] | None = None, at: str | None = None
    ) -> Answer:
        """Answer a cloze or a question in words; see :meth:`kptm.Predictor.ask`."""
        return self.predictor().ask(question, sources=sources, at=at)

    def ask_many(
        self,
        questions: Iterable[str],
        *,
        sources: Iterable[str] | None = None,
        at: str | None = None,
    ) -> Iterator[Answer]:
        """Answer a stream of questions in order; see :meth:`kptm.Predictor.ask_many`."""
        return self.predictor().ask_many(questions, sources=sources, at=at)

    def conversation(self, *, sources: Iterable[str] | None = None) -> Conversation:
        """Start a conversation: a question may refer to the last one, as in "and of chile?"."""
        from kptm.answering.conversation import Conversation

        chosen = None if sources is None else list(sources)
        return Conversation(
            lambda question: self.ask(question, sources=chosen), self.graph, self.linker
        )

    def query(
        self,
        head: str | None = None,
        relation: str = "",
        tail: str | None = None,
        *,
        sources: Iterable[str] | None = None,
    ) -> Answer:
        """Answer (head, relation, ?) or (?, relation, tail); see :meth:`kptm.Predictor.query`."""
        return self.predictor().query(head, relation, tail, sources=sources)

    def relabel(
        self, answer: Answer, languages: Iterable[str], *, code: str | None = None
    ) -> Answer:
        """Replace the labels in an answer by those of other languages; the entities stay the same.

        Args:
            answer: An answer of this workspace.
            languages: The languages, best first; those of the workspace's settings follow.
            code: The language of the sentence, by default that of the question.

        Raises:
            InvalidNameError: An item is not a language tag such as "de" or "pt-BR".
        """
        from kptm.answering.sentences.answer_labels import AnswerLabels

        wanted = checked_languages((*languages, *self._base.config.graph.languages))
        if wanted not in self._labels:
            if len(self._labels) == MAX_LANGUAGE_LISTS:
                self._labels.clear()
            graph = self.graph.in_languages(wanted)
            self._labels[wanted] = AnswerLabels(graph, self._models.phrasings())
        return self._labels[wanted].relabel(answer, code)

    def recall(self, text: str, *, k: int = 8, where: RecordFilter | None = None) -> list[Recalled]:
        """Records of modeledge for a text's blank or names: :meth:`kptm.Modeledge.recall`.

        Raises:
            ModeledgeError: Modeledge has only vectors of other models.
            WorkspaceError: There is no model yet.
        """
        predictor = self.predictor()
        document = predictor.link(text)
        model = predictor.model or self._models.model()
        with self.saved_facts():
            return self._models.modeledge.recall(model, document, k=k, where=where)[0]

    def learn(
        self,
        path: str | Path,
        *,
        replace: bool = False,
        progress: Callable[[int], None] | None = None,
    ) -> LearnReport:
        """Train the parser and the weights of the sources on lines ``question⇥answer|answer``.

        Questions of earlier trainings are used again together with these; a repeated question
        replaces the earlier one. A line without an answer is a question that the graph cannot
        answer. Questions without an answer in the graph train the weights of the sources, and all
        questions the calibration of scores.

        Args:
            path: The file.
            replace: Whether to drop the questions of earlier trainings.
            progress: Called with the number of questions processed so far.

        Raises:
            ConfigError: ``answering.modules`` names modules, which have no weights of their own.
            TripleFormatError: The file cannot be read, or a line has no tab.
            WorkspaceError: No line could be used, for the reasons in the message; nothing has
                changed.
        """
        from kptm.answering.combination.source_weights import SourceWeights
        from kptm.answering.training import lessons
        from kptm.answering.training.predictor_training import learn

        if self._base.config.answering.modules:
            raise ConfigError(
                "answering.modules: weights belong to the model without modules; learn without them"
            )
        predictor = self.predictor()
        new = list(lessons.read_lessons(Path(path)))
        earlier = [] if replace else lessons.load(self.layout.lessons)
        taught = lessons.merge_lessons(earlier, new)
        if replace:
            predictor.take(SourceWeights(space=predictor.space))
        # The cached predictor has only part of the result until everything below is saved.
        self._base.note_change()
        report = learn(predictor, self.graph, self.linker, taught, len(new), progress=progress)
        if not report.used and not report.weighed:
            raise WorkspaceError(f"{path}: nothing was learnt: {report}")
        if not report.kept:
            self._predictor = None
            return report
        revision = self._save_learnt(predictor, lessons.dump(taught), f"{path}: {report}")
        return dataclasses.replace(report, revision=revision)

    def _save_learnt(self, predictor: Predictor, lessons: bytes, note: str) -> int:
        """Save the results of a training, as one revision."""
        files = LearntFiles(self.folder)
        with self.graph.transaction():
            number = self.graph.log.note(
                "learn", note.splitlines()[0], before=files.before(QUESTIONS, LESSONS, WEIGHTS)
            )
            predictor.parser.model.save(self.layout.questions)
            predictor.weights.save(self.layout.weights)
            files.write(LESSONS, lessons)
        self._predictor = predictor
        return number

    def learn_questions(
        self, path: str | Path, *, progress: Callable[[int], None] | None = None
    ) -> int:
        """Train as :meth:`learn` does; return the number of lines that could be used."""
        return self.learn(path, progress=progress).used
