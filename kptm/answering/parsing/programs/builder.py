"""Builds the derivations of one question from smaller ones, with masks, features and scores."""

from __future__ import annotations

from functools import cached_property
from itertools import chain
from math import log
from typing import TYPE_CHECKING

from kg.programs import Follow, Having, Union, parts
from kg.types import Step
from kg.values import ValueKey
from kptm.answering.lexicon.columns.relation_nouns import ROW
from kptm.answering.parsing.derivation import Derivation
from kptm.answering.parsing.programs.adjective_states import states
from kptm.answering.parsing.question.question import MAX_OPTIONAL_WEIGHT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kg.programs import Program
    from kptm.answering.lexicon import Match
    from kptm.answering.parsing.knowledge import Knowledge
    from kptm.answering.parsing.model import Lexical
    from kptm.answering.parsing.question.question import Question
    from kptm.answering.parsing.question.question_spans import Mention, TypeMention
    from kptm.answering.parsing.question.schema_words import RelationWords, Schema
    from kptm.answering.parsing.rows.people_of_rows import PeopleOfRows

CHANGING = frozenset(
    "count superlative comparison negation and or both difference number time ordinal sum mean"
    " yesno having lacking".split()
)
"""Kinds of operators that need other operations than steps from a name."""


DURATION, BY_UNIT = "duration", 0.6
"""The hint of "long", and its strength for a relation whose name ends in one of ``TIMES``."""
TIMES = frozenset("s sec secs seconds min mins minutes h hr hrs hours days weeks months".split())
"""Units of time."""
AGE, OF_AGE = {"age"}, 0.6
"""The name of a relation to ages, and how strongly a comparison without a noun suggests it."""
BOUNDS = frozenset("over under above below between".split())
"""Words that compare ages: "over 60"."""
EXISTENCE = frozenset("there any".split())
"""Words of questions about existence."""


OTHER_NOUN_DOUBT, NO_NOUN_DOUBT = 1.3, 0.5
"""How doubtful an unknown noun is in a graph with rows of several kinds, if another noun for the
rows is known, and if none is.
"""
SAMPLED_NODES = 20
"""Nodes of a set from which its nouns are read."""


