"""Decides by English word order whether a question names the head or the tail of a relation.

Take the relation "invaded". "Who invaded Poland" names the object, which is the tail; "who did
Poland invade" names the subject, which is the head. Take "the mother of Eve": Eve is the head of a
relation "mother", but the tail of a relation "mother of".

The functions that decide return True if the name is the head, False if it is the tail, and None if
word order is undecided.
"""

from __future__ import annotations

import re
from enum import Enum, auto
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from kptm.answering.lexicon.synonyms import relation_names
from kptm.answering.questions.content_words import stem
from kptm.linking.text.char_classes import fold

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

DETERMINERS = frozenset("the a an its their his her".split())
LISTS = frozenset("both either".split())
"""Words before a list of names."""
DO = frozenset("do does did don doesn didn".split())
BE = frozenset("is are was were be been being".split())
HAVE = frozenset("has have had with".split())
WH = frozenset("who whom which what".split())
AGENT = ("er", "or", "ist", "ian", "ers", "ors", "ists", "ians")
"""Endings of agent nouns: "discoverer", "members"."""
RELATIVE = frozenset("that which who whom".split())
"""Words that begin a relative clause: "that Curie discovered"."""
PREPOSITIONS = frozenset(
    "by in on at to into onto with from for through after near over under against as about".split()
)
_OTHER_CLAUSE = PREPOSITIONS | RELATIVE | {"of"}
"""Words between a form of "be" and a name that show that "be" has another subject."""
MAX_FUNCTION_WORD_LETTERS = 4
"""Only a word with more letters is read as a plural if it ends in "s": not "does" and "thus"."""
PARTICIPLES = frozenset(
    "written born made known built sung drawn held spoken set led won done shown taken"
    " given found kept fought taught sold told spent run lent bought broken lost paid sent"
    " sown grown mown brought caught chosen drunk driven eaten fed flown frozen hidden hung"
    " heard bred dug dealt laid ridden seen sewn shaken shot slain spun stolen struck stuck"
    " sunk swept sworn thrown torn withdrawn worn woven".split()
)
PASTS = frozenset(
    "wrote sang won led built made drew ran beat fought taught found became gave took held sold"
    " spoke".split()
)
VERBS = frozenset(
    "abuts activates adjoins advises affects allows arrives attacks attends beats becomes"
    " begins believes belongs binds borders breaks builds buys calls carries causes chairs"
    " changes chases coaches collects commands composes comprises concerns conducts conflicts"
    " connects contains controls covers creates crosses dates defeats defines departs depends"
    " describes designs destroys develops directs discovers dislikes drains drinks drives eats"
    " edits employs enables encodes encompasses ends enhances enters expires exports extends"
    " fears feeds fights finds follows forms funds gives governs grows has hates heads helps"
    " hires holds hosts houses implements imports includes influences inhabits inherits inhibits"
    " interacts invades invents invests involves issues joins keeps kills knows lacks leads"
    " leaves likes links lists lives loves makes manages manufactures marries mates means"
    " measures meets mentions mentors needs neighbors neighbours observes occupies offers opens"
    " operates orbits overlaps owns paints pays performs plays powers practices practises"
    " precedes presents presides produces provides publishes quotes reaches reads recommends"
    " regulates releases renews rents replaces reports represents requires rides rules runs says"
    " sees sells sends separates serves shares shows sings sleeps speaks sponsors stars starts"
    " stores studies succeeds suggests supervises supplies supports surrounds targets teaches"
    " tells touches trains transports traverses treats tutors understands uses visits wants"
    " wears wins works writes".split()
)
"""Verbs in the present that name relations, and could be plural nouns."""
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_WORD = re.compile(r"[^\W_]+")
_POSSESSIVE = re.compile(r"\s*['’]s?\b")


class Form(Enum):
    """How the label of a relation reads between head and tail."""

    NOUN = auto()  # capital: the head's capital is the tail
    NOUN_OF = auto()  # mother of: the head is the mother of the tail
    PASSIVE = auto()  # discovered by: the head was discovered by the tail
    VERB = auto()  # invaded, flows into: the head invaded the tail


class RelationForm(NamedTuple):
    """The form of a relation's label, with its stems, its prepositions, and its folded words."""

    form: Form
    stems: frozenset[str]
    prepositions: frozenset[str]
    words: frozenset[str]


@lru_cache(maxsize=16_384)
def relation_form(label: str) -> RelationForm:
    """The form of a relation's label."""
    words = [fold(word) for word in _WORD.findall(_CAMEL.sub(" ", label))]
    return RelationForm(
        _form(words),
        frozenset(stem(word) for word in words if word not in PREPOSITIONS | {"of", "the", "is"}),
        PREPOSITIONS.intersection(words),
        frozenset(words),
    )


