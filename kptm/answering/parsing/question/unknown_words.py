"""Words that the graph does not know, but that can be understood by what it knows.

"Unpaid" is what is not "paid".

In a table of a pottery, the glazes, kilns and potters have a noun, because relations of these names
lead to them. An unknown noun is then none of them: the "pieces" are the rows without a noun.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kptm.answering.lexicon.columns.column_names import ENGLISH
from kptm.answering.lexicon.columns.relation_nouns import PERSON, ROW, is_row_noun
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
BEFORE_NOUNS = ("ask", "count", "list", "superlative", "all")
ASKING = (*BEFORE_NOUNS, "sum", "mean")
"""Kinds of operators before the noun that is asked for."""
WHAT = frozenset("what wat waht hwat".split())
"""The question word that a verb may follow: "what belongs to …"."""
AUXILIARIES = DO | BE | HAVE | frozenset("can could will would should must may".split())
INDEFINITE = frozenset("a an any each every per single".split())
"""Words before a noun in the singular."""
SUBJECTS = frozenset("i we you he she it they who that which what not".split())
"""Words before a verb."""
STATES = frozenset("out off up away down".split())
"""Particles that say a state after "be"."""
RELATIVE = frozenset("where that which who whose".split())


def denied_relations(word: str, schema: Schema) -> list[str]:
    """The relations whose name an adjective denies by "un-": "paid" for "unpaid"."""
    rest = word.removeprefix(OPPOSITE)
    return [] if rest == word else schema.relations_named(schema.stems(rest))


class UnknownNouns:
    """Finds the nouns of a question that the graph does not know.

    Args:
        tokens: The tokens of the question.
        function: By token: whether it is a function word.
        operators: The operators.
        mentions: The names and values.
        denied: Bit mask of the adjectives that deny a relation: "unpaid".
    """

    def __init__(
        self,
        tokens: Sequence[Token],
        function: Sequence[bool],
        operators: Sequence[Match],
        mentions: Sequence[Mention],
        denied: int,
    ) -> None:
        self._tokens, self._function, self._operators = tokens, function, operators
        self._mentions = mentions
        self._denied = denied
        self._names = joint_mask(mentions)
        numbers = joint_mask(item for item in operators if item.kind in ("number", "ordinal"))
        self._modifiers = denied | self._names | numbers  # what may precede: "which red boats"

    def asked_for(self, types: Sequence[TypeMention], relation_mask: int) -> int:
        """Bit mask of the noun that is asked for ("which elements"), if the graph lacks it.

        Args:
            types: The types and nouns for rows.
            relation_mask: Bit mask of the tokens that match relations.
        """
        tokens, function = self._tokens, self._function
        known = (
            self._denied
            | self._names
            | joint_mask(types)
            | relation_mask
            | joint_mask(self._operators)
        )
        places = [item.end for item in self._operators if item.kind in BEFORE_NOUNS] + [0]
        whole = (item for item in self._mentions if item.kind in ("label", "alias", "people"))
        names = self._denied | joint_mask(whole)
        nouns = [at for at in range(len(tokens) - 1) if tokens[at + 1].folded in RELATIVE]
        for at in places:
            while at < len(tokens) and function[at]:
                at += 1
            # Skip modifiers of the noun: "which European countries", "Spanish speaking countries".
            while at < len(tokens) and (
                names >> at & 1 or (relation_mask >> at & 1 and tokens[at].folded.endswith("ing"))
            ):
                at += 1
            if at < len(tokens):
                nouns.append(at)
        open_nouns = [
            at
            for at in nouns
            if not known >> at & 1 and not function[at] and tokens[at].text.isalpha()
        ]
        stems = {tokens[at].stem for at in open_nouns[:1]}
        # The same noun may be repeated: "countries that border countries".
        return sum(1 << at for at, token in enumerate(tokens) if token.stem in stems)

    def nameless_rows(self, schema: Schema, noun: int, unknown: int) -> list[TypeMention]:
        """The rows without a noun, for each token of an unknown noun of an English question.

        The noun is the one that is asked for, or the only one that cannot be a verb: "without a
        single job", "clients with most jobs". A noun for people who do something means the people:
        "astronomers".

        Args:
            schema: The vocabulary of the graph.
            noun: Bit mask of the unknown noun that is asked for.
            unknown: Bit mask of the unknown tokens.
        """
        # "Is there a bug in it" does not ask for rows.
        if any(item.kind == "yesno" for item in self._operators):
            return []
        people = schema.people
        at = lowest(noun) if noun & unknown else None
        if at is None or not self._may_be_rows(at, people=people is not None):
            nouns = [
                at for at in range(len(self._tokens)) if unknown >> at & 1 and self._is_noun(at)
            ]
            stems = {self._tokens[at].stem for at in nouns}
            noun = sum(1 << at for at in nouns) if len(stems) == 1 else 0
        mentions = []
        for at, token in enumerate(self._tokens):
            are_people = people is not None and _is_agent(token.folded)
            rows = people if are_people else schema.nameless_rows
            if noun >> at & 1 and rows is not None:
                mentions.append(TypeMention(at, at + 1, rows, PERSON if are_people else ROW))
        return mentions

    def _may_be_rows(self, at: int, *, people: bool) -> bool:
        """Whether a word is a noun for rows after "which", "how many" or a superlative, or first.

        Neither "calories" nor "stewards" are rows, and "Ann Lee's wife" is a property.

        Args:
            at: Index of the word.
            people: Whether nouns for people who do something have rows: "astronomers".
        """
        word, after = self._tokens[at].folded, self._word(at + 1)
        plural = word.endswith("s")
        known = is_row_noun(word) or (people and _is_agent(word))
        if is_past(word) or (not known and (expand(word, ENGLISH) or _is_agent(word))):
            return False
        start = at
        while start and (self._modifiers >> start - 1 & 1 or self._word(start - 1) in DETERMINERS):
            start -= 1
        asks = (item for item in self._operators if item.end == start and item.kind in ASKING)
        asking = next(asks, None)
        if asking is None and (start or (start < at and not plural)):
            return False
        if asking is not None and asking.kind == "ask" and asking.answer != "any":
            return False
        if not plural and (after == "of" or (after in AUXILIARIES and self._is_name(at + 2))):
            return False  # "which language is Emacs written in" asks for a property of Emacs
        says_what = asking is not None and self._word(start - 1) in WHAT
        # "What software does …", but not "what belongs to …", nor "which pays the most".
        return after not in DETERMINERS and (not says_what or after in AUXILIARIES)

    def _is_noun(self, at: int) -> bool:
        """Whether a word is a noun for rows and no verb, by its ending and the word before."""
        word, before = self._tokens[at].folded, self._word(at - 1)
        if self._function[at] or is_past(word) or not is_row_noun(word):
            return False
        if self._word(at + 1) in DETERMINERS:
            return False
        if before in INDEFINITE:
            return True
        plural = word.endswith("s") and not word.endswith(("ss", "us", "is"))
        near = joint_mask(self._operators) | self._modifiers
        free = not at or bool(near >> at - 1 & 1) or self._function[at - 1]
        return plural and (free or before in DETERMINERS) and before not in SUBJECTS

    def _is_name(self, at: int) -> bool:
        """Whether a name begins at a token, or after its articles."""
        while self._word(at) in DETERMINERS:
            at += 1
        return bool(self._names >> at & 1)

    def _word(self, at: int) -> str:
        """The folded word at a position; "" outside the question."""
        return self._tokens[at].folded if 0 <= at < len(self._tokens) else ""


def is_state(tokens: Sequence[Token], at: int) -> bool:
    """Whether a particle is what a question says of its subject: "which books are still out"."""
    if at + 1 < len(tokens) or tokens[at].folded not in STATES:
        return False
    before = [token.folded for token in tokens[:at] if token.folded not in ("still", "yet")]
    return bool(before) and before[-1] in BE


def _is_agent(word: str) -> bool:
    """Whether a noun has the ending of nouns for people who do something: "stewards"."""
    return word.removesuffix("s").endswith(AGENTS)