class Builder:
    """Builds the derivations of one question from smaller ones, called parts.

    Args:
        question: The question.
        knowledge: Cached queries to the graph.
        lexical: The model's weights for this question.
        schema: The words of relations and types.
        people: Finds the people of rows.
        floating: The most steps of a program that no word of the question names.
    """

    def __init__(
        self,
        question: Question,
        knowledge: Knowledge,
        lexical: Lexical,
        schema: Schema,
        people: PeopleOfRows,
        *,
        floating: int = 1,
    ) -> None:
        self.floating = floating
        self.people = people
        self.question = question
        self.knowledge = knowledge
        self.lexical = lexical
        self.schema = schema
        used = 0
        for match in question.operators:
            used |= bits(match) if match.kind in CHANGING | {"ask"} else 0
        self.free = ~used
        self.states = list(states(question, schema, knowledge))
        self.light = sum(
            1 << at
            for at, weight in enumerate(question.importance)
            if weight <= MAX_OPTIONAL_WEIGHT
        )
        self.type_words = question.unknown_noun
        for item in question.types:
            self.type_words |= item.mask if item.type is not None else 0

    def extend(
        self,
        program: Program,
        parts: Sequence[Derivation],
        *,
        mask: int = 0,
        names: int = 0,
        operators: int = 0,
        features: dict[str, float] | None = None,
        floating: int = 0,
        mention: Mention | None = None,
    ) -> Derivation:
        """Build the derivation of a program, whose score is that of its parts plus what it adds.

        Args:
            program: The program.
            parts: The derivations from which it is built; none for a base program.
            mask: Bit mask of the tokens that it explains beyond its parts.
            names: Bit mask of the names that it adds.
            operators: Bit mask of the operators that it adds, by their index.
            features: The features that it adds; those of value 0 are left out.
            floating: The number of steps it adds that no word names.
            mention: The mention, if the program is a single name.
        """
        before = 0
        for part in parts:
            before |= part.mask
        own = [(name, value) for name, value in (features or {}).items() if value]
        if parts:
            gap = self.holes(mask | before) - sum(self.holes(part.mask) for part in parts)
            own.append(("gap", max(gap, 0.0)))
        score = sum(part.score for part in parts)
        # Tokens that both parts explain count only once.
        score -= self.lexical.cover * self.overlap(parts)
        score += self.lexical.score(own)
        score += self.lexical.cover * self.question.weight(mask & ~before)
        everything = mask | before
        for part in parts:
            names |= part.names
            operators |= part.operators
        return Derivation(
            program=program,
            mask=everything,
            names=names,
            operators=operators,
            features=(*chain(*(part.features for part in parts)), *own),
            score=score,
            size=sum(part.size for part in parts) + bool(parts),
            floating=sum(part.floating for part in parts) + floating,
            mention=mention,
        )

    def holes(self, mask: int) -> float:
        """The weight of the tokens missing between the first and the last token of a mask.

        The increase is the feature "gap", because the words of one phrase are usually adjacent.
        """
        if not mask:
            return 0.0
        inside = (1 << mask.bit_length()) - (mask & -mask)
        return self.question.weight(inside & ~mask)

    def overlap(self, parts: Sequence[Derivation]) -> float:
        """The weight of the tokens that both parts explain; 0 unless there are two parts."""
        if len(parts) < 2:
            return 0.0
        return self.question.weight(parts[0].mask & parts[1].mask)

    def is_complete(self, part: Derivation) -> bool:
        """Whether a program explains the whole question, so that no larger program is needed.

        If the question asks for people, rows that are none do not answer it, and entities do not
        answer "how tall".
        """
        explained = not part.floating and self.question.weight(~part.mask) <= MAX_OPTIONAL_WEIGHT
        if not explained or (self._asks_degree and not is_value(part.nodes)):
            return False
        if any(item.noun == ROW and self.is_partly(part, item) for item in self.question.types):
            return False  # "trails" are only some of what a club maintains
        return self.people.step_to(part.nodes) is None

    def is_partly(self, part: Derivation, item: TypeMention) -> bool:
        """Whether only some nodes have a type whose word also matches the step to them.

        An example is "how many moons orbit Saturn", if "moons" matches the relation.
        """
        if item.type is None or item.mask & part.names or not isinstance(part.program, Follow):
            return False
        count = self.knowledge.types(part.nodes).get(item.type, 0)
        return 0 < count < len(part.nodes)

    @cached_property
    def _asks_degree(self) -> bool:
        """Whether the question asks for a number that a word suggests: "how tall"."""
        return any(x.kind == "ask" and x.answer == "value" and x.hints
                   for x in self.question.operators)  # fmt: skip

    @cached_property
    def _rivals(self) -> list[int]:
        """By operator: bit mask of the operators of its kind that share a token with it."""
        operators = self.question.operators
        return [
            sum(
                1 << at
                for at, other in enumerate(operators)
                if other.kind == match.kind and bits(other) & bits(match)
            )
            for match in operators
        ]

    def is_used(self, part: Derivation, number: int) -> bool:
        """Whether a part uses an operator, or another reading of its words ("oldest" has two)."""
        return bool(part.operators & self._rivals[number])

    @property
    def asks_yes_or_no(self) -> bool:
        """Whether the question may be a yes-or-no question."""
        return any(match.kind == "yesno" for match in self.question.operators)

    @cached_property
    def asks_existence(self) -> bool:
        """Whether the question is about existence: "are there any volcanoes in the Alps"."""
        return any(
            match.kind == "yesno"
            and any(x.folded in EXISTENCE for x in self.question.tokens[match.start : match.end])
            for match in self.question.operators
        )

    @property
    def is_plain(self) -> bool:
        """Whether steps from a name are enough: the question has no operator of ``CHANGING``."""
        return not any(match.kind in CHANGING for match in self.question.operators)

    def of_mention(self, mention: Mention, mask: int = 0) -> dict[str, float]:
        """The features of a mention: how likely the span is a name, and how likely this sense.

        Args:
            mention: The mention.
            mask: Bit mask of further tokens that belong to it, such as a type next to the name.
        """
        mask |= mention.mask
        length = mask.bit_count()
        names = {"label", "alias"} | ({"people"} & {mention.kind})  # "gases" within "noble gases"
        longer = any(
            other.mask & mask == mask and other.mask != mask and other.kind in names
            for other in self.question.mentions
        )
        # India may have the alias "in", but "in" is no name. "US" is one, and so is the film "it".
        small = mention.kind != "label" and self.question.text_of(mention).islower()
        exact = mention.exact and not small
        function = self.question.weight(mention.mask) == 0 and not exact
        noun = mention.kind == "part" and any(
            item.noun and item.mask == mention.mask for item in self.question.types
        )
        return {
            "prior": log(max(mention.prior, 1e-4)),
            f"mention_{mention.kind}": 1.0,
            "exact": float(mention.exact),
            "length": float(min(length, 4) - 1),
            "within": float(longer),
            "part_is_noun": float(noun),
            "function": float(function),
            "operator": float(
                mention.kind not in ("value", "number") and not mention.mask & self.free
            ),
        }

    def has_years(self, relation: str) -> bool:
        """Whether a relation leads to years; heights in metres are none."""
        words = self.schema.relations.get(relation)
        return words is not None and not words.unit and self.knowledge.has_years(relation)

    @cached_property
    def everything(self) -> tuple[Program, ...]:
        """In an untyped graph: the sets that "things" may be; empty in other graphs.

        They are the rows without a noun, and the heads of the relation that most entities have.
        """
        if self.schema.type_names:
            return ()
        rows, relation = self.schema.nameless_rows, self.knowledge.main_relation()
        main = None if relation is None else Having(Step(relation))
        return tuple(dict.fromkeys(item for item in (rows, main) if item is not None))

    def doubt_of_noun(self, nodes: Sequence[str]) -> float:
        """How doubtful it is that an unknown noun stands for some rows.

        In a graph with rows of several kinds it depends on whether a noun for these rows is known.
        """
        if not self.knowledge.row_kinds:
            return float(self.schema.names_rows)
        known = self.knowledge.types(nodes[:SAMPLED_NODES]).keys() - self.schema.doubtful
        return OTHER_NOUN_DOUBT if known else NO_NOUN_DOUBT

    def hint(self, match: Match, words: RelationWords) -> float:
        """How strongly an operator suggests a relation as the measure, from 0 to 1.

        It is lower for less likely hints, and for hints that are only a part of the label.
        """
        label = {*self.schema.stems(words.label), *self.schema.stems(words.name)}
        for stems, rank in self.schema.rank_hints(match.hints):
            if stems and stems <= label:
                whole = stems in words.names or stems == label
                return 1.0 / (1 + 0.25 * rank) * (1.0 if whole else 0.8)
        if DURATION in match.hints and words.unit.lower() in TIMES:
            return BY_UNIT
        return OF_AGE if label == AGE and self._may_compare_ages(match) else 0.0

    def _may_compare_ages(self, match: Match) -> bool:
        """Whether words may compare ages without saying so: "runners over 60"."""
        first = self.question.tokens[match.start].folded
        return match.kind == "comparison" and match.generic and first in BOUNDS


def bits(match: Match) -> int:
    """Bit mask of the tokens of an operator."""
    return (1 << match.end) - (1 << match.start)


def is_list_of_names(program: Program) -> bool:
    """Whether a program is a union of names or types, without steps: "both A and B"."""
    return isinstance(program, Union) and not any(
        isinstance(part, (Follow, Having)) for part in parts(program)
    )


def is_value(nodes: Sequence[str]) -> bool:
    """Whether the nodes are values; only the first few are checked."""
    return bool(nodes) and all(isinstance(node, ValueKey) for node in nodes[:3])