def word_stems(text: str) -> frozenset[str]:
    """The stems of a text's words that :func:`names_head` compares with a relation's."""
    return frozenset(stem(fold(word)) for word in _WORD.findall(text))


def _form(words: Sequence[str]) -> Form:
    """The form of a label, from its first and last word."""
    if not words:
        return Form.NOUN
    participle = any(word.endswith("ed") or word in PARTICIPLES for word in words)
    if words[-1] == "of":
        return Form.NOUN_OF
    if words[-1] == "by":  # "recipe by" is short for "recipe written by"
        return Form.PASSIVE
    if words[-1] in PREPOSITIONS:
        return Form.PASSIVE if participle else Form.VERB
    first = words[0]
    plural = first.endswith("s") and not first.endswith("ss") and not _is_plural_noun(first)
    verb = first.endswith("ed") or first in PASTS or plural
    return Form.VERB if verb and len(words) == 1 else Form.NOUN


def _is_plural_noun(word: str) -> bool:
    """Whether a relation's name in "s" is a noun: "engineers" and "awards", but not "borders"."""
    return word not in VERBS and (word.endswith(AGENT) or word in relation_names())


def names_head(question: str, start: int, end: int, label: str) -> bool | None:
    """Whether a name is the head of the relation asked about; None if word order is undecided.

    Args:
        question: The question.
        start: The position of the name's first character.
        end: The position after the name's last character.
        label: The label of the relation; its words occur in the question.
    """
    relation = relation_form(label)
    before = [fold(word) for word in _WORD.findall(question[:start])]
    after = [fold(word) for word in _WORD.findall(question[end:])]
    left = [at for at, word in enumerate(before) if stem(word) in relation.stems]
    right = [at for at, word in enumerate(after) if stem(word) in relation.stems]
    if right and not left:
        owned = _POSSESSIVE.match(question[end:]) is not None
        return _said_after(before, after, _run(right), relation, owned=owned)
    if left and not right:
        return _said_before(before, after, _run(left[::-1])[::-1], relation)
    return None


def _run(places: Sequence[int]) -> Sequence[int]:
    """The first run of positions with at most one other word between, as in "year of discovery".

    The words of a relation that are next to the name decide whether it is the head or the tail.
    """
    size = next((n for n in range(1, len(places)) if abs(places[n] - places[n - 1]) > 2), None)
    return places[:size]


def _said_after(
    before: Sequence[str],
    after: Sequence[str],
    at: Sequence[int],
    relation: RelationForm,
    *,
    owned: bool,
) -> bool | None:
    """Decide for a name that comes before the relation's words."""
    form, behind = relation.form, after[at[-1] + 1 :]
    if not WH.isdisjoint(after[: at[0]]):  # "in Chad, which side of the road"
        return None
    to = relation.form is Form.VERB and relation.prepositions
    if owned and to and to.isdisjoint(after):  # "Ann's reports" are people who report to her
        return False
    if owned:  # "Peru's capital"
        return {Form.NOUN: True, Form.NOUN_OF: False, Form.VERB: True}.get(form)
    if behind[:1] == ["of"]:
        return _of_what(after[: at[0]], form)
    had = not HAVE.isdisjoint(before[-1:])
    if had and form is Form.NOUN and after[:1] == ["as"]:
        return False  # "which country has Guarani as an official language"
    if had or not DO.isdisjoint(before):  # "who did Poland invade"
        return _as_subject(after, at, relation)
    if _is_of_name(before, form):
        return _with_be(after, at, form)
    bare = after[: at[0]]
    clause = not RELATIVE.isdisjoint(before[-1:])  # "that Curie discovered"
    object_ = BE.isdisjoint(bare) and _is_object(behind)
    has = BE.isdisjoint(bare) and not HAVE.isdisjoint(bare[:1])  # "all that Mira has paid"
    # "Brandt discovered the element"
    if form is Form.PASSIVE and (clause or object_ or has):
        return _as_subject(after, at, relation)
    if form is Form.VERB and not BE.isdisjoint(bare) and behind[:1] == ["by"]:
        return False  # "Jupiter is orbited by"
    # "Japan capital", "Poland invaded whom"
    return None if any(word in PREPOSITIONS for word in bare) else True


