"""Rules for steps along a relation, also at a stated time or from each of two names."""

from __future__ import annotations

from dataclasses import replace
from math import log
from typing import TYPE_CHECKING

from kg.programs import Follow, Intersection, Named, Union, parts
from kg.types import Step
from kptm.answering.parsing.programs.builder import bits, is_list_of_names, is_value
from kptm.answering.parsing.programs.steps.name_sides import NameSides
from kptm.answering.parsing.programs.steps.step_choices import (
    MIN_NAME_SHARE,
    SAMPLED_NODES,
    StepChoices,
    last_step_back,
)
from kptm.answering.parsing.ranking.program_features import step_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kg.programs import Program
    from kptm.answering.lexicon import Match
    from kptm.answering.parsing.derivation import Derivation
    from kptm.answering.parsing.programs.builder import Builder
    from kptm.answering.parsing.question.question_spans import Mention

TO_PEOPLE = 0.4
"""The length of a link to people if the rows are of several kinds."""
KINDS = frozenset("place spot location person one thing".split())
"""Words that may follow "the same", for whatever two things share: "in the same place as"."""
MAX_STEPS = 14
"""The most steps from a set that are returned."""
MAX_WEAK_RECALL = 0.45
"""A match is weak if the question has less than this share of the relation's name."""
MAX_SIMILARITY_GAP = 0.5
"""A step that no word names is still tried if its similarity is this close to the best.

The unit is a standard deviation; see :mod:`kptm.answering.parsing.similarity.encoder`.
"""


