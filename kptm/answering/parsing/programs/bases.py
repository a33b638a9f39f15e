"""Base programs: names, values, types, and sets that stand in for types."""

from __future__ import annotations

from functools import reduce
from itertools import chain
from operator import or_
from typing import TYPE_CHECKING

from kg.programs import Follow, Having, Named
from kg.types import Step
from kg.values.base_quantities import DATE
from kptm.answering.lexicon.synonyms import is_past
from kptm.answering.parsing.programs.builder import DURATION, TIMES
from kptm.answering.parsing.question.appositions import appositions
from kptm.answering.parsing.question.question_spans import lowest, span_mask
from kptm.answering.parsing.question.senses import namesakes, placed_names, told_names
from kptm.answering.questions.word_order import (
    DETERMINERS,
    PARTICIPLES,
    Form,
    relation_form,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kptm.answering.parsing.derivation import Derivation
    from kptm.answering.parsing.programs.builder import Builder
    from kptm.answering.parsing.question.question_spans import Mention

THINGS = frozenset(
    "anything everything something stuff thing things item items entry entries ones them".split()
)
"""Words for any entity of a graph without types."""
DATES = frozenset("date day when".split())
"""Names of relations to the date of whatever a row is."""
SAMPLED_ROWS = 60
"""The most rows of which the measures are read."""
MIN_NAME_SHARE = 0.5
"""The share of a relation's name that has to be in the question."""
LACKING = frozenset("no without lack lacks lacking".split())
"""Words before what things do not have."""
MEASURING = ("superlative", "comparison", "difference", "measure", "ask")
"""Kinds of operators whose hints suggest a measure."""


class Bases:
    """Builds the base programs of a question, from which larger programs are built.

    Args:
        builder: Builds derivations.
    """

    def __init__(self, builder: Builder) -> None:
        self._builder = builder

    def bases(self) -> Iterator[Derivation]:
        """The derivations of all base programs: names, values, types and implicit sets.

        If a name is in [brackets], other mentions are left out.
        """
        question = self._builder.question
        for mention in question.mentions:
            if question.marked and mention.mask != question.marked:
                continue
            yield self._builder.extend(
                Named((mention.node,)), (), mask=mention.mask, names=mention.mask,
                features=self._builder.of_mention(mention), mention=mention,
            )  # fmt: skip
            for item in appositions(question, mention):
                if item.type in self._builder.knowledge.types((mention.node,)):
                    yield self._builder.extend(
                        Named((mention.node,)), (), mask=mention.mask | item.mask,
                        names=mention.mask,
                        features={**self._builder.of_mention(mention, item.mask), "agrees": 1.0},
                        mention=mention,
                    )  # fmt: skip
            yield from self._rows_of_value(mention)
        knowledge = self._builder.knowledge
        for mention, mask in chain(
            placed_names(question, knowledge), told_names(question, knowledge)
        ):
            own = {**self._builder.of_mention(mention, mask), "sense_name": 1.0}
            yield self._builder.extend(
                Named((mention.node,)), (), mask=mask, names=mask, features=own, mention=mention
            )
        for nodes, mask in namesakes(question):
            yield self._builder.extend(
                Named(nodes), (), mask=mask, names=mask, features={"namesakes": 1.0}
            )
        yield from self._types()
        for item in self._builder.states:
            yield self._builder.extend(item.program, (), mask=item.mask, features={"state": 1.0})
        yield from self._implicit()

    def _rows_of_value(self, mention: Mention) -> Iterator[Derivation]:
        """In an untyped graph: the rows that a value of theirs stands for, "the diesel".

        Nothing but these rows is known of such a value, and it belongs to one relation.
        """
        steps = self._builder.knowledge.steps((mention.node,))
        step = next(iter(steps), None)
        if step is None or len(steps) > 1 or step.forward or self._builder.schema.type_names:
            return
        yield self._builder.extend(
            Follow(Named((mention.node,)), step), (), mask=mention.mask, names=mention.mask,
            features={**self._builder.of_mention(mention), "rows_of_value": 1.0},
        )  # fmt: skip

    def _types(self) -> Iterator[Derivation]:
        """The sets of the question's types, and of the tails of its relations."""
        knowledge = self._builder.knowledge
        for item in self._builder.question.types:
            if item.type is None and isinstance(item.program, Having):
                relation = item.program.step.relation
                if knowledge.is_measure(relation) or knowledge.truth_values(relation):
                    continue  # nobody asks how many different numbers, or "yes" and "no", there are
            own = {"type": 1.0} if item.type is not None else {"range": 1.0}
            yield self._builder.extend(item.program, (), mask=item.mask, features=own)

    def _implicit(self) -> Iterator[Derivation]:
        """Sets that no word names, for questions without a noun: "who is the tallest".

        They have the nodes with a measure or a relation that the question mentions.
        """
        yield from self._everything()
        kinds = {item.kind for item in self._builder.question.operators}
        if any(item.type is not None for item in self._builder.question.types):
            kinds &= {"negation"}
        if kinds & {"superlative", "comparison", "time", "sum", "mean"}:
            for relation in self._suggested_relations():
                if self._builder.knowledge.is_measure(relation):
                    yield self._builder.extend(
                        Having(Step(relation)), (), features={"implicit": 1.0}
                    )
        if kinds & {"superlative", "negation"}:
            yield from self._sets_with_relation(denied="negation" in kinds)

    def _sets_with_relation(self, *, denied: bool) -> Iterator[Derivation]:
        """The heads and the tails of each relation in the question: "which states have no rivers".

        Args:
            denied: Whether the question has a negation, so that the set may be subtracted.
        """
        relations = self._builder.question.relations
        for relation in relations.relations():
            mask, recall = relations.evidence(relation).mask, relations.evidence(relation).recall
            knowledge = self._builder.knowledge
            measure = knowledge.is_measure(relation)
            lacked = denied and self._is_lacked(mask)
            absent = lacked or (denied and self._is_event(mask))
            if (
                recall < MIN_NAME_SHARE
                or (recall == MIN_NAME_SHARE and not lacked)
                or (measure and not absent)
            ):
                continue
            deniable = mask if lacked else mask & ~self._builder.question.typed
            for step in (Step(relation), Step(relation, False)):
                if denied and not step.forward and self._says_subjects(relation, mask):
                    continue
                if not self._builder.question.typed and not measure:
                    yield self._builder.extend(Having(step), (), features={"implicit": 1.0})
                if denied and deniable and not knowledge.truth_values(relation):
                    yield self._builder.extend(
                        Having(step), (), mask=mask, features={"having": 1.0}
                    )

    def _is_event(self, mask: int) -> bool:
        """Whether a participle is among some tokens: "not finished" is without a date of finish.

        "Not inspected since May" is not.
        """
        if any(item.kind == "time" for item in self._builder.question.operators):
            return False
        tokens = self._builder.question.tokens
        words = [token.folded for at, token in enumerate(tokens) if mask >> at & 1]
        return any(word.endswith("ed") or word in PARTICIPLES for word in words)

    def _is_lacked(self, mask: int) -> bool:
        """Whether "no" or "without" is directly before some tokens: "projects with no budget"."""
        tokens, at = self._builder.question.tokens, lowest(mask) - 1
        at -= at > 0 and tokens[at].folded in DETERMINERS
        return at >= 0 and tokens[at].folded in LACKING

    def _says_subjects(self, relation: str, mask: int) -> bool:
        """Whether a verb in the active is said of the subjects of a relation: "depend on nothing".

        Args:
            relation: The relation.
            mask: Bit mask of the tokens that name it.
        """
        words = self._builder.schema.relations[relation]
        tokens = self._builder.question.tokens
        said = [at for at in range(len(tokens)) if mask >> at & 1]
        passive = any(is_past(tokens[at].folded) for at in said)
        return relation_form(words.name).form is Form.VERB and not passive

    def _everything(self) -> Iterator[Derivation]:
        """In an untyped graph: the sets that "things" and an unknown noun may be.

        "What is without gluten" has no noun.
        """
        question = self._builder.question
        things_mask = sum(
            1 << at for at, token in enumerate(question.tokens) if token.folded in THINGS
        )
        noun = question.unknown_noun or things_mask
        denied = not question.types and self._denies_only_name()
        absent = not noun and self._denies_only_event()
        for everything in self._builder.everything if noun or denied or absent else ():
            nodes = self._builder.knowledge.evaluate(everything).nodes
            doubt = self._builder.doubt_of_noun(nodes) * bool(noun & ~things_mask)
            event = absent or (noun == question.unknown_noun and self._is_dated_event(noun, nodes))
            kind = "event" if event else "everything" if noun else "implicit"
            yield self._builder.extend(
                everything, (), mask=noun,
                features={kind: 1.0, "other_rows": 0.0 if event else doubt},
            )  # fmt: skip

    def _denies_only_event(self) -> bool:
        """Whether nothing but a participle follows "not": "what has not been harvested"."""
        question, said = self._builder.question, self._builder.question.relations
        ends = [item.end for item in question.operators if item.kind == "negation"]
        masks = [said.evidence(relation).mask for relation in said.relations()]
        event = reduce(or_, (mask for mask in masks if mask and self._is_event(mask)), 0)
        asks = any(item.kind == "ask" and item.answer == "person" for item in question.operators)
        return (
            bool(ends and event)
            and not asks  # the people of "who has not paid" are not all rows
            and min(ends) <= lowest(event)
            and not any(item.mask & ~event for item in question.types)
        )

    def _is_dated_event(self, verb: int, rows: Sequence[str]) -> bool:
        """Whether an unknown participle is what the only "date" is of: "bought on 20 January".

        Args:
            verb: Bit mask of the unknown word.
            rows: The rows.
        """
        question, relations = self._builder.question, self._builder.schema.relations
        if not verb or not any(item.kind == "time" for item in question.operators):
            return False
        measures = self._builder.knowledge.measures(rows[:SAMPLED_ROWS])
        dated = [step.relation for step, dimension in measures.items() if dimension == DATE]
        generic = [key for key in dated if relations[key].name.lower() in DATES]
        return len(dated) == 1 == len(generic) and is_past(question.tokens[lowest(verb)].folded)

    def _denies_only_name(self) -> bool:
        """Whether a negation applies to the only name: "what is without gluten"."""
        question = self._builder.question
        names = [item for item in question.mentions if item.kind != "value"]
        ends = [item.end for item in question.operators if item.kind == "negation"]
        return any(
            all(item.mask & ~name.mask == 0 for item in names)
            and any(
                end <= name.start and not question.weight(span_mask(end, name.start))
                for end in ends
            )
            for name in names
        )

    def _suggested_relations(self) -> list[str]:
        """The relations that the question's words match or its operators suggest."""
        suggested = set(self._builder.question.relations.relations())
        for match in self._builder.question.operators:
            for hint in match.hints if match.kind in MEASURING else ():
                suggested.update(
                    self._builder.schema.relations_named(self._builder.schema.stems(hint))
                )
            if DURATION in match.hints:
                relations = self._builder.schema.relations.items()
                suggested.update(key for key, words in relations if words.unit.lower() in TIMES)
        return sorted(suggested)
