"""Bottom-up beam search for programs, with one beam per size (Pasupat and Liang 2015, section 4).

The size of a program is the number of its operations.
"""

from __future__ import annotations

from collections import Counter
from itertools import permutations, product
from typing import TYPE_CHECKING

from kg.programs import Compare, Intersection, Named
from kptm.answering.parsing.programs.builder import is_value

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kptm.answering.parsing.derivation import Derivation
    from kptm.answering.parsing.knowledge import Knowledge
    from kptm.answering.parsing.programs.program_grammar import Grammar

MAX_OPERATIONS = 5
"""The most operations of a program."""
BEAM_WIDTH = 40
"""The beam width: partial programs kept per size."""
PLAIN_BEAM_WIDTH, REMEMBERED_BEAM_WIDTH = 20, 12
"""Beam widths for questions without operators: without, and with, remembered paths."""
MAX_PAIRED, MAX_PAIRED_PER_SET = 16, 6
"""The most derivations of one size that are combined with others; among them, the first ones are
the best ``MAX_PAIRED_PER_SET`` for each combination of names.
"""
MAX_NAMES, MAX_STEPS_WITHOUT_FACTS = 8, 10
"""The most names from which steps without facts are tried, and the most such steps to keep."""
STEP, MARGIN = 2.0, 4.0
"""An upper bound of what a step adds to the score besides the weight of tokens, and how far below
the best score a derivation may remain and still be extended.
"""
MAX_SCORE_GAP = 10.0
"""Partial programs that score this much less than the best of their size are not evaluated."""
MAX_WITH_SAME_DENOTATION = 3
"""The most derivations of one size that have the same denotation and names."""


