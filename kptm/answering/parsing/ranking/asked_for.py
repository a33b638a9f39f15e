"""Features that tell whether a program's answers are what the question asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg.programs import Aggregate, Compare, Follow, Having, Intersection, Superlative, Union
from kg.types import Step
from kg.values import ValueKey
from kptm.answering.answer_kinds import fits
from kptm.answering.lexicon.synonyms import is_past
from kptm.answering.parsing.question.appositions import WHOSE
from kptm.answering.parsing.question.question_spans import span_mask
from kptm.answering.parsing.question.relation_mentions import MIN_NAMED
from kptm.answering.parsing.ranking.other_kinds import (
    AGE,
    PERSON,
    are_objects,
    has_state_without_date,
    time_features,
)
from kptm.answering.parsing.ranking.program_features import uses_relation
from kptm.answering.parsing.ranking.relation_kinds import (
    classifies,
    is_hinted,
    labels_kind,
    leads_from_agent,
    leads_to_years,
    led_to,
)
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
"""Forms of "be" after a question word that ask for one thing: "who is"."""
EVENTS = frozenset("often times".split())
"""Last words of questions for a count that name nothing to count: "how often", "how many times"."""
ROW_NOUN_VALUE = 0.6
"""The value of the feature "noun" for rows of an untyped graph; for a type it is up to 1."""
ANY = "any"
"""The kind of answer that "which" and "what" ask for; "who" asks for a person."""
PAST = "ed"
"""The ending of verbs, which cannot be the noun that is asked for."""
NOUN_WINDOW = 4
"""The noun that is asked for is one of this many tokens after the question word."""


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
    """Features that tell whether the answers are what the question asks for.

    Args:
        question: The question.
        derivation: The derivation of the program.
        nouns: Stems of the nouns that may be asked for.
        named: Relations that the first of these nouns names.
        kinds: Looks up the kinds of answers.
        schema: The words of relations.
        focus: Whether the answers have the type that the question's noun names.
    """
    own = _kind_features(question, derivation, kinds, schema)
    own |= time_features(question, derivation, kinds)
    question_word = question.question_word(derivation.names)
    # "Who made it" does not ask for the tails of "made in".
    if question_word is not None and question_word.answer == PERSON:
        named = frozenset(
            key for key in named if labels_kind(PERSON, Step(key), schema) is not False
        )
    if named and _is_asked(question, derivation.program, named, schema):
        # "Population of Tripoli" has no word that asks, and proves less.
        if any(match.kind in ("ask", "count", "list") for match in question.operators):
            own["asked"] = 1.0
    elif (
        named
        and not focus
        and not _says_verb(question, derivation)
        and not (
            (_asks_by_verb(question) or "state" in dict(derivation.features))
            and uses_relation(derivation.program, named)
        )
        and "agrees" not in dict(derivation.features)
    ):  # "agrees" shows that the noun names a type
        own["other_asked"] = 1.0
    nodes = derivation.nodes or derivation.counted
    share = kinds.share_named(nouns, nodes) if nodes and nouns else 0.0
    if schema.nouns and focus:  # in an untyped graph, nouns for rows take the place of types
        share = ROW_NOUN_VALUE
    if share:
        own["noun"] = share
    if _is_whole_range(question, derivation, kinds):
        own["whole_range"] = 1.0
    if isinstance(derivation.program, Aggregate) and _is_uncounted(question, derivation, kinds):
        own["uncounted"] = 1.0
    return own


def _is_whole_range(question: Question, derivation: Derivation, kinds: AnswerKinds) -> bool:
    """Whether a program denotes all tails of a relation, and the question asks for them.

    "List all directors" does. "Who is in office" does not ask for all offices, because an office is
    not a person.
    """
    program = derivation.program
    source = program.source if isinstance(program, Aggregate) else program
    if not isinstance(source, Having) or source.step.forward:
        return False
    question_word = question.question_word()
    nodes = derivation.nodes or derivation.counted
    if question_word is not None and question_word.answer in ("person", "place", "date"):
        return kinds.fits(question_word.answer, nodes) is True
    return not question.unexplained_words(derivation.mask)


def _asks_by_verb(question: Question) -> bool:
    """Whether a verb follows the question word: "who started" does not ask for a start date."""
    question_word = question.question_word()
    if question_word is None or question_word.answer == ANY:
        return False
    words = [token.folded for token in question.tokens[question_word.end :]]
    word = next((word for word in words if word not in BE), "")
    return word in PARTICIPLES | PASTS or is_past(word)


def _says_verb(question: Question, derivation: Derivation) -> bool:
    """Whether the verb of a question names a program's step: "who came from Pisa", of births."""
    step = isinstance(derivation.program, Follow)
    return step and _asks_by_verb(question) and "weak" not in dict(derivation.features)


