"""Finds the people for whom the rows of a table stand: the tenants of plots."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from kg.programs import Having
from kg.types import Step
from kptm.answering.parsing.kinds import WORDS_OF_PERSON_NAME
from kptm.answering.parsing.question.appositions import WHOSE
from kptm.answering.questions.word_order import AGENT

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kptm.answering.parsing.kinds import AnswerKinds
    from kptm.answering.parsing.knowledge import Knowledge
    from kptm.answering.parsing.question.question import Question
    from kptm.answering.parsing.question.schema_words import Schema

PEOPLE = frozenset("people persons folks".split())
"""Nouns after "how many" for people of any kind."""
SAMPLED_ROWS = 60
"""The maximum number of rows from which steps are read."""
MIN_PERSON_NAMES = 0.8
"""The minimum share of the tails of "speakers" that have the form of a person's name."""
MIN_LEAD = 1.5
"""The minimum ratio of the rows of the main relation to people to those of any other."""


class PeopleOfRows:
    """Finds the steps between the rows of an untyped table and the people for whom they stand.

    Args:
        question: The question.
        knowledge: Cached queries to the graph.
        kinds: Looks up the kinds of nodes.
        schema: The words of relations and types.
    """

    def __init__(
        self, question: Question, knowledge: Knowledge, kinds: AnswerKinds, schema: Schema
    ) -> None:
        self._question, self._knowledge, self._kinds = question, knowledge, kinds
        self._schema = schema
        self._is_table = not schema.type_names and knowledge.is_table
        self._steps: dict[tuple[str, ...], Step | None] = {}
        self._back: dict[str, Step | None] = {}

    @cached_property
    def are_asked_for(self) -> bool:
        """Whether the question asks for people: "who", "how many people", "whose plot"."""
        question = self._question
        question_word = question.question_word()
        if question_word is not None and question.tokens[question_word.start].folded == WHOSE:
            return any(
                item.noun
                and item.start == question_word.end
                and not self._schema.relations_named(
                    [token.stem for token in question.tokens[item.start : item.end]]
                )
                for item in question.types
            )
        if question_word is not None and question_word.answer == "person":
            return True
        ends = [item.end for item in question.operators if item.kind == "count"]
        return any(
            at < len(question.tokens) and question.tokens[at].folded in PEOPLE for at in ends
        )

    def step_to(self, nodes: Sequence[str]) -> Step | None:
        """The step from rows to their people, if the question asks for people.

        None if the rows are people themselves, if people lead to them, too (the members of a
        project besides its owner), or if several relations lead to people and none has most rows.
        """
        if not self._is_table or not nodes or not self.are_asked_for:
            return None
        some = tuple(nodes[:SAMPLED_ROWS])
        if some not in self._steps:
            steps = [] if self._kinds.are_people(some) else list(self._knowledge.steps(some))
            back = any(self._comes_from_people(step) for step in steps if not step.forward)
            self._steps[some] = None if back else self._main(x for x in steps if x.forward)
        return self._steps[some]

    def _comes_from_people(self, step: Step) -> bool:
        """Whether the heads of a relation are people."""
        return self._kinds.are_people(self._knowledge.evaluate(Having(Step(step.relation))).nodes)

    def step_from(self, name: str) -> Step | None:
        """The step from a person to the person's rows, if nothing else is known of the person.

        "What does Ann Lee grow" asks about her plots.
        """
        if not self._is_table:
            return None
        if name not in self._back:
            steps = list(self._knowledge.steps((name,)))
            known = any(step.forward for step in steps)
            self._back[name] = None if known else self._main(steps)
        return self._back[name]

    def _main(self, steps: Iterable[Step]) -> Step | None:
        """The step along the relation to people that has most rows; None if it is not clear."""
        sizes = {}
        for step in steps:
            heads, tails = (
                self._knowledge.evaluate(Having(Step(step.relation, forward))).nodes
                for forward in (True, False)
            )
            # The mentors of students may have been students: then the rows are people themselves.
            if self._lead_to_people(step, tails) and set(heads).isdisjoint(tails):
                sizes[step] = len(heads)
        order = sorted(sizes, key=lambda step: (-sizes[step], step))
        if not order or any(sizes[order[0]] < MIN_LEAD * sizes[step] for step in order[1:2]):
            return None
        return order[0]

    def _lead_to_people(self, step: Step, tails: Sequence[str]) -> bool:
        """Whether the tails of a relation are people, by their names or by the name "speakers"."""
        if self._kinds.are_people(tails):
            return True
        words = self._schema.relations.get(step.relation)
        is_agent = words is not None and words.label.lower().endswith(AGENT)
        return is_agent and sum(map(_may_be_person, tails)) > MIN_PERSON_NAMES * len(tails)


def _may_be_person(name: str) -> bool:
    """Whether a text has the form of a person's name: two to four capitalised words."""
    words = name.split()
    return len(words) in WORDS_OF_PERSON_NAME and all(
        word[0].isupper() and word.isalpha() for word in words
    )
