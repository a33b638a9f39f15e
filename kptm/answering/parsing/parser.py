"""QuestionParser: parses a question into candidate programs with probabilities.

The question is read (``question/``), a beam search builds programs (``programs/``), and a
log-linear model ranks them (``model.py``).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from math import exp
from typing import TYPE_CHECKING

from kptm.answering.lexicon import load
from kptm.answering.parsing.kinds import AnswerKinds
from kptm.answering.parsing.knowledge import Knowledge
from kptm.answering.parsing.model import ReadingModel
from kptm.answering.parsing.question.blanks import BlankSides
from kptm.answering.parsing.question.mentions import MentionFinder
from kptm.answering.parsing.question.question_reader import QuestionReader
from kptm.answering.parsing.question.schema_words import Schema
from kptm.answering.parsing.ranking.program_candidates import candidates, none_features, unique
from kptm.answering.parsing.similarity.encoder import RelationEncoder
from kptm.answering.parsing.times import at_time
from kptm.data.phrasings import HEAD, TAIL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kg.graph import KnowledgeGraph
    from kg.programs import Period
    from kptm.answering.parsing.derivation import Derivation
    from kptm.answering.parsing.question.question import Question
    from kptm.answering.parsing.ranking.program_candidates import ProgramCandidate
    from kptm.answering.parsing.similarity.encoder import SentenceEncoder
    from kptm.data.phrasings import Phrasings
    from kptm.linking import Linker


@dataclass(frozen=True, slots=True)
class Parse:
    """One parse of a question.

    Attributes:
        derivation: The program, with its denotation and the tokens that it explains.
        p: The probability of the denotation: the sum over all programs that have it.
        own: The probability of this program alone.
    """

    derivation: Derivation
    p: float
    own: float


@dataclass(frozen=True, slots=True)
class ParsedQuestion:
    """A question with its parses.

    Attributes:
        question: The question.
        parses: The best parse of each denotation, by falling probability.
        none: The probability that none of the candidates is what the question means.
    """

    question: Question
    parses: tuple[Parse, ...]
    none: float


class QuestionParser:
    """Parses questions over a graph, which may change between questions.

    Args:
        graph: The graph.
        linker: Looks up names of entities.
        phrasings: The phrasings of each relation, mined from texts.
        model: The model that ranks programs; by default the weights that ship with the package.
        encoder: A sentence encoder that compares questions with relations; None to do without.
    """

    def __init__(
        self,
        graph: KnowledgeGraph,
        linker: Linker,
        phrasings: Phrasings,
        model: ReadingModel | None = None,
        *,
        encoder: SentenceEncoder | None = None,
    ) -> None:
        self._graph = graph
        self._phrasings = phrasings
        self._sides = BlankSides(phrasings)
        self._state: tuple[int, str, str] | None = None
        self._knowledge = Knowledge(graph)
        self._kinds = AnswerKinds(graph)
        self._reader = QuestionReader(
            graph, MentionFinder(linker.refresh), self.schema, self._knowledge.year
        )
        self._encoder = None if encoder is None else RelationEncoder(graph, encoder)
        self.model = self.untaught() if model is None or model == ReadingModel() else model

    def untaught(self) -> ReadingModel:
        """The default model for this parser, before any training."""
        return ReadingModel.untaught(encoder=self._encoder is not None)

    @property
    def knowledge(self) -> Knowledge:
        """The cached queries to the graph."""
        return self._knowledge

    def schema(self) -> Schema:
        """The vocabulary of the graph's current relations and types.

        It is built again, and all caches are cleared, if the graph has changed since the last call.
        """
        state = self._graph.log.state()
        if state is None or state != self._state:
            self._knowledge.clear()
            self._kinds.clear()
            relations = self._graph.relations()
            types = self._knowledge.all_types()
            self._schema = Schema(
                relations,
                self._graph.entities(item.key for item in relations),
                types,
                self._phrasing_words(),
                self._sides,
                {} if types else self._knowledge.nouns(),
                self._knowledge.doubtful_nouns,
                None if types else self._knowledge.people,
            )
            if self._encoder is not None:
                self._encoder.refresh(relations)
            self._state = state
        return self._schema

    def _phrasing_words(self) -> dict[str, dict[str, float]]:
        """By relation: the frequency of each stem in its phrasings, divided by the highest one."""
        frequencies = {}
        for key in self._phrasings.relations():
            counts = Counter(
                token.stem
                for pattern in self._phrasings.of(key)
                for token in load().tokens(pattern.replace(HEAD, " ").replace(TAIL, " "))
                if not load().is_function_word(token)
            )
            most = max(counts.values(), default=1)
            frequencies[key] = {stem: count / most for stem, count in sorted(counts.items())}
        return frequencies

    def read(self, text: str) -> Question:
        """Read a question: find the possible meanings of its tokens, and encode it."""
        question = self._reader.read(text)
        if self._encoder is None:
            return question
        encoded = self._encoder.encode(
            question.text, question.tokens, question.mentions, question.importance
        )
        return replace(question, encoded=encoded)

    def candidates(
        self, question: Question, *, floating: int = 1, beam: int = 40
    ) -> list[ProgramCandidate]:
        """The candidate programs of a question, with features and scores, best first.

        Args:
            question: The question.
            floating: The most steps of a program that no word of the question names.
            beam: The beam width: partial programs kept per size.
        """
        schema = self.schema()
        with self._knowledge.assume_unchanged():
            return candidates(
                question, self.model, schema, self._knowledge, self._kinds, floating=floating,
                beam=beam
            )  # fmt: skip

    def at_time(self, derivation: Derivation, period: Period) -> Derivation:
        """Restrict a derivation's program to a period, and evaluate it again."""
        program = at_time(derivation.program, period, self._knowledge)
        denotation = self._knowledge.evaluate(program)
        return replace(
            derivation,
            program=program,
            nodes=denotation.nodes,
            number=denotation.number,
            truth=denotation.truth,
        )

    def parse(self, text: str) -> ParsedQuestion:
        """Parse a question into candidate programs with probabilities."""
        question = self.read(text)
        return self.rank_candidates(question, self.candidates(question))

    def rank_candidates(
        self, question: Question, candidates: Sequence[ProgramCandidate]
    ) -> ParsedQuestion:
        """Compute the candidates' probabilities, and merge candidates with the same denotation."""
        if not candidates:
            return ParsedQuestion(question, (), 1.0)
        lack = self.model.lexical(question).score(none_features(question).items())
        top = max(candidates[0].score, lack)
        weights = {id(item): exp(item.score - top) for item in candidates}
        none = exp(lack - top)
        total = sum(weights.values()) + none
        parses = []
        for _, items in unique(candidates):
            # Programs with empty denotations are not merged, because each lacks a different fact.
            groups = [items] if not items[0].features.get("empty") else [[item] for item in items]
            for group in groups:
                p = sum(weights[id(item)] for item in group) / total
                parses.append(Parse(group[0].derivation, p, weights[id(group[0])] / total))
        parses.sort(key=lambda item: -item.p)
        return ParsedQuestion(question, tuple(parses), none / total)