def _kind_features(
    question: Question, derivation: Derivation, kinds: AnswerKinds, schema: Schema
) -> dict[str, float]:
    """Features that compare the answers with the kind that the question word asks for."""
    own: dict[str, float] = {}
    question_word = question.question_word(derivation.names)
    if question_word is None or not question_word.answer:
        return own
    if question_word.answer == "kind":
        return {"classifies": 1.0} if classifies(question_word, derivation.program, schema) else {}
    fit = _fits(question, derivation, question_word, kinds, schema)
    if question_word.answer == "person" and fit is None and kinds.are_no_people(derivation.nodes):
        own["no_person"] = 1.0
    if question_word.answer == "person" and are_objects(question, question_word, derivation):
        own["other_kind"] = 1.0
    if fit is not None:
        own["kind" if fit else "other_kind"] = 1.0
    value = bool(derivation.nodes) and isinstance(derivation.nodes[0], ValueKey)
    if fit is False and (question_word.answer == "date" or value):
        # An entity that is no date never answers "when", nor a value "who" or "where".
        own["no_date"] = 1.0
    led = led_to(derivation.program)
    if led is not None:
        is_label_kind = labels_kind(question_word.answer, led, schema)
        if leads_from_agent(question, question_word, led, schema):
            is_label_kind = False
        if is_label_kind is not None:
            own["label_kind" if is_label_kind else "other_label_kind"] = 1.0
    return own


def _fits(
    question: Question,
    derivation: Derivation,
    question_word: Match,
    kinds: AnswerKinds,
    schema: Schema,
) -> bool | None:
    """Whether the answers are of the kind that the question word asks for; None if unclear."""
    nodes = derivation.nodes
    if derivation.number is not None and question_word.answer in ("person", "place"):
        return False
    fit = kinds.fits(question_word.answer, nodes) if nodes else None
    if question_word.answer == "date" and has_state_without_date(question, derivation):
        return False  # "when was Mosaic retired", where that is its status, without a date
    if question_word.answer == "reason" and question_word.hints:  # a status is no answer to "why"
        return is_hinted(derivation.program, question_word, schema)
    if question_word.answer != "value" or not fit:
        return fit
    if (
        derivation.floating
        and question_word.hints
        and not is_hinted(derivation.program, question_word, schema)
    ):
        return False  # no word leads from "how old" to a number of platforms
    dates = kinds.are_dates(nodes)
    if _asks_for_no_time(question, question_word):
        # A date answers neither "how tall" nor "how many".
        return not (dates or leads_to_years(derivation, kinds, schema))
    # A date answers "how old" only by a relation that the words suggest: of birth, not of death.
    unhinted = not (dates and question_word.hints)
    return unhinted or is_hinted(derivation.program, question_word, schema)


def _asks_for_no_time(question: Question, question_word: Match) -> bool:
    """Whether a question asks for a count, or for a measure that is no date or age: "how tall"."""
    if any(
        match.kind == "count" and match.start == question_word.start for match in question.operators
    ):
        return True
    return bool(question_word.hints) and not any(
        fits("date", hint) or hint == AGE for hint in question_word.hints
    )


def asks_for_one(question: Question, names: int) -> bool:
    """Whether an English question asks for one thing: "which team does he play for", "who is it".

    If such a question has several answers, the user means only one, but it is unknown which. "Who
    wrote it" leaves the number open. False for other languages.

    Args:
        question: The question.
        names: Bit mask of the names in the program.
    """
    question_word = question.question_word(names)
    several = any(item.kind in ("list", "all", "count") for item in question.operators)
    if (
        question_word is None
        or several
        or question.language != "en"
        or question_word.end >= len(question.tokens)
    ):
        return False
    if question.tokens[question_word.end].folded in ONE:
        return True
    places = asked_places(question)
    if not places or places[0] > question_word.end + 2:
        return False
    noun = question.tokens[places[0]].folded
    return not noun.endswith("s") or noun.endswith(("ss", "us"))


def _is_uncounted(question: Question, derivation: Derivation, kinds: AnswerKinds) -> bool:
    """Whether the noun after "how many" does not describe the counted nodes.

    An example is "how many people" for a program that counts counties.
    """
    match = next((item for item in question.operators if item.kind == "count"), None)
    if match is None or question.tokens[match.end - 1].folded in EVENTS:
        return False
    at = match.end
    while at < len(question.tokens) and question.tokens[at].folded in DETERMINERS | {"of"}:
        at += 1
    if at == len(question.tokens) or derivation.mask >> at & 1:
        return False
    token = question.tokens[at]
    if token.folded in PEOPLE:
        return kinds.fits("person", derivation.counted) is not True
    if not question.importance[at]:  # no noun: "how many are taller than …"
        return False
    return not kinds.share_named([token.stem], derivation.counted)


