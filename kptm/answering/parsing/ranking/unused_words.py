"""Counts what a program leaves unused in a question: names, relations, types, parts of names.

In all functions, ``mask`` is the bit mask of the tokens that the program explains.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg.programs import Intersection, Named, parts
from kptm.answering.parsing.question.question import MAX_OPTIONAL_WEIGHT
from kptm.answering.parsing.question.question_spans import joint_mask, span_mask

if TYPE_CHECKING:
    from collections.abc import Collection

    from kptm.answering.parsing.derivation import Derivation
    from kptm.answering.parsing.question.question import Question


NAMES = ("label", "alias", "people")
"""Kinds of mentions that rarely mean something else: full names, also inflected ("Australian")."""


def is_torn(question: Question, derivation: Derivation) -> bool:
    """Whether a mention seems to be only a piece of a longer name that the graph does not know.

    A part of a name is torn next to an unknown or capitalised word: "Good" in "Good Earth". A
    full name is torn next to a capitalised unknown word ("Mercury" in "the Mercury Drug chain") or
    before a number ("Portal" in "Portal 3").
    """
    named = {
        key for part in parts(derivation.program) if isinstance(part, Named) for key in part.keys
    }
    for item in question.mentions:
        if item.node not in named or item.mask & ~derivation.names:
            continue
        typed = any(kind.type and kind.mask == item.mask for kind in question.types)
        after = bool(question.unknown >> item.end & 1)
        if typed and after and item.end + 1 == len(question.tokens):
            return True  # a type before an unknown last word: "who works on project Falcon"
        if any(
            match.kind == "number"
            and match.start == item.end
            and not match.unit
            and not span_mask(match.start, match.end) & derivation.mask
            for match in question.operators
        ):
            return True
        for at in (item.start - 1, item.end):
            if not 0 <= at < len(question.tokens) or derivation.mask >> at & 1:
                continue
            capital = at > 0 and question.tokens[at].text[:1].isupper()
            unknown = bool(question.unknown >> at & 1)
            if question.importance[at] > MAX_OPTIONAL_WEIGHT and (
                (item.kind == "part" and unknown) or (capital and (unknown or item.kind == "part"))
            ):
                return True
    return False


def echoes(question: Question, derivation: Derivation, named: Collection[str]) -> bool:
    """Whether the question itself contains all answers: "Ohio's capital Columbus".

    Args:
        question: The question.
        derivation: The derivation of the program.
        named: The nodes that the program names. Their mentions do not count.
    """
    own = 0
    for item in question.mentions:
        own |= item.mask if item.node in named and not item.mask & ~derivation.names else 0
    joined = isinstance(derivation.program, Intersection)
    stated = {
        item.node
        for item in question.mentions
        if item.node not in named
        and not item.mask & ~derivation.names
        and (joined or not item.mask & own)
    }
    return bool(derivation.nodes) and stated.issuperset(derivation.nodes)


def unused_names(question: Question, mask: int) -> int:
    """The number of names outside ``mask`` that match no relation or type."""
    common = question.relations.mask | _words_of_types(question)
    count = 0
    for mention in question.mentions:
        strong = mention.kind in NAMES and not mention.mask & (mask | common)
        if strong and question.weight(mention.mask) > MAX_OPTIONAL_WEIGHT:
            mask |= mention.mask
            count += 1
    return count


def is_condition_unused(question: Question, mask: int) -> bool:
    """Whether the adjective of a noun is unused: "which European countries", "shield volcanoes"."""
    nouns = joint_mask(question.types)
    explained = mask | question.relations.mask
    for mention in question.mentions:
        own = mention.mask & ~nouns
        if mention.kind != "people" or not own or own & explained:
            continue
        before = (
            mention.end < len(question.tokens)
            and question.importance[mention.end] > MAX_OPTIONAL_WEIGHT
        )
        if before or (mention.mask != own and not mention.mask & nouns & ~explained):
            return True
    return False


def unused_relations(question: Question, mask: int) -> int:
    """The number of words of relations outside ``mask``."""
    return sum(
        1
        for at, weight in enumerate(question.importance)
        if weight > MAX_OPTIONAL_WEIGHT and (question.relations.own & ~mask) >> at & 1
    )


def unused_types(question: Question, mask: int) -> int:
    """The number of types outside ``mask`` whose words match no relation."""
    count = 0
    for item in question.types:
        light = question.weight(item.mask) <= MAX_OPTIONAL_WEIGHT
        if item.type and not light and not item.mask & (mask | question.relations.mask):
            mask |= item.mask
            count += 1
    return count


def _words_of_types(question: Question) -> int:
    mask = 0
    for item in question.types:
        mask |= item.mask
    return mask
