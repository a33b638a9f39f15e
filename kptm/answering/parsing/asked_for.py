"""Features of whether a program's answers are what the question asks for: kind, noun, count."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg.programs import Aggregate, Compare, Follow, Having, Intersection, Superlative, parts
from kg.types import Step
from kg.values import ValueKey
from kptm.answering.answer_kinds import fits
from kptm.answering.parsing.question.question_spans import span_mask
from kptm.answering.parsing.question.relation_mentions import ENOUGH
from kptm.answering.questions.word_order import (
    BE,
    DETERMINERS,
    PARTICIPLES,
    PASTS,
    Form,
    relation_form,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kg.programs import Program
    from kptm.answering.lexicon import Match
    from kptm.answering.parsing.derivation import Derivation
    from kptm.answering.parsing.kinds import AnswerKinds
    from kptm.answering.parsing.question.question import Question
    from kptm.answering.parsing.question.question_spans import Mention
    from kptm.answering.parsing.question.schema_words import Schema

PEOPLE = frozenset("people persons inhabitants citizens residents".split())
"""Nouns that ask for a number of people."""
ONE = frozenset("is was s".split())
"""Words after a question word that ask for one thing."""
AGE = "age"
"""The measure that a date of birth determines."""
ROWS = 0.6
"""The weight of a match with the noun for rows in an untyped graph; a type's name has 1."""
ANY = "any"
"""What "which" and "what" ask for, in contrast to "who"."""
PAST = "ed"
"""The ending of verbs that are not the noun asked for."""
NOUNS = 4
"""Tokens after a question word among which the noun asked for is looked up."""


def asked_features(
    question: Question,
    derivation: Derivation,
    nouns: Sequence[str],
    named: frozenset[str],
    kinds: AnswerKinds,
    schema: Schema,
    *,
    focus: bool,
) -> dict[str, float]:
    """Features of whether the answers are what the question asks for.

    Args:
        question: The question.
        derivation: The derivation of the program.
        nouns: Stems of the nouns that may be asked for.
        named: Relations whose name is the first of these nouns.
        kinds: Looks up the kinds of answers.
        schema: The words of relations.
        focus: Whether the answers are of the type that the question's noun names.
    """
    own = _kind_features(question, derivation, kinds, schema)
    if named and _is_asked(question, derivation.program, named, schema):
        own["asked"] = 1.0
    elif (
        named
        and not focus
        and not (_asks_by_verb(question) and _uses(derivation.program, named))
        and "agrees" not in dict(derivation.features)
    ):  # the noun may name a type
        own["other_asked"] = 1.0
    nodes = derivation.nodes or derivation.counted
    share = kinds.share_named(nouns, nodes) if nodes and nouns else 0.0
    if schema.nouns and focus:  # in an untyped graph, files and classes name the rows
        share = ROWS
    if share:
        own["noun"] = share
    if _is_whole_range(question, derivation, kinds):
        own["whole_range"] = 1.0
    if isinstance(derivation.program, Aggregate) and _is_uncounted(question, derivation, kinds):
        own["uncounted"] = 1.0
    return own


def _is_whole_range(question: Question, derivation: Derivation, kinds: AnswerKinds) -> bool:
    """Whether a question is about all ends of a relation: "list all directors".

    "Who is in office" does not ask for the offices.
    """
    program = derivation.program
    source = program.source if isinstance(program, Aggregate) else program
    if not isinstance(source, Having) or source.step.forward:
        return False
    asked = question.question_word()
    nodes = derivation.nodes or derivation.counted
    if asked is not None and asked.answer in ("person", "place", "date"):
        return kinds.fits(asked.answer, nodes) is True
    return not question.unexplained_words(derivation.mask)


def _asks_by_verb(question: Question) -> bool:
    """Whether a verb follows the question word: "who started" does not ask for starts."""
    asked = question.question_word()
    if asked is None or asked.answer == ANY:
        return False
    words = [token.folded for token in question.tokens[asked.end :]]
    word = next((word for word in words if word not in BE), "")
    return word.endswith(PAST) or word in PARTICIPLES | PASTS


def _uses(program: Program, relations: frozenset[str]) -> bool:
    """Whether a relation of a program is one of some relations."""
    for part in parts(program):
        steps = part.measure.steps if isinstance(part, (Compare, Superlative)) else ()
        steps = (part.step,) if isinstance(part, (Follow, Having)) else steps
        if any(step.relation in relations for step in steps):
            return True
    return False


