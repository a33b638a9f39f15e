"""Writes sentences in languages without a grammar, from a template for each shape of program."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg.programs import Follow, Intersection, Named, OfType, Program, Within
from kptm.answering.sentences.phrases.noun_phrases import Listed
from kptm.answering.sentences.phrases.relation_words import plain_name
from kptm.answering.sentences.truth import asked_fact

if TYPE_CHECKING:
    from kptm.answering.sentences.languages import SentenceLanguage
    from kptm.answering.sentences.names import ProgramNames
    from kptm.answering.sentences.truth import Truth


class Templates:
    """Writes clauses for answers from templates.

    Args:
        names: The labels of keys.
        language: The language with the templates.
    """

    def __init__(self, names: ProgramNames, language: SentenceLanguage) -> None:
        self._names = names
        self._language = language

    def listing(self, program: Program, listed: Listed, value: str = "") -> str:
        """A clause that states the denotation of a program; without a template only the answers."""
        answers = self._language.list_items(listed.items) + (f" ({value})" if value else "")
        template, parts = "set", {"answers": answers}
        if isinstance(program, Follow) and (source := self._phrase(program.source)):
            template = "value" if program.step.forward else "inverse"
            parts |= {"source": source, "relation": self._relation(program)}
        return self._language.sentences[template].format(**parts)

    def count(self, source: Program, number: str) -> str:
        """A clause that states a count."""
        name = {"0": "count_none", "1": "count_one"}.get(number, "count")
        return self._language.sentences[name].format(count=number)

    def verdict(self, program: Program, truth: Truth, *, holds: bool) -> str:
        """Yes or no; with the fact, or with the facts that the graph states instead, if known."""
        sentences = self._language.sentences
        fact = asked_fact(program) if isinstance(program, Within) else None
        if fact is None:
            return sentences["plain_yes" if holds else "plain_no"]
        asked_about, followed = fact
        name = self._phrase(asked_about)
        if holds:
            return sentences["yes"].format(clause=self.listing(followed, Listed([name])))
        stated = truth.instead(program)  # type: ignore[arg-type]  # it asks about a fact
        if stated is None:
            return sentences["plain_no"]
        items = [self._names.label(key) for key in stated.keys]
        clause = self.listing(followed, Listed(items))
        return sentences["no_stated"].format(clause=clause, subject=name)

    def _relation(self, program: Follow) -> str:
        return plain_name(self._names.relation(program.step.relation))

    def _phrase(self, program: Program) -> str:
        """A description of a program that can replace a name; "" without a template for it."""
        if isinstance(program, Named):
            return self._language.list_items([self._names.label(key) for key in program.keys])
        if isinstance(program, Intersection):
            sides = [side for side in (program.left, program.right) if not isinstance(side, OfType)]
            return self._phrase(sides[0]) if len(sides) == 1 else ""
        if isinstance(program, Follow) and (source := self._phrase(program.source)):
            template = self._language.phrases["value" if program.step.forward else "inverse"]
            return template.format(source=source, relation=self._relation(program))
        return ""
