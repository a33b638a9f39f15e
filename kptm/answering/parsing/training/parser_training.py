"""Trains the parser on answered questions (lessons), without programs as labels.

    lessons ─► candidates ─► rewards by the answers ─► weights
            ─► candidates by these weights ─► rewards ─► weights

Questions that ask for a relation by its name are generated and added, so that what is learnt for
some relations does not harm others. So are questions without an answer, so that names and relations
that the graph does not have are still noticed.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from kg.programs import Follow, Named
from kg.types import Step
from kptm.answering.parsing.programs.steps.remembered_paths import frequent, path_of
from kptm.answering.parsing.ranking.program_candidates import none_features
from kptm.answering.parsing.training.answer_matching import AnswerMatcher
from kptm.answering.parsing.training.likelihood import Example, fit
from kptm.answering.parsing.training.similarity_training import FOLDS, QuestionMaps, learn_maps
from kptm.answering.parsing.training.thresholds import ThresholdLearner
from kptm.answering.parsing.training.unanswerable import (
    has_known_name,
    names_of,
    remove_relations,
    reverse_names,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from kg.graph import KnowledgeGraph
    from kptm.answering.parsing.model import ReadingModel
    from kptm.answering.parsing.parser import QuestionParser
    from kptm.answering.parsing.question.question import Question

MAX_QUESTIONS = 1_500
"""The most training questions; if there are more, a random sample is taken."""
MAX_NAME_QUESTIONS = 60
"""The most questions that are generated to ask for a relation by its name."""
WIDE_BEAM_WIDTH = 60
"""The beam width of the second search, for a question whose first search found no right program."""
HELD_OUT, FEWEST = FOLDS, 20
"""One question in ``HELD_OUT`` is held out if there are at least ``FEWEST`` questions."""
UNKNOWN_NAME_EVERY, WITHOUT_RELATIONS_EVERY = 2, 8
"""One question in so many is also learnt with an unknown name, and one without its relations.

