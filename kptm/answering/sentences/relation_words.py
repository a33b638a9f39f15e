"""How a relation is said in English: as a noun, "the capital of X is Y", or as a verb, "X borders Y".

It is read from the last part of the relation's name; phrasings of the user's texts decide where they say it in its own words.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

from kptm.answering.sentences.grammar import Forms, article
from kptm.answering.words import question_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kptm.answering.sentences.grammar import Grammar

_PART = re.compile(r"[/#.:]+")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_VERB_PATTERN = re.compile(r"(?:The )?\[X\] ((?:[^\W\d_]+ ){0,4}[^\W\d_]+) (?:the )?\[Y\]\W*")
_NOUN_PATTERNS = (
    re.compile(r"The ([^\W\d_]+(?: [^\W\d_]+){0,3}) of (?:the )?\[X\] is (?:the )?\[Y\]\W*"),
    re.compile(r"(?:The )?\[Y\] is the ([^\W\d_]+(?: [^\W\d_]+){0,3}) of (?:the )?\[X\]\W*"),
)
_BE = {"is": "are", "are": "are", "was": "were", "were": "were"}


@dataclass(frozen=True, slots=True)
class NounRelation:
    """The ``noun`` of the head is the tail; ``rest`` follows the head: the area of Egypt "in km2"."""

    noun: Forms
    rest: str = ""

    def is_plural(self, *, many: bool) -> bool:
        """Whether the verb is "are": of many tails, and of a noun that is a plural by itself."""
        return many or self.noun.one == self.noun.many


@dataclass(frozen=True, slots=True)
class VerbRelation:
    """The head ``says`` the tail, or ``denies`` it: "borders", "does not border".

    Attributes:
        says: The verb with what belongs to it.
        denies: The same negated.
    """

    says: Forms
    denies: Forms

    def of(self, *, plural: bool, negated: bool = False) -> str:
        """The verb that agrees with its subject."""
        return (self.denies if negated else self.says).of(plural=plural)

    @property
    def dated(self) -> VerbRelation:
        """Without the preposition before a date: "was born", of "was born in"."""

        def cut(forms: Forms) -> Forms:
            return Forms(*(re.sub(r" (?:in|on|at)$", "", text) for text in (forms.one, forms.many)))

        return replace(self, says=cut(self.says), denies=cut(self.denies))


RelationWords: TypeAlias = NounRelation | VerbRelation


def plain_name(label: str) -> str:
    """A name as words, as they are written: "place of birth", of "/people/person/place_of_birth" and of "placeOfBirth"."""
    technical = "://" in label or label.startswith("/") or re.search(r"\w[#:]\w", label)
    text = [part for part in _PART.split(label) if part][-1:] if technical else [label]
    words = "".join(text).replace("_", " ").split()
    if len(words) == 1 and _CAMEL.search(words[0]):
        parts = _CAMEL.sub(" ", words[0]).split()
        words = [part if _is_acronym(part) else part.lower() for part in parts]
    return " ".join(words) or label


def english_name(label: str) -> str:
    """A name as words within a sentence: without the capitals of a title."""
    words = plain_name(label).split()
    titled = all(word[:1].isupper() for word in words)
    small = words if titled else words[:1]
    lowered = [word if _is_acronym(word) else word.lower() for word in small]
    return " ".join([*lowered, *words[len(small) :]])


def _is_acronym(word: str) -> bool:
    return sum(letter.isupper() for letter in word) > 1


def relation_words(
    label: str, patterns: Iterable[str], grammar: Grammar, *, dates: bool = False
) -> RelationWords:
    """How a relation is said.

    Args:
        label: Its name.
        patterns: Phrasings with ``[X]`` for the head and ``[Y]`` for the tail.
        grammar: English words.
        dates: Whether its tails are dates, of which "founded" is said with "was".
    """
    name = english_name(label)
    return _from_patterns(name, patterns, grammar) or _from_name(name.split(), grammar, dates=dates)


def _from_patterns(name: str, patterns: Iterable[str], grammar: Grammar) -> RelationWords | None:
    """The first phrasing that is nothing but the relation's own words, of an opaque name like "P36" the first plain one."""
    own = set(question_words(name))
    opaque = re.fullmatch(r"[A-Za-z]?\d+", name) is not None
    for pattern in patterns:
        for noun in _NOUN_PATTERNS:
            found = noun.fullmatch(pattern)
            if found and (opaque or set(question_words(found[1])) == own):
                return NounRelation(grammar.noun(found[1]))
        found = _VERB_PATTERN.fullmatch(pattern)
        if found and (opaque or (own and set(question_words(found[1])) == own)):
            verb = _verb(found[1].split(), grammar)
            if verb is not None:
                return verb
    return None