class Search:
    """Searches the programs of one question.

    Args:
        grammar: The rules that build programs.
        knowledge: Cached queries to the graph.
        beam: The beam width: partial programs kept per size.
        largest: The most operations of a program.
    """

    def __init__(
        self,
        grammar: Grammar,
        knowledge: Knowledge,
        *,
        beam: int = BEAM_WIDTH,
        largest: int = MAX_OPERATIONS,
    ) -> None:
        self._grammar = grammar
        self._knowledge = knowledge
        self._beam = beam
        self._largest = largest
        # Intersections of similar sets without a common node: the answer may be that there is none.
        self._disjoint: list[Derivation] = []

    def derivations(self) -> list[Derivation]:
        """All derivations of complete programs that the search finds, evaluated."""
        grammar = self._grammar
        levels = [self._best(grammar.bases(), self._beam * 2)]
        beam = self._beam_of_question()
        whole = sorted(self._silent(levels[0]), key=lambda x: -x.score)[:MAX_STEPS_WITHOUT_FACTS]
        known = [
            path
            for path in map(self._evaluate_derivation, grammar.remembered(levels[0]))
            if path.nodes
        ]
        whole += known
        for size in range(1, self._largest + 1):
            larger = self._best(self._larger(levels, size), beam)
            levels.append(larger)  # even if empty: pairs of smaller programs may be larger
            if grammar.builder.is_plain and any(map(grammar.builder.is_complete, larger)):
                break
        for level in levels:
            for part in level:
                if not isinstance(part.program, Named):
                    whole.append(part)
                whole += self._roots(part)
        measured = [part for part in levels[1] if is_value(part.nodes)][:MAX_PAIRED]
        for left, right in permutations(measured, 2):
            whole += map(self._evaluate_derivation, grammar.differences(left, right))
        return whole + sorted(self._disjoint, key=lambda x: -x.score)[:MAX_STEPS_WITHOUT_FACTS]

    def _beam_of_question(self) -> int:
        """The beam width for this question: smaller without operators, for steps from a name."""
        if self._beam > BEAM_WIDTH or not self._grammar.builder.is_plain:
            return self._beam
        return min(
            self._beam,
            REMEMBERED_BEAM_WIDTH if self._grammar.builder.lexical.paths else PLAIN_BEAM_WIDTH,
        )

    def _larger(self, levels: list[list[Derivation]], size: int) -> Iterator[Derivation]:
        """Yield the derivations of ``size`` operations that the rules build from smaller ones."""
        grammar = self._grammar
        plain = grammar.builder.is_plain
        best = max((level[0].score for level in levels if level), default=0.0)
        for part in levels[size - 1]:
            if size > 1 and plain and self._is_hopeless(part, best):
                continue
            yield from grammar.steps(part)
            yield from grammar.both(part)
            yield from grammar.relatives(part)
            if not isinstance(part.program, Named):
                yield from grammar.filters(part)
                yield from grammar.superlatives(part)
                yield from grammar.thresholds(part)
            elif len(part.nodes) > 1:
                yield from grammar.filters(part)
                yield from grammar.superlatives(part)
            yield from grammar.comparisons(part)
            yield from grammar.times(part)
            if part.mention is None:
                yield from grammar.numbers(part)
        for left_size in range(size):
            right_size = size - 1 - left_size
            if left_size < len(levels) and right_size < len(levels):
                for left, right in product(
                    _derivations_to_pair(levels[left_size]),
                    _derivations_to_pair(levels[right_size]),
                ):
                    if left is not right:
                        yield from grammar.pairs(left, right)

    def _is_hopeless(self, part: Derivation, best: float) -> bool:
        """Whether extending a derivation is useless.

        It is if the derivation is complete, or if explaining all its other tokens could not bring
        its score within ``MARGIN`` of the best.
        """
        builder = self._grammar.builder
        left = builder.question.weight(~part.mask)
        gain = builder.lexical.cover * left + STEP
        return builder.is_complete(part) or part.score + gain < best - MARGIN

    def _best(self, pool: Iterable[Derivation], most: int) -> list[Derivation]:
        """Evaluate a pool, and return the best derivations whose denotation is not empty.

        Empty ones are kept if they can be an answer (see :meth:`_may_be_empty`).

        Args:
            pool: The derivations.
            most: The most derivations to return; about three times as many are evaluated.
        """
        best: list[Derivation] = []
        alike: dict[object, int] = {}
        programs = set()
        tried = 0
        ordered = sorted(pool, key=lambda x: -x.score)
        floor = max(map(self._beside_names, ordered), default=0.0) - MAX_SCORE_GAP
        for derivation in ordered:
            if self._beam <= BEAM_WIDTH and self._beside_names(derivation) < floor:
                continue
            if (derivation.program, derivation.mask) in programs and derivation.size:
                continue
            programs.add((derivation.program, derivation.mask))
            tried += 1
            self._evaluate_derivation(derivation)
            if not derivation.nodes and not self._may_be_empty(derivation):
                if isinstance(derivation.program, Intersection) and self._knowledge.are_alike(
                    derivation.program.left, derivation.program.right
                ):
                    self._disjoint.append(derivation)
                continue
            place = (derivation.denotation, derivation.names)
            alike[place] = alike.get(place, 0) + 1
            if alike[place] > MAX_WITH_SAME_DENOTATION:
                continue
            best.append(derivation)
            if len(best) == most or tried > 3 * most:
                break
        best.sort(key=lambda x: -x.score)
        return best

    def _may_be_empty(self, derivation: Derivation) -> bool:
        """Whether an empty set can be an answer: "no" to "is Everest lower than K2"."""
        builder = self._grammar.builder
        if isinstance(derivation.program, Compare):
            return builder.asks_yes_or_no
        return isinstance(derivation.program, Intersection) and builder.asks_existence

    def _evaluate_derivation(self, derivation: Derivation) -> Derivation:
        """Evaluate a derivation: store its denotation, and let it explain the type of its nodes."""
        if derivation.mention is not None and not derivation.size:
            derivation.nodes = (derivation.mention.node,)
            return derivation
        denotation = self._knowledge.evaluate(derivation.program)
        derivation.nodes, derivation.number, derivation.truth = (
            denotation.nodes,
            denotation.number,
            denotation.truth,
        )
        return self._grammar.add_implied_type(derivation)

    def _beside_names(self, derivation: Derivation) -> float:
        """The score without the weight of names.

        It makes programs with one name comparable with those that combine several names.
        """
        builder = self._grammar.builder
        return derivation.score - builder.lexical.cover * builder.question.weight(derivation.names)

    def _silent(self, bases: list[Derivation]) -> Iterator[Derivation]:
        """Yield the steps without facts from the best names."""
        for part in [part for part in bases if part.mention is not None][:MAX_NAMES]:
            yield from self._grammar.silent_steps(part)

    def _roots(self, part: Derivation) -> Iterator[Derivation]:
        """Yield the counts, truth values, ages and lengths that end a program, evaluated."""
        grammar = self._grammar
        values = (*grammar.roots(part), *grammar.truths(part), *grammar.ages(part))
        for derivation in (*values, *grammar.lengths(part)):
            yield self._evaluate_derivation(derivation)


def _derivations_to_pair(level: list[Derivation]) -> list[Derivation]:
    """Choose the derivations of one size to combine with others.

    The first are the best few for each combination of names, so that every name takes part.
    """
    first: list[Derivation] = []
    others: list[Derivation] = []
    count: Counter[int] = Counter()
    for derivation in level:
        count[derivation.names] += 1
        (first if count[derivation.names] <= MAX_PAIRED_PER_SET else others).append(derivation)
    return [*first, *others][:MAX_PAIRED]
