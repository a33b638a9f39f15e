"""What the relation of a program's last step says of its answers: people, places, classes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg.programs import Follow, Having, Superlative
from kg.types import Step
from kptm.answering.answer_kinds import fits

if TYPE_CHECKING:
    from kg.programs import Program
    from kptm.answering.lexicon import Match
    from kptm.answering.parsing.derivation import Derivation
    from kptm.answering.parsing.kinds import AnswerKinds
    from kptm.answering.parsing.question.question import Question
    from kptm.answering.parsing.question.schema_words import Schema

BY = "by"
"""The last word of the name of a relation from what was done to who did it: "directed by"."""
YEAR_WORDS = frozenset("in since".split())
"""Last words of the names of relations to years: "opened in", "member since"."""


def led_to(program: Program) -> Step | None:
    """The last step, which leads to the answers; for a superlative, that of its base set."""
    if isinstance(program, Superlative):
        base = program.base
        return Step(base.step.relation, not base.step.forward) if isinstance(base, Having) else None
    return program.step if isinstance(program, Follow) else None


def labels_kind(answer: str, step: Step, schema: Schema) -> bool | None:
    """Whether a step leads to this kind of answer, judged by the relation's name.

    Args:
        answer: The kind: "date", "person", "place" or "reason".
        step: The step.
        schema: The words of relations.

    Returns:
        None if the name does not decide, or if the step is backward.
    """
    words = schema.relations.get(step.relation)
    if words is None or not step.forward:
        return None
    if answer == "date":  # a relation may lead to dates even if its name does not show it
        return fits("date", words.name) or None
    if answer == "reason":  # a place answers neither "how" nor "why"
        return False if fits("place", words.name) else None
    if answer == "person":
        return fits("person", words.name)
    return fits("place", words.name) if answer == "place" else None


def leads_from_agent(question: Question, asked: Match, step: Step, schema: Schema) -> bool:
    """Whether a step leads from who did something to what was done, but the question asks "by who".

    "The films he wrote were directed by who" asks for a director, and a backward step along
    "directed by" leads to films.
    """
    words = schema.relations.get(step.relation)
    last = len(question.tokens) - 1
    asks = asked.start == last > 0 and question.tokens[last - 1].folded == BY
    return asks and not step.forward and words is not None and words.name.split()[-1:] == [BY]


def leads_to_years(derivation: Derivation, kinds: AnswerKinds, schema: Schema) -> bool:
    """Whether the answers look like years, and the relation's name agrees: "opened in"."""
    step = led_to(derivation.program)
    words = None if step is None else schema.relations.get(step.relation)
    dated = words is not None and bool(
        fits("date", words.name) or not YEAR_WORDS.isdisjoint(words.name.split()[-1:])
    )
    return dated and kinds.fits("date", derivation.nodes) is True


def is_hinted(program: Program, question_word: Match, schema: Schema) -> bool:
    """Whether the last step is along a relation that the question word suggests.

    True if the program has no such step, or the relation has no words.
    """
    step = led_to(program)
    words = None if step is None else schema.relations.get(step.relation)
    return words is None or any(
        stems and stems <= words.weights.keys()
        for stems, _ in schema.rank_hints(question_word.hints)
    )


def classifies(question_word: Match, program: Program, schema: Schema) -> bool:
    """Whether a program ends in a relation that "what kind of" suggests: type, genre or class."""
    if not isinstance(program, Follow) or not program.step.forward:
        return False
    words = schema.relations.get(program.step.relation)
    if words is None:
        return False
    stems = set(schema.stems(words.name))
    return any(stems.issuperset(schema.stems(hint)) for hint in question_word.hints)