def _kind_features(
    question: Question, derivation: Derivation, kinds: AnswerKinds, schema: Schema
) -> dict[str, float]:
    own: dict[str, float] = {}
    asked = question.question_word(derivation.names)
    if asked is None or not asked.answer:
        return own
    if asked.answer == "kind":
        return {"classifies": 1.0} if _classifies(asked, derivation.program, schema) else {}
    fit = _fits(question, derivation, asked, kinds, schema)
    if asked.answer == "person" and fit is None and kinds.are_no_people(derivation.nodes):
        own["no_person"] = 1.0
    if fit is not None:
        own["kind" if fit else "other_kind"] = 1.0
    value = bool(derivation.nodes) and isinstance(derivation.nodes[0], ValueKey)
    if fit is False and (asked.answer == "date" or value):
        # A place never answers "when", and a value never answers "who" or "where".
        own["no_date"] = 1.0
    led = _led_to(derivation.program)
    if led is not None:
        said = labels_kind(asked.answer, led, schema)
        if said is not None:
            own["label_kind" if said else "other_label_kind"] = 1.0
    return own


def _fits(
    question: Question,
    derivation: Derivation,
    asked: Match,
    kinds: AnswerKinds,
    schema: Schema,
) -> bool | None:
    """Whether answers are of the kind that a question word asks for; None if unclear."""
    nodes = derivation.nodes
    if derivation.number is not None and asked.answer in ("person", "place"):
        return False
    fit = kinds.fits(asked.answer, nodes) if nodes else None
    if asked.answer != "value" or not fit:
        return fit
    dates = kinds.are_dates(nodes)
    if _asks_for_no_time(question, asked):
        # "How tall" does not ask for a date of birth, and "how many climbed" not for a year.
        return not (dates or _leads_to_years(derivation, kinds, schema))
    # "How old" may be a date of birth, not one of death.
    return not (dates and asked.hints) or _is_hinted(derivation.program, asked, schema)


def _is_hinted(program: Program, asked: Match, schema: Schema) -> bool:
    """Whether the relation to the answers is one that the question word suggests."""
    step = _led_to(program)
    words = None if step is None else schema.relations.get(step.relation)
    return words is None or any(
        stems and stems <= words.weights.keys() for stems, _ in schema.rank_hints(asked.hints)
    )


def _asks_for_no_time(question: Question, asked: Match) -> bool:
    """Whether a question asks for a count, or a measure other than age: "how tall"."""
    if any(match.kind == "count" and match.start == asked.start for match in question.operators):
        return True
    return bool(asked.hints) and not any(fits("date", hint) or hint == AGE for hint in asked.hints)


def _leads_to_years(derivation: Derivation, kinds: AnswerKinds, schema: Schema) -> bool:
    """Whether answers may be years, by a relation such as "opened in"."""
    step = _led_to(derivation.program)
    words = None if step is None else schema.relations.get(step.relation)
    dated = words is not None and bool(
        fits("date", words.name) or words.name.split()[-1:] == ["in"]
    )
    return dated and kinds.fits("date", derivation.nodes) is True


def asks_for_one(question: Question, names: int) -> bool:
    """Whether English words ask for one thing: "what team does he play for", "who is her husband".

    If several answers are found for such a question, only one is meant, but it is unknown which.
    "Who wrote it" leaves the number open.

    Args:
        question: The question.
        names: The tokens of the names in the program, as bits.
    """
    asked = question.question_word(names)
    several = any(item.kind in ("list", "all", "count") for item in question.operators)
    if asked is None or several or question.language != "en" or asked.end >= len(question.tokens):
        return False
    if question.tokens[asked.end].folded in ONE:
        return True
    places = asked_places(question)
    if not places or places[0] > asked.end + 2:
        return False
    noun = question.tokens[places[0]].folded
    return not noun.endswith("s") or noun.endswith(("ss", "us"))


def _is_uncounted(question: Question, derivation: Derivation, kinds: AnswerKinds) -> bool:
    """Whether "how many" asks for other things than those counted: people instead of counties."""
    match = next((item for item in question.operators if item.kind == "count"), None)
    if match is None:
        return False
    at = match.end
    while at < len(question.tokens) and question.tokens[at].folded in DETERMINERS | {"of"}:
        at += 1
    if at == len(question.tokens) or derivation.mask >> at & 1:
        return False
    token = question.tokens[at]
    if token.folded in PEOPLE:
        return kinds.fits("person", derivation.counted) is not True
    return not kinds.share_named([token.stem], derivation.counted)


