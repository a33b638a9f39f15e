"""What a program denotes, described in English: "the states that border Texas", "the population of the capital of France".

A description has a noun, what goes before it ("longest"), what follows it ("of France"), and clauses ("that border Texas"), which
agree with it in number.
"""

from __future__ import annotations

from dataclasses import replace
from functools import singledispatchmethod
from typing import TYPE_CHECKING

from kg.programs import (
    Aggregate,
    Compare,
    Difference,
    Follow,
    Having,
    Intersection,
    Measure,
    Named,
    OfType,
    Program,
    Subtract,
    Superlative,
    Union,
)
from kg.types import Step
from kg.values import ValueKey
from kptm.answering.answer_kinds import is_date
from kptm.answering.sentences.grammar import Forms, article, english
from kptm.answering.sentences.languages import language
from kptm.answering.sentences.noun_phrases import Description, merged, same, when, without_unit
from kptm.answering.sentences.relation_words import (
    NounRelation,
    RelationWords,
    english_name,
    relation_words,
)

if TYPE_CHECKING:
    from kptm.answering.sentences.names import Names
    from kptm.answering.sentences.truth import Truth
    from kptm.data.phrasings import Phrasings

_ORDINALS = {2: "second", 3: "third", 4: "fourth", 5: "fifth"}
_TOTALS = {"sum": "total", "mean": "average", "max": "greatest", "min": "lowest"}
_COMPARISONS = {
    "<": "less than", "<=": "at most", ">": "more than", ">=": "at least", "=": "", "!=": "not",
}  # fmt: skip
_NONE = {"": "no", "more than": "some"}
_DATES = {"<": "before", "<=": "not after", ">": "after", ">=": "not before", "=": "", "!=": "not"}