class Steps:
    """The rules for steps along a relation, also at a stated time or from each of two names.

    Args:
        builder: Builds derivations.
    """

    def __init__(self, builder: Builder) -> None:
        self._builder = builder
        self._sides = NameSides(builder)
        self._choices = StepChoices(builder)
        self._has_same = any(map(_says_same, builder.question.operators))
        self._said: dict[Step, bool] = {}

    def steps(self, part: Derivation) -> Iterator[Derivation]:
        """Extensions of a set by one step: those that match the question best."""
        if _is_of_several_rows(part) or self._is_truth(part.program):
            return
        scored = []
        outgoing = self._choices.steps_of(part)
        back = _step_back(part)
        choices = self._choices.count(part, outgoing)
        for step in outgoing:
            if step == back:
                continue
            derivation = self._step(part, step, choices.get(step, len(outgoing)))
            if derivation is not None:
                scored.append((-derivation.score, step, derivation))
                scored += [(-x.score, step, x) for x in self._during(part, derivation)]
        scored.sort(key=lambda x: x[:2])
        for *_, derivation in scored[:MAX_STEPS]:
            yield derivation

    def _is_truth(self, program: Program) -> bool:
        """Whether a program leads to "yes" or "no", which two relations share by chance."""
        return (
            isinstance(program, Follow)
            and program.step.forward
            and not self._has_same
            and bool(self._builder.knowledge.truth_values(program.step.relation))
        )

    def _during(self, part: Derivation, derivation: Derivation) -> Iterator[Derivation]:
        """Restrict a derivation's last step to a time in the question: "president in 1995".

        Args:
            part: The derivation before the step.
            derivation: The derivation with the step.
        """
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
        """The nodes that a step reaches from each of two names: "border both Peru and Chile"."""
        program = part.program
        if not isinstance(program, Follow) or not isinstance(program.source, Union):
            return
        left, right = program.source.left, program.source.right
        for number, match in enumerate(self._builder.question.operators):
            if match.kind == "and" and part.operators >> number & 1:
                operators = [
                    item for item in self._builder.question.operators if item.kind == "both"
                ]
                yield self._builder.extend(
                    Intersection(Follow(left, program.step), Follow(right, program.step)), (part,),
                    mask=bits(operators[0]) if operators else 0,
                    features={"both": 1.0, "both_said": float(bool(operators))},
                )  # fmt: skip

    def silent_steps(self, part: Derivation) -> Iterator[Derivation]:
        """Steps that match the question well, but lead nowhere because the graph lacks the fact."""
        outgoing = self._builder.knowledge.steps(part.nodes)
        relations = self._builder.question.relations
        for relation in self._choices.said_well:
            if relations.evidence(relation, part.mask).recall > MIN_NAME_SHARE:
                for forward in (True, False):
                    step = Step(relation, forward)
                    if step not in outgoing:
                        derivation = self._step(part, step, 1)
                        if derivation is not None:
                            yield derivation

    def remembered_step(self, part: Derivation, step: Step) -> Derivation:
        """A step of a remembered path, which no word of the question needs to name."""
        derivation = self._step(part, step, 1, remembered=True)
        assert derivation is not None  # noqa: S101  # a remembered step is never refused
        return derivation

    def _may_be_said(self, step: Step) -> bool:
        """Whether the question may name a step: by a word, by similarity, or by learnt weights.

        This is a fast check, because a graph may have thousands of steps.
        """
        if step not in self._said:
            builder = self._builder
            behind = builder.lexical.behind(step)
            self._said[step] = (
                step.relation in builder.question.relations
                or (behind is not None and behind > -MAX_SIMILARITY_GAP)
                or builder.lexical.predicate(step_name(step)) > builder.lexical.speaks
            )
        return self._said[step]

    def _is_pointless(self, step: Step) -> bool:
        """Whether a step leads to "yes" or "no", but the question does not ask for that."""
        builder = self._builder
        return not builder.asks_yes_or_no and bool(builder.knowledge.truth_values(step.relation))

    def _may_be_unsaid(self, part: Derivation, step: Step) -> bool:
        """Whether a step may extend a derivation although no word names it."""
        if part.floating >= self._builder.floating:
            return self._choices.links(part, step)
        return (
            part.mention is not None
            or self._builder.floating >= 2
            or self._choices.links(part, step)
            or self._choices.leads_to_type(part, step)
            or step == self._choices.only_number(part)
            or self._is_shared(part)
        )

    def _step(
        self, part: Derivation, step: Step, choice: int, *, remembered: bool = False
    ) -> Derivation | None:
        """Extend a derivation by one step; None if the question gives no reason for the step.

        Args:
            part: The derivation.
            step: The step.
            choice: The number of steps that are as plausible without a word (see StepChoices).
            remembered: Whether the step belongs to a remembered path, and needs no reason.
        """
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
        similar = behind is not None and behind > -MAX_SIMILARITY_GAP
        same, shared = self._same(part, step)
        says = similar or shared != 0 or evidence.mask != 0 or learnt > self._builder.lexical.speaks
        free = not says and not remembered
        only = free and step == self._choices.only_number(part)
        links = free and (only or self._choices.links(part, step))
        if free and (self._is_pointless(step) or not self._may_be_unsaid(part, step)):
            return None
        mention = part.mention or self._first_of_list(part)
        side = None if mention is None else self._sides.fits(mention, step, evidence.mask)
        features = {
            "name": evidence.recall,
            "named_fully": float(evidence.recall > 0.9),
            "more": min(evidence.more, 1.0),
            "floating": float(free and not links),
            "remembered": float(remembered and not says),
            "choice": log(choice) if free and not links else 0.0,
            "hops": self._length(step, links=links) if free else 1.0,
            "encoder": behind or 0.0,
            "similar": float(similar),
            "backward": float(not step.forward),
            "headless": float(
                # A backward step needs no head noun: "films starred by" for "starred actors".
                step.forward
                and evidence.headless
                and bool(evidence.mask & ~self._builder.question.relations.typed)
            ),
            "weak": float(0 < evidence.recall < MAX_WEAK_RECALL),
            "contrary": float(evidence.contrary),
            "side": float(side is True),
            "other_side": float(side is False),
            "learnt": learnt,
            "shared": float(shared != 0),
            "only_number": float(only),
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

    def _length(self, step: Step, *, links: bool) -> float:
        """How many steps an unsaid step counts as: none for a link between rows.

        Rows of several kinds may each have people, so that "who" is less clear.
        """
        if not links:
            return 1.0
        people = step.forward and self._builder.people.are_asked_for
        return TO_PEOPLE if people and self._builder.knowledge.row_kinds else 0.0

    def _same(self, part: Derivation, step: Step) -> tuple[int, int]:
        """Bit masks of the tokens and of the operator "the same", if a step leads back; else 0.

        "Films with the same director as X" is a step from X to the director, and the step back.
        """
        program = part.program
        if not self._has_same or not isinstance(program, Follow):
            return 0, 0
        if program.step == step.reverse():
            tokens = self._builder.question.tokens
            for number, match in enumerate(self._builder.question.operators):
                if _says_same(match) and not part.operators >> number & 1:
                    after = [token.folded for token in tokens[match.end : match.end + 2]]
                    kind = len(after) > 1 and after[0] in KINDS and after[1] == "as"
                    return bits(match) | (1 << match.end) * kind, 1 << number
        return 0, 0

    def _first_of_list(self, part: Derivation) -> Mention | None:
        """The first mention of a list of names, whose side counts for all: "depend on A and B"."""
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
        """Whether a set is a list of names in a question with "both": "both poet and painter"."""
        both = any(item.kind == "both" for item in self._builder.question.operators)
        return both and isinstance(part.program, Union) and not part.floating

    def _is_of_kind(self, part: Derivation, step_mask: int) -> bool:
        """Whether the words of a step only name the type of most nodes of the set.

        Such a step is not needed: for countries, "country" is no step to another country.

        Args:
            part: The derivation of the set.
            step_mask: Bit mask of the words that match the step.
        """
        if not step_mask or part.mention is not None or is_value(part.nodes):
            return False
        kinds = [
            item.type
            for item in self._builder.question.types
            if item.type and item.mask == step_mask
        ]
        if not kinds:
            return False
        known = self._builder.knowledge.types(part.nodes[:SAMPLED_NODES])
        return any(2 * known.get(kind, 0) > len(part.nodes[:SAMPLED_NODES]) for kind in kinds)


def _says_same(match: Match) -> bool:
    """Whether an operator is "the same" or a similar short expression of equality."""
    same = match.kind == "comparison" and match.comparison == "=" and match.generic
    return same and match.end - match.start <= 2


def _is_of_several_rows(part: Derivation) -> bool:
    """Whether a set is the rows with a value, and the question has no noun for them.

    "The colour of the diesel" is that of the one car with diesel, and "the capital of the euro" not
    those of all countries with the euro. "Diesel cars" are a set.
    """
    own = dict(part.features)
    if part.size or "rows_of_value" not in own:
        return False
    return len(part.nodes) > 1 and "agrees" not in own and "agrees_everything" not in own


def _step_back(part: Derivation) -> Step | None:
    """The step from a set of values back to the nodes that have them; None for other sets."""
    return last_step_back(part) if is_value(part.nodes) else None
