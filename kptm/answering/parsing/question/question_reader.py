"""Reads a text as a :class:`Question`: finds names, types, relations and operators."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from kptm.answering.lexicon import Match, load
from kptm.answering.lexicon.columns.relation_nouns import is_row_noun
from kptm.answering.lexicon.synonyms import translate
from kptm.answering.parsing.question.appositions import is_plural
from kptm.answering.parsing.question.articles import (
    is_idle_first,
    names_of_pronouns,
    nouns_for_everything,
    prefer_whole_labels,
    rivals,
    stands_for_noun,
    verbs_of_owners,
)
from kptm.answering.parsing.question.blanks import with_question_word
from kptm.answering.parsing.question.question import MAX_OPTIONAL_WEIGHT, Question
from kptm.answering.parsing.question.question_spans import (
    Mention,
    TypeMention,
    find_misspelt_types,
    find_types,
    joint_mask,
    span_mask,
    without_names,
    without_owned,
    without_parts,
    without_sales,
    without_verbs,
)
from kptm.answering.parsing.question.question_values import (
    ranked_values,
    without_named_numbers,
    written_values,
)
from kptm.answering.parsing.question.relation_mentions import SaidRelations
from kptm.answering.parsing.question.unknown_words import (
    UnknownNouns,
    denied_relations,
    is_state,
)
from kptm.data.tokenize import MASK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from kg.graph import KnowledgeGraph
    from kptm.answering.lexicon import Lexicon, Token
    from kptm.answering.parsing.question.mentions import MentionFinder
    from kptm.answering.parsing.question.schema_words import Schema

_BRACKETS = re.compile(r"\[(?!MASK\])([^\[\]]+)\]")
ASKED_NOUN_WEIGHT, NAME_WEIGHT = 0.5, 1.4
"""Weights of an unknown noun that is asked for (in an untyped graph), and of a name."""
NOTHING = frozenset(("fill", "list", "now", "all", "passive", "whose", "named", "yesno", "ask"))
"""Kinds of operators whose words a program need not explain."""
GENERIC = frozenset(
    "people ppl person persons whoever someone somebody anyone anybody folks thing things anything"
    " everything something stuff man men woman women guy kind type sort"
    " name names one ones use uses used directly together altogether normally usually currently"
    " actually really overall generally content belong belongs lie lies offer offers provide"
    " provides include includes allow allows go goes between run runs running".split()
)
"""Generic words: nouns for any answer ("person", "thing"), and verbs no clearer than "has"."""


class QuestionReader:
    """Reads questions over a graph.

    Args:
        graph: The graph, in which values are looked up.
        finder: Finds names.
        schema: Returns the vocabulary of the graph's current relations and types.
        year: Returns the year of dates without a year ("4 March"), or None.
    """

    def __init__(
        self,
        graph: KnowledgeGraph,
        finder: MentionFinder,
        schema: Callable[[], Schema],
        year: Callable[[], int | None] = lambda: None,
    ) -> None:
        self._graph = graph
        self._finder = finder
        self._schema = schema
        self._year = year

    @property
    def _lexicon(self) -> Lexicon:
        """The lexicon of all languages, loaded at the first question."""
        return load()

    def read(self, text: str) -> Question:
        """Read a question, which may contain [MASK]; a name in [brackets] is its topic."""
        marked = _BRACKETS.search(text)
        if marked is not None:
            text = f"{text[: marked.start()]}{marked[1]}{text[marked.end() :]}"
        language = self._lexicon.language(text.replace(MASK, " "))
        tokens = self._lexicon.tokens(with_question_word(text), language)
        question = self._read_tokens(text, tokens, language, marked)
        corrected = [
            (question.unknown >> at & 1 and self._lexicon.correct(token, language)) or token
            for at, token in enumerate(tokens)
        ]
        if corrected == tokens:
            return question
        # With corrected words, other spans may have a meaning.
        return self._read_tokens(text, corrected, language, marked)

    def _read_tokens(
        self, text: str, tokens: Sequence[Token], language: str, marked: re.Match[str] | None
    ) -> Question:
        """Find the possible meanings of tokens.

        Args:
            text: The question without brackets.
            tokens: Its tokens.
            language: Its language.
            marked: The match of the name in brackets, in the text as typed; None if there is none.
        """
        blank = _blank(text, tokens)
        operators = sorted(
            self._lexicon.matches(tokens, language, self._year, self._is_value),
            key=lambda match: (match.start, -match.end),
        )
        schema = self._schema()
        mentions = [x for x in self._names(text, tokens, language) if not x.mask & blank]
        mentions += self._finder.find_numbered(tokens, mentions, schema.single_nouns)
        types = without_parts(find_types(schema, tokens, language))
        types = without_names(types, mentions, tokens, schema)
        types = without_verbs(types, mentions, tokens)
        types = without_owned(types, tokens, operators, schema)
        mentions = without_owned(mentions, tokens, operators, schema)
        operators = [
            replace(item, kind="fill") if is_idle_first(item, tokens, operators) else item
            for item in without_named_numbers(operators, tokens, mentions, types)
        ]
        relations = _relations(schema, tokens, language, operators, types)
        mentions += ranked_values(operators, relations, self._graph)
        articled = names_of_pronouns(tokens, mentions, types)
        function = self._function_words(tokens, language, blank, articled)
        denied = sum(1 << at for at, x in enumerate(tokens) if denied_relations(x.folded, schema))
        known = (
            denied
            | relations.mask
            | joint_mask(mentions)
            | joint_mask(types)
            | joint_mask(operators)
        )
        left = [at for at in range(len(tokens)) if not known >> at & 1 and not function[at]]
        for at in verbs_of_owners(tokens, left) if language == "en" else ():
            function[at] = True
        for at in nouns_for_everything(tokens, left) if language == "en" else ():
            function[at] = True
        left = [at for at in left if not function[at]]
        if left and marked is None:
            mentions += self._finder.find_inflected(tokens, known, joint_mask(mentions))
            known |= joint_mask(mentions)
            left = [at for at in left if not known >> at & 1]
            relations.add_misspelt(left)
            types += find_misspelt_types(schema, tokens, left)
            mentions += self._finder.find_misspelt(tokens, left)
        topic = 0
        if marked is not None:
            first, last = _tokens_of(marked, tokens)
            mentions = self._marked_mentions(marked[1], first, last, mentions)
            topic = span_mask(first, last)
        asks = joint_mask(item for item in operators if item.kind == "ask")
        named = denied | relations.mask | joint_mask(mentions) | joint_mask(types)
        operators = [
            item
            for item in operators
            if not _joins_nothing(item, named & ~asks)
            and not stands_for_noun(item, tokens, operators, named)
        ]
        operators += _commas(text, tokens, mentions, operators)
        nouns = UnknownNouns(tokens, function, operators, mentions, denied)
        no_rows = not any(item.noun for item in types)
        noun = nouns.asked_for(types, relations.mask) if no_rows else 0
        if language != "de":  # a capitalised word is a name, except in German
            noun &= ~_capitals(tokens)
        unknown = _unknown_tokens(tokens, known | named, function)
        if language == "en" and marked is None and (schema.nameless_rows or schema.people):
            rows_said = sum(1 << at for at, x in enumerate(tokens) if is_row_noun(x.folded))
            free = unknown & (~relations.faint | (rows_said & ~relations.hinted))
            free &= ~self._misspelt(tokens, free, language)
            rows = nouns.nameless_rows(schema, noun, free)
            noun &= ~joint_mask(rows)
            unknown &= ~joint_mask(rows)
            types = sorted([*types, *rows], key=lambda item: item.start)
        types = [  # "record", before an unknown "label", does not ask for records
            item
            for item in types
            if item.noun not in schema.doubtful
            or not unknown >> item.end & 1
            or is_plural(tokens, item)
        ]
        typed = bool(schema.type_names)
        said = without_sales(operators, tokens, relations.own)
        importance = _importance(
            tokens, function, said, mentions, types, relations.mask, noun, typed=typed
        )
        return Question(
            text=text,
            language=language,
            tokens=tokens,
            operators=operators,
            mentions=mentions,
            types=types,
            importance=importance,
            relations=relations,
            unknown=unknown,
            unknown_noun=noun,
            marked=topic,
            blank=blank,
        )

    def _misspelt(self, tokens: Sequence[Token], some: int, language: str) -> int:
        """Bit mask of those of some tokens that the lexicon can correct."""
        return sum(
            1 << at
            for at, token in enumerate(tokens)
            if some >> at & 1 and self._lexicon.correct(token, language) is not None
        )

    def _is_value(self, text: str) -> bool:
        """Whether the graph has a value that a text denotes."""
        return bool(self._graph.values(text))

    def _function_words(
        self, tokens: Sequence[Token], language: str, blank: int, articled: int
    ) -> list[bool]:
        """By token: whether it is the blank, or a function word that is not part of a name."""
        return [
            bool(blank >> at & 1)
            or (self._lexicon.is_function_word(token, language) and not articled >> at & 1)
            for at, token in enumerate(tokens)
        ]

    def _names(self, text: str, tokens: Sequence[Token], language: str) -> list[Mention]:
        """Find the names and values of a question, as they are written or translated."""
        written = with_question_word(text)
        mentions = [*self._finder.find(written, tokens), *written_values(text, tokens, self._graph)]
        mentions += self._translated_mentions(tokens, language)
        if len(same := rivals(mentions)) > 1:
            labels = {key: item.label for key, item in self._graph.entities(same).items()}
            mentions = prefer_whole_labels(written, tokens, mentions, labels)
        return mentions

    def _marked_mentions(
        self, name: str, start: int, end: int, mentions: Iterable[Mention]
    ) -> list[Mention]:
        marked = [item for item in mentions if (item.start, item.end) == (start, end)]
        exact = [item for item in marked if item.node == name]
        if not marked and name in self._graph.entities([name]):
            return [Mention(start, end, name, 1.0, "label", True)]
        return exact or marked

    def _translated_mentions(self, tokens: Sequence[Token], language: str) -> list[Mention]:
        """Find countries, languages and continents by their names in the question's language."""
        if language == "en":
            return []
        translated = []
        for start in range(len(tokens)):
            for end in range(start + 1, min(len(tokens), start + 5) + 1):
                joint = "" if language in ("zh", "ja", "th") else " "
                name = translate(joint.join(token.folded for token in tokens[start:end]), language)
                if name:
                    translated += self._finder.find_by_name(name, start, end)
        return translated


