"""English words for a relation: a noun, "the capital of X is Y", or a verb, "X borders Y".

The words are derived from the last part of the relation's name. A phrasing from the user's texts is
used instead if it has the same words as the name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias

from kptm.answering.questions.content_words import question_words
from kptm.answering.sentences.grammar import Forms, article

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kptm.answering.sentences.grammar import SentenceGrammar

_PART = re.compile(r"[/#.:]+")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_VERB_PATTERN = re.compile(r"(?:The )?\[X\] ((?:[^\W\d_]+ ){0,4}[^\W\d_]+) (?:the )?\[Y\]\W*")
_NOUN_PATTERNS = (
    re.compile(r"The ([^\W\d_]+(?: [^\W\d_]+){0,3}) of (?:the )?\[X\] is (?:the )?\[Y\]\W*"),
    re.compile(r"(?:The )?\[Y\] is the ([^\W\d_]+(?: [^\W\d_]+){0,3}) of (?:the )?\[X\]\W*"),
)
BORN = "born"
_BE = {"is": "are", "are": "are", "was": "were", "were": "were"}


@dataclass(frozen=True, slots=True)
class NounRelation:
    """A relation as a noun: "the ``noun`` of the head is the tail".

    Attributes:
        noun: The noun, singular and plural.
        rest: Words after the head: "in km2" in "the area of Egypt in km2".
        link: Words before the tail: "by" in "the story of Alien is by its writer".
        clean: Whether the noun phrase reads well; "languages spoken" does not.
    """

    noun: Forms
    rest: str = ""
    link: str = ""
    clean: bool = True

    def verb(self, *, many: bool = False, negated: bool = False) -> str:
        """The verb between the noun and the tails: "is" or "are", with ``link`` after it."""
        plural = many or self.noun.one == self.noun.many
        return ("are" if plural else "is") + (" not" if negated else "") + self.link


@dataclass(frozen=True, slots=True)
class VerbRelation:
    """A relation as a verb between head and tail: "borders", negated "does not border".

    Attributes:
        says: The verb phrase.
        denies: The negated verb phrase.
        objectless: Whether it needs no object: "died", "was born", "was born in".
    """

    says: Forms
    denies: Forms
    objectless: bool = False

    def of(self, *, plural: bool, negated: bool = False) -> str:
        """The verb phrase in the number of its subject."""
        return (self.denies if negated else self.says).of(plural=plural)

    @property
    def dated(self) -> VerbRelation:
        """The verb without the preposition before a date: "was born" for "was born in"."""

        def cut(forms: Forms) -> Forms:
            return Forms(*(re.sub(r" (?:in|on|at)$", "", text) for text in (forms.one, forms.many)))

        return replace(self, says=cut(self.says), denies=cut(self.denies))


RelationWords: TypeAlias = NounRelation | VerbRelation


def plain_name(label: str) -> str:
    """A relation's name as words: "place of birth" for "placeOfBirth" or a path in Freebase."""
    technical = "://" in label or label.startswith("/") or re.search(r"\w[#:]\w", label)
    text = [part for part in _PART.split(label) if part][-1:] if technical else [label]
    words = "".join(text).replace("(s)", "").replace("_", " ").split()
    if len(words) == 1 and _CAMEL.search(words[0]):
        parts = _CAMEL.sub(" ", words[0]).split()
        words = [part if _is_acronym(part) else part.lower() for part in parts]
    return " ".join(words) or label


def english_name(label: str) -> str:
    """A relation's name as words in a sentence, without the capitals of a title."""
    words = plain_name(label).split()
    titled = all(word[:1].isupper() for word in words)
    small = words if titled else words[:1]
    lowered = [word if _is_acronym(word) else word.lower() for word in small]
    return " ".join([*lowered, *words[len(small) :]])


def _is_acronym(word: str) -> bool:
    return sum(letter.isupper() for letter in word) > 1


@lru_cache(maxsize=16_384)
def relation_words(
    label: str, patterns: tuple[str, ...], grammar: SentenceGrammar, *, dates: bool = False
) -> RelationWords:
    """Derive the words for a relation.

    Args:
        label: The label of the relation.
        patterns: Phrasings with ``[X]`` for the head and ``[Y]`` for the tail.
        grammar: Inflects English words.
        dates: Whether its tails are dates, so that "founded" becomes "was founded in".
    """
    name = english_name(label)
    return _from_patterns(name, patterns, grammar) or _from_name(name.split(), grammar, dates=dates)


def _from_patterns(
    name: str, patterns: Iterable[str], grammar: SentenceGrammar
) -> RelationWords | None:
    """Take the first phrasing whose words are exactly those of the relation's name.

    If the name is an identifier such as "P36", take the first simple phrasing of any words.
    """
    own = set(question_words(name))
    opaque = re.fullmatch(r"[A-Za-z]?\d+", name) is not None
    for pattern in patterns:
        for noun in _NOUN_PATTERNS:
            match = noun.fullmatch(pattern)
            if match and (opaque or set(question_words(match[1])) == own):
                return NounRelation(grammar.noun(match[1]))
        match = _VERB_PATTERN.fullmatch(pattern)
        if match and (opaque or (own and set(question_words(match[1])) == own)):
            verb = _verb(match[1].split(), grammar)
            if verb is not None:
                return verb
    return None


