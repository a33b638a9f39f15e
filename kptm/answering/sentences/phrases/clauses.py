"""Writes relative clauses for programs: "that borders Texas", "whose capital is Paris"."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from kg.programs import (
    Compare,
    Difference,
    Follow,
    Having,
    Intersection,
    Measure,
    Named,
    OfType,
    Program,
    Union,
)
from kptm.answering.sentences.grammar import Forms, article
from kptm.answering.sentences.phrases.noun_phrases import (
    NounPhrase,
    merge_steps,
    same,
    when,
    without_having,
)
from kptm.answering.sentences.phrases.relation_words import NounRelation, RelationWords

if TYPE_CHECKING:
    from kptm.answering.sentences.wording import Wording

_COMPARISONS = {
    "<": "less than", "<=": "at most", ">": "more than", ">=": "at least", "=": "", "!=": "not",
}  # fmt: skip
_NEGATED = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "=": "!=", "!=": "="}
_ZERO = {"=": "no", "<=": "no", ">": "some", "!=": "some"}
"""Words for a count that is compared with 0."""
_DATES = {"<": "before", "<=": "not after", ">": "after", ">=": "not before", "=": "", "!=": "not"}

_DATED = frozenset(("before", "after", "not", "in", "from"))
"""Words before a date that replace the preposition of a verb: "founded in", "founded before"."""


class DescribesPrograms(Protocol):
    """Describes the programs within a clause."""

    wording: Wording

    def phrase(self, program: Program) -> str:
        """A description of a program that can replace a name, as singular or plural."""

    def describe(self, program: Program) -> NounPhrase:
        """A description of the denotation of a program."""

    def source(self, program: Follow, joint: str = " or ") -> NounPhrase:
        """A description of the source of a step; several names are joined by ``joint``."""


class Clauses:
    """Writes relative clauses.

    Args:
        describer: Describes the programs within a clause.
    """

    def __init__(self, describer: DescribesPrograms) -> None:
        self._describer = describer
        self._wording = describer.wording

    def of(self, program: Program, *, negated: bool = False) -> Forms:
        """A relative clause that is true of the nodes of a program: "that borders Texas"."""
        program = without_having(program)
        if isinstance(program, Follow):
            return self._step_forms(program, negated=negated)
        if isinstance(program, Compare):
            return self._comparison_forms(program, negated=negated)
        if isinstance(program, Having):
            return self._having(program, negated=negated)
        if (both := merge_steps(program)) is not None:
            return self._step_forms(both, negated=negated, joint=" and ")
        if isinstance(program, (Intersection, Union)) and not negated:
            joint = "and" if isinstance(program, Intersection) else "or"
            left, right = self.of(program.left), self.of(program.right)
            return Forms(f"{left.one} {joint} {right.one}", f"{left.many} {joint} {right.many}")
        if isinstance(program, Difference) and not negated:
            left, right = self.of(program.left), self.excluding(program.left, program.right)
            return Forms(f"{left.one} and {right.one}", f"{left.many} and {right.many}")
        return self._with_is(program, negated=negated)

    def excluding(self, left: Program, right: Program) -> Forms:
        """The clause that, beside a description of ``left``, excludes the nodes of ``right``."""
        if isinstance(right, Compare) and base_of(right) == left:
            return self.comparison(right, negated=True)
        return self.of(right, negated=True)

    def _with_is(self, program: Program, *, negated: bool) -> Forms:
        """A clause with "is": "that is a river", "that is among the states of Mexico"."""
        no = " not" if negated else ""
        if isinstance(program, OfType):
            noun = self._wording.type(program.type)
            return Forms(f"that is{no} {article(noun.one)}", f"that are{no} {noun.many}")
        described = self._describer.describe(program)
        if described.name:
            return Forms(f"that is{no} {described.name}", f"that are{no} {described.name}")
        among = f"among {described.text(plural=True)}"
        return Forms(f"that is{no} {among}", f"that are{no} {among}")

    def _step_forms(self, program: Follow, *, negated: bool, joint: str = " or ") -> Forms:
        """The clause for a step: "that borders Texas", "whose capital is Paris"."""
        words, source = (
            self._wording.relation(program.step.relation),
            self._describer.source(program, joint),
        )
        if source.noun is not None and source.several:
            return self._step_from_any(program, words, source, negated=negated)
        whose, during = source.text(plural=source.several), when(program.during)
        no = " not" if negated else ""
        if isinstance(words, NounRelation):
            if program.step.forward:
                end = f"{whose}{words.rest}{during}"
                singular, plural_noun = self.noun_of(program, words, plural=False), words.noun.many
                return Forms(
                    f"that is{no} {singular} of {end}", f"that are{no} the {plural_noun} of {end}"
                )
            verb = words.verb(negated=negated)
            return same(f"whose {words.noun.one}{words.rest} {verb} {whose}{during}")
        if program.step.forward:
            return same(f"that {whose} {words.of(plural=source.several, negated=negated)}{during}")
        verbs = (words.of(plural=plural, negated=negated) for plural in (False, True))
        return Forms(*(f"that {verb} {whose}{during}" for verb in verbs))

    def _step_from_any(
        self, program: Follow, words: RelationWords, source: NounPhrase, *, negated: bool
    ) -> Forms:
        """The clause for a step from any node of a set: "that rivers traverse"."""
        some, during = source.text(plural=True, the=""), when(program.during)
        if isinstance(words, NounRelation):
            quantifier = "none" if negated else "one"
            partitive = f"{quantifier} of {source.text(plural=True)}{during}"
            if not program.step.forward:
                return same(f"whose {words.noun.one}{words.rest} {words.verb()} {partitive}")
            no, some = (" not", f"any {some}") if negated else ("", some)
            end = f"of {some}{words.rest}{during}"
            return Forms(
                f"that is{no} the {words.noun.one} {end}",
                f"that are{no} the {words.noun.many} {end}",
            )
        if program.step.forward:
            return same(f"that {'no ' if negated else ''}{some} {words.of(plural=True)}{during}")
        any_of = f"any {some}" if negated else some
        verbs = (words.of(plural=plural, negated=negated) for plural in (False, True))
        return Forms(*(f"that {verb} {any_of}{during}" for verb in verbs))

    def noun_of(self, program: Follow, words: NounRelation, *, plural: bool) -> str:
        """The noun of a step with its article: "the capital", "a province" (one of several)."""
        keys = program.source.keys if isinstance(program.source, Named) else ()
        if plural:
            return f"the {words.noun.many}"
        return (
            self._wording.noun_from(keys[0], program.step, words)
            if len(keys) == 1
            else f"the {words.noun.one}"
        )

    def _having(self, program: Having, *, negated: bool) -> Forms:
        """The clause for having a relation: "with a capital", "that borders something"."""
        words = self._wording.relation(program.step.relation)
        if isinstance(words, NounRelation) and program.step.forward:
            return same(f"{'without' if negated else 'with'} {article(words.noun.one)}")
        thing = "anything" if negated else "something"
        if isinstance(words, NounRelation):
            no = " not" if negated else ""
            return Forms(
                f"that is{no} the {words.noun.one} of {thing}",
                f"that are{no} the {words.noun.many} of {thing}",
            )
        if program.step.forward:
            verb, end = (words.dated, "") if words.objectless else (words, f" {thing}")
            verbs = (verb.of(plural=plural, negated=negated) for plural in (False, True))
            return Forms(*(f"that {text}{end}" for text in verbs))
        subject = "nothing" if negated else "something"
        return same(f"that {subject} {words.of(plural=False)}")

    def _comparison_forms(self, program: Compare, *, negated: bool) -> Forms:
        """The clause of a comparison, after the clause of its base if that has one."""
        compared_set = base_of(program)
        if isinstance(without_having(compared_set), (OfType, Having)):
            return self.comparison(program, negated=negated)
        if negated:  # "not (A and B)" is not "A and not B"
            return self._with_is(program, negated=True)
        base, compared = self.of(compared_set), self.comparison(program)
        return Forms(f"{base.one} and {compared.one}", f"{base.many} and {compared.many}")

    def comparison(self, program: Compare, *, negated: bool = False) -> Forms:
        """The clause of the comparison without the clause of its base.

        Two comparisons that bound a range become one clause: "from 1930 to 1940", "2 to 5 rivers".
        """
        value, measure = self._describer.phrase(program.value), program.measure
        lower_bound = _lower_bound(program)
        first = None if lower_bound is None else self._describer.phrase(lower_bound)
        if measure.count:
            number = _number_words(program.comparison, first, value, negated=negated)
            return self._count_forms(measure, number)
        dated = self._wording.is_time(program)
        if first == value:
            words = f"{'in ' if dated else ''}{value}"
        elif first is not None:
            words = f"from {first} to {value}"
        else:
            words = f"{(_DATES if dated else _COMPARISONS)[program.comparison]} {value}".strip()
        if negated:
            words = words.removeprefix("not ") if words.startswith("not ") else f"not {words}"
        return self._measure_forms(measure, words, dated=dated)

    def _measure_forms(self, measure: Measure, compared: str, *, dated: bool) -> Forms:
        """The clause for a measure: "whose area is less than 3", "that was founded in 1946"."""
        words = self._wording.relation(measure.steps[-1].relation, dates=dated)
        if (
            isinstance(words, NounRelation)
            or len(measure.steps) > 1
            or not measure.is_value
            or not measure.steps[-1].forward
        ):
            compared = compared.removeprefix("in ")
            return same(f"whose {self._wording.measure(measure)} is {compared}")
        verb = words.dated if dated and compared.split()[0] in _DATED else words
        return Forms(*(f"that {verb.of(plural=plural)} {compared}" for plural in (False, True)))

    def most(self, measure: Measure, order: str, rank: str) -> Forms:
        """The clause of a superlative: "with the greatest area", "with the most rivers"."""
        if not measure.count:
            greatest = "greatest" if order == "max" else "lowest"
            if measure.since is not None:
                greatest = "longest" if order == "max" else "shortest"
            if len(measure.steps) > 1 and not measure.adds:
                owner = self._wording.measure(replace(measure, steps=measure.steps[:-1]))
                own = self._wording.step_noun(measure.steps[-1])
                return same(f"whose {owner} has the {f'{rank} '.lstrip()}{greatest} {own}")
            text = f"with the {rank} {greatest} {self._wording.measure(measure)}"
            return same(" ".join(text.split()))
        most = f"the {rank} {'most' if order == 'max' else 'fewest'}"
        return self._count_forms(measure, " ".join(most.split()))

    def _count_forms(self, measure: Measure, number: str) -> Forms:
        """The clause of a count: "that has 3 rivers"."""
        step = measure.steps[-1]
        words = self._wording.relation(step.relation)
        among = None if measure.among is None else self._describer.describe(measure.among)
        if len(measure.steps) > 1:
            return same(f"with {number} {self._wording.measure(measure)}")
        if isinstance(words, NounRelation) and step.forward:
            noun = words.noun.many if among is None else among.text(plural=True, the="")
            return same(f"with {number} {noun.strip()}")
        things = "others" if among is None else among.text(plural=True, the="").strip()
        if isinstance(words, NounRelation):
            return Forms(f"that is the {words.noun.one} of {number} {things}",
                         f"that are the {words.noun.one} of {number} {things}")  # fmt: skip
        if step.forward:
            return Forms(
                *(f"that {words.of(plural=plural)} {number} {things}" for plural in (False, True))
            )
        return same(f"that {number} {things} {words.of(plural=True)}")


def _number_words(comparison: str, first: str | None, value: str, *, negated: bool) -> str:
    """The words for a count that is compared: "3", "more than 2", "no", or for a range "2 to 5"."""
    if first is not None and first != value:
        return f"less than {first} or more than {value}" if negated else f"{first} to {value}"
    if first is not None:
        comparison = "="
    if negated:
        comparison = _NEGATED[comparison]
    if value == "0" and comparison in _ZERO:
        return _ZERO[comparison]
    return f"{_COMPARISONS[comparison]} {value}".strip()


def base_of(program: Compare) -> Program:
    """The set that is compared, without the comparison or, for a range, without both bounds."""
    base = program.base
    return base.base if _lower_bound(program) is not None and isinstance(base, Compare) else base


def _lower_bound(program: Compare) -> Program | None:
    """The lower bound of a range such as "from 1930 to 1940"; None for a single comparison."""
    base = program.base
    is_range = (
        isinstance(base, Compare)
        and (base.comparison, program.comparison) == (">=", "<=")
        and base.measure == program.measure
    )
    return base.value if is_range and isinstance(base, Compare) else None