def _is_asked(question: Question, program: Program, named: frozenset[str], schema: Schema) -> bool:
    """Whether the noun that is asked for names the last step, in the step's direction."""
    if isinstance(program, (Intersection, Union)):
        sides = (program.left, program.right)
        return any(_is_asked(question, side, named, schema) for side in sides)
    if (
        isinstance(program, (Superlative, Compare))
        and isinstance(program.base, Having)
        and program.base.step == program.measure.steps[0]
        and program.base.step.relation in named
        and not _asks_by_verb(question)
    ):
        return True  # "top scorer", by the relation "goals"
    if isinstance(program, (Superlative, Compare, Aggregate)):
        inner = program.source if isinstance(program, Aggregate) else program.base
        return _is_asked(question, inner, named, schema)
    if not isinstance(program, (Follow, Having)):
        return False
    step = program.step
    if step.relation in named:
        to_tails = step.forward == isinstance(program, Follow)
        words = schema.relations.get(step.relation)
        if to_tails or words is None or relation_form(words.name).form is not Form.NOUN:
            return True
        # The noun "director" names the tails of "director", not the films that are its heads; but
        # "instrument" names the heads of /music/instrument/instrumentalists.
        places = asked_places(question)
        return bool(places) and question.tokens[places[0]].stem in words.source
    evidence = question.relations.evidence(step.relation, forward=step.forward)
    if evidence.recall < MIN_NAMED:  # checked first, because it excludes most relations
        return False
    places = asked_places(question)
    return bool(places) and bool(evidence.mask >> places[0] & 1)


def asked_places(question: Question, named: int = 0) -> list[int]:
    """Indices of the words after "which" or "how many" that may name what is asked for.

    Without such a word, it is the noun that begins a phrase such as "phone of the owner".

    Args:
        question: The question.
        named: Bit mask of the tokens that belong to a name or describe it.
    """
    for mention in question.mentions:
        if mention.kind in ("label", "alias") and not _is_noun(question, mention):
            named |= mention.mask
    for match in question.operators:
        if match.kind in ("superlative", "ordinal"):  # "the largest planet" asks for a planet
            named |= span_mask(match.start, match.end)
    for match in question.operators:
        if match.kind in ("ask", "count", "list") and not question.is_relative(match):
            owned = question.tokens[match.start].folded == WHOSE
            none = owned or _compares(question, match)
            return [] if none else _nouns(question, match, named)
    return _property(question, named)


def _property(question: Question, named: int) -> list[int]:
    """The index of the noun that begins a phrase with "of": "phone of the owner"; else empty."""
    words = [token.folded for token in question.tokens]
    content = [at for at, weight in enumerate(question.importance) if weight > 0]
    first = content[0] if content else len(words)
    of = words[first + 1 : first + 2] == ["of"] and BE.isdisjoint(words)  # and no sentence
    return [first] if of and not named >> first & 1 else []


def _compares(question: Question, question_word: Match) -> bool:
    """Whether a verb and a value follow a question word: "what departs before 9:45", "costs 3"."""
    at = question_word.end
    return (
        question_word.answer == ANY
        and at < len(question.tokens)
        and question.tokens[at].folded.endswith("s")
        and any(
            match.kind in ("comparison", "number") and match.start == at + 1
            for match in question.operators
        )
    )


def _is_noun(question: Question, mention: Mention) -> bool:
    """Whether a mention of one word may also be the noun that is asked for.

    It may if it also names a relation, or if it is in the position of :func:`head_noun`.
    """
    if mention.end - mention.start > 1:
        return False
    return bool(question.relations.named_at(mention.start) or head_noun(question) & mention.mask)


def head_noun(question: Question) -> int:
    """Bit mask of the word between question word and function word: "city" in "which city did"."""
    for match in question.operators:
        if match.kind in ("ask", "count", "list"):
            at = match.end
            follows = at + 1 < len(question.tokens) and question.importance[at + 1] == 0
            return 1 << at if follows and question.tokens[at - 1].folded not in BE else 0
    return 0


def _nouns(question: Question, match: Match, named: int) -> list[int]:
    """Indices of the content words after a question word, up to the verb if a word precedes it."""
    indices: list[int] = []
    # "How high" and "when" need no noun, so that the search stops at the verb: "how high is the
    # highest point" does not ask for a point.
    be_is_verb = question.tokens[match.start].folded == "which" or bool(match.hints)
    for at in range(match.end, min(len(question.tokens), match.end + NOUN_WINDOW)):
        if be_is_verb and question.tokens[at].folded in BE:
            break  # the verb: "which director was born last"
        if question.importance[at] > 0:
            verb = question.tokens[at].folded.endswith(PAST) and match.answer == ANY
            if verb and at == match.start + 1 and question.relations.own >> at & 1:
                break  # "opened" is the verb of "which opened first"
            be_is_verb = True
            if not named >> at & 1:
                indices.append(at)
    return indices
