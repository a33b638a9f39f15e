"""Decides by word order and phrasings whether a name is the head or the tail of a relation."""

from __future__ import annotations

from functools import cache, cached_property, lru_cache
from typing import TYPE_CHECKING

from kptm.answering.lexicon import load
from kptm.answering.lexicon.synonyms import expand, is_past
from kptm.answering.parsing.question.appositions import appositions
from kptm.answering.parsing.question.question import MAX_OPTIONAL_WEIGHT
from kptm.answering.parsing.question.question_spans import lowest
from kptm.answering.questions.word_order import (
    PREPOSITIONS,
    Form,
    names_head,
    relation_form,
    word_stems,
)

if TYPE_CHECKING:
    from kg.types import Step
    from kptm.answering.parsing.programs.builder import Builder
    from kptm.answering.parsing.question.question_spans import Mention
    from kptm.answering.parsing.question.schema_words import RelationWords

WAYS = {
    "from": ("from", "origin", "start", "depart", "source", "leave"),
    "to": ("to", "destination", "terminat", "arriv", "terminus"),
}
"""By preposition: beginnings of words in the names of relations to that end of a way."""
MADE = frozenset("made composed consist consists built constructed".split())
"""Verbs before "of" and a material: "made of wood"."""
SYMMETRIC = frozenset(
    "married wife husband spouse partner sibling brother sister twin cousin friend colleague"
    " neighbour neighbor".split()
)
"""Names of relations that hold in both directions, of which most graphs state one."""
MANAGES = frozenset("manage manages managing supervise supervises oversee oversees".split())
"""Verbs whose subject is the one to whom the object reports."""
MAX_CACHED_RESULTS = 4_096
"""The most cached results. They are used twice, by the steps in both directions."""


