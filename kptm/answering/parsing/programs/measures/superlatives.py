"""Rules for superlatives (by a value or a count), and for learnt thresholds of words."""

from __future__ import annotations

from math import log
from typing import TYPE_CHECKING

from kg.programs import (
    Follow,
    Having,
    Intersection,
    Measure,
    Named,
    Superlative,
    Union,
)
from kg.values.base_quantities import DATE
from kptm.answering.parsing.programs.builder import DURATION, bits
from kptm.answering.parsing.programs.measures.group_totals import SIZE, adding_words, group_totals
from kptm.answering.parsing.programs.measures.superlative_words import (
    ordinal_before,
    wanted_count,
)
from kptm.answering.parsing.programs.steps.step_rules import MAX_WEAK_RECALL
from kptm.answering.parsing.ranking.program_features import step_name
from kptm.answering.parsing.training import thresholds

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import TypeAlias

    from kg.programs.expressions import Order
    from kg.types import Step
    from kptm.answering.lexicon import Match
    from kptm.answering.parsing.derivation import Derivation
    from kptm.answering.parsing.programs.builder import Builder
    from kptm.answering.parsing.programs.measures.durations import Durations
    from kptm.answering.parsing.question.relation_mentions import RelationEvidence

    Scale: TypeAlias = tuple[Measure, dict[str, float], int]
    """A measure, its features, and the bit mask of the tokens that it explains."""

SAMPLED_NODES = 60
"""The most nodes of a set from which its steps and types are read."""
FREQUENCY = "frequency"
"""The hint of words such as "most common", which compare the number of facts."""
RANK = "rank"
"""The hint of "best" and "worst" where the best is first."""
START_DATE_STRENGTH = 0.6
"""How strongly "longest" suggests a start date: "who has been here the longest"."""
NOUN_IN_NAME_STRENGTH = 0.6
"""How strongly the noun for rows suggests a measure with the noun in its name."""
START = frozenset("sinc start begin began join hire found".split())
"""Stems in the names of relations that lead to a start date."""
YEAR = "year"
"""The hint of words that compare dates: "before", "earliest"."""
MAX_MEASURES = 5
"""The most measures of a set that are tried for an operator."""
AMOUNTS = frozenset("most least fewest".split())
"""Superlatives of amounts, which dates and years are not."""
AGES = ("age",)
"""The hints of superlatives of age."""


