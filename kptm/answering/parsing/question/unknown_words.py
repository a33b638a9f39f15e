"""Words that the graph does not know, but that can be understood by what it knows.

"Unpaid" is what is not "paid".

In a table of a pottery, the glazes, kilns and potters have a noun, because relations of these names
lead to them. An unknown noun is then none of them: the "pieces" are the rows without a noun.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kptm.answering.lexicon.columns.column_names import ENGLISH
from kptm.answering.lexicon.columns.relation_nouns import ROW, is_row_noun
from kptm.answering.lexicon.synonyms import expand, is_past
from kptm.answering.parsing.question.question_spans import (
    TypeMention,
    joint_mask,
    lowest,
)
from kptm.answering.questions.word_order import BE, DETERMINERS, DO, HAVE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kptm.answering.lexicon import Match, Token
    from kptm.answering.parsing.question.question_spans import Mention
    from kptm.answering.parsing.question.schema_words import Schema

OPPOSITE = "un"
"""The prefix of adjectives that denies them."""
AGENTS = ("er", "or", "ist", "ian", "ard", "ant", "ee", "man", "woman", "men", "women")
"""Endings of nouns for people who do something."""
ASKING = ("ask", "count", "list", "superlative", "all", "sum", "mean")
"""Kinds of operators before the noun that is asked for."""
WHAT = frozenset("what wat waht hwat".split())
AUXILIARIES = DO | BE | HAVE | frozenset("can could will would should must may".split())
INDEFINITE = frozenset("a an any each every per single".split())
SUBJECTS = frozenset("i we you he she it they who that which what not".split())
"""Words before a verb."""
RELATIVE = frozenset("where that which who whose".split())


def unknown_noun(
    tokens: Sequence[Token],
    function: Sequence[bool],
    operators: Sequence[Match],
    mentions: Sequence[Mention],
    types: Sequence[TypeMention],
    said: int,
    denied: int,
) -> int:
    """Bit mask of the noun that is asked for ("which elements"), if the graph does not know it.

    Args:
        tokens: The tokens of the question.
        function: By token: whether it is a function word.
        operators: The operators.
        mentions: The names and values.
        types: The types and nouns for rows.
        said: Bit mask of the tokens that match relations.
        denied: Bit mask of the adjectives that deny a relation: "unpaid".
    """
    known = denied | joint_mask(mentions) | joint_mask(types) | said | joint_mask(operators)
    places = [
        *(
            item.end
            for item in operators
            if item.kind in ("ask", "count", "list", "superlative", "all")
        ),
        0,
    ]
    names = denied | joint_mask(x for x in mentions if x.kind in ("label", "alias", "people"))
    nouns = [at for at in range(len(tokens) - 1) if tokens[at + 1].folded in RELATIVE]
    for at in places:
        while at < len(tokens) and function[at]:
            at += 1
        # Skip modifiers of the noun: "which European countries", "Spanish speaking countries".
        while at < len(tokens) and (
            names >> at & 1 or (said >> at & 1 and tokens[at].folded.endswith("ing"))
        ):
            at += 1
        if at < len(tokens):
            nouns.append(at)
    open_nouns = [
        at for at in nouns if not known >> at & 1 and not function[at] and tokens[at].text.isalpha()
    ]
    stems = {tokens[at].stem for at in open_nouns[:1]}
    # The same noun may be repeated: "countries that border countries".
    return sum(1 << at for at, token in enumerate(tokens) if token.stem in stems)


def denied_relations(word: str, schema: Schema) -> list[str]:
    """The relations whose name an adjective denies by "un-": "paid" for "unpaid"."""
    rest = word.removeprefix(OPPOSITE)
    return [] if rest == word else schema.relations_named(schema.stems(rest))


def nameless_rows(
    schema: Schema,
    tokens: Sequence[Token],
    function: Sequence[bool],
    operators: Sequence[Match],
    mentions: Sequence[Mention],
    noun: int,
    unknown: int,
    denied: int,
) -> list[TypeMention]:
    """The rows without a noun, for each token of an unknown noun of an English question.

    The noun is the one that is asked for, or the only one that cannot be a verb: "without a single
    job", "clients with most jobs".

    Args:
        schema: The vocabulary of the graph.
        tokens: The tokens of the question.
        function: By token: whether it is a function word.
        operators: The operators.
        mentions: The names and values.
        noun: Bit mask of the unknown noun that is asked for.
        unknown: Bit mask of the unknown tokens.
        denied: Bit mask of the adjectives that deny a relation.
    """
    rows = schema.nameless_rows
    # "Is there a bug in it" does not ask for rows.
    if rows is None or any(item.kind == "yesno" for item in operators):
        return []
    names = joint_mask(mentions)
    modifiers = (
        denied
        | names
        | joint_mask(item for item in operators if item.kind in ("number", "ordinal"))
    )
    if not noun & unknown or not _is_asked_for(tokens, operators, names, modifiers, lowest(noun)):
        before = joint_mask(operators) | modifiers
        nouns = [
            at
            for at, token in enumerate(tokens)
            if unknown >> at & 1
            and token.text.isalpha()
            and not function[at]
            and _is_noun(tokens, at, function, before)
        ]
        stems = {tokens[at].stem for at in nouns}
        noun = sum(1 << at for at in nouns) if len(stems) == 1 else 0
    return [TypeMention(at, at + 1, rows, ROW) for at in range(len(tokens)) if noun >> at & 1]


def _is_asked_for(
    tokens: Sequence[Token], operators: Sequence[Match], names: int, modifiers: int, at: int
) -> bool:
    """Whether a word is a noun after "which", "how many" or a superlative, or at the beginning.

    Args:
        tokens: The tokens of the question.
        operators: The operators.
        names: Bit mask of the names and values.
        modifiers: Bit mask of the tokens that may precede the noun: "which red boats".
        at: Index of the word.
    """
    word = tokens[at].folded
    if is_past(word) or (not is_row_noun(word) and (expand(word, ENGLISH) or _is_agent(word))):
        return False  # neither "calories" nor "stewards" are rows
    start = at
    while start and (modifiers >> start - 1 & 1 or tokens[start - 1].folded in DETERMINERS):
        start -= 1
    asked = next((item for item in operators if item.end == start and item.kind in ASKING), None)
    if asked is None and (start or (start < at and not word.endswith("s"))):
        return False  # "the pieces", "red pieces", but not "Ann Lee's wife"
    if asked is not None and asked.kind == "ask" and asked.answer != "any":
        return False
    after = tokens[at + 1].folded if at + 1 < len(tokens) else ""
    subject = at + 2
    while subject < len(tokens) and tokens[subject].folded in DETERMINERS:
        subject += 1
    if not word.endswith("s") and (
        after == "of" or (after in AUXILIARIES and names >> subject & 1)
    ):
        return False  # "which language is Emacs written in" asks for a property of Emacs
    what = asked is not None and tokens[start - 1].folded in WHAT
    # "What software does …", but not "what belongs to …", nor "which pays the most".
    return after not in DETERMINERS and (not what or after in AUXILIARIES)


def _is_noun(tokens: Sequence[Token], at: int, function: Sequence[bool], before: int) -> bool:
    """Whether a word is a noun and no verb, judged by its ending and the word before.

    Args:
        tokens: The tokens of the question.
        at: Index of the word.
        function: By token: whether it is a function word.
        before: Bit mask of the tokens, except function words, that may precede a noun.
    """
    word, previous = tokens[at].folded, tokens[at - 1].folded if at else ""
    if (
        is_past(word)
        or not is_row_noun(word)
        or (at + 1 < len(tokens) and tokens[at + 1].folded in DETERMINERS)
    ):
        return False
    if previous in INDEFINITE:
        return True
    plural = word.endswith("s") and not word.endswith(("ss", "us", "is"))
    free = not at or bool(before >> at - 1 & 1) or function[at - 1] or previous in DETERMINERS
    return plural and free and previous not in SUBJECTS


def _is_agent(word: str) -> bool:
    """Whether a noun has the ending of nouns for people who do something: "stewards"."""
    return word.removesuffix("s").endswith(AGENTS)