class NameSides:
    """Decides whether a name is the head or the tail of a relation in a question.

    Args:
        builder: The builder of the question's derivations.
    """

    def __init__(self, builder: Builder) -> None:
        self._builder = builder
        self._is_head = lru_cache(MAX_CACHED_RESULTS)(self._names_head)

    @cached_property
    def _stems(self) -> frozenset[str]:
        """The stems of the question's words by the rules of :func:`names_head`."""
        return word_stems(" ".join(token.folded for token in self._builder.question.tokens))

    def fits(self, mention: Mention, step: Step, said: int) -> bool | None:
        """Whether a name is on the side where a step starts; None if undecided.

        A preposition before the name tells the ends of a way: "to Rome" is no origin.

        A forward step starts at the head of a relation, a backward step at the tail. If the
        question has a blank, phrasings of the relation count as well as word order.

        Args:
            mention: The name.
            step: The step.
            said: Bit mask of the tokens that name the relation.
        """
        if mention.kind == "value":  # a value is always a tail: "with 2 runways"
            return None
        question = self._builder.question
        if (ends := self._is_end(mention, step)) is not None:
            return ends
        head = self._is_head(mention, step.relation, said) if question.language == "en" else None
        by_order = None if head is None else head == step.forward
        if not question.blank:
            return by_order
        sentence = question.sentence(mention.mask)
        tail = self._builder.schema.sides.blank_is_tail(step.relation, sentence)
        if tail is None or by_order is None:
            return by_order if tail is None else tail == step.forward
        # If the most similar phrasing contradicts the word order, the side is undecided.
        return by_order if by_order == (tail == step.forward) else None

    def _is_end(self, mention: Mention, step: Step) -> bool | None:
        """Whether a name is the end of a way to which its preposition fits; None if undecided."""
        question = self._builder.question
        words = self._builder.schema.relations.get(step.relation)
        at = mention.start - 1
        at -= at > 0 and question.tokens[at].folded == "the"
        before = question.tokens[at].folded if at >= 0 else ""
        if words is None or step.forward or before not in WAYS:
            return None
        ends = [
            end for end in WAYS if any(x.startswith(WAYS[end]) for x in words.name.lower().split())
        ]
        return ends == [before] if len(ends) == 1 else None

    def _names_head(self, mention: Mention, relation: str, said: int) -> bool | None:
        """Whether a name is the head of a relation by English word order; None if undecided."""
        question = self._builder.question
        words = self._builder.schema.relations.get(relation)
        if words is None:
            return None
        if not said and self._stems.isdisjoint(relation_form(words.name).stems):
            return None
        own = sum(
            1 << at
            for at, token in enumerate(question.tokens)
            if said >> at & 1 and token.stem in words.weights
        )
        if said and not own and not question.weight(said & ~question.typed):
            # Only words of types match the relation: "the moons of Saturn", for "orbits". Then the
            # types of heads and tails decide the side, not the word order.
            return None
        if (
            self._is_its_class(mention, words)
            or self._describes_a_type(mention, own)
            or self._is_value_beside(mention, own)
        ):
            return None
        if not _symmetric().isdisjoint(words.names):
            return None
        synonym = self._noun_for_verb(words, said)
        noun = self._said_back(words, own)
        text, start, end = self._with_name(mention, words, 0 if synonym else said)
        head = names_head(text, start, end, noun or synonym or words.name)
        turned = bool(noun) or self._says_superior(words, said)
        return not head if turned and head is not None else head

    def _says_superior(self, words: RelationWords, said: int) -> bool:
        """Whether a verb turns a relation round: who "manages" someone is "reported to"."""
        form = relation_form(words.name)
        tokens = self._builder.question.tokens
        return (
            form.form is Form.VERB
            and "to" in form.prepositions
            and any(said >> at & 1 and x.folded in MANAGES for at, x in enumerate(tokens))
        )

    def _noun_for_verb(self, words: RelationWords, said: int) -> str:
        """The noun by which a question names a verb: "job" for "worked as"; "" without one."""
        if relation_form(words.name).form is Form.NOUN:
            return ""
        schema, tokens = self._builder.schema, self._builder.question.tokens
        weight = self._builder.question.importance
        named = [
            x for at, x in enumerate(tokens) if said >> at & 1 and weight[at] > MAX_OPTIONAL_WEIGHT
        ]
        if any(token.stem in words.names[0] for token in named):
            return ""
        for token in named:
            nouns = [frozenset(schema.stems(noun)) for noun, _ in expand(token.folded, "en")]
            if not is_past(token.folded) and not set(words.names[1:]).isdisjoint(nouns):
                return token.folded
        return ""

    def _with_name(self, mention: Mention, words: RelationWords, said: int) -> tuple[str, int, int]:
        """Replace synonyms by the relation's name: "packages need ruby" by "packages depends ruby".

        Returns:
            The text of the question, and the start and end of the mention in it.
        """
        question = self._builder.question
        verb = " ".join(word for word in words.name.split() if word not in PREPOSITIONS)
        text, start, end, other = "", 0, 0, False
        for at, token in enumerate(question.tokens):
            if at == mention.start:
                start = len(text)
            # Function words stay, because "by" marks the agent.
            if token.folded == "of" and other and question.tokens[at - 1].folded in MADE:
                continue  # without this "of", the word order of "made of wood" is clear
            free = bool(said >> at & 1) and question.importance[at] > 0
            other = free and token.stem not in words.weights
            text += (verb if other else token.folded) + " "
            if at + 1 == mention.end:
                end = len(text) - 1
        return text, start, end

    def _said_back(self, words: RelationWords, own: int) -> str:
        """The question's noun for a relation's inverse: "child" for "parent"; "" without one.

        Args:
            words: The words of the relation.
            own: Bit mask of the tokens that are among these words.
        """
        stems = frozenset().union(*words.inverse) - frozenset().union(*words.names[:1])
        said = [x for at, x in enumerate(self._builder.question.tokens) if own >> at & 1]
        return said[0].folded if said and all(x.stem in stems for x in said) else ""

    def _describes_a_type(self, mention: Mention, own: int) -> bool:
        """Whether a name and the relation's word modify a type: "German language novels"."""
        before = mention.end == lowest(own)
        return before and any(item.type and item.start == own.bit_length()
                              for item in self._builder.question.types)  # fmt: skip

    def _is_value_beside(self, mention: Mention, own: int) -> bool:
        """Whether a name is directly before the relation's word, and no fact is about it.

        "Cow milk" is the milk "cow", while "Japan's capital" and "Japan capital" are Tokyo.
        """
        if mention.end != lowest(own):
            return False
        return not any(step.forward for step in self._builder.knowledge.steps((mention.node,)))

    def _is_its_class(self, mention: Mention, words: RelationWords) -> bool:
        """Whether the relation's word only states the name's type: "the continent of Asia"."""
        stems = relation_form(words.name).stems
        question = self._builder.question
        beside = [
            item
            for item in appositions(question, mention)
            if any(token.stem in stems for token in question.tokens[item.start : item.end])
        ]
        if not beside:
            return False
        types = self._builder.knowledge.types((mention.node,))
        return any(item.type in types for item in beside)


@cache
def _symmetric() -> frozenset[frozenset[str]]:
    """The names of relations that hold in both directions, as stems."""
    return frozenset(frozenset(x.stem for x in load().tokens(name)) for name in SYMMETRIC)