More of the latter refuse more questions whose relation the graph lacks, and more that it can answer
(figures in docs/benchmarks/answers.md).
"""
NO_MAPS = QuestionMaps()
MAX_CANDIDATES = 60
"""The most candidates of an example; the right ones come first."""
MIN_RIGHT_REWARD = 0.99
"""The least reward of a program that is completely right."""


@dataclass(frozen=True, slots=True)
class ParserExample:
    """A training question with its answers.

    Attributes:
        question: The question in words.
        answers: Compares denotations with the answers.
    """

    question: str
    answers: AnswerMatcher


@dataclass(frozen=True, slots=True)
class Training:
    """The result of training.

    Attributes:
        model: The trained model.
        explained: By question: whether some program gives its answers; None if it was not used.
        named: By question: whether it contains a name in the graph.
        held_out: The accuracy of the first answer on held-out questions before training, after
            training, and the number of these questions.
        by_name: The same for the generated questions that ask for a relation by its name.
    """

    model: ReadingModel
    explained: tuple[bool | None, ...]
    named: tuple[bool, ...]
    held_out: tuple[float, float, int]
    by_name: tuple[float, float, int]


class Trainer:
    """Trains the model of a parser.

    Args:
        parser: The parser, which gets the trained model.
        graph: The graph.
        progress: Called with the number of questions processed so far.
    """

    def __init__(
        self, parser: QuestionParser, graph: KnowledgeGraph, progress: Callable[[int], None]
    ) -> None:
        self._parser = parser
        self._graph = graph
        self._progress = progress
        self._done = 0

    def train(self, lessons: Sequence[ParserExample], *, seed: int = 0) -> Training:
        """Train on questions; afterwards the parser uses the new model.

        Training starts from the default weights, not from the parser's current model.

        Args:
            lessons: The questions with their answers.
            seed: The seed for the order of the questions.
        """
        start = self._parser.untaught()
        before = self._parser.model
        order = np.random.default_rng(seed).permutation(len(lessons)).tolist()[:MAX_QUESTIONS]
        chosen = [lessons[at] for at in order]
        named = list(by_name(self._graph, self._parser))
        everything = [*chosen, *named]
        questions = [self._parser.read(item.question) for item in everything]
        self._parser.model = start
        examples = self._examples(everything, questions)
        start = replace(start, paths=frequent(_paths(examples)))
        start, examples = self._with_thresholds(start, everything, questions, examples)
        maps = learn_maps(examples, questions)
        examples = maps.compare_examples(examples, questions)
        held_out = (
            [at for at in range(len(chosen)) if at % HELD_OUT == 0] if len(chosen) >= FEWEST else []
        )
        self._parser.model = start
        # Fewer questions hardly change the weights of words that are left unexplained.
        changed = questions if held_out else []
        unknown = self._search_unknown_names(changed, examples, maps)
        unanswerable = unknown | _remove_relations(changed, examples, maps)
        others = [at for at in range(len(examples)) if at not in set(held_out)]
        taught = [examples[at] for at in others]
        own = replace(start, paths=frequent(_paths(taught)))
        taught += [unanswerable[at] for at in others if at in unanswerable]
        self._parser.model = replace(fit(taught, own), question_map=maps.unseen(0))
        after = [
            self._is_right(everything[at], questions[at])
            for at in (*held_out, *range(len(chosen), len(everything)))
        ]
        self._parser.model = before
        earlier = [
            self._is_right(everything[at], questions[at])
            for at in (*held_out, *range(len(chosen), len(everything)))
        ]
        self._parser.model = fit([*examples, *unanswerable.values()], start)
        examples = self._examples(everything, questions, examples, maps)
        start = replace(start, paths=frequent(_paths(examples)))
        unanswerable = unknown | _remove_relations(changed, examples, maps)
        model = fit([*examples, *unanswerable.values()], start)
        model = replace(model, count=len(examples), question_map=maps.whole)
        self._parser.model = model
        explained: list[bool | None] = [None] * len(lessons)
        has_name = [True] * len(lessons)
        for at, number in enumerate(order):
            empty = not lessons[number].answers.names
            explained[number] = max(examples[at].right, default=0.0) > 0 or empty
            has_name[number] = bool(questions[at].mentions)
        size = len(held_out)
        return Training(
            model,
            tuple(explained),
            tuple(has_name),
            (_mean(earlier[:size]), _mean(after[:size]), size),
            (_mean(earlier[size:]), _mean(after[size:]), len(named)),
        )

    def _examples(
        self,
        lessons: Sequence[ParserExample],
        questions: Sequence[Question],
        earlier: Sequence[Example] = (),
        maps: QuestionMaps = NO_MAPS,
    ) -> list[Example]:
        """Search the candidates of all questions.

        Args:
            lessons: The questions with their answers.
            questions: The same questions, read.
            earlier: The examples of the first round; empty in that round. They are used again for
                questions that get no right candidate in the second round.
            maps: The map of question vectors for each question.
        """
        examples = []
        model = self._parser.model
        paths: Counter[tuple[Step, ...]] = Counter()
        for at, (lesson, question) in enumerate(zip(lessons, questions, strict=True)):
            # With the paths that answered the questions so far, few questions need the second
            # search.
            own = model.paths if earlier else frequent(paths)
            self._parser.model = replace(model, question_map=maps.unseen(at), paths=own)
            example = self._example(lesson, question)
            known = not lesson.answers.names or max(example.right, default=0.0) > 0
            if not known and not earlier:
                example = self._example(lesson, question, floating=2, beam=WIDE_BEAM_WIDTH)
            elif not known:
                example = earlier[at]
            examples.append(example)
            paths += _paths([example])
            self._done += 1
            self._progress(self._done)
        return examples

    def _search_unknown_names(
        self, questions: Sequence[Question], examples: Sequence[Example], maps: QuestionMaps
    ) -> dict[int, Example]:
        """Some questions with a name that the graph does not have: by the index of the question.

        They are searched only once, by the present model, because that takes as long as the search
        of the questions themselves.

        Args:
            questions: The training questions.
            examples: Their candidates.
            maps: The map of question vectors for each question.
        """
        found, model = {}, self._parser.model
        for at in range(0, len(questions), UNKNOWN_NAME_EVERY):
            names = names_of(examples[at])
            question = self._parser.read(reverse_names(questions[at], names))
            if question.text == questions[at].text or has_known_name(question, names):
                continue
            self._parser.model = replace(model, question_map=maps.unseen(at))
            candidates = self._parser.candidates(question)[:MAX_CANDIDATES]
            found[at] = Example(candidates, [0.0] * len(candidates), none_features(question))
        return found

    def _with_thresholds(
        self,
        start: ReadingModel,
        lessons: Sequence[ParserExample],
        questions: Sequence[Question],
        examples: list[Example],
    ) -> tuple[ReadingModel, list[Example]]:
        """Learn thresholds of words, and search again for questions that contain these words.

        Returns:
            The model with the thresholds, and the examples with the new candidates.
        """
        learner = ThresholdLearner(self._parser.knowledge)
        for lesson, question, example in zip(lessons, questions, examples, strict=True):
            if max(example.right, default=0.0) < MIN_RIGHT_REWARD:
                learner.add(
                    question, lesson.answers, [item.derivation for item in example.candidates]
                )
        start = replace(start, thresholds=learner.thresholds())
        words = {item.word for item in start.thresholds}
        self._parser.model = start
        for at, question in enumerate(questions):
            if not words.isdisjoint(token.stem for token in question.tokens):
                examples[at] = self._example(lessons[at], question)
        return start, examples

    def _example(self, lesson: ParserExample, question: Question, **how: int) -> Example:
        """Search the candidates of a question, and reward them by its answers."""
        candidates = self._parser.candidates(question, **how)
        right = [lesson.answers.reward(item.derivation) for item in candidates]
        chosen = sorted(range(len(candidates)), key=lambda at: (right[at] <= 0, at))[
            :MAX_CANDIDATES
        ]
        return Example(
            [candidates[at] for at in chosen], [right[at] for at in chosen], none_features(question)
        )

    def _is_right(self, lesson: ParserExample, question: Question) -> bool:
        """Whether the parser's first answer is right, or rightly none."""
        ranked = self._parser.rank_candidates(question, self._parser.candidates(question))
        if not ranked.parses or ranked.none > ranked.parses[0].p:
            return not lesson.answers.names
        return lesson.answers.has_first(ranked.parses[0].derivation)