def _is_of_name(before: Sequence[str], form: Form) -> bool:
    """Whether the name may be the subject of a form of "be" before it.

    It is in "where was Oxygen discovered", but not in "who is in the films that Scott directed",
    where "is" has another subject.
    """
    if BE.isdisjoint(before):
        return False
    return form is not Form.PASSIVE or _OTHER_CLAUSE.isdisjoint(_since_verb(before))


def _is_object(words: Sequence[str]) -> bool:
    """Whether the words after a verb begin with its object: "discovered the element"."""
    if not words:
        return False
    first = words[0]
    plural = (
        len(first) > MAX_FUNCTION_WORD_LETTERS and first.endswith("s") and not first.endswith("ss")
    )
    return first in DETERMINERS | WH or plural


def _of_what(between: Sequence[str], form: Form) -> bool | None:
    """Decide for relation words between the name and "of"."""
    if form is Form.NOUN and not PREPOSITIONS.isdisjoint(_since_verb(between)):
        # "Jordan lies in the region of": the question asks for the region; Jordan is not one.
        return True
    # "Paris is the capital of", "who is Eve the mother of", "of what was Ramsay the discoverer"
    return {Form.NOUN: False, Form.NOUN_OF: True}.get(form)


def _with_be(after: Sequence[str], at: Sequence[int], form: Form) -> bool | None:
    """Decide for a name after a form of "be": "where was Oxygen discovered"."""
    if form is Form.VERB:
        return False if "by" in after[at[-1] + 1 :] else None
    if form is Form.PASSIVE and after[at[-1]].endswith(AGENT):  # "was Ramsay the discoverer"
        return False
    return True if form is Form.PASSIVE else None


def _since_verb(words: Sequence[str]) -> Sequence[str]:
    """The words after the last form of "be"; all words if there is none."""
    last = max((at for at, word in enumerate(words) if word in BE), default=-1)
    return words[last + 1 :]


def _as_subject(after: Sequence[str], at: Sequence[int], relation: RelationForm) -> bool | None:
    """Decide for a name that is the subject: "did N discover" names the tail of "discovered by"."""
    if relation.form is Form.VERB:
        return True
    if relation.form is Form.PASSIVE:
        return False if "by" in relation.prepositions else None
    if _is_agent(relation, [after[place] for place in at]):
        return False
    results = len(relation.words) == 1 and min(relation.words).endswith("s")
    return True if results else None  # "how often did Ann score", of a relation "goals"


def _is_agent(relation: RelationForm, words: Collection[str]) -> bool:
    """Whether the label is the agent noun of the question's verb, as "director" of "directed"."""
    agent = any(word.endswith(AGENT) for word in relation.words)
    return relation.form is Form.NOUN and agent and relation.words.isdisjoint(words)


def _said_before(
    before: Sequence[str], after: Sequence[str], at: Sequence[int], relation: RelationForm
) -> bool | None:
    """Decide for relation words that come before the name."""
    form = relation.form
    between = [word for word in before[at[-1] + 1 :] if word not in DETERMINERS | LISTS]
    if between == ["of"]:  # "the capital of Peru", "the mother of Eve"
        return {Form.NOUN: True, Form.NOUN_OF: False, Form.VERB: True}.get(form)
    if "by" in between:  # "invaded by Germany", "discovered by Priestley"
        by = "by" in relation.prepositions
        return {Form.VERB: True, Form.PASSIVE: False if by else None}.get(form)
    verb = form is Form.VERB and len(between) == 1 and between[0] in PREPOSITIONS
    if not between or verb or relation.prepositions.issuperset(between):
        return _as_object(before, at, between, relation)
    if form is Form.NOUN and len(between) == 1 and between[0] in BE | DO | HAVE:
        return _of_asked_noun(before, after, at)
    return None


def _as_object(
    before: Sequence[str], at: Sequence[int], between: Sequence[str], relation: RelationForm
) -> bool | None:
    """Decide for a name directly after the relation's words: "who invaded Poland"."""
    if relation.form is Form.VERB:
        return False
    if relation.form is Form.PASSIVE:
        return not between
    if relation.form is not Form.NOUN:
        return None
    if _is_agent(relation, [before[place] for place in at]):
        return True
    # "which country has the calling code 81"
    return None if HAVE.isdisjoint(before[: at[0]]) else False


def _of_asked_noun(before: Sequence[str], after: Sequence[str], at: Sequence[int]) -> bool | None:
    """Decide for "which subregion is Japan in"; None for "the country whose capital is Vienna"."""
    previous = before[at[0] - 1] if at[0] else ""
    if previous in ("which", "what") and after:
        return True
    return False if previous == "whose" else None
