"""Writes English sentences for answers, with the words of the program's relations."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from kg.programs import (
    Compare,
    Difference,
    Exists,
    Follow,
    Having,
    Intersection,
    Named,
    OfType,
    Program,
    Superlative,
    Within,
)
from kptm.answering.answer_kinds import is_date
from kptm.answering.sentences.grammar import Forms, article
from kptm.answering.sentences.languages import language
from kptm.answering.sentences.phrases.noun_phrases import Listed, merge_steps, without_having
from kptm.answering.sentences.phrases.relation_words import NounRelation

if TYPE_CHECKING:
    from kptm.answering.sentences.phrases.descriptions import ProgramDescriber
    from kptm.answering.sentences.phrases.noun_phrases import NounPhrase
    from kptm.answering.sentences.truth import Truth

_COMPARATIVES = {"greatest": "greater", "lowest": "lower"}


class English:
    """Writes English clauses for answers.

    Args:
        describer: Describes programs.
        noun: The noun that the question asks for, such as "rivers"; None if it has none.
    """

    def __init__(self, describer: ProgramDescriber, noun: Forms | None = None) -> None:
        self._describer = describer
        self._noun = noun
        self._language = language("en")

    # ── sets and values ──────────────────────────────────────────────────────────────────────

    def listing(self, program: Program, listed: Listed, value: str = "") -> str:
        """A clause that states the denotation of a program.

        Args:
            program: A program that denotes nodes or a number.
            listed: The nodes or the number.
            value: For a superlative, the value by which its answers are measured; "" if unknown.
        """
        named = self._language.list_items(listed.items)
        many = len(listed.items) > 1
        if isinstance(program, Superlative):
            return self._superlative(program, listed, value, many=many)
        followed = _plain(program)
        if followed is not None and (clause := self._state_facts(followed, listed, whole=program)):
            return clause
        described = self._describe(program, listed)
        plural = many or (described.noun is not None and described.noun.one == described.noun.many)
        if described.name:
            return f"{described.name} {'are' if many else 'is'} {named}"
        return f"{described.text(plural=many)} {'are' if plural else 'is'} {named}"

    def _describe(self, program: Program, listed: Listed) -> NounPhrase:
        """A description of the program, with the noun of the question or of the nodes' type."""
        described = self._describer.describe(program)
        if described.noun is not None or described.name:
            return described
        typed = self._describer.wording.type(listed.type) if listed.type else None
        return replace(described, noun=self._noun or typed)

    def _state_facts(self, followed: Follow, listed: Listed, *, whole: Program) -> str:
        """The facts of one step as a clause: "A and B border Texas"; "" if that reads badly."""
        step, items, many = followed.step, listed.items, len(listed.items) > 1
        dates = all(map(is_date, items))
        words = self._describer.wording.relation(step.relation, dates=dates and step.forward)
        named = self._language.list_items(items)
        source = self._describer.source(followed, " or " if followed is whole else " and ")
        if followed.during is not None or not (source.name or source.several is False):
            return ""
        subject = source.text(plural=source.several)
        if isinstance(words, NounRelation):
            if not words.clean or words.link:
                ends = (subject, named) if step.forward else (named, subject)
                return _state_by_label(words, *ends)
            if step.forward or source.several:
                return ""
            noun = self._describer.wording.noun_from(listed.first, step, words)
            return f"{subject} is {noun} of {named}{words.rest}"
        if not step.forward:
            return f"{named} {words.of(plural=many)} {subject}"
        if isinstance(whole, Intersection):
            return ""
        if dates and words.says.one.endswith(" in") and listed.first.count("-") > 1:
            return f"{subject} {words.dated.of(plural=source.several)} on {named}"
        return f"{subject} {words.of(plural=source.several)} {named}"

    def _superlative(self, program: Superlative, listed: Listed, value: str, *, many: bool) -> str:
        """A clause for a superlative: "the longest river is the Nile (6,650 kilometres)"."""
        named = self._language.list_items(listed.items)
        measured = f" ({value})" if value else ""
        base = self._describer.describe(program.base)
        if base.name and program.rank == program.count == 1 and program.measure.is_value:
            greatest = "greatest" if program.order == "max" else "lowest"
            two = isinstance(program.base, Named) and len(program.base.keys) == 2
            greatest = _COMPARATIVES[greatest] if two else greatest
            verb = "have" if many else "has"
            noun = self._describer.wording.measure(program.measure)
            return f"of {base.name}, {named} {verb} the {greatest} {noun}{measured}"
        if (author := self._with_most_facts(program)) is not None:
            return f"the {author.of(plural=many)} {'are' if many else 'is'} {named}{measured}"
        described = self._describe(program, listed)
        return f"{described.text(plural=many)} {'are' if many else 'is'} {named}{measured}"

    def _with_most_facts(self, program: Superlative) -> Forms | None:
        """The noun for a superlative that counts the facts of a relation: "author of most books".

        None for other superlatives.
        """
        base, measure = program.base, program.measure
        if not isinstance(base, Having) or not measure.count or measure.steps != (base.step,):
            return None
        words = self._describer.wording.relation(base.step.relation)
        if base.step.forward or not isinstance(words, NounRelation) or program.rank > 1:
            return None
        counted_noun = "others" if self._noun is None else self._noun.many
        most = f"of the {'most' if program.order == 'max' else 'fewest'} {counted_noun}"
        return Forms(f"{words.noun.one} {most}", f"{words.noun.many} {most}")

    # ── numbers ──────────────────────────────────────────────────────────────────────────────

    def count(self, source: Program, number: str) -> str:
        """A clause that states a count."""
        is_one, none = number == "1", number == "0"
        followed = _plain(source)
        if followed is not None and (clause := self._state_count(followed, source, number)):
            return clause
        described = self._describe(source, Listed(()))
        if described.name and not isinstance(source, Named):
            return f"{described.name}: {number}"
        verb = "is" if is_one else "are"
        if described.noun is None and not described.before:
            return (
                f"there {verb} {'none' if none else number}{_clauses(described, plural=not is_one)}"
            )
        text = described.text(plural=not is_one, the="no" if none else number)
        return f"there {verb} {text}"

    def _state_count(self, followed: Follow, source: Program, number: str) -> str:
        """The number of a step's facts as a clause: "9 countries border Germany"; "" otherwise."""
        words = self._describer.wording.relation(followed.step.relation)
        whose = self._describer.source(followed)
        if followed.during is not None or not (whose.name or whose.several is False):
            return ""
        owner, is_one = whose.text(plural=whose.several), number == "1"
        amount = "no" if number == "0" else number
        typed = _type_of(source)
        counted_noun = self._noun if typed is None else self._describer.wording.type(typed)
        if isinstance(words, NounRelation):
            if not followed.step.forward or typed is not None:
                return ""
            noun = words.noun.of(plural=not is_one)
            return f"{owner} {'have' if whose.several else 'has'} {amount} {noun}{words.rest}"
        if counted_noun is None:
            return ""
        counted = f"{amount} {counted_noun.of(plural=not is_one)}"
        if followed.step.forward:
            return f"{owner} {words.of(plural=whose.several)} {counted}"
        return f"{counted} {words.of(plural=not is_one)} {owner}"

    # ── yes and no ───────────────────────────────────────────────────────────────────────────

    def verdict(self, program: Program, truth: Truth, *, holds: bool) -> str:
        """A sentence that answers yes, or no with the facts that the graph states instead."""
        sentences = self._language.sentences
        stated = truth.instead(program) if isinstance(program, Within) and not holds else None
        if stated is not None and self._is_noun(stated.program):
            items = [self._describer.wording.name_with_article(key) for key in stated.keys]
            sentence = self.listing(stated.program, Listed(items, stated.keys[0]))
            subject = self._describer.phrase(stated.asked)
            return sentences["no_stated"].format(clause=sentence, subject=subject)
        clause = self._claim(program, holds=holds)
        return sentences["yes" if holds else "no"].format(clause=clause)

    def _is_noun(self, program: Follow) -> bool:
        return isinstance(self._describer.wording.relation(program.step.relation), NounRelation)

    def _claim(self, program: Program, *, holds: bool) -> str:
        """The statement that the question asks about, negated if it does not hold."""
        if isinstance(program, Within):
            return self._within(program.left, program.right, holds=holds)
        source = program.source if isinstance(program, Exists) else program
        claim = _about_name(source)
        if claim is not None:
            return self._within(*claim, holds=holds)
        if isinstance(source, Follow) and source.step.forward:
            return self._has(source, holds=holds)
        described = self._describer.describe(source)
        there = "there is" if holds else "there is no"
        if described.noun is None:
            there = "there is one" if holds else "there is none"
            return f"{there}{_clauses(described, plural=False)}"
        noun_phrase = described.text(plural=False, the="").strip()
        return f"{there} {article(noun_phrase) if holds else noun_phrase}"

    def _has(self, source: Follow, *, holds: bool) -> str:
        """The statement that a relation has any tail, or none: "Peru has a capital"."""
        words = self._describer.wording.relation(source.step.relation)
        whose = self._describer.describe(source.source)
        owner = whose.text(plural=whose.several)
        if isinstance(words, NounRelation):
            if words.noun.one == words.noun.many:
                some = words.noun.many if holds else f"no {words.noun.many}"
            else:
                some = article(words.noun.one) if holds else f"no {words.noun.one}"
            return f"{owner} {'have' if whose.several else 'has'} {some}{words.rest}"
        verb = words.of(plural=whose.several, negated=not holds)
        return f"{owner} {verb} {'something' if holds else 'anything'}"

    def _within(self, left: Program, right: Program, *, holds: bool) -> str:
        """The statement that the nodes of ``left`` are, or are not, among those of ``right``."""
        subject = self._describer.describe(left)
        many = subject.several
        name = subject.text(plural=many)
        if isinstance(right, Follow) and right.during is None:
            return self._is_followed(name, right, many=many, holds=holds)
        if isinstance(right, Difference) and isinstance(right.right, Having):
            return self._within(left, right.right, holds=not holds)
        verb = ("are" if many else "is") + ("" if holds else " not")
        if isinstance(right, Named):
            return f"{name} {verb} {self._describer.phrase(right)}"
        if isinstance(right, Superlative):
            return f"{name} {verb} {self._describer.describe(right).text(plural=many)}"
        if not holds:
            clause = self._describer.clauses.excluding(left, right)
        elif isinstance(right, Compare):
            clause = self._describer.clauses.comparison(right)
        else:
            clause = self._describer.clauses.of(right)
        return _as_statement(name, clause.of(plural=many), many=many)

    def _is_followed(self, name: str, right: Follow, *, many: bool, holds: bool) -> str:
        """The statement that a step leads, or does not lead, to a name."""
        words = self._describer.wording.relation(right.step.relation)
        whose = self._describer.describe(right.source)
        other = whose.text(plural=whose.several)
        if not isinstance(words, NounRelation):
            if right.step.forward:
                return f"{other} {words.of(plural=whose.several, negated=not holds)} {name}"
            return f"{name} {words.of(plural=many, negated=not holds)} {other}"
        no = "" if holds else " not"
        if right.step.forward and words.link:
            return f"the {words.noun.one} of {other} {words.verb(negated=not holds)} {name}"
        if right.step.forward:
            noun = self._describer.clauses.noun_of(right, words, plural=many)
            return f"{name} {'are' if many else 'is'}{no} {noun} of {other}{words.rest}"
        verb = words.verb(negated=not holds)
        return f"the {words.noun.one} of {name}{words.rest} {verb} {other}"