def _from_name(words: Sequence[str], grammar: Grammar, *, dates: bool) -> RelationWords:
    first, last = words[0].lower(), words[-1].lower()
    if first in ("has", "have") and len(words) > 1:
        return _noun(" ".join(words[1:]), grammar)
    if (verb := _verb([first, *words[1:]], grammar)) is not None:
        return verb
    if grammar.is_past(first):
        return _past([first, *words[1:]], grammar, dates=dates)
    if last == "of":
        return _noun_of(words, grammar)
    if last in grammar.prepositions and len(words) > 1:
        return _be("is", words)
    return _noun(" ".join(words), grammar)


def _noun(text: str, grammar: Grammar) -> NounRelation:
    noun, unit = re.fullmatch(r"(.+?)( in \S+)?", text).groups()  # type: ignore[union-attr]  # it always matches
    return NounRelation(grammar.noun(noun), unit or "")


def _verb(words: Sequence[str], grammar: Grammar) -> VerbRelation | None:
    """A name that begins with a verb in the present: "is part of", "flows into", "share border with"."""
    first, *rest = words
    if first in _BE:
        return _be_written(first, rest, grammar)
    if first in ("has", "have"):
        return _present("has", rest, grammar) if rest else None
    follows = rest[0] if rest else ""
    preposition = follows in grammar.prepositions - {"of", "by"}
    listed = first in grammar.verbs and (
        not rest or preposition or rest[-1] in grammar.prepositions
    )
    if listed or (preposition and grammar.is_plural(first) and rest[-1] == follows):
        return _present(first, rest, grammar)
    bases = {grammar.base(verb): verb for verb in grammar.verbs}
    if first in bases and rest and rest[-1] in grammar.prepositions - {"of", "by"}:
        return _present(bases[first], rest, grammar)
    return None


def _present(verb: str, rest: Sequence[str], grammar: Grammar) -> VerbRelation:
    base, tail = grammar.base(verb), "".join(f" {word}" for word in rest)
    return VerbRelation(
        Forms(f"{verb}{tail}", f"{base}{tail}"),
        Forms(f"does not {base}{tail}", f"do not {base}{tail}"),
    )


def _be_written(verb: str, rest: Sequence[str], grammar: Grammar) -> VerbRelation | None:
    """What a name or a text says with "is": an article goes in the plural."""
    if not rest:
        return None
    if rest[0] in ("a", "an", "the") and len(rest) > 1:
        many = grammar.noun(" ".join(rest[1:])).many
        return _be(verb, rest, many)
    return _be(verb, rest)


def _be(verb: str, rest: Sequence[str], many: str = "") -> VerbRelation:
    one = " ".join(rest)
    many = many or one
    return VerbRelation(
        Forms(f"{verb} {one}", f"{_BE[verb]} {many}"),
        Forms(f"{verb} not {one}", f"{_BE[verb]} not {many}"),
    )


def _noun_of(words: Sequence[str], grammar: Grammar) -> VerbRelation:
    """A name that ends in "of": is part of, is a member of, is the mother of."""
    noun, head = " ".join(words), words[-2].lower() if len(words) > 1 else ""
    many = grammar.noun(noun).many
    if head in grammar.bare:
        return _be("is", words)
    one = article(noun) if head in grammar.indefinite else f"the {noun}"
    return _be("is", one.split(), many)


def _past(words: Sequence[str], grammar: Grammar, *, dates: bool) -> VerbRelation:
    """A name that begins with a past: "invaded", "died in", "directed by", "located in state", "founded" of a year."""
    first, *rest = words
    if rest and rest[0] in grammar.prepositions:
        rest = rest[:1]  # the label of the tail says which state
    if first in grammar.intransitive:
        return _did(first, rest or (["in"] if dates else []))
    if rest or dates:
        tense = "is" if first in grammar.lasting and "by" not in rest and not dates else "was"
        return _be(tense, [first, *(rest or ["in"])])
    if first in grammar.pasts:
        base = grammar.pasts[first]
        return VerbRelation(Forms(first, first), Forms(f"did not {base}", f"did not {base}"))
    return _did(first, rest) if first.endswith("ed") else _be("was", [first])


def _did(verb: str, rest: Sequence[str]) -> VerbRelation:
    text = " ".join([verb, *rest])
    return VerbRelation(Forms(text, text), Forms(f"has not {text}", f"have not {text}"))
