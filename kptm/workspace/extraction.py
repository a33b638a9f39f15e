"""Extraction in a workspace: facts of texts are proposed, reviewed and accepted."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from kg.errors import StoreError
from kg.vocabulary import SAME_AS
from kptm.errors import ConfigError
from kptm.workspace.files.stage_locks import stage
from kptm.workspace.review_items import AcceptanceRule, ReviewItem, relation_key
from kptm.workspace.stages.extraction_texts import extraction_texts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from kg.review.proposal import Decision, Proposal, ProposalState
    from kg.types import Literal
    from kptm.constraints.checking import CheckReport
    from kptm.corpora import CorpusShards
    from kptm.encoders import TokenEncoder
    from kptm.extraction.extractor import Extractor
    from kptm.extraction.fitting.extractor_learning import LearningReport
    from kptm.extraction.propose import ExtractionReport
    from kptm.extraction.scores import ExtractionScores
    from kptm.workspace.graph import WorkspaceGraph
    from kptm.workspace.stages.extraction_texts import ExtractionTexts

    Learning = Callable[[int, int, str], None]


class WorkspaceExtraction:
    """Extracts facts from texts, and reviews, accepts, rejects and checks them."""

    def __init__(self, base: WorkspaceGraph) -> None:
        self._base = base
        self.layout, self.graph, self.linker = base.layout, base.graph, base.linker
        self._loaded: tuple[str, TokenEncoder] | None = None

    def extract(
        self,
        texts: str | Path | Iterable[str],
        *,
        precision: float = 0.9,
        source: str | None = None,
        rows: str | Path | None = None,
        retrain: bool = False,
        new_entities: bool = True,
        shards: CorpusShards | None = None,
        progress: Callable[[int], None] | None = None,
        learning: Learning | None = None,
    ) -> ExtractionReport:
        """Propose the facts that texts state and the graph lacks; see :meth:`proposals`.

        On the first call, and with ``rows`` or ``retrain``, an extractor is trained: on labelled
        rows, or on the facts of the graph that the texts state. An interrupted run is resumed.

        Args:
            texts: A file or folder of texts, or texts.
            precision: The precision of each relation's predictions on held-out texts, which sets
                the thresholds.
            source: The source of the texts; by default the path of each file.
            rows: Labelled rows to train on: JSON Lines with "text" and "triples".
            retrain: Whether to train again; proposals accepted and rejected since are used too.
            new_entities: Whether names that the graph lacks may be proposed as new entities.
            shards: Where several workers link the texts of a file or folder; bad lines are skipped.
            progress: Called with the number of texts processed so far.
            learning: Called during training with (done, total, activity); total is 0 if unknown.

        Raises:
            ConfigError: The precision is not between 0 and 1.
            TripleFormatError: A file is missing or malformed.
            WorkspaceError: The texts state no fact of the graph, so that there is nothing to train
                on; or another process is extracting in this workspace.
        """
        from kptm.extraction.propose import read_texts

        if not 0 < precision < 1:
            raise ConfigError(f"precision is between 0 and 1, not {precision:g}")
        repeatable = texts if isinstance(texts, str | Path) else list(texts)
        with stage(self.layout, "extract"):
            linked = extraction_texts(self._base, repeatable, source, shards)
            learnt = 0
            if rows is not None or retrain or not self.layout.extractor.exists():
                learnt = self._learn_extractor(linked, rows, learning).texts
            report = read_texts(
                self.graph,
                linked.linker,
                self.extractor(),
                linked.texts(),
                precision=precision,
                names=new_entities,
                progress=progress,
            )
        return replace(report, learnt=learnt)

    def learn_extractor(
        self,
        texts: str | Path | Iterable[str] = (),
        *,
        rows: str | Path | None = None,
        learning: Learning | None = None,
    ) -> LearningReport:
        """Train an extractor without extracting; the arguments are those of :meth:`extract`."""
        with stage(self.layout, "extract"):
            repeatable = texts if isinstance(texts, str | Path) else list(texts)
            linked = extraction_texts(self._base, repeatable, None, None)
            return self._learn_extractor(linked, rows, learning)

    def _learn_extractor(
        self, texts: ExtractionTexts, rows: str | Path | None, learning: Learning | None
    ) -> LearningReport:
        from kg.review.proposal import ProposalState
        from kptm.extraction.fitting.extractor_learning import learn
        from kptm.extraction.fitting.labelled_rows import read_rows

        decided = [
            item
            for state in (ProposalState.ACCEPTED, ProposalState.REJECTED)
            for item in self.graph.proposals.find(state=state)
        ]
        extractor, report = learn(
            self.graph,
            texts.linker,
            (text.text for text in texts.texts()),
            rows=() if rows is None else read_rows(rows),
            decided=decided,
            encoder=self._encoder(),
            progress=learning,
        )
        extractor.save(self.layout.extractor)
        return report

    def extractor(self) -> Extractor:
        """The trained extractor.

        Raises:
            ModelError: There is no extractor yet, its file is damaged, or it was trained with
                another encoder.
        """
        from kptm.extraction.extractor import Extractor

        return Extractor.load(self.layout.extractor, encoder=self._encoder())

    def _encoder(self) -> TokenEncoder | None:
        """The encoder named in the settings, loaded once."""
        from kptm.encoders import TokenEncoder

        name = self._base.config.texts.extraction_encoder
        if name and (self._loaded is None or self._loaded[0] != name):
            self._loaded = name, TokenEncoder(name, device=self._base.config.linking.device)
        return self._loaded[1] if name and self._loaded is not None else None

    def evaluate_extraction(self, gold: str | Path, *, precision: float = 0.9) -> ExtractionScores:
        """Compare the extracted facts of texts with gold triples.

        Args:
            gold: JSON Lines with "text" and "triples".
            precision: The precision that sets the thresholds, as for :meth:`extract`.

        Raises:
            ModelError: There is no extractor yet.
            TripleFormatError: The file is missing or malformed.
        """
        from kptm.extraction.fitting.labelled_rows import read_rows
        from kptm.extraction.scores import score

        return score(
            self.graph, self.linker, self.extractor(), read_rows(gold), precision=precision
        )

    # ── review ───────────────────────────────────────────────────────────────────────────────

    def proposals(
        self,
        *,
        state: ProposalState | str | None = "proposed",
        relation: str | None = None,
        source: str | None = None,
        minimum: float = 0.0,
        limit: int | None = None,
    ) -> list[Proposal]:
        """Proposals, the most confident first; see :meth:`kg.Proposals.find`."""
        return self.graph.proposals.find(
            state=state, relation=relation, source=source, minimum=minimum, limit=limit
        )

    def review(
        self,
        *,
        ids: Sequence[int] | None = None,
        state: ProposalState | str | None = "proposed",
        relation: str | None = None,
        source: str | None = None,
        minimum: float = 0.0,
        limit: int | None = None,
    ) -> list[ReviewItem]:
        """Proposals with labels and the constraints they violate; see :meth:`proposals`."""
        proposals = self.graph.proposals.find(
            state=state, ids=ids, relation=relation, source=source, minimum=minimum, limit=limit
        )
        return self._as_items(proposals)

    def _as_items(self, proposals: Sequence[Proposal]) -> list[ReviewItem]:
        from kg.types import Literal
        from kg.values import value_text
        from kptm.constraints.checking import check_proposals

        keys = {item.head for item in proposals}
        keys |= {item.tail for item in proposals if isinstance(item.tail, str)}
        labels = {key: entity.label for key, entity in self.graph.entities(sorted(keys)).items()}
        relations = (
            {relation.key: relation.label for relation in self.graph.relations()}
            if proposals
            else {}
        )
        relations[SAME_AS] = "same as"
        violations = check_proposals(self.graph, proposals, self._base.config.constraints)
        return [
            ReviewItem(
                item,
                labels.get(item.head, item.head),
                relations.get(item.relation, item.relation),
                value_text(item.tail) if isinstance(item.tail, Literal) else labels.get(item.tail,
                item.tail),
                tuple(violations.get(item.id, ())),
            )
            for item in proposals
        ]  # fmt: skip

    def accept(self, ids: Iterable[int]) -> Decision:
        """Add proposals to the graph as facts, and merge duplicates, in one revision.

        :meth:`kptm.Workspace.undo` undoes the revision.

        Raises:
            StoreError: A proposal does not exist, or is decided already.
        """
        self._base.note_change()
        with self.graph.transaction():
            decision = self.graph.proposals.accept(list(ids))
            if decision.merged:
                self._base.note_merge(decision.revision, decision.merged)
            return decision

    def accept_all(self, rule: AcceptanceRule | str) -> Decision:
        """Accept all proposals that match a rule and violate no constraint, in one revision.

        Args:
            rule: The rule, or its text, such as "capital>=.95".

        Raises:
            ConfigError: The rule is malformed.
        """
        parsed = AcceptanceRule.parse(rule) if isinstance(rule, str) else rule
        relation = None if parsed.relation is None else relation_key(self.graph, parsed.relation)
        items = self.review(relation=relation, minimum=parsed.minimum)
        return self.accept(item.proposal.id for item in items if not item.violations)

    def reject(self, ids: Iterable[int]) -> Decision:
        """Mark proposals as wrong, in one revision; their sentences never propose them again.

        Raises:
            StoreError: A proposal does not exist, or is decided already.
        """
        return self.graph.proposals.reject(list(ids))

    def propose(
        self, head: str, relation: str, tail: str, *, sentence: str, source: str, confidence: float
    ) -> ReviewItem:
        """Propose a fact by hand, with the sentence that states it, for review.

        Args:
            head: A key, label or alias, or the name of a new entity.
            relation: A relation's key or label.
            tail: A key, label or alias, or the name of a new entity; or a value if the relation has
                values.
            sentence: The sentence that states the fact.
            source: The source of the sentence.
            confidence: The probability that the sentence states the fact, between 0 and 1.

        Raises:
            ConfigError: The confidence is out of range.
            StoreError: The fact was rejected before for the same sentence.
            UnknownKeyError: The relation does not exist.
        """
        from kg.review.proposal import Proposal, ProposalState
        from kg.values import ValueKey

        if not 0 <= confidence <= 1:
            raise ConfigError(f"confidence {confidence}: give a number from 0 to 1")
        known = self.graph.relation(relation).key
        end = self.graph.tail(known, tail)
        value = end.literal if isinstance(end, ValueKey) else None
        keys = self._key(head), None if value is not None else self._key(tail)
        item = Proposal(
            head=keys[0] or head,
            relation=known,
            tail=value if value is not None else keys[1] or tail,
            confidence=confidence,
            source=source,
            sentence=sentence,
            head_span=_span(sentence, head),
            tail_span=_span(sentence, tail),
            head_new=keys[0] is None,
            tail_new=value is None and keys[1] is None,
        )
        self.graph.proposals.add([item])
        for stored in self.graph.proposals.find(state=None, relation=known, source=source):
            if _fact(stored) == _fact(item) and stored.state is not ProposalState.REJECTED:
                return self._as_items([stored])[0]
        raise StoreError("this fact was rejected before in this sentence; it is not proposed again")

    def change_proposal(
        self,
        number: int,
        *,
        head: str | None = None,
        relation: str | None = None,
        tail: str | Literal | None = None,
    ) -> Proposal:
        """Correct a proposal before it is decided; names may be keys, labels, or new names.

        Raises:
            StoreError: The proposal does not exist, or is decided already.
            UnknownKeyError: The relation does not exist.
        """
        from kg.values import ValueKey

        known = None if relation is None else self.graph.relation(relation).key
        if isinstance(tail, str):
            now = self.graph.proposals.find(state=None, ids=[number])
            end = self.graph.tail(known or (now[0].relation if now else ""), tail)
            tail = end.literal if isinstance(end, ValueKey) else tail
        new: set[str] = set()
        ends = {}
        for name in (head, tail):
            if isinstance(name, str):
                ends[name] = self._key(name)
                if ends[name] is None:
                    new.add(name)
        return self.graph.proposals.change(
            number,
            head=None if head is None else ends[head] or head,
            relation=known,
            tail=(ends[tail] or tail) if isinstance(tail, str) else tail,
            new=new,
        )

    def _key(self, name: str) -> str | None:
        """The key of an entity, given by key, label or alias; None if there is none."""
        if self.graph.entities([name]):
            return name
        senses = self.linker.candidates(name)
        return senses[0].entity if senses else None

    def check(self, *, limit: int = 1_000, shapes: str | Path | None = None) -> CheckReport:
        """Check the constraints of ``kptm.toml`` and those learnt from the graph.

        Args:
            limit: The maximum number of violations to report per constraint.
            shapes: A file of SHACL shapes to check as well; needs ``kptm[shacl]``.

        Raises:
            ConfigError: The shapes cannot be used.
        """
        from kptm.constraints.checking import check

        path = None if shapes is None else Path(shapes)
        return check(self.graph, self._base.config.constraints, limit=limit, shapes=path)


def _span(sentence: str, name: str) -> tuple[int, int]:
    """The span of a name in a sentence, ignoring case; (0, 0) if it is not there."""
    start = sentence.lower().find(name.lower())
    return (start, start + len(name)) if start >= 0 else (0, 0)


def _fact(item: Proposal) -> tuple[object, ...]:
    return item.head, item.relation, item.tail, item.sentence