def _state_by_label(words: NounRelation, head: str, tail: str) -> str:
    """A fact with the label of its relation as it is: "languages spoken of Ann: French"."""
    if words.link:
        return f"the {words.noun.one} of {head} {words.verb()} {tail}"
    return f"{words.noun.one} of {head}: {tail}"


def _as_statement(name: str, clause: str, *, many: bool) -> str:
    """Turn a clause about a name into a statement: "whose area is 3" → "the area of Peru is 3"."""
    if clause.startswith("that "):
        return f"{name} {clause.removeprefix('that ')}"
    if clause.startswith("whose "):
        noun, verb, rest = re.split(r" (is|are)(?= )", clause.removeprefix("whose "), maxsplit=1)
        return f"the {noun} of {name} {verb}{rest}"
    if clause.startswith("without "):
        return f"{name} {'have' if many else 'has'} no {clause.removeprefix('without ')}"
    return f"{name} {'have' if many else 'has'} {clause.removeprefix('with ')}"


def _clauses(described: NounPhrase, *, plural: bool) -> str:
    """The clauses of a description without a noun, to follow "there are 9"."""
    text = described.text(plural=plural, the="")
    return text.removeprefix("ones" if plural else "one")


def _plain(program: Program) -> Follow | None:
    """The only step of a program, which may also state the type of the answers; else None."""
    program = without_having(program)
    if isinstance(program, Follow):
        return program
    if (both := merge_steps(program)) is not None and not both.step.forward:
        return both
    if isinstance(program, Intersection):
        for typed, step in ((program.left, program.right), (program.right, program.left)):
            if isinstance(typed, OfType) and isinstance(step, Follow):
                return step
    return None


def _type_of(program: Program) -> str | None:
    if isinstance(program, Intersection):
        types = [side for side in (program.left, program.right) if isinstance(side, OfType)]
        return types[0].type if types else None
    return None


def _about_name(program: Program) -> tuple[Program, Program] | None:
    """The names and the set of a program that asks whether any of the names is in the set."""
    if isinstance(program, Intersection):
        if isinstance(program.left, Named):
            return program.left, program.right
        if isinstance(program.right, Named):
            return program.right, program.left
    if isinstance(program, Compare) and isinstance(program.base, Named):
        return program.base, program
    return None
