"""Describes the denotation of a program in English: "the states that border Texas".

A description has a noun, words before it ("longest"), words after it ("of France"), and relative
clauses ("that border Texas"), whose verbs agree with the noun in number.
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
    Named,
    OfType,
    Program,
    Subtract,
    Superlative,
    Union,
)
from kptm.answering.sentences.languages import language
from kptm.answering.sentences.phrases.clauses import Clauses, base_of
from kptm.answering.sentences.phrases.noun_phrases import (
    NounPhrase,
    merge_steps,
    when,
    without_having,
)
from kptm.answering.sentences.phrases.relation_words import NounRelation
from kptm.answering.sentences.wording import TOTALS

if TYPE_CHECKING:
    from kptm.answering.sentences.wording import Wording

_ORDINALS = {2: "second", 3: "third", 4: "fourth", 5: "fifth"}


class ProgramDescriber:
    """Describes programs.

    Args:
        wording: Finds words for keys.

    Attributes:
        wording: Finds words for keys.
        clauses: Writes clauses for programs.
    """

    def __init__(self, wording: Wording) -> None:
        self.wording = wording
        self.clauses = Clauses(self)

    def phrase(self, program: Program) -> str:
        """A description of a program that can replace a name, as singular or plural."""
        described = self.describe(program)
        return described.text(plural=described.several)

    @singledispatchmethod
    def describe(self, program: Program) -> NounPhrase:
        """A description of the denotation of a program."""
        return NounPhrase(name=str(program), several=False)

    @describe.register
    def _(self, program: Named) -> NounPhrase:
        names = language("en").list_items(
            [self.wording.name_with_article(key) for key in program.keys]
        )
        return NounPhrase(name=names, several=len(program.keys) > 1)

    @describe.register
    def _(self, program: OfType) -> NounPhrase:
        return NounPhrase(noun=self.wording.type(program.type))

    @describe.register
    def _(self, program: Having) -> NounPhrase:
        words = self.wording.relation(program.step.relation)
        if isinstance(words, NounRelation) and not program.step.forward:
            return NounPhrase(noun=words.noun)
        return NounPhrase(clauses=(self.clauses.of(program),))

    @describe.register
    def _(self, program: Follow) -> NounPhrase:
        words = self.wording.relation(program.step.relation)
        if isinstance(words, NounRelation) and program.step.forward:
            source = self.describe(program.source)
            after = f"of {source.text(plural=source.several)}{words.rest}{when(program.during)}"
            return NounPhrase(words.noun, after=after, several=source.several)
        return NounPhrase(clauses=(self.clauses.of(program),))

    @describe.register
    def _(self, program: Intersection) -> NounPhrase:
        plain = without_having(program)
        if not isinstance(plain, Intersection):
            return self.describe(plain)
        program = plain
        if merge_steps(program) is not None:
            return NounPhrase(clauses=(self.clauses.of(program),))
        left, right = program.left, program.right
        if isinstance(right, OfType) or (not self._has_noun(left) and self._has_noun(right)):
            left, right = right, left
        return self.describe(left).and_also(self.clauses.of(right))

    def _has_noun(self, program: Program) -> bool:
        phrase = self.describe(program)
        return phrase.noun is not None or bool(phrase.name)

    @describe.register
    def _(self, program: Union) -> NounPhrase:
        both = (self.phrase(program.left), self.phrase(program.right))
        return NounPhrase(name=" and ".join(both))

    @describe.register
    def _(self, program: Difference) -> NounPhrase:
        excluding = self.clauses.excluding(program.left, program.right)
        if isinstance(without_having(program.left), Having):
            return NounPhrase(clauses=(excluding,))
        return self.describe(program.left).and_also(excluding)

    @describe.register
    def _(self, program: Compare) -> NounPhrase:
        base = self._base(base_of(program))
        return base.and_also(self.clauses.comparison(program))

    @describe.register
    def _(self, program: Superlative) -> NounPhrase:
        base = self._base(program.base)
        rank = _ORDINALS.get(program.rank, f"{program.rank}th") if program.rank > 1 else ""
        if program.count > 1:
            return self._first_of(base, program)
        adjective = self.wording.superlative(program.measure, program.order)
        if adjective and base.noun is not None and base.noun.one.startswith(f"{adjective} "):
            return replace(base, before=rank, several=False)  # "the highest point of the states"
        if adjective and not base.before:
            before = f"{rank} {adjective}".strip()
            return replace(base, before=before, several=False)
        clause = self.clauses.most(program.measure, program.order, rank)
        return replace(base.and_also(clause), several=False)

    def _first_of(self, base: NounPhrase, program: Superlative) -> NounPhrase:
        """The first several by a measure: "3 longest rivers", "3 books with the greatest pages"."""
        adjective = self.wording.superlative(program.measure, program.order)
        if adjective and not base.before:
            return replace(base, before=f"{program.count} {adjective}", several=True)
        clause = self.clauses.most(program.measure, program.order, "")
        before = f"{program.count} {base.before}".strip()
        return replace(base.and_also(clause), before=before, several=True)

    def _base(self, program: Program) -> NounPhrase:
        """A description of a superlative's base, without the condition that it has a value."""
        if isinstance(without_having(program), Having):
            return NounPhrase()
        base = self.describe(program)
        return NounPhrase(after=f"of {base.name}") if base.name else base

    @describe.register
    def _(self, program: Aggregate) -> NounPhrase:
        source = self.describe(program.source)
        if program.function == "count":
            text = source.text(plural=True, the="" if source.noun else "the").strip()
            return NounPhrase(name=f"the number of {text}", several=False)
        total = TOTALS[program.function]
        of_total = replace(source, before=f"{total} {source.before}".strip())
        return NounPhrase(name=of_total.text(plural=False), several=False)

    @describe.register
    def _(self, program: Subtract) -> NounPhrase:
        end, start = program.left, program.right
        if isinstance(end, Follow) and isinstance(start, Follow) and end.source == start.source:
            between = self.wording.time_between(start.step, end.step)
            source = self.source(end)
            named = source.text(plural=source.several)
            return NounPhrase(name=f"the {between} of {named}", several=False)
        left, right = self.phrase(end), self.phrase(start)
        return NounPhrase(name=f"the difference between {left} and {right}", several=False)

    def source(self, program: Follow, joint: str = " or ") -> NounPhrase:
        """A description of the source of a step; several names are joined by ``joint``."""
        if isinstance(program.source, Named):
            names = joint.join(map(self.wording.name_with_article, program.source.keys))
            return NounPhrase(name=names, several=len(program.source.keys) > 1)
        if isinstance(program.source, Union):
            names = joint.join(map(self.phrase, (program.source.left, program.source.right)))
            return NounPhrase(name=names)
        return self.describe(program.source)