def _blank(text: str, tokens: Sequence[Token]) -> int:
    """Bit mask of the token that replaces the first blank of a text; 0 if there is none."""
    place = text.find(MASK)
    return sum(1 << at for at, token in enumerate(tokens) if token.start == place)


def _tokens_of(marked: re.Match[str], tokens: Sequence[Token]) -> tuple[int, int]:
    """Index of the first token of a name in brackets, and of the token after its last."""
    start = marked.start()
    end = start + len(marked[1])
    inside = [at for at, token in enumerate(tokens) if start <= token.start < end]
    return inside[0], inside[-1] + 1


def _relations(
    schema: Schema,
    tokens: Sequence[Token],
    language: str,
    operators: Sequence[Match],
    types: Sequence[TypeMention],
) -> SaidRelations:
    """Match tokens with relations, except tokens that are only a noun for rows."""
    relations = SaidRelations(schema, tokens, language, operators)
    relations.typed = joint_mask(item for item in types if item.type)
    rows = [
        item
        for item in types
        if item.noun
        and _stands_alone(item, relations, operators)
        and _names_only_rows(tokens[item.start : item.end], schema)
    ]
    if rows:  # "recipes" names rows, and does not match a relation such as "recipe by"
        relations.remove(joint_mask(rows))
    return relations