class Describer:
    """Describes programs.

    Args:
        names: What keys are called.
        phrasings: How texts say relations.
        truth: Knows how many values there are.
    """

    def __init__(self, names: Names, phrasings: Phrasings, truth: Truth) -> None:
        self._names = names
        self._truth = truth
        self._phrasings = phrasings
        self._grammar = english()

    # ── words ────────────────────────────────────────────────────────────────────────────────

    def named(self, key: str) -> str:
        """A name with its article, a value with its unit."""
        label = self._names.label(key)
        if isinstance(key, ValueKey):
            return self._grammar.quantity(label)
        return self._grammar.name(label, self._names.types(key))

    def relation(self, key: str, *, dates: bool = False) -> RelationWords:
        """How a relation is said."""
        said = self._phrasings.said(key)
        return relation_words(self._names.relation(key), said, self._grammar, dates=dates)

    def type(self, key: str) -> Forms:
        """A type as a noun."""
        return self._grammar.noun(english_name(self._names.label(key)))

    # ── noun phrases ─────────────────────────────────────────────────────────────────────────

    def phrase(self, program: Program) -> str:
        """A program in the place of a name, in the number that is likely."""
        described = self.describe(program)
        return described.text(plural=described.several)

    @singledispatchmethod
    def describe(self, program: Program) -> Description:
        """What a program denotes."""
        return Description(name=str(program), several=False)

    @describe.register
    def _(self, program: Named) -> Description:
        names = language("en").listed([self.named(key) for key in program.keys])
        return Description(name=names, several=len(program.keys) > 1)

    @describe.register
    def _(self, program: OfType) -> Description:
        return Description(noun=self.type(program.type))

    @describe.register
    def _(self, program: Having) -> Description:
        return Description(clauses=(self.clause(program),))

    @describe.register
    def _(self, program: Follow) -> Description:
        words = self.relation(program.step.relation)
        if isinstance(words, NounRelation) and program.step.forward:
            source = self.describe(program.source)
            after = f"of {source.text(plural=source.several)}{words.rest}{when(program.during)}"
            return Description(words.noun, after=after, several=source.several)
        return Description(clauses=(self.clause(program),))

    @describe.register
    def _(self, program: Intersection) -> Description:
        if merged(program) is not None:
            return Description(clauses=(self.clause(program),))
        left, right = program.left, program.right
        if isinstance(right, OfType) or (not self._has_noun(left) and self._has_noun(right)):
            left, right = right, left
        return self.describe(left).and_also(self.clause(right))

    def _has_noun(self, program: Program) -> bool:
        found = self.describe(program)
        return found.noun is not None or bool(found.name)

    @describe.register
    def _(self, program: Union) -> Description:
        both = (self.phrase(program.left), self.phrase(program.right))
        return Description(name=" and ".join(both))

    @describe.register
    def _(self, program: Difference) -> Description:
        return self.describe(program.left).and_also(self.clause(program.right, negated=True))

    @describe.register
    def _(self, program: Compare) -> Description:
        base = self.describe(program.base)
        if base.name:
            base = Description(after=f"of {base.name}")
        return base.and_also(self.comparison(program))

    @describe.register
    def _(self, program: Superlative) -> Description:
        base = self.describe(program.base)
        rank = _ORDINALS.get(program.rank, f"{program.rank}th") if program.rank > 1 else ""
        adjective = self.superlative(program.measure, program.order)
        if base.name:
            base = Description(after=f"of {base.name}")
        if adjective and not base.before:
            before = f"{rank} {adjective}".strip()
            return replace(base, before=before, several=False)
        clause = self._most(program.measure, program.order, rank)
        return replace(base.and_also(clause), several=False)

    def superlative(self, measure: Measure, order: str) -> str:
        """The adjective of the most or the least of a measure, "" where there is none."""
        if measure.count or len(measure.steps) != 1:
            return ""
        label = english_name(self._names.relation(measure.steps[0].relation))
        words = without_unit(label)
        found = self._grammar.superlatives.get(words)
        return "" if found is None else found[0 if order == "max" else 1]

    def _most(self, measure: Measure, order: str, rank: str) -> Forms:
        """With the greatest value, or the most of what is counted."""
        if not measure.count:
            greatest = "greatest" if order == "max" else "lowest"
            text = f"with the {rank} {greatest} {self.measure(measure)}"
            return same(" ".join(text.split()))
        most = f"the {rank} {'most' if order == 'max' else 'fewest'}"
        return self._counted(measure, " ".join(most.split()))

    def _counted(self, measure: Measure, number: str) -> Forms:
        """That has so many at the end of a path."""
        step = measure.steps[-1]
        words = self.relation(step.relation)
        among = None if measure.among is None else self.describe(measure.among)
        if len(measure.steps) > 1:
            return same(f"with {number} {self.measure(measure)}")
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

    def measure(self, measure: Measure) -> str:
        """What a measure is called: the last relation of its path first, as in "population of the capital"."""
        named = [self._step_noun(step) for step in measure.steps]
        return " of the ".join(reversed(named))

    def _step_noun(self, step: Step) -> str:
        words = self.relation(step.relation)
        if isinstance(words, NounRelation):
            return f"{words.noun.one}{words.rest}"
        return english_name(self._names.relation(step.relation))

    @describe.register
    def _(self, program: Aggregate) -> Description:
        source = self.describe(program.source)
        if program.function == "count":
            text = source.text(plural=True, the="" if source.noun else "the").strip()
            return Description(name=f"the number of {text}", several=False)
        total = _TOTALS[program.function]
        one = replace(source, before=f"{total} {source.before}".strip())
        return Description(name=one.text(plural=False), several=False)

    @describe.register
    def _(self, program: Subtract) -> Description:
        left, right = self.phrase(program.left), self.phrase(program.right)
        return Description(name=f"the difference between {left} and {right}", several=False)

    # ── clauses ──────────────────────────────────────────────────────────────────────────────

    def clause(self, program: Program, *, negated: bool = False) -> Forms:
        """What is true of the members of a program, to follow a noun: "that borders Texas", "whose capital is Paris"."""
        if isinstance(program, Follow):
            return self._followed(program, negated=negated)
        if isinstance(program, Compare):
            return self._compared(program, negated=negated)
        if isinstance(program, Having):
            return self._having(program, negated=negated)
        if (both := merged(program)) is not None:
            return self._followed(both, negated=negated, joint=" and ")
        if isinstance(program, (Intersection, Union)) and not negated:
            joint = "and" if isinstance(program, Intersection) else "or"
            left, right = self.clause(program.left), self.clause(program.right)
            return Forms(f"{left.one} {joint} {right.one}", f"{left.many} {joint} {right.many}")
        if isinstance(program, Difference) and not negated:
            left, right = self.clause(program.left), self.clause(program.right, negated=True)
            return Forms(f"{left.one} and {right.one}", f"{left.many} and {right.many}")
        return self._is_it(program, negated=negated)

    def _is_it(self, program: Program, *, negated: bool) -> Forms:
        no = " not" if negated else ""
        if isinstance(program, OfType):
            noun = self.type(program.type)
            return Forms(f"that is{no} {article(noun.one)}", f"that are{no} {noun.many}")
        described = self.describe(program)
        if described.name:
            return Forms(f"that is{no} {described.name}", f"that are{no} {described.name}")
        among = f"among {described.text(plural=True)}"
        return Forms(f"that is{no} {among}", f"that are{no} {among}")

    def _followed(self, program: Follow, *, negated: bool, joint: str = " or ") -> Forms:
        words, source = self.relation(program.step.relation), self.describe(program.source)
        if isinstance(program.source, Named):
            source = replace(source, name=joint.join(map(self.named, program.source.keys)))
        whose, during = source.text(plural=source.several), when(program.during)
        no = " not" if negated else ""
        if isinstance(words, NounRelation):
            if program.step.forward:
                end = f"{whose}{words.rest}{during}"
                one, many = self.noun_of(program, words, plural=False), words.noun.many
                return Forms(f"that is{no} {one} of {end}", f"that are{no} the {many} of {end}")
            verb = words.verb(negated=negated)
            return same(f"whose {words.noun.one}{words.rest} {verb} {whose}{during}")
        if program.step.forward:
            return same(f"that {whose} {words.of(plural=source.several, negated=negated)}{during}")
        verbs = (words.of(plural=plural, negated=negated) for plural in (False, True))
        return Forms(*(f"that {verb} {whose}{during}" for verb in verbs))

    def noun_of(self, program: Follow, words: NounRelation, *, plural: bool) -> str:
        """The noun of a step with its article: "the capital"; "a province" where there are several."""
        keys = program.source.keys if isinstance(program.source, Named) else ()
        if plural:
            return f"the {words.noun.many}"
        return (
            self.noun_from(keys[0], program.step, words)
            if len(keys) == 1
            else f"the {words.noun.one}"
        )

    def noun_from(self, head: str, step: Step, words: NounRelation) -> str:
        """The noun of a relation of an entity: "a" where it has several."""
        several = self._truth.several(head, Step(step.relation))
        one = words.noun.one
        return article(one) if several and one != words.noun.many else f"the {one}"

    def _having(self, program: Having, *, negated: bool) -> Forms:
        words = self.relation(program.step.relation)
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
            return Forms(
                *(
                    f"that {words.of(plural=plural, negated=negated)} {thing}"
                    for plural in (False, True)
                )
            )
        subject = "nothing" if negated else "something"
        return same(f"that {subject} {words.of(plural=False)}")

    def _compared(self, program: Compare, *, negated: bool) -> Forms:
        told = self.comparison(program, negated=negated)
        if isinstance(program.base, OfType):
            return told
        own = self.clause(program.base)
        return Forms(f"{own.one} and {told.one}", f"{own.many} and {told.many}")

    def comparison(self, program: Compare, *, negated: bool = False) -> Forms:
        """What the comparison alone says."""
        value, measure = self.phrase(program.value), program.measure
        dated = is_date(value) and not measure.count
        said = (_DATES if dated else _COMPARISONS)[program.comparison]
        said = f"not {said}".strip() if negated else said
        if measure.count:
            none = value == "0" and said in ("", "more than")
            return self._counted(measure, _NONE[said] if none else f"{said} {value}".strip())
        return self._measured(measure, f"{said} {value}".strip(), dated=dated)

    def _measured(self, measure: Measure, compared: str, *, dated: bool) -> Forms:
        words = self.relation(measure.steps[-1].relation, dates=dated)
        if (
            isinstance(words, NounRelation)
            or len(measure.steps) > 1
            or not measure.steps[-1].forward
        ):
            return same(f"whose {self.measure(measure)} is {compared}")
        verb = words.dated if dated and compared.split()[0] in ("before", "after", "not") else words
        return Forms(*(f"that {verb.of(plural=plural)} {compared}" for plural in (False, True)))