class Measures:
    """The rules for superlatives (by a value or a count), and for learnt thresholds of words.

    Args:
        builder: Builds derivations.
        durations: The rules for lengths of time.
    """

    def __init__(self, builder: Builder, durations: Durations) -> None:
        self._builder, self._durations = builder, durations

    def superlatives(self, part: Derivation) -> Iterator[Derivation]:
        """Superlatives of a set, by each of its measures that the question suggests."""
        operators = self._builder.question.operators
        for number, match in enumerate(operators):
            if match.kind != "superlative" or not part.nodes:
                continue
            if self._builder.is_used(part, number):
                continue
            rank, ordinal = ordinal_before(operators, number)
            count, amount = wanted_count(operators, number, part.mask)
            beside = [at for at in (ordinal, amount) if at is not None]
            also = sum(1 << at for at in beside)
            words = bits(match) | sum(bits(operators[at]) for at in beside)
            place = self._next_to(match, part)
            named_relations = {
                step.relation
                for step in self._builder.knowledge.measures(part.nodes[:SAMPLED_NODES])
            } & self._builder.question.relations.named_at(match.end)
            for measure, features, mask in self.of(part, match):
                if RANK in match.hints and not features.get("measure_hint"):
                    continue  # the best has the least value only in a ranking
                if self._is_in_name(match, measure):
                    continue
                lacking = isinstance(part.program, Union) and measure.is_value
                if lacking:
                    both = Intersection(part.program, Having(measure.steps[0]))
                    lacking = self._builder.knowledge.evaluate(both).size < len(part.nodes)
                near = mask >> match.end & 1
                own = {**features, "lacking": float(lacking), "near_measure": float(near)}
                features = own if near else {**own, **place}
                if named_relations and measure.steps[-1].relation not in named_relations:
                    features["other_measure"] = 1.0
                order = self._order(match, measure, part)
                adding = adding_words(self._builder, part) if measure.adds else []
                yield self._builder.extend(
                    Superlative(part.program, measure, order, rank, count), (part,),
                    mask=words | mask | sum(bits(operators[at]) for at in adding),
                    operators=1 << number | also | sum(1 << at for at in adding),
                    features={"superlative": 1.0, **features},
                )  # fmt: skip

    def _is_in_name(self, match: Match, measure: Measure) -> bool:
        """Whether a superlative is a word of what is compared: "last inspected before 2024"."""
        question = self._builder.question
        words = self._builder.schema.relations.get(measure.steps[-1].relation)
        stems = {token.stem for token in question.tokens[match.start : match.end]}
        compared = any(x.kind == "comparison" and x.start > match.end for x in question.operators)
        return compared and words is not None and stems <= words.superlatives

    def _order(self, match: Match, measure: Measure, part: Derivation) -> Order:
        """Whether the greatest or the least value is meant.

        By a start date, what has lasted longest has the least value.
        """
        order: Order = match.order or "max"
        numeric = self._builder.knowledge.measures(part.nodes[:SAMPLED_NODES])
        if not measure.is_value or not self._begins(measure.steps[-1], match, numeric):
            return order
        return "min" if order == "max" else "max"

    def _begins(self, step: Step, match: Match, steps: Mapping[Step, str]) -> bool:
        """Whether "longest" compares start dates, to which the step leads."""
        words = self._builder.schema.relations.get(step.relation)
        return (
            DURATION in match.hints
            and (steps.get(step) == DATE or self._builder.has_years(step.relation))
            and words is not None
            and not START.isdisjoint(words.weights)
        )

    def _is_of_noun(self, step: Step, match: Match, used: int) -> bool:
        """Whether the noun for rows is in a measure's name: of claims, "amount claimed" is biggest.

        Args:
            step: The step to the measure.
            match: The operator: a size, or a comparison without a measure of its own.
            used: Bit mask of the tokens that the set and the operator explain.
        """
        words = self._builder.schema.relations.get(step.relation)
        if words is None or not (match.generic or SIZE in match.hints):
            return False
        question = self._builder.question
        nouns = [item for item in question.types if item.noun and item.mask & used]
        stems = {x.stem for item in nouns for x in question.tokens[item.start : item.end]}
        return not stems.isdisjoint(words.names[0])

    def _next_to(self, match: Match, part: Derivation) -> dict[str, float]:
        """Features of whether the set is the one that the noun next to a superlative names.

        The noun follows it ("smallest state"), or precedes it at the end ("state is smallest").
        """
        question = self._builder.question
        after = [item for item in question.types if item.start == match.end]
        if match.end == len(question.tokens):
            after = [
                item
                for item in question.types
                if item.end < match.start and not any(question.importance[item.end : match.start])
            ]
        if not after:
            return {}
        near = any(item.mask & part.mask for item in after)
        return {"near_base": float(near), "other_base": float(not near)}

    def of(self, part: Derivation, match: Match) -> Iterator[Scale]:
        """The measures of a set's nodes that an operator or other words suggest, best first.

        A measure is a number or date of the nodes, the number of their facts of one relation, or a
        number of the nodes at the end of a step.
        """
        sample = part.nodes[:SAMPLED_NODES]
        used = part.mask | bits(match)
        numeric = self._builder.knowledge.measures(sample)
        measures = self._own_numbers(numeric, match, used)
        measures += self._durations.measures(part, match, used)
        for step in self._builder.knowledge.steps(sample):
            if step in numeric:
                continue
            if not numeric and SIZE in match.hints and self._is_membership(step, part):
                measures.append((Measure((step,), count=True), {"counted_members": 1.0}, 0))
            if match.generic or self._is_collection(step, match):
                measures += self._counts(step, sample, used)
            if not step.forward:
                measures += group_totals(self._builder, part.nodes, step, match, used)
            if step.forward:
                # The superlative may be part of the relation's name: "the lowest point".
                named = self._builder.question.relations.evidence(step.relation, part.mask)
                if named.mask & ~used:
                    measures += self._far(step, match, used | named.mask, named, sample)
        if isinstance(part.program, Having) and not part.program.step.forward:
            measures = list(_count_back(part.program.step, match, measures))
        lexical, weight = self._builder.lexical, self._builder.question.weight
        scored = [
            (
                lexical.score(tuple(features.items())) + lexical.cover * weight(mask & ~used),
                str(measure),
                measure,
                features,
                mask,
            )
            for measure, features, mask in measures
        ]
        scored.sort(key=lambda x: (-x[0], x[1]))
        for *_, measure, features, mask in scored[:MAX_MEASURES]:
            yield measure, features, mask

    def _is_collection(self, step: Step, match: Match) -> bool:
        """Whether a size is the number of a relation's ends: "the biggest cast", "crew"."""
        if SIZE not in match.hints or not step.forward:
            return False
        evidence = self._builder.question.relations.evidence(step.relation)
        return evidence.recall > MAX_WEAK_RECALL and bool(evidence.mask >> match.end & 1)

    def _is_membership(self, step: Step, part: Derivation) -> bool:
        """Whether a step leads to members: backward along "team", from teams to people.

        The question names the set by the relation's name.
        """
        words = self._builder.schema.relations.get(step.relation)
        question = self._builder.question
        return (
            words is not None
            and not step.forward
            and any(
                item.mask & part.mask
                and words.names[0] == {x.stem for x in question.tokens[item.start : item.end]}
                for item in question.types
            )
        )

    def _own_numbers(self, steps: Mapping[Step, str], match: Match, used: int) -> list[Scale]:
        """Measures of one step: the nodes' own numbers and dates.

        If no word names a measure, all are possible; for words that compare times, only dates and
        years, if there are any.
        """
        scales = [scale for step in steps for scale in self._measure((step,), match, used)]
        times = {
            step
            for step, dimension in steps.items()
            if dimension == DATE or self._builder.has_years(step.relation)
        }
        if times and (match.kind == "time" or YEAR in match.hints):
            scales = [
                scale
                for scale in scales
                if not scale[1]["measure_floating"] or scale[0].steps[0] in times
            ]
        if match.generic and self._builder.question.tokens[match.start].folded in AMOUNTS:
            scales = [scale for scale in scales if scale[0].steps[0] not in times]
        if match.hints == AGES:  # the oldest has the greatest age, but the earliest date
            scales = [scale for scale in scales if scale[0].steps[0] not in times]
        for measure, features, _ in scales:
            if self._begins(measure.steps[0], match, steps):
                features |= {"measure_hint": max(features["measure_hint"], START_DATE_STRENGTH)}
                features["measure_floating"] = 0.0
        of_noun = [
            features
            for measure, features, _ in scales
            if features["measure_floating"]
            and measure.steps[0] not in times  # "lessonDate" is no size of a lesson
            and self._is_of_noun(measure.steps[0], match, used)
        ]
        if len(of_noun) == 1:
            of_noun[0] |= {"measure_hint": NOUN_IN_NAME_STRENGTH, "measure_floating": 0.0}
        floating = [features for _, features, _ in scales if features["measure_floating"]]
        if match.hints and not {SIZE, YEAR} & {*match.hints} and match.kind != "time":
            # "Deeper" compares none of several other numbers, and no times.
            several = len(floating) > 1
            scales = [
                scale
                for scale in scales
                if not scale[1]["measure_floating"] or not (several or scale[0].steps[0] in times)
            ]
            floating = [features for _, features, _ in scales if features["measure_floating"]]
        for features in floating:
            features["choice"] = log(len(floating))
        return scales

    def _counts(self, step: Step, some: Sequence[str], used: int) -> Iterator[Scale]:
        """Measures by the number of facts of a relation that the question names: "most borders"."""
        evidence = self._builder.question.relations.evidence(step.relation, used)
        learnt = self._builder.lexical.predicate(f"#{step_name(step)}")
        if not evidence.mask and learnt <= self._builder.lexical.speaks:
            yield from self._counted_types(step, some, used)
            return
        features = {"counted": 1.0, "measure_name": evidence.recall, "learnt": learnt}
        yield Measure((step,), count=True), features, evidence.mask
        for measure, more, mask in self._counted_types(step, some, used | evidence.mask):
            yield measure, {**features, **more}, evidence.mask | mask

    def _counted_types(self, step: Step, some: Sequence[str], used: int) -> Iterator[Scale]:
        """Measures by the number of a step's ends that have a type in the question: "most rivers".

        Only ends of that type are counted.
        """
        free = [x for x in self._builder.question.types if not x.mask & used and x.type]
        if not free:
            return
        ends = self._builder.knowledge.evaluate(Follow(Named(tuple(some)), step)).nodes[
            :SAMPLED_NODES
        ]
        kinds = self._builder.knowledge.types(ends)
        for item in free:
            if count := kinds.get(item.type or ""):
                whole = count == len(ends)
                measure = Measure((step,), count=True, among=None if whole else item.program)
                yield measure, {"counted": 1.0, "counted_type": 1.0}, item.mask

    def _far(
        self, step: Step, match: Match, used: int, named: RelationEvidence, some: Sequence[str]
    ) -> Iterator[Scale]:
        """Measures of two steps: the elevation of the highest point of a country.

        Args:
            step: The first step.
            match: The operator.
            used: Bit mask of the tokens that may not be used.
            named: How well the question matches the first step.
            some: The nodes of the set.
        """
        ends = self._builder.knowledge.evaluate(Follow(Named(tuple(some)), step)).nodes[
            :SAMPLED_NODES
        ]
        far = {"far": 1.0, "far_name": named.recall, "contrary": float(named.contrary)}
        for last in self._builder.knowledge.measures(ends):
            for measure, features, more in self._measure((step, last), match, used):
                yield measure, {**features, **far}, named.mask | more

    def _measure(self, steps: tuple[Step, ...], match: Match, used: int) -> Iterator[Scale]:
        """Yield the measure along ``steps``, with features of how well the question names it."""
        last = steps[-1]
        evidence = self._builder.question.relations.evidence(last.relation, used)
        words = self._builder.schema.relations.get(last.relation)
        hint = 0.0 if words is None else self._builder.hint(match, words)
        learnt = self._builder.lexical.predicate(f"{match.order}:{step_name(last)}")
        features = {
            "measure_name": evidence.recall,
            "measure_hint": hint,
            "measure_floating": float(not evidence.mask and not hint),
            "headless": float(evidence.headless),
            "weak": float(0 < evidence.recall < MAX_WEAK_RECALL),
            "learnt": learnt,
        }
        yield Measure(steps), features, evidence.mask
        if hint and evidence.mask:
            # The words may belong to another part of the program: "the area of the largest state".
            yield Measure(steps), {**features, "measure_name": 0.0}, 0

    def thresholds(self, part: Derivation) -> Iterator[Derivation]:
        """Subsets of a set by the learnt threshold of a word: "major" cities."""
        for item, mask in thresholds.apply(
            self._builder.lexical.thresholds, self._builder.question, part, self._builder.knowledge
        ):
            yield self._builder.extend(
                item.program(part.program), (part,), mask=mask, features={"threshold": 1.0},
            )  # fmt: skip


def _count_back(step: Step, match: Match, scales: Sequence[Scale]) -> Iterator[Scale]:
    """Mark the measure that counts a set's own relation, and suggest it for "most common".

    "Which author has the most books" counts the facts of the relation "author" for each author.
    """
    own = Measure((step,), count=True)
    for measure, features, mask in scales:
        yield measure, {**features, "counted_back": float(measure == own)}, mask
    if FREQUENCY in match.hints:  # "which ingredient is the most common"
        yield own, {"counted": 1.0, "measure_hint": 1.0, "counted_back": 1.0}, 0
