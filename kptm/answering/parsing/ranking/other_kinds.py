"""Answers of another kind than the question asks for, although a word leads to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg.programs import Follow
from kptm.answering.lexicon.synonyms import is_past
from kptm.answering.parsing.question.question import MAX_OPTIONAL_WEIGHT
from kptm.answering.questions.word_order import BE, HAVE

if TYPE_CHECKING:
    from kptm.answering.lexicon import Match
    from kptm.answering.parsing.derivation import Derivation
    from kptm.answering.parsing.kinds import AnswerKinds
    from kptm.answering.parsing.question.question import Question

COPULAS = BE | frozenset("become becomes became".split())
"""Verbs after which a noun says what the subject is: "who became king"."""
TIMES = frozenset("years months weeks days hours minutes seconds".split())
"""Nouns after "how many" for lengths of time."""
DATE_NOUNS, DATE, OF = frozenset("birthday birthdate dob".split()), "date", "of"
"""Nouns for a date, and the words of "date of birth"."""
AGE = "age"
"""The hint of "how old", which a date of birth answers."""
PERSON = "person"
"""The kind of answer that "who" asks for."""


def time_features(
    question: Question, derivation: Derivation, kinds: AnswerKinds
) -> dict[str, float]:
    """Features of a program that answers a length of time by a date, or "date of" by no date."""
    if _is_no_date(question, derivation, kinds):
        return {"other_kind": 1.0, "no_date": 1.0}
    return {"other_kind": 1.0} if is_date_for_length(question, derivation, kinds) else {}


def _is_no_date(question: Question, derivation: Derivation, kinds: AnswerKinds) -> bool:
    """Whether a program answers "birthday" or "date of birth" by no date: "born in"."""
    said = derivation.mask & ~derivation.names
    words = [token.folded for token in question.tokens] + [""]
    dates = any(
        said >> i & 1 and (word in DATE_NOUNS or (word == DATE and words[i + 1] == OF))
        for i, word in enumerate(words[:-1])
    )
    return dates and bool(derivation.nodes) and kinds.fits("date", derivation.nodes) is False


def is_date_for_length(question: Question, derivation: Derivation, kinds: AnswerKinds) -> bool:
    """Whether a program answers "how many years" or "age" by a date."""
    if not derivation.nodes or kinds.fits("date", derivation.nodes) is not True:
        return False
    tokens = question.tokens
    ends = [match.end for match in question.operators if match.kind == "count"]
    counted = any(end < len(tokens) and tokens[end].folded in TIMES for end in ends)
    aged = any(
        token.folded == AGE and not derivation.mask >> at & 1 for at, token in enumerate(tokens)
    )
    return counted or aged


def are_objects(question: Question, asked: Match, derivation: Derivation) -> bool:
    """Whether the answers are what the noun after a verb names: the books of "who reads books"."""
    program = derivation.program
    if isinstance(program, Follow) and program.step.forward:
        return False  # "who owns the boat in B1" is answered by a step from the boat
    if not {"agrees", "noun"} & dict(derivation.features).keys():
        return False
    return any(
        item.noun and item.noun != PERSON and item.mask & derivation.mask & ~derivation.names
        and _has_verb(question, asked.end, item.start)
        for item in question.types
    )  # fmt: skip


def _has_verb(question: Question, start: int, end: int) -> bool:
    """Whether a content word or "has" stands between two positions, and no "be": "who reads"."""
    words = question.tokens[start:end]
    if any(token.folded in COPULAS for token in words):
        return False
    said = any(question.importance[at] > MAX_OPTIONAL_WEIGHT for at in range(start, end))
    return said or any(token.folded in HAVE for token in words)


def has_state_without_date(question: Question, derivation: Derivation) -> bool:
    """Whether a program uses a participle only as a value that its name has: a status "retired"."""
    tokens = question.tokens
    said = (at for at in range(len(tokens)) if derivation.names >> at & 1)
    told = derivation.floating and "sense_name" in dict(derivation.features)
    return bool(told) and any(is_past(tokens[at].folded) for at in said)
