"""Finds the steps that need no word in the question, because they lead to what it asks for."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from kg.programs import Follow, Named
from kg.types import Step
from kg.values.base_quantities import DATE
from kptm.answering.parsing.programs.builder import is_list_of_names, is_value
from kptm.answering.parsing.question.question_spans import lowest
from kptm.answering.questions.word_order import PREPOSITIONS, Form, relation_form

if TYPE_CHECKING:
    from collections.abc import Collection

    from kptm.answering.parsing.derivation import Derivation
    from kptm.answering.parsing.programs.builder import Builder

SAMPLED_NODES = 60
"""The maximum number of nodes of a set from which its steps and types are read."""
MIN_NAME_SHARE = 0.5
"""The share of a relation's name that the question must have for a step without facts."""
ABOUT = "about"
"""The preposition that a question for people may end with: "who is it about"."""
BY = "by"
"""The preposition before who made something."""
MUCH = "much"
"""The word in "how much more"."""
ADDING = frozenset(("sum", "mean", "difference"))
"""Kinds of operators that need a number."""
MAX_TYPED_STEPS = 24
"""If a name has more steps than this, the types of their ends are not looked up."""


class StepChoices:
    """Tells which steps from a set lead to a type, or to the people, that a question asks for.

    Args:
        builder: Builds derivations.
    """

    def __init__(self, builder: Builder) -> None:
        self._builder = builder
        relations = builder.question.relations
        # The relations most of whose name is in the question, while no token is used yet.
        self.said_well = [
            key for key in relations.relations() if relations.evidence(key).recall > MIN_NAME_SHARE
        ]
        kinds = {
            item.kind
            for item in builder.question.operators
            # "How many more moons" are counted.
            if item.kind != "difference"
            or any(x.folded == MUCH for x in builder.question.tokens[item.start : item.end])
        }
        self._adds = "count" not in kinds and not kinds.isdisjoint(ADDING)

    def steps_of(self, part: Derivation) -> Counter[Step]:
        """The steps from the nodes of a set, with the number of facts of each."""
        return self._builder.knowledge.steps(part.nodes[:SAMPLED_NODES])

    def count(self, part: Derivation, here: Collection[Step]) -> dict[Step, int]:
        """By step to what the question asks for: how many of a name's steps lead to that.

        The fewer alternatives a step has, the more plausible it is without a word: if one step from
        a person leads to a room, "which room" means that step, however many other steps there are.
        In a table without types, nodes with a relation in the question take the place of a type,
        and "who" asks for the people of a row.

        Args:
            part: The derivation of the name.
            here: The steps from it.
        """
        if part.mention is None or len(here) > MAX_TYPED_STEPS:
            return {}
        people = self._builder.people
        question = self._builder.question
        # The people of one row are not many, and "who is it with" asks for no owner.
        counts = any(item.kind == "count" for item in question.operators)
        other = counts or question.tokens[-1].folded in PREPOSITIONS - {ABOUT}
        own = None if other else people.step_to(part.nodes)
        own = own or people.step_from(part.nodes[0]) or self._by(part, here)
        return {**self._count_ends(part, here), **({} if own is None else {own: 1})}

    def only_number(self, part: Derivation) -> Step | None:
        """The step to the only number of a set, in a question for a sum, mean or difference.

        If expenses only have an amount, "the total that Ann has paid" is a sum of amounts. "How
        many in total" is a count.
        """
        if not self._adds or is_value(part.nodes):
            return None
        measures = self._builder.knowledge.measures(part.nodes[:SAMPLED_NODES])
        steps = [
            step
            for step, dimension in measures.items()
            if dimension != DATE and not self._builder.has_years(step.relation)
        ]
        return steps[0] if len(steps) == 1 and steps[0].forward else None

    def _by(self, part: Derivation, outgoing: Collection[Step]) -> Step | None:
        """The only step back along a relation with "by", for a name after "by"; else None.

        "Films by Ann Lee" are those with her as "directed by", not those with her among the guests.
        """
        tokens = self._builder.question.tokens
        at = lowest(part.mask)
        if not at or tokens[at - 1].folded != BY:
            return None
        relations = self._builder.schema.relations
        steps = [
            step
            for step in outgoing
            if not step.forward
            and (words := relations.get(step.relation)) is not None
            and relation_form(words.label).form is Form.PASSIVE
            and BY in relation_form(words.label).words
        ]
        return steps[0] if len(steps) == 1 else None

    def _count_ends(self, part: Derivation, outgoing: Collection[Step]) -> dict[Step, int]:
        """By step to a type or relation in the question: how many lead to the same."""
        free = self.free_types(part)
        relations = self._said_beyond(outgoing)
        if not free and not relations:
            return {}
        beyond = self._builder.knowledge.relations_beyond(part.nodes, relations)
        kinds = {
            step: (free & self._kinds_of_ends(part, step) if free else set())
            | relations.intersection(beyond.get(step, ()))
            for step in outgoing
        }
        counts = Counter(kind for kinds_of_step in kinds.values() for kind in kinds_of_step)
        return {
            step: max(counts[kind] for kind in kinds_of_step)
            for step, kinds_of_step in kinds.items()
            if kinds_of_step
        }

    def _said_beyond(self, here: Collection[Step]) -> set[str]:
        """In a table without types: the relations in the question that are no step from here."""
        if self._builder.schema.type_names or not self._builder.knowledge.is_table:
            return set()
        own = {step.relation for step in here}
        return {key for key in self.said_well if key not in own}

    def links(self, part: Derivation, step: Step) -> bool:
        """Whether a step links the rows of a set to what is asked for, and needs no word.

        "Which hives are in Upton" asks for the hives of the apiaries in Upton, and "who grows
        potatoes" for the tenants of the plots where they grow. "What does Ann Lee grow" asks for
        what grows on her plots.
        """
        people = self._builder.people
        forward = isinstance(part.program, Follow) and part.program.step.forward
        if part.mention is None and not forward and step == people.step_to(part.nodes):
            is_named = step.relation in self._builder.question.relations
            return not is_named and step != last_step_back(part)
        if (
            part.mention is not None
            and not step.forward
            and step == people.step_from(part.nodes[0])
        ):
            beyond = self._said_beyond(self.steps_of(part))
            return step in self._builder.knowledge.relations_beyond(part.nodes, beyond)
        knowledge = self._builder.knowledge
        source = part.program.source if isinstance(part.program, Follow) else None
        is_unsaid = part.floating == self._builder.floating > 0 and (
            isinstance(source, Named) or (source is not None and is_list_of_names(source))
        )
        return (
            (is_unsaid or (not part.size and "rows_of_value" in dict(part.features)))
            and bool(knowledge.row_kinds)
            and step != last_step_back(part)
            and self.free_types(part).isdisjoint(knowledge.types(part.nodes[:SAMPLED_NODES]))
            and [step] == [x for x in self.steps_of(part) if self.leads_to_type(part, x)]
        )

    def free_types(self, part: Derivation) -> set[str]:
        """The types in the question that a derivation does not explain.

        The type after "what kind of" is left out, because it is stated, not asked for.
        """
        asks = [item for item in self._builder.question.operators if item.kind == "ask"]
        stated = {item.end for item in asks if item.answer == "kind"}
        words = {item.start for item in asks}  # "where" may match a type, but asks for any place
        return {
            item.type
            for item in self._builder.question.types
            if item.type is not None
            and not item.mask & part.mask
            and item.start not in stated | words
        }

    def leads_to_type(self, part: Derivation, step: Step) -> bool:
        """Whether a step leads to a type in the question that the derivation does not explain."""
        free = self.free_types(part)
        return bool(free & self._kinds_of_ends(part, step)) if free else False

    def _kinds_of_ends(self, part: Derivation, step: Step) -> set[str]:
        """The types of the nodes that a step reaches from a set; empty if the set has values."""
        if is_value(part.nodes):
            return set()
        ends = self._builder.knowledge.evaluate(Follow(part.program, step)).nodes[:SAMPLED_NODES]
        return set(self._builder.knowledge.types(ends))


def last_step_back(part: Derivation) -> Step | None:
    """The last step of a path in the opposite direction; None for other programs."""
    program = part.program
    if not isinstance(program, Follow):
        return None
    return Step(program.step.relation, not program.step.forward)