def _paths(examples: Iterable[Example]) -> Counter[tuple[Step, ...]]:
    """By path: for how many questions it is the first of the candidates with the highest reward."""
    counts: Counter[tuple[Step, ...]] = Counter()
    for example in examples:
        best = max(example.right, default=0.0)
        if best > 0:
            first = example.right.index(best)
            path = path_of(example.candidates[first].derivation.program)
            counts[path] += bool(path)
    return +counts


def _remove_relations(
    questions: Sequence[Question], examples: Sequence[Example], maps: QuestionMaps
) -> dict[int, Example]:
    """Some questions without the relations that answer them: by the index of the question."""
    places = range(1, len(questions), WITHOUT_RELATIONS_EVERY)
    made = {at: remove_relations(questions[at], examples[at], maps.unseen(at)) for at in places}
    return {at: example for at, example in made.items() if example is not None}


def by_name(graph: KnowledgeGraph, parser: QuestionParser) -> Iterator[ParserExample]:
    """Generate a question for each relation, about its first head: "what is the mayor of Rome".

    If there are many relations, every k-th is used, up to ``MAX_NAME_QUESTIONS``.
    """
    relations = sorted(parser.schema().relations.values(), key=lambda item: item.key)
    stride = max(1, len(relations) // MAX_NAME_QUESTIONS)
    for words in relations[::stride][:MAX_NAME_QUESTIONS]:
        fact = next(iter(graph.match(None, words.key)), None) or next(
            iter(graph.attributes(relation=words.key)), None
        )
        if fact is None:
            continue
        entity = graph.entities([fact.head]).get(fact.head)
        if entity is None:
            continue
        keys = graph.evaluate(Follow(Named((fact.head,)), Step(words.key))).nodes
        main = words.name
        answers = AnswerMatcher(keys, {key: (key,) for key in keys})
        yield ParserExample(f"what is the {main} of {entity.label}", answers)


def _mean(values: Sequence[bool]) -> float:
    return sum(values) / len(values) if values else 0.0
