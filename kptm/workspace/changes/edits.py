"""What a workspace corrects: the graph and modeledge in one transaction, with a receipt."""

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
    """Head, relation and tail, what is asked being None."""

ASKED = 20
"""Questions that a receipt asks before and behind a change, at most."""


class WorkspaceEdits:
    """Edit, forget, undo, purge."""

    def __init__(
        self, base: WorkspaceGraph, models: WorkspaceModels, asking: WorkspaceAnswers
    ) -> None:
        self._base, self._models, self._asking = base, models, asking
        self.folder, self.layout, self.graph, self.linker = (
            base.folder,
            base.layout,
            base.graph,
            base.linker,
        )
        base.on_end.append(self._follow_ended)

    def add(
        self,
        items: Iterable[Record | tuple[str, str, str]],
        *,
        source: str = USER,
        exact: bool = False,
    ) -> AddReport:
        """Add facts, entities and relations by hand, as one revision.

        A name may be the key, label or alias of something in the graph; any other name becomes a
        new entity or relation, which the report lists.

        Args:
            items: Triples, attributes, statements (with confidence and qualifiers), and entities as
                :class:`kg.types.EntityRecord`.
            source: Who says so.
            exact: Whether every name is a key, to be taken as it is.

        Raises:
            InvalidNameError: A name is empty or cannot be stored unchanged; nothing is added then.
        """
        from kptm.workspace.changes.additions import add

        self._base.note_change()
        return add(self._base, items, source=source, exact=exact)

    def edit(
        self, head: str, relation: str, tail: str, *, old: str | None = None, new: bool = False
    ) -> int:
        """Change a fact in the graph and in modeledge; the next answer follows, without training.

        Names may be keys, labels or aliases; ``tail`` and ``old`` are values where the relation has
        values. Returns the graph's revision, to undo it by.

        Args:
            head: The entity.
            relation: The relation.
            tail: The entity or value that it has from now on.
            old: What is replaced, where there are several.
            new: Whether ``tail`` may be an entity that the graph has never held.

        Raises:
            UnknownKeyError: A name is not in the graph.
            StoreError: The fact has several values and ``old`` is not given.
        """
        known = self.graph.relation(relation).key
        key, end = self._base.resolve(head), self._end(known, tail, new=new)
        old_end = self._end(known, old, new=True) if old is not None else None
        stored = self.graph.follow(key, [Step(known)])
        gone = old_end or (stored[0] if stored else None)
        asked: list[Question] = [(key, known, None), (None, known, end)]
        if gone is not None:
            asked.append((None, known, gone))
        before = self._answers(asked)
        predictor = self._asking.predictor()
        with self.graph.transaction():
            revision = self.graph.edit(key, known, end, old=old_end, new=new)
            if not isinstance(end, ValueKey):  # modeledge holds what entities are to each other
                predictor.tell(key, known, end, old=gone, revision=revision)
        self._note_answers(revision, asked, before)
        return revision

    def forget(
        self,
        entity: str | None = None,
        *,
        triple: tuple[str, str, str] | None = None,
        source: str | None = None,
        text: str | None = None,
    ) -> dict[str, int]:
        """Forget an entity, a triple, what a source says, or a text, in the graph and in modeledge.

        What another source says too stays, unless a triple or an entity is forgotten.

        Args:
            entity: Its key, label or alias; the likeliest sense of an ambiguous name.
            triple: Head, relation, tail, by keys, labels or aliases.
            source: As it was loaded or indexed: a path, by default.
            text: A whole text that was indexed; the graph has none.

        Returns:
            How many triples and records went, the graph's revision to undo all of it by (0 where
            neither graph nor passage changed), and modeledge's operation (0 where it held nothing).

        Raises:
            UnknownKeyError: Nothing is called so.
            WorkspaceError: Not exactly one of them was given.
        """
        from kptm.modeledge import Receipt

        if sum(item is not None for item in (entity, triple, source, text)) != 1:
            raise WorkspaceError("forget an entity, a triple, a source or a text, one of them")
        key = self._base.resolve(entity) if entity is not None else None
        fact = self._fact(triple) if triple is not None else None
        asked = self._questions(key, fact)
        before = self._answers(asked)
        count = self._facts()
        with self.graph.transaction():
            revision = self._forget_in_graph(key, fact, source)
            revision = self._forget_passages(revision, source, text)
            gone = self._models.modeledge.forget(
                triple=fact, entity=key, source=source, text=text, revision=revision or None
            )
            # Another source may attest the record of a fact that it does not state any more.
            ended = self._models.modeledge.forget_ended(revision) if revision else Receipt(0)
        self._note_answers(revision, asked, before)
        return {
            "triples": count - self._facts(),
            "records": gone.rows_removed + ended.rows_removed,
            "revision": revision,
            "operation": gone.operation or ended.operation,
        }

    def _forget_passages(self, revision: int, source: str | None, text: str | None) -> int:
        """End a source's or text's passages in a revision; return its number, 0 if none changed."""
        if (source is None and text is None) or not self._models.passages.holds(
            source=source, text=text
        ):
            return revision
        number = revision or self.graph.log.note("forget", (source or text or "")[:200])
        self._models.passages.forget(revision=number, source=source, text=text)
        self._base.note_change()
        return number

    def _facts(self) -> int:
        """How many facts the graph has, those that end in values too."""
        counts = self.graph.stats()
        return counts["triples"] + counts["attributes"]

    def _forget_in_graph(
        self, entity: str | None, fact: tuple[str, str, str] | None, source: str | None
    ) -> int:
        if fact is not None:
            head, relation, tail = fact
            gone = self.graph.remove(head=head, relation=relation, tail=tail)
            return self.graph.revision() if gone else 0
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
        """Take back a revision: facts, records of modeledge and learnt files are as before it.

        To undo an undo brings back what it took; :meth:`changes` says so, and lists what came back
        and what went.

        Args:
            revision: Its number, the newest by default.
            operation: An operation of modeledge alone, where the graph had no part in it.
            later: Whether later revisions that changed the same are taken back with it.

        Returns:
            The revision that the undo is itself, or the operation.

        Raises:
            StoreError: There is no such revision, nothing of it is left to undo, or later
                revisions, which are named, changed the same facts.
            ModeledgeError: The same of an operation.
        """
        if operation is not None:
            return self._models.modeledge.undo(operation).operation
        self._base.note_change()
        with self.graph.transaction():
            new, undone = self._undo_revision(revision, later)
            operations = {
                one for number in undone for one in self._models.modeledge.operations_of(number)
            }
            for number in sorted(undone, reverse=True):
                self._models.passages.undo(number, revision=new)
            for one in sorted(operations, reverse=True):
                with suppress(ModeledgeError):  # what it changed is gone by now
                    self._models.modeledge.undo(one, revision=new)
            self._models.modeledge.forget_ended(new)
        return new

    def _undo_revision(self, revision: int | None, later: bool) -> tuple[int, tuple[int, ...]]:
        """Undo in the graph and learnt files; note an undo of a revision of modeledge alone."""
        number = self.graph.revision() if revision is None else revision
        try:
            new = self.graph.undo(number, later=later, files=LearntFiles(self.folder))
        except StoreError:
            if not self._left_in_modeledge(number):
                raise
            undone = self.graph.at(number).revisions(limit=1)[0]
            kind = "redo" if undone.kind == "undo" else "undo"
            note = f"undo of revision {number} ({undone.kind}: {undone.note})"
            return self.graph.log.note(kind, note, undoes=[number]), (number,)
        return new, self.graph.revisions(limit=1)[0].undoes

    def _follow_ended(self, revision: int) -> None:
        self._models.modeledge.forget_ended(revision)

    def _left_in_modeledge(self, number: int) -> bool:
        """Whether a revision changed modeledge or passages alone and was not taken back."""
        if not self._models.modeledge.operations_of(number) and not any(
            self._models.passages.changed_by(number)
        ):
            return False
        has_facts = any(self.graph.log.count(number))
        return not has_facts and all(number not in item.undoes for item in self._since(number))

    def _since(self, number: int) -> list[Revision]:
        newest = self.graph.revision()
        return self.graph.revisions(limit=newest - number)

    def changes(self, revision: int, *, limit: int = 20) -> ChangeReport:
        """What a revision changed: facts, learnt files, records.

        Args:
            revision: Its number.
            limit: The most facts listed of those that began, and of those that ended.

        Raises:
            StoreError: There is no such revision.
        """
        begun, ended = self.graph.log.count(revision)
        came, went = self._models.passages.changed_by(revision)
        found = self.graph.at(revision).revisions(limit=1)[0]
        receipts = [
            self._models.modeledge.receipt(one)
            for one in self._models.modeledge.operations_of(revision)
        ]
        return ChangeReport(
            revision=revision,
            kind=found.kind,
            note=found.note,
            undoes=found.undoes,
            begun=begun,
            ended=ended,
            changes=tuple(self.graph.log.changes(revision, limit=limit)),
            files=self.graph.log.files(revision),
            records_added=sum(item.rows_added for item in receipts),
            records_removed=sum(item.rows_removed for item in receipts),
            passages_added=came,
            passages_removed=went,
        )

    def receipts(self, *, limit: int = 20) -> list[Receipt]:
        """What modeledge's newest operations did, newest first."""
        return self._models.modeledge.receipts(limit=limit)

    def purge(
        self,
        *,
        entity: str | None = None,
        source: str | None = None,
        progress: Callable[[int, str], None] | None = None,
    ) -> Purged:
        """Delete for good all that is said of an entity, or by a source, wherever it stands here.

        In the graph, its history and modeledge, with every stage's files that hold a purged name;
        those have to be made again. Files that kptm did not write are not touched.

        Args:
            entity: Its key, label or alias.
            source: As it was loaded or indexed: a path, by default.
            progress: Called with per cent of what is to be read and rewritten, and what was done.

        Raises:
            UnknownKeyError: Neither the graph nor modeledge ever heard of it.
            StoreError: Not exactly one of the two was given, or another process reads the graph.
            WorkspaceError: A stage is at work, or a file cannot be deleted.
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
        """What :meth:`purge` would delete, and which other files hold a name; nothing is changed.

        Raises:
            UnknownKeyError: Neither the graph nor modeledge ever heard of it.
            StoreError: Not exactly one of the two was given.
        """
        from kptm.workspace.changes.purge import plan

        key = self._purged_key(entity, source)
        return plan(self._models, entity=key, source=source, progress=progress)

    def _purged_key(self, entity: str | None, source: str | None) -> str | None:
        if (entity is None) == (source is None):
            raise StoreError("purge needs an entity or a source, one of them")
        if entity is None:
            return None
        known = self.graph.entities([entity]).get(entity)
        if known is not None:
            return known.key
        found = self.linker.candidates(entity)
        return found[0].entity if found else entity

    def _end(self, relation: str, name: str, *, new: bool) -> str:
        """The meaning of a name at a relation's end; an unknown one may be a new key."""
        found = self.graph.tail(relation, name)
        if isinstance(found, ValueKey):
            return found
        try:
            return self._base.resolve(name)
        except UnknownKeyError as error:
            if new or parse(name) is not None:
                return name
            more = "add it with kptm add, or say that it is a new entity (--new, new=True)"
            raise UnknownKeyError(f"{error}; {more}") from error

    def _fact(self, triple: tuple[str, str, str]) -> tuple[str, str, str]:
        head, relation, tail = triple
        known = self.graph.relation(relation).key
        return self._base.resolve(head), known, self._end(known, tail, new=False)

    def _questions(self, entity: str | None, fact: tuple[str, str, str] | None) -> list[Question]:
        """What may be answered otherwise when an entity or a fact is gone."""
        facts: Sequence[Any] = [fact] if fact is not None else []
        if entity is not None:
            facts = self.graph.touching([entity])[: ASKED // 2]
        found: dict[Question, None] = {}
        for head, relation, tail in facts:
            found[head, relation, None] = found[None, relation, tail] = None
        return list(found)[:ASKED]

    def _answers(self, asked: Sequence[Question]) -> list[str | None]:
        if not self.layout.has_model:  # modeledge has nothing, and writes no receipt
            return []
        found = self._asking.predictor().query_many(asked)
        return [None if answer is None or not answer.found else str(answer) for answer in found]

    def _note_answers(
        self, revision: int, asked: Sequence[Question], before: Sequence[str | None]
    ) -> None:
        """Write the changed answers on the receipt; a crash before that loses these lines alone."""
        from kptm.modeledge import AnswerChange

        done = self._models.modeledge.operations_of(revision) if revision and before else []
        if not done:
            return
        changes = [
            AnswerChange(" | ".join(part or "?" for part in question), was, now)
            for question, was, now in zip(asked, before, self._answers(asked), strict=True)
            if was != now
        ]
        self._models.modeledge.note_answers(done[0], changes)
