"""Articles and pronouns in names and before them: the film "The Narrow Margin", "the Who".

"One" is a pronoun, too: "the cheapest one" has no number. Other words say nothing: "first" in "when
was it first lit", "festival" in "the longest film of the festival".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg.naming.folding import canonical
from kptm.answering.lexicon.synonyms import is_past
from kptm.answering.questions.word_order import DETERMINERS, PASTS, PREPOSITIONS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from kptm.answering.lexicon import Match, Token
    from kptm.answering.parsing.question.question_spans import Mention, TypeMention

ARTICLE, ONE, FIRST = "the", "one", "first"
DEFINITE = frozenset("the this our my".split())
"""Words before what everybody knows."""
EVERYTHING = frozenset(
    "archive calendar catalogue catalog collection competition contest database event exhibition"
    " festival fleet gallery league lineup list marathon match museum network practice program"
    " programme project race register roster schedule season series site table team tournament"
    " warehouse".split()
)
"""Nouns for what the rows of a table belong to."""
EXAMPLE = frozenset("a an someone somebody something anyone anybody".split())
"""Words that ask for any one of many: "what is a pop band", "name somebody who paints"."""
BEFORE_EXAMPLE = frozenset("who what whats 's s is was name give me tell mention".split())
"""Words with which such a question begins."""
OWNERS = frozenset("we i you".split())
"""Pronouns for people who use a table."""
ASKED = frozenset("do did have had could can".split())
"""Auxiliaries before an owner in a question."""


def rivals(mentions: Iterable[Mention]) -> list[str]:
    """Keys of the entities whose labels match the same span, perhaps without a leading "the"."""
    by_span: dict[tuple[int, int], set[str]] = {}
    for item in mentions:
        if item.kind == "label":
            by_span.setdefault((item.start, item.end), set()).add(item.node)
    return sorted({node for nodes in by_span.values() if len(nodes) > 1 for node in nodes})


def prefer_whole_labels(
    text: str, tokens: Sequence[Token], mentions: Sequence[Mention], labels: Mapping[str, str]
) -> list[Mention]:
    """Prefer the entity whose label is exactly the span over one whose label also has "the".

    For "Narrow Margin", the film "The Narrow Margin" becomes an alias, but only if another film is
    called "Narrow Margin". For "the Narrow Margin director" it becomes a part, because a lower-case
    "the" before a capitalised name does not belong to the name.

    Args:
        text: The question.
        tokens: Its tokens.
        mentions: Its mentions.
        labels: The labels of the entities that :func:`rivals` returns.
    """
    whole: set[tuple[int, int]] = set()
    partial: set[Mention] = set()
    for item in mentions:
        if item.kind == "label" and item.node in labels:
            span = canonical(text[tokens[item.start].start : tokens[item.end - 1].end]).casefold()
            label = canonical(labels[item.node]).casefold()
            if label == f"{ARTICLE} {span}":
                partial.add(item)
            else:
                whole.add((item.start, item.end))
    exact = {(item.start, item.end) for item in mentions if item.kind == "label" and item.exact}
    result = []
    for item in mentions:
        if item in partial and (item.start, item.end) in whole:
            result.append(item._replace(kind="alias", exact=False))
        elif _has_own_article(tokens, item) and (item.start + 1, item.end) in exact:
            result.append(item._replace(kind="part"))
        else:
            result.append(item)
    return result


def _has_own_article(tokens: Sequence[Token], item: Mention) -> bool:
    """Whether a label's span begins with a lower-case "the" before a capitalised word."""
    if item.exact or item.end - item.start == 1 or item.kind != "label":
        return False
    first, second = tokens[item.start].text, tokens[item.start + 1].text
    return first == ARTICLE and second[:1].isupper()


def asks_for_example(tokens: Sequence[Token]) -> bool:
    """Whether an English question asks for any one of many things: "name a 1936 epic film".

    However many answers such a question has, each is right.
    """
    first = next((token.folded for token in tokens if token.folded not in BEFORE_EXAMPLE), "")
    return first in EXAMPLE


def verbs_of_owners(tokens: Sequence[Token], places: Iterable[int]) -> frozenset[int]:
    """Those of some words that only say what the table's owners do: "how many pets do we treat".

    In a yes-or-no question the verb matters: "do I need a prescription".

    Args:
        tokens: The tokens of an English question.
        places: Indices of words that nothing in the graph explains.
    """
    return frozenset(
        at
        for at in places
        if at > 2 and tokens[at - 1].folded in OWNERS and tokens[at - 2].folded in ASKED
    )


def names_of_pronouns(
    tokens: Sequence[Token], mentions: Iterable[Mention], types: Iterable[TypeMention]
) -> int:
    """Bit mask of names that look like pronouns: after "the" ("the Who"), or before a type."""
    nouns = {item.start for item in types if item.type}
    return sum(
        {
            1 << item.end - 1
            for item in mentions
            if item.kind in ("label", "alias")
            and item.end - 1 <= item.start + 1
            and (
                (item.end > 1 and tokens[item.end - 2].folded == ARTICLE)
                or (item.start == item.end - 1 and item.end in nouns and item.start > 0)
            )
        }
    )


def stands_for_noun(
    match: Match, tokens: Sequence[Token], operators: Iterable[Match], named: int
) -> bool:
    """Whether a number is the "one" of "which one", "the cheapest one" and "the diesel one".

    Args:
        match: The match of an operator.
        tokens: The tokens of the question.
        operators: The matches of all operators.
        named: Bit mask of the tokens of names, types and relations.
    """
    if match.kind != "number" or match.end - match.start > 1 or not match.start:
        return False
    before = any(
        item.kind in ("ask", "superlative") and item.end == match.start for item in operators
    )
    is_one = tokens[match.start].folded == ONE
    return is_one and (before or bool(named >> match.start - 1 & 1))


def nouns_for_everything(tokens: Sequence[Token], left: Iterable[int]) -> list[int]:
    """Indices of words that mean all that the table is about: "the festival" of its films.

    Args:
        tokens: The tokens of the question.
        left: Indices of the tokens that the graph does not know.
    """
    words = [token.folded for token in tokens]
    return [
        at
        for at in left
        if at > 1
        and words[at] in EVERYTHING
        and words[at - 1] in DEFINITE
        and words[at - 2] in PREPOSITIONS | {"of"}
    ]


def is_idle_first(match: Match, tokens: Sequence[Token], operators: Iterable[Match]) -> bool:
    """Whether "first" says nothing beyond the date that is asked for: "when was it first lit".

    Args:
        match: The match of an operator.
        tokens: The tokens of the question.
        operators: The matches of all operators.
    """
    asks = any(
        item.kind == "ask" and item.start == 0 and item.answer == "date" for item in operators
    )
    at = match.start
    return (
        asks
        and match.kind in ("superlative", "ordinal")
        and match.end == at + 1 < len(tokens)
        and tokens[at].folded == FIRST
        and tokens[at - 1].folded not in DETERMINERS
        and (is_past(tokens[at + 1].folded) or tokens[at + 1].folded in PASTS)
    )