def _names_only_rows(words: Sequence[Token], schema: Schema) -> bool:
    """Whether words are a noun for rows but not also the name of a relation."""
    stems = tuple(word.stem for word in words)
    return stems in schema.nouns and not schema.relations_named(stems)


def _stands_alone(item: TypeMention, relations: SaidRelations, operators: Iterable[Match]) -> bool:
    """Whether a noun is not part of a relation's name: "element category", "a decade volcano"."""
    is_asked_kind = any(match.end == item.start and match.answer == "kind" for match in operators)
    near = span_mask(max(0, item.start - 2), item.end)  # and two words before
    whole = any(
        evidence.recall == 1 and evidence.mask & item.mask and evidence.mask != item.mask
        for evidence in (relations.evidence(key, ~near) for key in relations.relations())
    )
    return not is_asked_kind and not whole and not relations.own >> item.end & 1


def _joins_nothing(match: Match, named: int) -> bool:
    """Whether no name, type or relation follows "and": "who wrote films together with whom"."""
    return match.kind in ("and", "or") and not named >> match.end


def _commas(
    text: str, tokens: Sequence[Token], mentions: Iterable[Mention], operators: Iterable[Match]
) -> Iterator[Match]:
    """Read commas between names as the "and" or "or" that follows: "A, B and C"."""
    starts, ends = ({getattr(item, side) for item in mentions} for side in ("start", "end"))
    last = {item.start: item.kind for item in operators if item.kind in ("and", "or")}
    for at in range(1, len(tokens)):
        between = text[tokens[at - 1].end : tokens[at].start].strip()
        after = [last[place] for place in sorted(last) if place > at]
        if between == "," and at in starts & ends and after:
            yield Match(at, at, after[0])


