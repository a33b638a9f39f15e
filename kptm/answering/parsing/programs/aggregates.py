"""Rules for programs that denote a number or a truth value: counts, sums, differences, yes or no.

Some questions for a number denote a value of the graph instead: "how many people live in Nigeria".
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from kg.programs import (
    Aggregate,
    Compare,
    Difference,
    Exists,
    Follow,
    Having,
    Intersection,
    Named,
    Subtract,
    Superlative,
    Within,
)
from kg.types import Step
from kg.values import ValueKey
from kg.values.base_quantities import year
from kg.values.value_forms import DATES, NUMERIC
from kptm.answering.lexicon import load
from kptm.answering.parsing.programs.adjective_states import may_have
from kptm.answering.parsing.programs.builder import bits, is_list_of_names, is_value
from kptm.answering.parsing.question.question import MAX_OPTIONAL_WEIGHT
from kptm.answering.parsing.question.question_spans import lowest
from kptm.answering.questions.word_order import BE, DETERMINERS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kg.programs import Program
    from kg.programs.expressions import Order
    from kptm.answering.lexicon import Match
    from kptm.answering.parsing.derivation import Derivation
    from kptm.answering.parsing.programs.builder import Builder
    from kptm.answering.parsing.question.question_spans import Mention

NAMED = frozenset(
    "prior mention_label mention_alias mention_part mention_people mention_slip exact length within"
    " part_is_noun function operator".split()
)
"""Names of the features of mentions."""
AGE = ("age",)
"""The first hint of words that ask for an age: "how old"."""
YEAR = "year"
"""The head of the name of a relation to years, which are no answer to "how many"."""
DIGITS_OF_YEAR = 4
"""The digits of a year."""
IN = "in"
"""The first word of "in total"."""
YEARS = "a"
"""The symbol of the unit year."""
LIGHT = "light"
"""The word before "years" that makes them a distance."""
SAMPLED_NODES = 60
"""The most nodes of a relation whose types are read."""
SAME_TYPE_DISTANCE = 0.25
"""The dissimilarity of a node that shares a type with the nodes of a relation."""


class Wholes:
    """The rules for programs that denote a number or a truth value.

    Args:
        builder: Builds derivations.
    """

    def __init__(self, builder: Builder) -> None:
        self._builder = builder

    def roots(self, part: Derivation) -> Iterator[Derivation]:
        """The count of a set, the sum or mean of its values, or its single number as a count."""
        for number, match in enumerate(self._builder.question.operators):
            if part.operators >> number & 1:
                continue
            counts = match.kind == "count" and not is_list_of_names(part.program)
            if counts and not part.mention and not is_value(part.nodes):
                derivation = self._builder.extend(
                    Aggregate("count", part.program), (part,),
                    mask=bits(match) | self._in_total(part), operators=1 << number,
                    features={
                        "count": 1.0,
                        "count_of_one": float(len(part.nodes) == 1),
                        "count_of_unsaid": float(_is_unsaid(part) and len(part.nodes) == 1),
                    },
                )  # fmt: skip
                derivation.counted = part.nodes
                yield derivation
            elif match.kind == "count" and self._is_number(part):
                # The answer may be a value in the graph: "how many people live in Nigeria".
                yield self._builder.extend(
                    part.program, (part,), mask=bits(match), operators=1 << number,
                    features={"counted": 1.0}
                )  # fmt: skip
            elif match.kind in ("sum", "mean") and is_value(part.nodes):
                asks = self._how_many(part)  # "how many students do they have on average"
                yield self._builder.extend(
                    Aggregate("sum" if match.kind == "sum" else "mean", part.program), (part,),
                    mask=bits(match) | self._mask(asks), operators=1 << number | asks,
                    features={"aggregate": 1.0},
                )  # fmt: skip

    def _in_total(self, part: Derivation) -> int:
        """Bit mask of "in total" or "altogether", which a count explains."""
        tokens = self._builder.question.tokens
        return sum(
            bits(match)
            for match in self._builder.question.operators
            if match.kind == "sum"
            and not bits(match) & part.mask
            and (match.end == len(tokens) or tokens[match.start].folded == IN)
        )

    def _how_many(self, part: Derivation) -> int:
        """The operator "how many" of a question that asks for numbers, as bits; 0 without one."""
        return sum(
            1 << number
            for number, match in enumerate(self._builder.question.operators)
            if match.kind == "count" and not part.operators >> number & 1
        )

    def _is_number(self, part: Derivation) -> bool:
        """Whether a set is a single number, reached by steps that the question names."""
        if part.floating or not isinstance(part.program, Follow) or len(part.nodes) != 1:
            return False
        node = part.nodes[0]
        if not isinstance(node, ValueKey) or node.literal.datatype not in NUMERIC:
            return False
        words = self._builder.schema.relations.get(part.program.step.relation)
        return words is None or words.head != YEAR or not _is_year(node.literal.value)

    def truths(self, part: Derivation) -> Iterator[Derivation]:
        """Yes-or-no programs: whether a mention is in a set, or whether a set is not empty."""
        for number, match in enumerate(self._builder.question.operators):
            if match.kind != "yesno" or part.operators >> number & 1 or part.mention is not None:
                continue
            if self._is_adjective(part):
                continue
            is_kind = isinstance(part.program, Intersection) or "agrees" in dict(part.features)
            there = self._builder.asks_existence and is_kind
            # The unknown name of "did Zork come out before Hades" does not stand for all games.
            of_name = isinstance(part.program, Compare) and isinstance(part.program.base, Named)
            any_row = there or of_name or "agrees_everything" not in dict(part.features)
            if (isinstance(part.program, Compare) or not part.names or there) and any_row:
                yield self._builder.extend(
                    Exists(part.program), (part,), mask=bits(match), operators=1 << number,
                    features={"exists": 1.0, "there": float(self._builder.asks_existence)}
                )  # fmt: skip
                if isinstance(part.program, Compare):
                    continue
            for mention in self._builder.question.mentions:
                if mention.mask & part.mask or mention.kind == "slip":
                    continue
                holds = mention.node in part.nodes
                if not holds and part.floating and self._is_open(part, mention):
                    continue  # "no" would rest on a step that no word names
                if is_list_of_names(part.program):  # "is it a lake or a river" asks which
                    yield from self._which(part, mention, number)
                    continue
                unlike = 0.0 if holds else self._unlike(mention.node, part)
                yield self._builder.extend(
                    Within(Named((mention.node,)), part.program), (part,),
                    mask=bits(match) | mention.mask, names=mention.mask, operators=1 << number,
                    features={"yesno": 1.0, "holds": float(holds), "unlike": unlike,
                              "turned": float(self._is_turned(match, mention, part)),
                              **self._builder.of_mention(mention)},
                )  # fmt: skip

    def _is_adjective(self, part: Derivation) -> bool:
        """Whether the unknown noun of a set may be an adjective: "is the cobra venomous".

        It may if no determiner precedes it, or if the question is about existence.
        """
        if not any(name == "everything" for name, _ in part.features):
            return False
        if self._builder.asks_existence:  # of a noun unknown to the graph: "are there any dragons"
            return True
        at = self._builder.question.unknown_noun.bit_length() - 1
        return at < 1 or self._builder.question.tokens[at - 1].folded not in DETERMINERS

    def _which(self, part: Derivation, mention: Mention, number: int) -> Iterator[Derivation]:
        """Find which of two names a step from a mention leads to: "is it a starter or a main".

        Args:
            part: The list of names.
            mention: The mention from which the step starts.
            number: The index of the yes-or-no operator.
        """
        match = self._builder.question.operators[number]
        for step in sorted(self._builder.knowledge.steps((mention.node,))):
            program = Intersection(Follow(Named((mention.node,)), step), part.program)
            if not self._builder.knowledge.evaluate(program).nodes:
                continue
            yield self._builder.extend(
                program, (part,), mask=bits(match) | mention.mask, names=mention.mask,
                operators=1 << number, floating=1,
                features={
                    "yesno": 1.0, "holds": 1.0, "either": 1.0, **self._builder.of_mention(mention)
                },
            )  # fmt: skip

    def _is_open(self, part: Derivation, mention: Mention) -> bool:
        """Whether a content word is left that neither the set nor the mention explains."""
        return self._builder.question.weight(~(part.mask | mention.mask)) > MAX_OPTIONAL_WEIGHT

    def _is_turned(self, match: Match, mention: Mention, part: Derivation) -> bool:
        """Whether the mention follows the names of the set, in a question with a form of "be".

        "Is Byron a child of Ada" asks whether Byron is in the set of Ada's children, not whether
        Ada is in that of Byron's.
        """
        copula = self._builder.question.tokens[match.start].folded in BE
        return copula and bool(part.names) and mention.mask > part.names

    def _unlike(self, node: str, part: Derivation) -> float:
        """How implausible it is to ask whether a node is in a set, from 0 to 1.

        It is 0 if the node is on the same side of another fact of the set's last relation, and
        :data:`SAME_TYPE_DISTANCE` if it only shares a type with such nodes.
        """
        program = part.program
        while isinstance(program, (Intersection, Compare, Superlative)):
            program = program.left if isinstance(program, Intersection) else program.base
        had = program.right if isinstance(program, Difference) else program
        if isinstance(had, Having) and any(x.program == program for x in self._builder.states):
            return float(not may_have(node, had.step.relation, self._builder.knowledge))
        if not isinstance(program, Follow):
            return 1.0
        back = Step(program.step.relation, not program.step.forward)
        if back in self._builder.knowledge.steps((node,)):
            return 0.0
        elsewhere = self._builder.knowledge.evaluate(Having(back)).nodes[:SAMPLED_NODES]
        kinds = self._builder.knowledge.types((node,))
        alike = not kinds.keys().isdisjoint(self._builder.knowledge.types(elsewhere))
        return SAME_TYPE_DISTANCE if alike else 1.0

    def differences(self, left: Derivation, right: Derivation) -> Iterator[Derivation]:
        """The difference between the values of one relation for two names.

        For "how much smaller is A than B" it is the value of B minus that of A. If the question
        gives no direction, the difference is positive.
        """
        if not _is_measured_name(left) or not _is_measured_name(right):
            return
        if left.program.step != right.program.step or lowest(left.names) >= lowest(right.names):  # type: ignore[union-attr]  # both are steps
            return
        if left.names & right.names:
            return
        other = tuple(item for item in right.features if item[0] in NAMED)
        words = self._builder.schema.relations.get(left.program.step.relation)  # type: ignore[union-attr]
        for match, used in self._differences(left, right):
            if (left.operators | right.operators) & used:
                continue
            first, second = left.program, right.program
            years = self._says_years(match)
            only = "only_number" in dict(left.features)
            if years and only:
                continue
            size = self._builder.knowledge.evaluate(Subtract(first, second)).number
            negative = size is not None and size.value.startswith("-")
            # Of two dates, the earlier is subtracted: "how many years younger is A than B".
            if negative if years or not match.order else match.order == "min":
                first, second = second, first
            own = left.mask & ~left.names & ~self._mask(used)
            silent = bool(left.floating) or not own  # "years" does not name the year of founding
            hint = self._builder.hint(match, words) if words is not None and silent else 0.0
            if left.floating and not hint and not only:
                continue  # nothing says of what "how much more" is
            yield self._builder.extend(
                Subtract(first, second, years), (self._without_step(left) if hint else left,),
                mask=self._mask(used) | right.mask, names=right.names, operators=used,
                features={**dict(other), "subtract": 1.0, "measure_hint": hint},
            )  # fmt: skip

    def _differences(self, left: Derivation, right: Derivation) -> Iterator[tuple[Match, int]]:
        """Operators that ask for a difference, with the numbers of all that belong to it, as bits.

        One may have a name in it: "how many years is A older than B" is "how many years older".
        """
        operators = list(enumerate(self._builder.question.operators))
        for number, match in operators:
            if match.kind == "difference":
                yield match, 1 << number
        for number, amount in operators:
            if amount.kind != "count" or amount.end > lowest(left.names):
                continue
            for other, match in operators:
                between = lowest(left.names) < match.start < lowest(right.names)
                if match.kind == "comparison" and match.hints and between:
                    order: Order = "max" if match.comparison == ">" else "min"
                    end = amount.end + self._says_years(replace(amount, end=amount.end + 1))
                    whole = replace(match, start=amount.start, end=end, order=order)
                    yield whole, 1 << number | 1 << other

    def _mask(self, operators: int) -> int:
        """The tokens of operators, given by their numbers as bits, and of a unit of years."""
        mask = 0
        for number, match in enumerate(self._builder.question.operators):
            if operators >> number & 1:
                mask |= bits(match)
                after = replace(match, start=match.end, end=match.end + 1)
                if match.kind == "count" and self._says_years(after):
                    mask |= bits(after)
        return mask

    def ages(self, part: Derivation) -> Iterator[Derivation]:
        """The age of an entity at an event: "how old was Kennedy when he died"."""
        program = part.program
        if part.floating or not _is_measured_name(part) or not self._are_dates(part.nodes):
            return
        source: Program = program.source  # type: ignore[union-attr]  # it is a step
        dated = self._builder.knowledge.measures(source.keys)  # type: ignore[union-attr]
        operators = self._builder.question.operators
        for number, match in enumerate(operators):
            if match.kind != "ask" or match.hints[:1] != AGE or part.operators >> number & 1:
                continue
            same = [x for x in operators if (x.start, x.end) == (match.start, match.end)]
            for step in dated:
                words = self._builder.schema.relations.get(step.relation)
                hint = max(
                    (self._builder.hint(x, words) for x in same if words is not None), default=0.0
                )
                born = Follow(source, step)
                if not hint or born == program or dated[step] not in ("date", ""):
                    continue
                yield self._builder.extend(
                    Subtract(program, born, years=True), (part,), operators=1 << number,
                    mask=bits(match) | self._questions(),
                    features={"subtract": 1.0, "measure_hint": hint},
                )  # fmt: skip

    def _questions(self) -> int:
        """Bit mask of all question words: in "how old was she when she died" also of "when"."""
        mask = 0
        for match in self._builder.question.operators:
            mask |= bits(match) if match.kind == "ask" else 0
        return mask

    def _are_dates(self, nodes: Sequence[str]) -> bool:
        """Whether all nodes are dates, or numbers that may be years."""
        return all(
            isinstance(node, ValueKey)
            and (node.literal.datatype in DATES or year(node.literal) is not None)
            for node in nodes
        )

    def _says_years(self, match: Match) -> bool:
        """Whether an operator contains a word for years: "how many years older"; none of light."""
        question = self._builder.question
        words = question.tokens[match.start : match.end]
        light = any(token.folded == LIGHT for token in words)
        return not light and any(YEARS in load().units(x, question.language) for x in words)

    def _without_step(self, part: Derivation) -> Derivation:
        """Score a step like its name alone, because the operator already suggests the step."""
        own = tuple(item for item in part.features if item[0] in NAMED)
        lexical, weight = self._builder.lexical, self._builder.question.weight(part.names)
        return replace(
            part, features=own, floating=0, score=lexical.score(own) + lexical.cover * weight
        )


def _is_measured_name(part: Derivation) -> bool:
    """Whether a derivation is one step from a name to values."""
    program = part.program
    return (
        isinstance(program, Follow) and isinstance(program.source, Named) and is_value(part.nodes)
    )


def _is_unsaid(part: Derivation) -> bool:
    """Whether a derivation is one forward step from a name, to which no word leads."""
    program = part.program
    is_step = isinstance(program, Follow) and isinstance(program.source, Named)
    return is_step and bool(part.floating) and program.step.forward  # type: ignore[union-attr]


def _is_year(text: str) -> bool:
    """Whether a number looks like a year."""
    return text.isdecimal() and len(text) == DIGITS_OF_YEAR