def _from_name(words: Sequence[str], grammar: SentenceGrammar, *, dates: bool) -> RelationWords:
    """Derive the words from the name alone, by the part of speech of its first and last word."""
    if len(words) > 1 and words[-1] == "s":  # from "position(s)"
        words = words[:-1]
    first, last = words[0].lower(), words[-1].lower()
    if first in ("has", "have") and len(words) > 1:
        return _noun(words[1:], grammar)
    if (verb := _verb([first, *words[1:]], grammar)) is not None:
        return verb
    if grammar.is_past(first) and (len(words) == 1 or words[1] in grammar.prepositions):
        return _past([first, *words[1:]], grammar, dates=dates)
    if last == "of" or (words[1:2] == ["of"] and first in grammar.roles):
        return _noun_of(words, grammar)
    if last == "by" and len(words) > 1:
        if grammar.is_past(words[-2]):
            return _be("was", words)
        return NounRelation(grammar.noun(" ".join(words[:-1])), link=" by")
    if last in grammar.prepositions and len(words) == 2 and not grammar.is_plural(first):
        return _be("is", words)
    return _noun(words, grammar)


def _noun(words: Sequence[str], grammar: SentenceGrammar) -> NounRelation:
    """Words for a name that is a noun: "capital", "area in km2", "languages spoken"."""
    *head, unit = words
    if len(head) > 1 and head[-1] == "in":
        return NounRelation(grammar.noun(" ".join(head[:-1])), f" in {unit}")
    modified = any(grammar.is_past(word.strip(",").lower()) for word in words[1:])
    clean = not modified and words[-1] not in grammar.prepositions
    if not clean:  # only the first noun of "languages spoken" has a plural
        text = " ".join(words)
        return NounRelation(Forms(text, text), clean=False)
    return NounRelation(grammar.noun(" ".join(words)))


def _verb(words: Sequence[str], grammar: SentenceGrammar) -> VerbRelation | None:
    """Words for a name that begins with a verb in the present: "is part of", "flows into"."""
    first, *rest = words
    if first in _BE:
        return _be_written(first, rest, grammar)
    if first in ("has", "have"):
        return _present("has", rest, grammar) if rest else None
    if first.endswith("ly") and rest and rest[0] in grammar.verbs:
        return _present(rest[0], rest[1:], grammar, f"{first} ")
    end = rest[-1] if rest else ""
    follows = rest[0] if rest else ""
    preposition = follows in grammar.following
    if first in grammar.verbs and (not rest or preposition or end in grammar.following):
        return _present(first, rest, grammar)
    if preposition and end == follows and grammar.may_be_verb(first):
        return _present(first, rest, grammar)
    if end in grammar.following and (listed := grammar.verb_of_base(first)):
        return _present(listed, rest, grammar)
    return None


def _present(
    verb: str, rest: Sequence[str], grammar: SentenceGrammar, adverb: str = ""
) -> VerbRelation:
    """A verb in the present with its forms: "borders", "border", "does not border"."""
    base, tail = grammar.base(verb), "".join(f" {word}" for word in rest)
    return VerbRelation(
        Forms(f"{adverb}{verb}{tail}", f"{adverb}{base}{tail}"),
        Forms(f"does not {adverb}{base}{tail}", f"do not {adverb}{base}{tail}"),
    )


def _be_written(verb: str, rest: Sequence[str], grammar: SentenceGrammar) -> VerbRelation | None:
    """Words for a phrase that begins with a form of "be"; the plural has no article."""
    if not rest:
        return None
    if rest[0] in ("a", "an", "the") and len(rest) > 1:
        many = grammar.noun(" ".join(rest[1:])).many
        return _be(verb, rest, many)
    return _be(verb, rest)


def _be(verb: str, rest: Sequence[str], plural_complement: str = "") -> VerbRelation:
    """A form of "be" with its forms: "is part of", "are part of", "is not part of"."""
    complement = " ".join(rest)
    plural_complement = plural_complement or complement
    return VerbRelation(
        Forms(f"{verb} {complement}", f"{_BE[verb]} {plural_complement}"),
        Forms(f"{verb} not {complement}", f"{_BE[verb]} not {plural_complement}"),
    )


def _noun_of(words: Sequence[str], grammar: SentenceGrammar) -> VerbRelation:
    """Words for a name with "of": "is part of", "is a member of", "is the mother of"."""
    at = len(words) - 1 if words[-1] == "of" else 1
    noun, head = " ".join(words[: at + 1]), words[at - 1].lower()
    plural = grammar.noun(noun).many
    if head in grammar.bare:
        return _be("is", noun.split())
    singular = article(noun) if head in grammar.indefinite else f"the {noun}"
    return _be("is", singular.split(), plural)


def _past(words: Sequence[str], grammar: SentenceGrammar, *, dates: bool) -> VerbRelation:
    """Words for a name that begins with a past tense: "invaded", "died in", "directed by"."""
    first, *rest = words
    if rest and rest[0] in grammar.prepositions:
        rest = rest[:1]  # "died in state" becomes "died in": the tail names the state
    if first in grammar.intransitive:
        return replace(_did(first, rest or (["in"] if dates else [])), objectless=True)
    if rest or dates or first == BORN:
        tense = "is" if first in grammar.lasting and "by" not in rest and not dates else "was"
        words = [first, *(rest or (["in"] if dates else []))]
        return replace(_be(tense, words), objectless=first == BORN)
    if first in grammar.pasts:
        base = grammar.pasts[first]
        return VerbRelation(Forms(first, first), Forms(f"did not {base}", f"did not {base}"))
    return _did(first, rest) if first.endswith("ed") else _be("was", [first])


def _did(verb: str, rest: Sequence[str]) -> VerbRelation:
    """A past tense without "was", and its negation: "died in", "has not died in"."""
    text = " ".join([verb, *rest])
    return VerbRelation(Forms(text, text), Forms(f"has not {text}", f"have not {text}"))