def _led_to(program: Program) -> Step | None:
    """The step that leads to the answers, also within a superlative."""
    if isinstance(program, Superlative):
        base = program.base
        return Step(base.step.relation, not base.step.forward) if isinstance(base, Having) else None
    return program.step if isinstance(program, Follow) else None


def labels_kind(answer: str, step: Step, schema: Schema) -> bool | None:
    """Whether a relation's name shows that it leads to this kind of answer; None if unclear."""
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


def _classifies(asked: Match, program: Program, schema: Schema) -> bool:
    """Whether a program ends in a relation called type, genre or class: "what kind of school"."""
    if not isinstance(program, Follow) or not program.step.forward:
        return False
    words = schema.relations.get(program.step.relation)
    if words is None:
        return False
    stems = set(schema.stems(words.name))
    return any(stems.issuperset(schema.stems(hint)) for hint in asked.hints)


def _is_asked(question: Question, program: Program, named: frozenset[str], schema: Schema) -> bool:
    """Whether the noun asked for names the relation, in its direction, to the answers."""
    if isinstance(program, Intersection):
        sides = (program.left, program.right)
        return any(_is_asked(question, side, named, schema) for side in sides)
    if isinstance(program, (Superlative, Compare, Aggregate)):
        inner = program.source if isinstance(program, Aggregate) else program.base
        return _is_asked(question, inner, named, schema)
    if not isinstance(program, (Follow, Having)):
        return False
    step = program.step
    if step.relation in named:
        to_tails = step.forward == isinstance(program, Follow)
        words = schema.relations.get(step.relation)
        # "Directors" are not the films that they direct.
        return to_tails or words is None or relation_form(words.name).form is not Form.NOUN
    evidence = question.relations.evidence(step.relation, forward=step.forward)
    if evidence.recall < ENOUGH:  # checked first, because most relations are not mentioned
        return False
    places = asked_places(question)
    return bool(places) and bool(evidence.mask >> places[0] & 1)


def asked_places(question: Question, named: int = 0) -> list[int]:
    """The words directly after "which" or "how many" that may name what is asked for.

    Args:
        question: The question.
        named: Tokens that belong to a name or describe it, as bits.
    """
    for mention in question.mentions:
        if mention.kind in ("label", "alias") and not _is_noun(question, mention):
            named |= mention.mask
    for match in question.operators:
        if match.kind in ("superlative", "ordinal"):  # "the largest planet" asks for a planet
            named |= span_mask(match.start, match.end)
    for match in question.operators:
        if match.kind in ("ask", "count", "list") and not question.is_relative(match):
            return _nouns(question, match, named)
    return []


def _is_noun(question: Question, mention: Mention) -> bool:
    """Whether a one-word name may still be the noun that is asked for.

    It may if it is also a relation's name, or is in the position of the noun.
    """
    if mention.end - mention.start > 1:
        return False
    return bool(question.relations.named_at(mention.start) or head_noun(question) & mention.mask)


def head_noun(question: Question) -> int:
    """The noun between question word and verb, as bits: "which city did" asks for cities."""
    for match in question.operators:
        if match.kind in ("ask", "count", "list"):
            at = match.end
            follows = at + 1 < len(question.tokens) and question.importance[at + 1] == 0
            return 1 << at if follows and question.tokens[at - 1].folded not in BE else 0
    return 0


def _nouns(question: Question, match: Match, named: int) -> list[int]:
    """The words after a question word, up to the verb if there is any word before it."""
    found: list[int] = []
    # "How high is the highest point" does not ask for a point, "when was the director born" not for
    # a director.
    said = question.tokens[match.start].folded == "which" or bool(match.hints)
    for at in range(match.end, min(len(question.tokens), match.end + NOUNS)):
        if said and question.tokens[at].folded in BE:  # "which director was born last"
            break
        if question.importance[at] > 0:
            verb = question.tokens[at].folded.endswith(PAST) and match.answer == ANY
            if verb and at == match.start + 1 and question.relations.own >> at & 1:
                break  # "which opened first", but not "what is the founded by of"
            said = True
            if not named >> at & 1:
                found.append(at)
    return found
