"""The grammar: rules that build a program from smaller ones by adding one operation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kptm.answering.parsing.programs.aggregates import Wholes
from kptm.answering.parsing.programs.bases import Bases
from kptm.answering.parsing.programs.builder import Builder
from kptm.answering.parsing.programs.measures.comparisons import Comparisons
from kptm.answering.parsing.programs.measures.durations import Durations
from kptm.answering.parsing.programs.measures.superlatives import Measures
from kptm.answering.parsing.programs.sets import ProgramSets
from kptm.answering.parsing.programs.steps.kinship import Kinship
from kptm.answering.parsing.programs.steps.remembered_paths import RememberedPaths
from kptm.answering.parsing.programs.steps.step_rules import Steps

if TYPE_CHECKING:
    from kptm.answering.parsing.knowledge import Knowledge
    from kptm.answering.parsing.model import Lexical
    from kptm.answering.parsing.question.question import Question
    from kptm.answering.parsing.question.schema_words import Schema
    from kptm.answering.parsing.rows.people_of_rows import PeopleOfRows


class Grammar:
    """All rules of the grammar, for one question.

    Args:
        question: The question.
        knowledge: Cached queries to the graph.
        lexical: The model's weights for this question.
        schema: The words of relations and types.
        people: Finds the people of rows.
        floating: The most steps of a program that no word of the question names.

    Attributes:
        builder: Builds the derivations.
    """

    def __init__(
        self,
        question: Question,
        knowledge: Knowledge,
        lexical: Lexical,
        schema: Schema,
        people: PeopleOfRows,
        *,
        floating: int = 1,
    ) -> None:
        self.builder = Builder(question, knowledge, lexical, schema, people, floating=floating)
        self.bases = Bases(self.builder).bases
        steps = Steps(self.builder)
        self.steps, self.both, self.silent_steps = steps.steps, steps.both, steps.silent_steps
        self.relatives = Kinship(self.builder).relatives
        self.remembered = RememberedPaths(self.builder, steps.remembered_step).paths
        sets = ProgramSets(self.builder)
        self.add_implied_type, self.filters, self.pairs = (
            sets.add_implied_type,
            sets.filters,
            sets.pairs,
        )
        durations = Durations(self.builder)
        self.lengths = durations.lengths
        measures = Measures(self.builder, durations)
        self.superlatives, self.thresholds = measures.superlatives, measures.thresholds
        comparisons = Comparisons(self.builder, measures)
        self.comparisons, self.times = comparisons.comparisons, comparisons.times
        self.numbers = comparisons.numbers
        whole = Wholes(self.builder)
        self.roots, self.truths = whole.roots, whole.truths
        self.differences, self.ages = whole.differences, whole.ages
