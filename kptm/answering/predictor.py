"""Predictor: answers questions from all sources with evidence, or refuses with the reason."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

from kg.errors import UnknownKeyError
from kg.types import Triple
from kptm.answering.answer import Answer
from kptm.answering.combination.p_calibration import link_prediction_curve
from kptm.answering.combination.weight_fitting import CombinationExample, fit_weights
from kptm.answering.config import PredictorConfig
from kptm.answering.deciding import AnswerBuilder, Case, Evaluated
from kptm.answering.evidence.citations import EvidenceBuilder, NoCitations
from kptm.answering.evidence.staleness import StalenessCheck
from kptm.answering.parsing.parser import QuestionParser
from kptm.answering.parsing.times import period_of
from kptm.answering.questions import naming
from kptm.answering.questions.understanding import MAX_QUESTION_CHARACTERS, Understanding
from kptm.answering.sentences import SentenceWriter
from kptm.answering.sources.candidate_sets import CandidateSets
from kptm.answering.sources.source import LINKS, MODEL, STORE, TEXTS, SourceQuery, checked_sources
from kptm.answering.sources.source_set import SourceSet
from kptm.answering.sources.text_kinds import of_its_kind
from kptm.answering.sources.text_source import TextSource
from kptm.data.phrasings import HEAD, TAIL, Phrasings, fill
from kptm.data.tokenize import MASK
from kptm.errors import LinkingError
from kptm.modeledge.encode.ingest import statements

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from kg.embedding import EntityEmbeddings
    from kg.graph import KnowledgeGraph
    from kg.programs import Period
    from kptm.answering.combination.source_weights import SourceWeights
    from kptm.answering.parsing.model import ReadingModel
    from kptm.answering.parsing.similarity.encoder import SentenceEncoder
    from kptm.answering.questions.path_reading import Reading
    from kptm.answering.sources.module_choice import ModuleChoice
    from kptm.fusion import FusedModel
    from kptm.linking import LinkedText, Linker
    from kptm.modeledge import Modeledge, Receipt
    from kptm.passages.reader.passage_reader import ReadAnswer, Reader

QUESTIONS_PER_BATCH = 32
"""The number of questions that are parsed and answered as one batch."""
MAX_FITTED_CANDIDATES = 20_000_000
"""The maximum number of candidates in memory while weights are fitted, over all questions and
sources."""


class Predictor:
    """Answers questions from a graph, and from a model, embeddings, modeledge and texts if given.

    Args:
        graph: The graph, which is always asked first.
        linker: Finds the names in a question.
        model: The fused model, or None.
        embeddings: Embeddings for link prediction, or None.
        store: The modeledge store of the same model, or None.
        phrasings: Phrasings of relations in texts; by default the labels of relations are used.
        reading: The weights of the parser; by default those of the package.
        encoder: A sentence encoder that compares questions with relations, or None.
        reader: The reader of passages, or None.
        modules: The choice of the model's modules for each question, or None.
        config: Thresholds, sources and weights.

    Attributes:
        parser: Parses questions into programs.

    Raises:
        EmbeddingMismatchError: The embeddings, or those of the model, belong to another graph.
    """

    def __init__(
        self,
        graph: KnowledgeGraph,
        linker: Linker,
        model: FusedModel | None = None,
        embeddings: EntityEmbeddings | None = None,
        store: Modeledge | None = None,
        *,
        phrasings: Phrasings | None = None,
        reading: ReadingModel | None = None,
        encoder: SentenceEncoder | None = None,
        reader: Reader | None = None,
        modules: ModuleChoice | None = None,
        config: PredictorConfig | None = None,
    ) -> None:
        self._graph = graph
        self._model = model
        self._store = store
        tables = {LINKS: embeddings, MODEL: model.embeddings if model is not None else None}
        freshness = StalenessCheck(
            graph, {kind: table for kind, table in tables.items() if table is not None}
        )
        texts = None if reader is None else TextSource(reader)
        self._voices = SourceSet(embeddings, model, store, texts, modules)
        self._relations = naming.RelationNames(graph)
        self._candidates = CandidateSets(graph)
        curve = None if embeddings is None else link_prediction_curve(embeddings)
        self._citations = EvidenceBuilder(graph, linker, embeddings, store)
        self._decider = AnswerBuilder(graph, self._citations, freshness, curve, texts)
        self._brief = AnswerBuilder(graph, NoCitations(), None, curve, texts)
        self._phrasings = phrasings or Phrasings({})
        self._sentences = SentenceWriter(graph, self._phrasings)
        self.parser = QuestionParser(graph, linker, self._phrasings, reading, encoder=encoder)
        self._understanding = Understanding(graph, linker, self.parser)
        self._config = config or PredictorConfig()
        self.take(self._config.weights)

    @property
    def weights(self) -> SourceWeights:
        """The weights that combine the sources."""
        return self._config.weights

    @property
    def model(self) -> FusedModel | None:
        """The fused model, if there is one."""
        return self._model

    @property
    def space(self) -> str:
        """The space of the modeledge store that is searched; "" without a model."""
        return self._voices.space

    # ── asking ───────────────────────────────────────────────────────────────────────────────

    def ask(
        self, question: str, *, sources: Iterable[str] | None = None, at: str | None = None
    ) -> Answer:
        """Answer a cloze with ``[MASK]`` or a question in words.

        Args:
            question: The question. Adjacent blanks stand for one entity. If there are several
                separate blanks, only the first is answered.
            sources: The sources to ask: "graph", "link prediction", "model", "texts", "modeledge";
                by default those of the configuration.
            at: A year or day in ISO 8601, for a question that states no time: of dated facts only
                those that held then count. By default, facts that hold today come first.

        Raises:
            ConfigError: There is no such source, or the time is invalid.
            LinkingError: The question has more than 2,000 characters.
        """
        return next(self.ask_many([question], sources=sources, at=at))

    def ask_many(
        self,
        questions: Iterable[str],
        *,
        sources: Iterable[str] | None = None,
        at: str | None = None,
    ) -> Iterator[Answer]:
        """Answer a stream of questions like :meth:`ask`, in order, in chunks.

        Raises:
            ConfigError: There is no such source, or the time is invalid.
        """
        chosen = self._choose_sources(sources)
        return self._stream_answers(iter(questions), chosen, None if at is None else period_of(at))

    def _stream_answers(
        self, questions: Iterator[str], chosen: frozenset[str], at: Period | None
    ) -> Iterator[Answer]:
        while chunk := list(map(_check_question, islice(questions, QUESTIONS_PER_BATCH))):
            read = list(self._understanding.in_words(chunk, chosen, self._config, at))
            cases = [item for item in read if isinstance(item, Case)]
            decided = iter(self._decide_cases(cases, chosen))
            for question, item in zip(chunk, read, strict=True):
                answer = next(decided) if isinstance(item, Case) else item
                if isinstance(answer, Evaluated):
                    answer = self._decider.answer_of_program(answer)
                answer = self._with_words(question, replace(answer, question=question), chosen)
                yield self._sentences.complete(answer)

    def query(
        self,
        head: str | None = None,
        relation: str = "",
        tail: str | None = None,
        *,
        sources: Iterable[str] | None = None,
    ) -> Answer:
        """Answer (head, relation, ?) or (?, relation, tail); names may be keys, labels or aliases.

        Args:
            head: The head; give either ``head`` or ``tail``.
            relation: The key or label of the relation.
            tail: The tail.
            sources: As for :meth:`ask`.

        Raises:
            UnknownKeyError: The relation or the entity is not in the graph.
            ConfigError: There is no such source.
        """
        chosen = self._choose_sources(sources)
        case = self._understanding.by_names(head, relation, tail, chosen)
        return self._sentences.complete(self._decide_cases([case], chosen)[0], "en")

    def query_many(
        self, questions: Iterable[tuple[str | None, str, str | None]]
    ) -> list[Answer | None]:
        """Answer many questions in the form of :meth:`query`, without evidence.

        The sources besides the graph are asked only if the graph has no answer.

        Args:
            questions: (head, relation, tail) of each question, where None stands for the head or
                tail that is asked for.

        Returns:
            One answer per question; None if a name is not in the graph.
        """
        chosen = self._choose_sources(None)
        return [
            case
            if case is None or isinstance(case, Answer)
            else self._brief.answer(case, self._config)
            for case in self._heard_where_needed(list(self._by_names(questions, chosen)), chosen)
        ]

    def _by_names(
        self, questions: Iterable[tuple[str | None, str, str | None]], chosen: Collection[str]
    ) -> Iterator[Case | None]:
        for head, relation, tail in questions:
            try:
                yield self._understanding.by_names(head, relation, tail, chosen)
            except UnknownKeyError:
                yield None

    def _heard_where_needed(
        self, cases: Sequence[Case | None], chosen: Collection[str]
    ) -> Iterator[Case | Answer | None]:
        """Ask the sources about the cases that the graph does not answer, or refuse to predict."""
        available = self._voices.there(chosen)
        open_: list[Case] = []
        read: list[Case] = []
        ends: list[Answer | None] = []
        for case in cases:
            end = None
            if case is not None and not case.answers:
                end = self._brief.refusal(case, self._config, available - {TEXTS})
                # Texts are always asked: their p is calibrated, and asking is cheap.
                (open_ if end is None else read).append(case)
            ends.append(end)
        answered_by_sources = iter(self._ask_sources(open_, chosen))
        texts = iter(self._ask_sources(read, {TEXTS}) if TEXTS in available else ())
        for case, end in zip(cases, ends, strict=True):
            if case is None or case.answers:
                yield case
            elif end is None:
                yield next(answered_by_sources)
            else:
                by_texts = next(texts, None)
                yield by_texts if by_texts is not None and by_texts.opinions else end

    def _choose_sources(self, sources: Iterable[str] | None) -> frozenset[str]:
        return checked_sources(self._config.sources if sources is None else sources)

    # ── answering ────────────────────────────────────────────────────────────────────────────

    def _decide_cases(self, cases: Sequence[Case], chosen: Collection[str]) -> list[Answer]:
        """Ask the sources about all cases in one batch, then build the answer of each."""
        scored = self._ask_sources(cases, chosen)
        return [self._decider.answer(case, self._config) for case in scored]

    def _ask_sources(self, cases: Sequence[Case], chosen: Collection[str]) -> list[Case]:
        """Add the scores of the sources to each case, in one batch."""
        cases = [replace(case, asked=self._source_query(case, chosen)) for case in cases]
        queries = [case.asked for case in cases if case.asked is not None]
        weights = self._config.weights.neighbours
        scores = iter(self._voices.opinions(queries, chosen, weights) if queries else ())
        return [
            case if case.asked is None else replace(case, opinions=next(scores)) for case in cases
        ]

    def _source_query(self, case: Case, chosen: Collection[str]) -> SourceQuery | None:
        """The query to the other sources; None without sources, or for more than one hop."""
        available = self._voices.there(chosen)
        if not available or len(case.best.path) > 1:
            return None
        texts: Sequence[LinkedText] = ()
        if available & {MODEL, STORE}:
            has_blank = case.document is not None and MASK in case.document.text
            texts = [case.document] if has_blank and case.document else self._cloze(case.best)
        side = self._candidates.of(case.best.relation, case.best.forward)
        read = self._read(case, available)
        return SourceQuery(case.best, tuple(texts), side.append(item.node for item in read), read)

    def _read(self, case: Case, there: Collection[str]) -> tuple[ReadAnswer, ...]:
        """The answers read in texts; texts are asked only if the graph has no answer."""
        source = self._voices.texts
        if source is None or TEXTS not in there or case.answers:
            return ()
        reading = case.best
        read = source.answers(reading, self._relations.labels([reading.relation])[reading.relation])
        side = self._candidates.of(reading.relation, reading.forward)
        return of_its_kind(self._graph, reading, side, read)

    def _with_words(self, question: str, answer: Answer, chosen: Collection[str]) -> Answer:
        """Add the model's words for a blank that no entity fills, if they are likely enough."""
        if answer.found or answer.why == "words" or MASK not in question or MODEL not in chosen:
            return answer
        words = self._voices.words(self.link(question))
        if words is None or words.p < self._config.min_score:
            return answer
        evidence = (*self._citations.words(words), *answer.evidence)
        return replace(answer, token=words.text, evidence=evidence)

    def _cloze(self, reading: Reading) -> list[LinkedText]:
        """The reading as clozes, one for each of the first phrasings of its relation."""
        label = naming.labels(self._graph, [reading.entity])[reading.entity]
        name_slot, blank_slot = (HEAD, TAIL) if reading.forward else (TAIL, HEAD)
        names = {name_slot: (label, reading.entity), blank_slot: (MASK, None)}
        patterns = self._phrasings.of(reading.relation)[: self._config.phrasings]
        return [fill(pattern, names) for pattern in patterns]

    def link(self, text: str) -> LinkedText:
        """Link the names of a question; if nothing is linked, link again in any letter case."""
        return self._understanding.link(text)

    # ── fitting ──────────────────────────────────────────────────────────────────────────────

    def weigh(self, questions: Iterable[tuple[str, Collection[str]]]) -> SourceWeights:
        """Fit the weights that combine the sources, and use them from now on.

        Args:
            questions: Questions that the graph does not answer, with the keys of their answers.
                They must not have been used for training.

        Returns:
            The fitted weights; the previous ones if too few questions could be used.
        """
        silent: list[CombinationExample] = []
        score_count = 0
        chosen, k = self._config.sources, self._config.weights.neighbours.k
        # Without a source besides the graph, there is nothing to combine.
        remaining = iter(questions if self._voices.there(chosen) else ())
        while chunk := list(islice(remaining, QUESTIONS_PER_BATCH)):
            queries = []
            texts = [question for question, _ in chunk]
            read = self._understanding.in_words(texts, chosen, self._config)
            for case, (_, answers) in zip(read, chunk, strict=True):
                if not isinstance(case, Case) or not answers or case.answers:
                    continue
                if (query := self._source_query(case, chosen)) is not None:
                    queries.append((query, frozenset(answers)))
            scored = self._voices.ask_sources([query for query, _ in queries], chosen, k)
            for (query, answers), (opinions, hits) in zip(queries, scored, strict=True):
                score_count += len(opinions) * len(query.side)
                if score_count <= MAX_FITTED_CANDIDATES:
                    silent.append(CombinationExample(answers, query, opinions, hits))
        fitted = fit_weights(silent, space=self._voices.space, k=k)
        if fitted.count:
            self._config = replace(self._config, weights=fitted)
        return self.weights

    def take(self, weights: SourceWeights) -> None:
        """Use fitted weights from now on."""
        self._config = replace(self._config, weights=weights)

    # ── modeledge ────────────────────────────────────────────────────────────────────────────

    def tell(
        self, head: str, relation: str, tail: str, *, old: str | None, revision: int
    ) -> Receipt | None:
        """Write a changed fact to modeledge as sentences; the graph must have the fact already.

        Args:
            head: Key of the head.
            relation: Key of the relation.
            tail: Key of the new tail.
            old: Key of the tail that no longer holds, or None.
            revision: The revision of the graph that the operation belongs to.
        """
        if self._model is None or self._store is None:
            return None
        return self._store.edit(
            self._model,
            statements(self._graph, Triple(head, relation, tail), self._phrasings),
            head=head,
            relation=relation,
            old=old,
            note=f"{head} | {relation} | {old or '–'} → {tail}",
            revision=revision,
        )


def _check_question(question: str) -> str:
    if len(question) > MAX_QUESTION_CHARACTERS:
        raise LinkingError(
            f"the question has {len(question):,} characters, more than {MAX_QUESTION_CHARACTERS:,};"
            " ask a shorter one"
        )
    return question