def _importance(
    tokens: Sequence[Token],
    function: Sequence[bool],
    operators: Sequence[Match],
    mentions: Sequence[Mention],
    types: Sequence[TypeMention],
    relation_mask: int,
    noun: int,
    *,
    typed: bool,
) -> list[float]:
    """The weight of each token: what a program loses if it leaves the token unexplained.

    ``relation_mask`` is the bit mask of relations; ``typed`` tells whether the graph has types.
    """
    fills = joint_mask(item for item in operators if item.kind in NOTHING)
    # "What kind of bread is it" says that it is bread, so "bread" needs no explanation.
    kinds = {item.end for item in operators if item.answer == "kind"}
    stated_types = joint_mask(item for item in types if item.type and item.start in kinds)
    names = joint_mask(item for item in mentions if item.kind in ("label", "alias"))
    weights = []
    for at, token in enumerate(tokens):
        weight = 1.0
        if (function[at] and not is_state(tokens, at)) or (fills >> at & 1):
            weight = 0.0
        elif token.folded in GENERIC or stated_types >> at & 1:
            weight = MAX_OPTIONAL_WEIGHT
        elif noun >> at & 1:
            weight = 1.0 if typed else ASKED_NOUN_WEIGHT
        elif (at and token.text[:1].isupper()) or (names >> at & 1 and not relation_mask >> at & 1):
            weight = NAME_WEIGHT
        weights.append(weight)
    return weights


def _capitals(tokens: Sequence[Token]) -> int:
    """Bit mask of the capitalised tokens; the first token does not count."""
    return sum(1 << at for at, token in enumerate(tokens) if at and token.text[:1].isupper())


def _unknown_tokens(tokens: Sequence[Token], known: int, function: Sequence[bool]) -> int:
    """Bit mask of the content words that have no known meaning."""
    return sum(
        1 << at
        for at, token in enumerate(tokens)
        if not known >> at & 1 and not function[at] and token.folded not in GENERIC
    )
