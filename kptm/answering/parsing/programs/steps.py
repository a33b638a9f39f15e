"""Rules for steps along a relation, at a stated time, or from each of two names."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import cached_property
from math import log
from typing import TYPE_CHECKING

from kg.programs import Follow, Intersection, Named, Union, parts
from kg.types import Step
from kptm.answering.parsing.program_features import step_name
from kptm.answering.parsing.programs.builder import bits, is_list_of_names, is_value
from kptm.answering.parsing.programs.name_sides import NameSides

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from kptm.answering.lexicon import Match
    from kptm.answering.parsing.derivation import Derivation
    from kptm.answering.parsing.programs.builder import Builder
    from kptm.answering.parsing.question.question_spans import Mention

SAMPLE = 60
"""Nodes of a set from which its steps and types are read."""
WELL = 0.5
"""The least share of a relation's name in the question for a step without facts."""
STEPS = 14
"""The most steps from a set that are tried."""
FEW = 24
"""The most steps from a name of whose ends all types are looked up."""
WEAK = 0.45
"""The share of a relation's name below which a match is weak: "area" in a population's name."""
SIMILAR = 0.5
"""The most by which a step that matches only by similarity may be below the best.

See :mod:`kptm.answering.parsing.similarity.encoder`.
"""


class Steps:
    """The rules for steps along a relation, at a stated time, or from each of two names.

    Args:
        builder: Builds derivations.
    """

    def __init__(self, builder: Builder) -> None:
        self._builder = builder
        self._sides = NameSides(builder)
        self._has_same = any(map(_says_same, builder.question.operators))
        self._said: dict[Step, bool] = {}

    @cached_property
    def _said_well(self) -> list[str]:
        """The relations most of whose name is in the question; fewer if words match others."""
        said = self._builder.question.relations
        return [key for key in said.relations() if said.evidence(key).recall > WELL]

    def steps(self, part: Derivation) -> Iterator[Derivation]:
        """One step from a set, for the steps that match words best."""
        found = []
        here = self._builder.knowledge.steps(part.nodes[:SAMPLE])
        back = _step_back(part)
        choices = self._choices(part, here)
        for step in here:
            if step == back:
                continue
            made = self._step(part, step, choices.get(step, len(here)))
            if made is not None:
                found.append((-made.score, step, made))
                found += [(-x.score, step, x) for x in self._during(part, made)]
        found.sort(key=lambda x: x[:2])
        for *_, made in found[:STEPS]:
            yield made

    def _during(self, part: Derivation, derivation: Derivation) -> Iterator[Derivation]:
        """The same step restricted to a time in the question: "who was president in 1995"."""
        program = derivation.program
        if not isinstance(program, Follow) or not any(
            x.kind == "time" for x in self._builder.question.operators
        ):
            return
        if not self._builder.knowledge.is_timed(program.step.relation):
            return
        own = dict(derivation.features[len(part.features) :])
        for number, match in enumerate(self._builder.question.operators):
            if match.kind == "time" and match.period and not derivation.operators >> number & 1:
                yield self._builder.extend(
                    replace(program, during=match.period), (part,),
                    mask=derivation.mask & ~part.mask | bits(match), operators=1 << number,
                    features={**own, "during": 1.0}, floating=derivation.floating - part.floating,
                )  # fmt: skip

    def both(self, part: Derivation) -> Iterator[Derivation]:
        """The common ends of a step from two names: "border both France and Germany"."""
        program = part.program
        if not isinstance(program, Follow) or not isinstance(program.source, Union):
            return
        left, right = program.source.left, program.source.right
        for number, match in enumerate(self._builder.question.operators):
            if match.kind == "and" and part.operators >> number & 1:
                said = [item for item in self._builder.question.operators if item.kind == "both"]
                yield self._builder.extend(
                    Intersection(Follow(left, program.step), Follow(right, program.step)), (part,),
                    mask=bits(said[0]) if said else 0,
                    features={"both": 1.0, "both_said": float(bool(said))},
                )  # fmt: skip

    def silent_steps(self, part: Derivation) -> Iterator[Derivation]:
        """Steps that match words well but lead nowhere from a name: the graph lacks the fact."""
        here = self._builder.knowledge.steps(part.nodes)
        said = self._builder.question.relations
        for relation in self._said_well:
            if said.evidence(relation, part.mask).recall > WELL:
                for forward in (True, False):
                    step = Step(relation, forward)
                    if step not in here:
                        made = self._step(part, step, 1)
                        if made is not None:
                            yield made

    def remembered_step(self, part: Derivation, step: Step) -> Derivation:
        """A step of a remembered path, with or without a word in the question."""
        made = self._step(part, step, 1, remembered=True)
        assert made is not None  # noqa: S101  # nothing is asked of such a step
        return made

    def _may_be_said(self, step: Step) -> bool:
        """Whether any word of the question may say a step; most steps of a graph have none."""
        if step not in self._said:
            builder = self._builder
            behind = builder.lexical.behind(step)
            self._said[step] = (
                step.relation in builder.question.relations
                or (behind is not None and behind > -SIMILAR)
                or builder.lexical.predicate(step_name(step)) > builder.lexical.speaks
            )
        return self._said[step]

    def _may_be_unsaid(self, part: Derivation, step: Step) -> bool:
        """Whether a step may follow a part although no word says it."""
        if part.floating >= self._builder.floating:
            return False
        return (
            part.mention is not None
            or self._builder.floating >= 2
            or self._leads_to_type(part, step)
            or self._is_shared(part)
        )

    def _step(
        self, part: Derivation, step: Step, choice: int, *, remembered: bool = False
    ) -> Derivation | None:
        if not (
            remembered
            or self._has_same
            or self._may_be_said(step)
            or self._may_be_unsaid(part, step)
        ):
            return None
        evidence = self._builder.question.relations.evidence(
            step.relation, part.mask, forward=step.forward
        )
        learnt = self._builder.lexical.predicate(step_name(step))
        behind = self._builder.lexical.behind(step)
        similar = behind is not None and behind > -SIMILAR
        same, shared = self._same(part, step)
        says = similar or shared != 0 or evidence.mask != 0 or learnt > self._builder.lexical.speaks
        free = not says and not remembered
        if free and not self._may_be_unsaid(part, step):
            return None
        mention = part.mention or self._first_of_list(part)
        side = None if mention is None else self._sides.fits(mention, step, evidence.mask)
        features = {
            "name": evidence.recall,
            "named_fully": float(evidence.recall > 0.9),
            "more": min(evidence.more, 1.0),
            "floating": float(free),
            "remembered": float(remembered and not says),
            "choice": log(choice) if free else 0.0,
            "hops": 1.0,
            "encoder": behind or 0.0,
            "similar": float(similar),
            "backward": float(not step.forward),
            "headless": float(
                # Backwards a verb is enough: "films starred by" for "starred actors".
                step.forward
                and evidence.headless
                and bool(evidence.mask & ~self._builder.question.relations.typed)
            ),
            "weak": float(0 < evidence.recall < WEAK),
            "contrary": float(evidence.contrary),
            "side": float(side is True),
            "other_side": float(side is False),
            "learnt": learnt,
            "shared": float(shared != 0),
            "same_kind": float(self._is_of_kind(part, evidence.mask)),
        }
        learnt_words = self._builder.lexical.mask(step_name(step)) & self._builder.free
        return self._builder.extend(
            Follow(part.program, step),
            (part,),
            mask=evidence.mask | same | learnt_words,
            operators=shared,
            features=features,
            floating=int(free),
        )

    def _same(self, part: Derivation, step: Step) -> tuple[int, int]:
        """The tokens and operator of "the same" if a step leads back, as to other films."""
        program = part.program
        if not self._has_same or not isinstance(program, Follow):
            return 0, 0
        if program.step == Step(step.relation, not step.forward):
            for number, match in enumerate(self._builder.question.operators):
                if _says_same(match) and not part.operators >> number & 1:
                    return bits(match), 1 << number
        return 0, 0

    def _first_of_list(self, part: Derivation) -> Mention | None:
        """The first name of a list, whose side is that of all: "that depend on both A and B"."""
        if not is_list_of_names(part.program):
            return None
        keys = {key for item in parts(part.program) if isinstance(item, Named) for key in item.keys}
        return next(
            (
                item
                for item in self._builder.question.mentions
                if item.node in keys and not item.mask & ~part.names
            ),
            None,
        )

    def _is_shared(self, part: Derivation) -> bool:
        """Whether a set is two names of which both must hold: "both a physicist and a poet"."""
        both = any(item.kind == "both" for item in self._builder.question.operators)
        return both and isinstance(part.program, Union) and not part.floating

    def _is_of_kind(self, part: Derivation, said: int) -> bool:
        """Whether a step's word is the type of the set already: countries do not need a country."""
        if not said or part.mention is not None or is_value(part.nodes):
            return False
        kinds = [
            item.type for item in self._builder.question.types if item.type and item.mask == said
        ]
        if not kinds:
            return False
        known = self._builder.knowledge.types(part.nodes[:SAMPLE])
        return any(2 * known.get(kind, 0) > len(part.nodes[:SAMPLE]) for kind in kinds)

    def _free_types(self, part: Derivation) -> set[str]:
        """The types in the question that are not yet explained.

        "What kind of bread is it" says that it is bread, and asks for no bread.
        """
        asks = [item for item in self._builder.question.operators if item.kind == "ask"]
        stated = {item.end for item in asks if item.answer == "kind"}
        words = {item.start for item in asks}  # "where" asks for countries, but not for any
        return {
            item.type
            for item in self._builder.question.types
            if item.type is not None
            and not item.mask & part.mask
            and item.start not in stated | words
        }

    def _choices(self, part: Derivation, here: Collection[Step]) -> dict[Step, int]:
        """For each step to what the question asks for: how many steps from a name lead to such.

        They lead to a type in the question, or to what has a relation in it. A room of someone is
        one of few things, however many other relations they have.
        """
        if part.mention is None or len(here) > FEW:
            return {}
        free = self._free_types(part)
        relations: set[str] = set()
        if not self._builder.schema.type_names:  # of tables, which are small
            own = {step.relation for step in here}
            relations = {key for key in self._said_well if key not in own}
        if not free and not relations:
            return {}
        beyond = self._builder.knowledge.relations_beyond(part.nodes, relations)
        kinds = {
            step: (free & self._kinds_of_ends(part, step) if free else set())
            | relations.intersection(beyond.get(step, ()))
            for step in here
        }
        counts = Counter(kind for found in kinds.values() for kind in found)
        return {step: max(counts[kind] for kind in found) for step, found in kinds.items() if found}

    def _leads_to_type(self, part: Derivation, step: Step) -> bool:
        """Whether a step leads to a type in the question that is not yet explained."""
        free = self._free_types(part)
        return bool(free & self._kinds_of_ends(part, step)) if free else False

    def _kinds_of_ends(self, part: Derivation, step: Step) -> set[str]:
        """The types of what a step leads to from a set; empty from values."""
        if is_value(part.nodes):
            return set()
        ends = self._builder.knowledge.evaluate(Follow(part.program, step)).nodes[:SAMPLE]
        return set(self._builder.knowledge.types(ends))


def _says_same(match: Match) -> bool:
    """Whether an operator is "the same"."""
    same = match.kind == "comparison" and match.comparison == "=" and match.generic
    return same and match.end - match.start <= 2


def _step_back(part: Derivation) -> Step | None:
    """The step from values back to the nodes that have them; None if a part is no such values."""
    program = part.program
    if not isinstance(program, Follow) or not is_value(part.nodes):
        return None
    return Step(program.step.relation, not program.step.forward)
