"""Changes the graph and modeledge of a workspace in one transaction, with a receipt."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from kg.errors import StoreError, UnknownKeyError
from kg.graph import USER
from kg.types import Step
from kg.values import ValueKey, parse
from kptm.errors import ModeledgeError, WorkspaceError
from kptm.workspace.files.learnt_files import ChangeReport, LearntFiles

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from kg.types import Record, Revision
    from kptm.modeledge import Receipt
    from kptm.workspace.answers import WorkspaceAnswers
    from kptm.workspace.changes.additions import AddReport
    from kptm.workspace.changes.purge import Purged, PurgePlan
    from kptm.workspace.graph import WorkspaceGraph
    from kptm.workspace.models import WorkspaceModels

    Question = tuple[str | None, str, str | None]
    """(head, relation, tail), with None for the end that is asked for."""

MAX_COMPARED_QUESTIONS = 20
"""The maximum number of questions that are asked before and after a change, for its receipt."""


class WorkspaceEdits:
    """Adds, edits, forgets, undoes and purges."""

    def __init__(
        self, base: WorkspaceGraph, models: WorkspaceModels, answers: WorkspaceAnswers
    ) -> None:
        self._base, self._models, self._answers = base, models, answers
        self.folder, self.layout = base.folder, base.layout
        self.graph, self.linker = base.graph, base.linker
        base.on_end.append(self._follow_ended)

    def add(
        self,
        items: Iterable[Record | tuple[str, str, str]],
        *,
        source: str = USER,
        exact: bool = False,
    ) -> AddReport:
        """Add facts, entities and relations by hand, as one revision.

        A name may be a key, label or alias in the graph; any other name becomes a new entity or
        relation, which the report lists.

        Args:
            items: Triples, attributes, statements (with confidence and qualifiers), and entities as
                :class:`kg.types.EntityRecord`.
            source: The source of the items.
            exact: Whether every name is taken as a key.

        Raises:
            InvalidNameError: A name is empty or cannot be stored unchanged; nothing is added.
        """
        from kptm.workspace.changes.additions import add

        self._base.note_change()
        return add(self._base, items, source=source, exact=exact)

    def edit(
        self, head: str, relation: str, tail: str, *, old: str | None = None, new: bool = False
    ) -> int:
        """Change a fact in the graph and in modeledge, which changes answers without training.

        Args:
            head: The entity: a key, label or alias, as all names here.
            relation: The relation.
            tail: The new tail: an entity, or a value if the relation has values.
            old: The tail to replace, if there are several.
            new: Whether ``tail`` may be an entity that the graph does not have.

        Returns:
            The graph's revision, by which the edit can be undone.

        Raises:
            UnknownKeyError: A name is not in the graph.
            StoreError: The fact has several tails and ``old`` is not given.
        """
        relation = self.graph.relation(relation).key
        head, tail = self._base.resolve(head), self._resolve_tail(relation, tail, new=new)
        old = None if old is None else self._resolve_tail(relation, old, new=True)
        stored = self.graph.follow(head, [Step(relation)])
        replaced = old or (stored[0] if stored else None)
        questions: list[Question] = [(head, relation, None), (None, relation, tail)]
        questions += [] if replaced is None else [(None, relation, replaced)]
        before = self._ask(questions)
        predictor = self._answers.predictor()
        with self.graph.transaction():
            revision = self.graph.edit(head, relation, tail, old=old, new=new)
            if not isinstance(tail, ValueKey):  # modeledge has only facts between entities
                with self._answers.saved_facts():
                    predictor.tell(head, relation, tail, old=replaced, revision=revision)
        self._note_answers(revision, questions, before)
        return revision

    def forget(
        self,
        entity: str | None = None,
        *,
        triple: tuple[str, str, str] | None = None,
        source: str | None = None,
        text: str | None = None,
    ) -> dict[str, int]:
        """Forget an entity, a triple, a source or a text, in the graph and in modeledge.

        With a source or text, facts that another source states stay.

        Args:
            entity: A key, label or alias; of an ambiguous name the likeliest sense is forgotten.
            triple: Head, relation and tail, by keys, labels or aliases.
            source: The name of a source: by default the path that was loaded or indexed.
            text: A whole indexed text.

        Returns:
            ``triples`` and ``records``: how many facts and records were forgotten; ``revision``, by
            which all of it can be undone, 0 if neither graph nor passages changed; and
            ``operation``, that of modeledge, 0 if it had nothing.

        Raises:
            UnknownKeyError: The graph has no such entity or relation.
            WorkspaceError: Not exactly one of the four was given.
        """
        from kptm.modeledge import Receipt

        if sum(item is not None for item in (entity, triple, source, text)) != 1:
            raise WorkspaceError("forget needs one of entity, triple, source and text")
        key = self._base.resolve(entity) if entity is not None else None
        fact = self._resolve_fact(triple) if triple is not None else None
        questions = self._affected_questions(key, fact)
        before = self._ask(questions)
        with self.graph.transaction():
            facts_before = self._count_facts()
            revision = self._forget_in_graph(key, fact, source)
            revision = self._forget_passages(revision, source, text)
            gone = self._models.modeledge.forget(
                triple=fact, entity=key, source=source, text=text, revision=revision or None
            )
            # A record of an ended fact may still be attested by another source.
            ended = self._models.modeledge.forget_ended(revision) if revision else Receipt(0)
            forgotten = facts_before - self._count_facts()
        self._note_answers(revision, questions, before)
        return {
            "triples": forgotten,
            "records": gone.rows_removed + ended.rows_removed,
            "revision": revision,
            "operation": gone.operation or ended.operation,
        }

    def _forget_passages(self, revision: int, source: str | None, text: str | None) -> int:
        """End the passages of a source or text; return the revision, 0 if nothing changed."""
        if (source is None and text is None) or not self._models.passages.holds(
            source=source, text=text
        ):
            return revision
        number = revision or self.graph.log.note("forget", (source or text or "")[:200])
        self._models.passages.forget(revision=number, source=source, text=text)
        self._base.note_change()
        return number

    def _count_facts(self) -> int:
        """The number of facts in the graph, including those with values."""
        counts = self.graph.stats()
        return counts["triples"] + counts["attributes"]

    def _forget_in_graph(
        self, entity: str | None, fact: tuple[str, str, str] | None, source: str | None
    ) -> int:
        """Forget in the graph; return the revision, 0 if nothing changed."""
        if fact is not None:
            head, relation, tail = fact
            removed = self.graph.remove(head=head, relation=relation, tail=tail)
            return self.graph.revision() if removed else 0
        if entity is None and source is None:
            return 0
        return self.graph.forget(entity=entity, source=source)

    def undo(
        self,
        revision: int | None = None,
        *,
        operation: int | None = None,
        later: bool = False,
    ) -> int:
        """Undo a revision: restore facts, records of modeledge and learnt files from before it.

        Undoing an undo redoes the revision; :meth:`changes` lists what a revision added and ended.

        Args:
            revision: The number of the revision, by default the newest.
            operation: The number of an operation of modeledge that did not change the graph.
            later: Whether to undo later revisions that changed the same facts, too.

        Returns:
            The number of the undo, a revision or an operation.

        Raises:
            StoreError: The revision does not exist, has nothing left to undo, or later revisions,
                which the message names, changed the same facts.
            ModeledgeError: The operation does not exist, or cannot be undone.
        """
        if operation is not None:
            return self._models.modeledge.undo(operation).operation
        self._base.note_change()
        with self.graph.transaction():
            new, undone = self._undo_revision(revision, later)
            operations = {
                item for number in undone for item in self._models.modeledge.operations_of(number)
            }
            for number in sorted(undone, reverse=True):
                self._models.passages.undo(number, revision=new)
            for item in sorted(operations, reverse=True):
                with suppress(ModeledgeError):  # a later operation may have left nothing to undo
                    self._models.modeledge.undo(item, revision=new)
            self._models.modeledge.forget_ended(new)
        return new

    def _undo_revision(self, revision: int | None, later: bool) -> tuple[int, tuple[int, ...]]:
        """Undo in the graph and learnt files; a revision of modeledge alone is only noted."""
        number = self.graph.revision() if revision is None else revision
        try:
            new = self.graph.undo(number, later=later, files=LearntFiles(self.folder))
        except StoreError:
            if not self._can_undo_outside_graph(number):
                raise
            undone = self.graph.at(number).revisions(limit=1)[0]
            kind = "redo" if undone.kind == "undo" else "undo"
            note = f"undo of revision {number} ({undone.kind}: {undone.note})"
            return self.graph.log.note(kind, note, undoes=[number]), (number,)
        return new, self.graph.revisions(limit=1)[0].undoes

    def _follow_ended(self, revision: int) -> None:
        self._models.modeledge.forget_ended(revision)

    def _can_undo_outside_graph(self, number: int) -> bool:
        """Whether a revision changed only modeledge or passages and was not undone."""
        if not self._models.modeledge.operations_of(number) and not any(
            self._models.passages.changed_by(number)
        ):
            return False
        has_facts = any(self.graph.log.count(number))
        return not has_facts and all(number not in item.undoes for item in self._later(number))

    def _later(self, number: int) -> list[Revision]:
        """The revisions after a revision."""
        return self.graph.revisions(limit=self.graph.revision() - number)

    def changes(self, revision: int, *, limit: int = 20) -> ChangeReport:
        """The changes made by a revision: facts, learnt files, records.

        Args:
            revision: The number of the revision.
            limit: The maximum number of begun facts, and of ended facts, to list.

        Raises:
            StoreError: The revision does not exist.
        """
        begun, ended = self.graph.log.count(revision)
        passages_added, passages_removed = self._models.passages.changed_by(revision)
        stored_revision = self.graph.at(revision).revisions(limit=1)[0]
        receipts = [
            self._models.modeledge.receipt(operation)
            for operation in self._models.modeledge.operations_of(revision)
        ]
        return ChangeReport(
            revision=revision,
            kind=stored_revision.kind,
            note=stored_revision.note,
            undoes=stored_revision.undoes,
            begun=begun,
            ended=ended,
            changes=tuple(self.graph.log.changes(revision, limit=limit)),
            files=self.graph.log.files(revision),
            records_added=sum(item.rows_added for item in receipts),
            records_removed=sum(item.rows_removed for item in receipts),
            passages_added=passages_added,
            passages_removed=passages_removed,
        )

    def receipts(self, *, limit: int = 20) -> list[Receipt]:
        """The receipts of modeledge's newest operations, newest first."""
        return self._models.modeledge.receipts(limit=limit)

    def purge(
        self,
        *,
        entity: str | None = None,
        source: str | None = None,
        progress: Callable[[int, str], None] | None = None,
    ) -> Purged:
        """Delete everything about an entity, or from a source, irrecoverably.

        This covers the graph, its history and modeledge, and the files of each stage that contain a
        purged name; such a stage must be run again. Files that kptm did not write are not touched.

        Args:
            entity: A key, label or alias.
            source: The name of a source: by default the path that was loaded or indexed.
            progress: Called with the percentage done, and a description of the last step.

        Raises:
            UnknownKeyError: Neither the graph nor modeledge ever had it.
            StoreError: Not exactly one of the two was given, or another process reads the graph.
            WorkspaceError: A stage is running, or a file cannot be deleted.
        """
        from kptm.workspace.changes.purge import purge

        key = self._purged_key(entity, source)
        self._base.note_change()
        return purge(self._models, entity=key, source=source, progress=progress)

    def plan_purge(
        self,
        *,
        entity: str | None = None,
        source: str | None = None,
        progress: Callable[[int, str], None] | None = None,
    ) -> PurgePlan:
        """Report what :meth:`purge` would delete, and which other files contain a purged name.

        Raises:
            UnknownKeyError: Neither the graph nor modeledge ever had it.
            StoreError: Not exactly one of the two was given.
        """
        from kptm.workspace.changes.purge import plan

        key = self._purged_key(entity, source)
        return plan(self._models, entity=key, source=source, progress=progress)

    def _purged_key(self, entity: str | None, source: str | None) -> str | None:
        if (entity is None) == (source is None):
            raise StoreError("purge needs an entity or a source, but not both")
        if entity is None:
            return None
        known = self.graph.entities([entity]).get(entity)
        if known is not None:
            return known.key
        senses = self.linker.candidates(entity)
        return senses[0].entity if senses else entity

    def _resolve_tail(self, relation: str, name: str, *, new: bool) -> str:
        """The key of a tail of the relation; with ``new`` it may be a new entity."""
        node = self.graph.tail(relation, name)
        if isinstance(node, ValueKey):
            return node
        try:
            return self._base.resolve(name)
        except UnknownKeyError as error:
            if new or parse(name) is not None:
                return name
            advice = "add it with kptm add, or declare a new entity by --new or new=True"
            raise UnknownKeyError(f"{error}; {advice}") from error

    def _resolve_fact(self, triple: tuple[str, str, str]) -> tuple[str, str, str]:
        head, relation, tail = triple
        relation = self.graph.relation(relation).key
        return self._base.resolve(head), relation, self._resolve_tail(relation, tail, new=False)

    def _affected_questions(
        self, entity: str | None, fact: tuple[str, str, str] | None
    ) -> list[Question]:
        """Questions whose answers may change when an entity or a fact is forgotten."""
        facts: Sequence[Any] = [fact] if fact is not None else []
        if entity is not None:
            facts = self.graph.touching([entity])[: MAX_COMPARED_QUESTIONS // 2]
        questions: dict[Question, None] = {}  # as an ordered set
        for head, relation, tail in facts:
            questions[head, relation, None] = questions[None, relation, tail] = None
        return list(questions)[:MAX_COMPARED_QUESTIONS]

    def _ask(self, questions: Sequence[Question]) -> list[str | None]:
        if not self.layout.has_model:  # without a model there is no modeledge, and no receipt
            return []
        answers = self._answers.predictor().query_many(questions)
        return [None if answer is None or not answer.found else str(answer) for answer in answers]

    def _note_answers(
        self, revision: int, questions: Sequence[Question], before: Sequence[str | None]
    ) -> None:
        """Add the changed answers to the receipt; a crash before this loses only these lines."""
        from kptm.modeledge import AnswerChange

        operations = self._models.modeledge.operations_of(revision) if revision and before else []
        if not operations:
            return
        changes = [
            AnswerChange(" | ".join(part or "?" for part in question), was, now)
            for question, was, now in zip(questions, before, self._ask(questions), strict=True)
            if was != now
        ]
        self._models.modeledge.note_answers(operations[0], changes)
