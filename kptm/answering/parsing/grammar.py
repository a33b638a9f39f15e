"""The rules by which programs are made of smaller ones: each gives the derivations that are one operation larger."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain
from math import log
from typing import TYPE_CHECKING

from kg.programs import (
    Aggregate,
    Compare,
    Difference,
    Exists,
    Follow,
    Having,
    Intersection,
    Measure,
    Named,
    OfType,
    Subtract,
    Superlative,
    Union,
    Within,
)
from kg.types import Literal, Step
from kg.values import ValueKey
from kg.vocabulary import XSD
from kptm.answering.parsing import thresholds
from kptm.answering.parsing.appositions import appositions, beside_names
from kptm.answering.parsing.derivation import Derivation
from kptm.answering.parsing.features import step_name
from kptm.answering.parsing.question import LITTLE
from kptm.answering.parsing.senses import namesakes, placed_names
from kptm.answering.sides import PREPOSITIONS, names_head

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kg.programs import Program
    from kg.programs.expressions import Comparison
    from kptm.answering.lexicon import Match
    from kptm.answering.parsing.knowledge import Knowledge
    from kptm.answering.parsing.model import Lexical
    from kptm.answering.parsing.question import Mention, Question, TypeMention
    from kptm.answering.parsing.schema import Schema

FLOATING = 2
"""Steps that no word says, in what two names have in common: "Spanish engineers"."""
NAMED = frozenset(
    "prior mention_label mention_alias mention_part mention_people mention_slip exact length within function operator".split()
)
"""Features of a name."""
SOME = 5
"""Nodes of a set by which it is known to be of what the graph is about."""
COVERED = 500
"""Nodes of a set that must all be of a type that it is said to be of."""
SAMPLE = 60
"""Nodes of a set that its steps and types are read from."""
STEPS = 14
"""Steps from a set that are tried."""
MEASURES = 5
SIMILAR = 0.5
"""How much less similar than the most similar one a step may be that the question says by its meaning, see :mod:`encoder`."""
CHANGING = frozenset(
    "count superlative comparison negation and or both difference number time ordinal sum mean yesno".split()
)
"""Operators that ask for more than steps from a name."""
MEASURING = ("superlative", "comparison", "difference", "measure", "ask")
"""Operators that suggest what is measured."""


class Grammar:
    """The rules, for one question.

    Args:
        question: The question.
        knowledge: Evaluates programs, and says what leads from a set.
        lexical: The weights of a model, for this question.
        labels: What relations are called.
    """

    def __init__(
        self,
        question: Question,
        knowledge: Knowledge,
        lexical: Lexical,
        schema: Schema,
        *,
        floating: int = 1,
    ) -> None:
        self._floating = floating
        self.question = question
        self._knowledge = knowledge
        self._lexical = lexical
        self._schema = schema
        used = 0
        for match in question.operators:
            used |= _bits(match) if match.kind in CHANGING | {"ask"} else 0
        self._free = ~used
        self._type_words = question.unknown_noun
        for item in question.types:
            self._type_words |= item.mask if isinstance(item.program, OfType) else 0

    def extend(
        self,
        program: Program,
        parts: Sequence[Derivation],
        *,
        mask: int = 0,
        names: int = 0,
        operators: int = 0,
        features: dict[str, float] | None = None,
        floating: int = 0,
        mention: Mention | None = None,
    ) -> Derivation:
        """A derivation of some parts and what is new in it."""
        before = 0
        for part in parts:
            before |= part.mask
        own = [(name, value) for name, value in (features or {}).items() if value]
        if parts:
            gap = self._holes(mask | before) - sum(self._holes(part.mask) for part in parts)
            own.append(("gap", max(gap, 0.0)))
        score = sum(part.score for part in parts)
        # What two parts explain together counts once.
        score -= self._lexical.cover * self._overlap(parts)
        score += self._lexical.score(own)
        score += self._lexical.cover * self.question.weight(mask & ~before)
        everything = mask | before
        for part in parts:
            names |= part.names
            operators |= part.operators
        return Derivation(
            program=program,
            mask=everything,
            names=names,
            operators=operators,
            features=(*chain(*(part.features for part in parts)), *own),
            score=score,
            size=sum(part.size for part in parts) + bool(parts),
            floating=sum(part.floating for part in parts) + floating,
            mention=mention,
        )

    def _holes(self, mask: int) -> float:
        """What the tokens weigh that stand between those of a mask: the words of a phrase stand together."""
        if not mask:
            return 0.0
        inside = (1 << mask.bit_length()) - (mask & -mask)
        return self.question.weight(inside & ~mask)

    def _overlap(self, parts: Sequence[Derivation]) -> float:
        if len(parts) < 2:
            return 0.0
        return self.question.weight(parts[0].mask & parts[1].mask)

    def is_complete(self, part: Derivation) -> bool:
        """Whether a program explains all that a question says, so that none that is larger will be meant."""
        return not part.floating and self.question.weight(~part.mask) <= LITTLE

    @property
    def asks_yes_or_no(self) -> bool:
        """Whether a question asks if something is so."""
        return any(match.kind == "yesno" for match in self.question.operators)

    @property
    def is_plain(self) -> bool:
        """Whether no operator of a question asks for more than steps from a name."""
        return not any(match.kind in CHANGING for match in self.question.operators)

    # ── names, types ─────────────────────────────────────────────────────────────────────────

    def bases(self) -> Iterator[Derivation]:
        """Names, values and types."""
        question = self.question
        for mention in question.mentions:
            if question.marked and mention.mask != question.marked:
                continue
            yield self.extend(
                Named((mention.node,)), (), mask=mention.mask, names=mention.mask,
                features=self._of_mention(mention), mention=mention,
            )  # fmt: skip
            for item in appositions(question, mention):
                if item.type in self._knowledge.types((mention.node,)):
                    yield self.extend(
                        Named((mention.node,)), (), mask=mention.mask | item.mask, names=mention.mask,
                        features={**self._of_mention(mention, item.mask), "agrees": 1.0}, mention=mention,
                    )  # fmt: skip
        for mention, mask in placed_names(question, self._knowledge):
            own = {**self._of_mention(mention, mask), "sense_name": 1.0}
            yield self.extend(
                Named((mention.node,)), (), mask=mask, names=mask, features=own, mention=mention
            )
        for nodes, mask in namesakes(question):
            yield self.extend(Named(nodes), (), mask=mask, names=mask, features={"namesakes": 1.0})
        for item in question.types:
            own = {"type": 1.0} if isinstance(item.program, OfType) else {"range": 1.0}
            if isinstance(item.program, Having) and self._knowledge.is_measure(
                item.program.step.relation
            ):
                continue
            yield self.extend(item.program, (), mask=item.mask, features=own)
        yield from self._implicit()

    def _of_mention(self, mention: Mention, mask: int = 0) -> dict[str, float]:
        mask |= mention.mask
        length = mask.bit_count()
        longer = any(
            other.mask & mask == mask and other.mask != mask and other.kind in ("label", "alias")
            for other in self.question.mentions
        )  # fmt: skip
        function = self.question.weight(mention.mask) == 0 and not mention.exact
        return {
            "prior": log(max(mention.prior, 1e-4)),
            f"mention_{mention.kind}": 1.0,
            "exact": float(mention.exact),
            "length": float(min(length, 4) - 1),
            "within": float(longer),
            "function": float(function),
            "operator": float(mention.kind != "value" and not mention.mask & self._free),
        }

    def _implicit(self) -> Iterator[Derivation]:
        """What has a measure or a relation that is asked about, where no type says what is compared."""
        yield from self._everything()
        kinds = {item.kind for item in self.question.operators}
        if any(isinstance(item.program, OfType) for item in self.question.types):
            kinds &= {"negation"}
        if kinds & {"superlative", "comparison", "time"}:
            for relation in self._suggested():
                if self._knowledge.is_measure(relation):
                    yield self.extend(Having(Step(relation)), (), features={"implicit": 1.0})
        if kinds & {"superlative", "negation"}:
            yield from self._related(denied="negation" in kinds)

    def _related(self, *, denied: bool) -> Iterator[Derivation]:
        """What has a relation that words say: "which states have no rivers"."""
        said = self.question.relations
        for relation in said.relations():
            mask, recall = said.evidence(relation).mask, said.evidence(relation).recall
            if recall <= 0.5 or self._knowledge.is_measure(relation):
                continue
            for step in (Step(relation), Step(relation, False)):
                if not self.question.typed:
                    yield self.extend(Having(step), (), features={"implicit": 1.0})
                if denied and mask & ~self.question.typed:
                    yield self.extend(Having(step), (), mask=mask, features={"having": 1.0})

    def _everything(self) -> Iterator[Derivation]:
        """In a graph without types: what most of it is about, where a noun is asked for that the graph does not know."""
        noun = self.question.unknown_noun
        relation = self._knowledge.main_relation() if noun and not self._schema.type_names else None
        if relation is not None:
            yield self.extend(Having(Step(relation)), (), mask=noun, features={"everything": 1.0})

    def _suggested(self) -> list[str]:
        """The relations that words say or operators suggest as a measure."""
        found = set(self.question.relations.relations())
        for match in self.question.operators:
            for hint in match.hints if match.kind in MEASURING else ():
                found.update(self._schema.relations_named(self._schema.stems(hint)))
        return sorted(found)

    def _hint(self, match: Match, words: Sequence[str]) -> float:
        for rank, hint in enumerate(match.hints):
            stems = self._schema.stems(hint)
            if stems and set(stems) <= set(words):
                return 1.0 / (1 + 0.25 * rank) * (1.0 if len(words) == len(stems) else 0.8)
        return 0.0

    # ── steps ────────────────────────────────────────────────────────────────────────────────

    def steps(self, part: Derivation) -> Iterator[Derivation]:
        """One step from a set, for the steps that words say best."""
        found = []
        here = self._knowledge.steps(part.nodes[:SAMPLE])
        for step in here:
            if _is_return(part, step):
                continue
            made = self._step(part, step, len(here))
            if made is not None:
                found.append((-made.score, step, made))
                found += [(-x.score, step, x) for x in self._during(part, made)]
        found.sort(key=lambda x: x[:2])
        for *_, made in found[:STEPS]:
            yield made

    def _during(self, part: Derivation, made: Derivation) -> Iterator[Derivation]:
        """The same step by facts that held in a time that is said: "who was president in 1995"."""
        program = made.program
        if not isinstance(program, Follow) or not any(
            x.kind == "time" for x in self.question.operators
        ):
            return
        if not self._knowledge.is_timed(program.step.relation):
            return
        own = dict(made.features[len(part.features) :])
        for number, match in enumerate(self.question.operators):
            if match.kind == "time" and match.period and not made.operators >> number & 1:
                yield self.extend(
                    replace(program, during=match.period), (part,), mask=made.mask & ~part.mask | _bits(match),
                    operators=1 << number, features={**own, "during": 1.0}, floating=made.floating - part.floating,
                )  # fmt: skip

    def both(self, part: Derivation) -> Iterator[Derivation]:
        """What a step leads to from each of two names: "border both France and Germany"."""
        program = part.program
        if not isinstance(program, Follow) or not isinstance(program.source, Union):
            return
        left, right = program.source.left, program.source.right
        for number, match in enumerate(self.question.operators):
            if match.kind == "and" and part.operators >> number & 1:
                said = [item for item in self.question.operators if item.kind == "both"]
                yield self.extend(
                    Intersection(Follow(left, program.step), Follow(right, program.step)), (part,),
                    mask=_bits(said[0]) if said else 0, features={"both": 1.0, "both_said": float(bool(said))},
                )  # fmt: skip

    def silent_steps(self, part: Derivation) -> Iterator[Derivation]:
        """Steps that words say well and that lead nowhere from a name: the graph lacks the fact."""
        here = self._knowledge.steps(part.nodes)
        for relation in self.question.relations.relations():
            if self.question.relations.evidence(relation, part.mask).recall > 0.5:
                for forward in (True, False):
                    step = Step(relation, forward)
                    if step not in here:
                        made = self._step(part, step, 1)
                        if made is not None:
                            yield made

    def _step(self, part: Derivation, step: Step, choice: int) -> Derivation | None:
        evidence = self.question.relations.evidence(step.relation, part.mask, forward=step.forward)
        learnt = self._lexical.predicate(step_name(step))
        behind = self._lexical.behind(step)
        similar = behind is not None and behind > -SIMILAR
        says = similar or evidence.mask != 0 or learnt > self._lexical.speaks
        if not says and part.floating >= self._floating:
            return None
        if (
            not says
            and part.mention is None
            and self._floating < 2
            and not self._leads_to_type(part, step)
        ):
            return None
        side = self._side(part.mention, step, evidence.mask) if part.mention is not None else None
        features = {
            "name": evidence.recall,
            "named_fully": float(evidence.recall > 0.9),
            "more": min(evidence.more, 1.0),
            "floating": float(not says),
            "choice": 0.0 if says else log(choice),
            "hops": 1.0,
            "encoder": behind or 0.0,
            "similar": float(similar),
            "backward": float(not step.forward),
            "side": float(side is True),
            "other_side": float(side is False),
            "learnt": learnt,
        }
        return self.extend(
            Follow(part.program, step), (part,), mask=evidence.mask | self._lexical.mask(step_name(step)) & self._free,
            features=features, floating=int(not says),
        )  # fmt: skip

    def _leads_to_type(self, part: Derivation, step: Step) -> bool:
        """Whether a step leads to what is of a type that is said and not yet explained: the cities in some states."""
        free = {
            item.program.type
            for item in self.question.types
            if isinstance(item.program, OfType) and not item.mask & part.mask
        }
        if not free or _is_value(part.nodes):
            return False
        ends = self._knowledge.evaluate(Follow(part.program, step)).nodes[:SAMPLE]
        return any(kind in free for kind in self._knowledge.types(ends))

    def _side(self, mention: Mention, step: Step, said: int) -> bool | None:
        """Whether the order of words makes a name the side of a relation that a step starts from; None where it leaves that open."""
        words = self._schema.relations.get(step.relation)
        if self.question.blank:
            sentence = self.question.sentence(mention.mask)
            tail = self._schema.sides.blank_is_tail(step.relation, sentence)
            if tail is not None:
                return tail == step.forward
        if words is None or self.question.language != "en":
            return None
        # Another word for a relation stands where its name would: "what packages need ruby", of "depends".
        verb = " ".join(word for word in words.name.split() if word not in PREPOSITIONS)
        text, start, end = "", 0, 0
        for at, token in enumerate(self.question.tokens):
            if at == mention.start:
                start = len(text)
            other = said >> at & 1 and token.stem not in words.weights
            text += (verb if other else token.folded) + " "
            if at + 1 == mention.end:
                end = len(text) - 1
        head = names_head(text, start, end, words.name)
        return None if head is None else head == step.forward

    # ── sets ─────────────────────────────────────────────────────────────────────────────────

    def covered(self, made: Derivation) -> Derivation:
        """The derivation with the type that all of its nodes are of, where a word says it."""
        if not made.nodes or isinstance(made.program, (OfType, Named)):
            return made
        self._cover_everything(made)
        if isinstance(made.program, (Having, Union)):
            return made
        free = [x for x in self.question.types if not x.mask & made.mask]
        if not free:
            return made
        typed = {item.mask for item in free if item.type is not None}
        some = made.nodes[:COVERED]
        for item in reversed([x for x in free if x.type is not None or x.mask not in typed]):
            such = self._are_such(some, item)
            if such is not False:
                made.mask |= item.mask
                made.score += self._lexical.cover * self.question.weight(item.mask)
                own = (("agrees", 1.0),) if such else ()
                made.features += own
                made.score += self._lexical.score(own)
                break
        return made

    def _cover_everything(self, made: Derivation) -> None:
        """In a graph without types, a noun that the graph does not know is what most of it is about."""
        noun = self.question.unknown_noun
        if not noun or noun & made.mask or self._schema.type_names or _is_value(made.nodes):
            return
        relation = self._knowledge.main_relation()
        some = made.nodes[:SOME]
        if relation is not None:
            inside = self._knowledge.evaluate(Intersection(Named(some), Having(Step(relation))))
            if len(inside.nodes) == len(some):
                made.mask |= noun
                own = (("agrees_everything", 1.0),)
                made.features += own
                made.score += self._lexical.cover * self.question.weight(
                    noun
                ) + self._lexical.score(own)

    def _are_such(self, nodes: Sequence[str], item: TypeMention) -> bool | None:
        """Whether all of some nodes are of a type, or, where a relation says what they are, any of them; None where nothing tells."""
        if item.type is not None:
            types = self._knowledge.types(nodes)
            if not types and not _is_value(nodes):
                beside = beside_names(self.question, self._knowledge)
                return False if item.mask & beside else None
            return types.get(item.type, 0) == len(nodes)
        return not set(nodes).isdisjoint(self._knowledge.evaluate(item.program).nodes)

    def filters(self, part: Derivation) -> Iterator[Derivation]:
        """A set narrowed down to a type that a word says."""
        if isinstance(part.program, OfType) or _is_value(part.nodes):
            return
        seen = set()
        for item in self.question.types:
            if item.mask & part.mask or item.program in seen:
                continue
            seen.add(item.program)
            yield self.extend(
                Intersection(part.program, item.program), (part,), mask=item.mask,
                features={"filter": 1.0, "learnt": self._lexical.predicate(f"t:{item.program}")},
            )  # fmt: skip

    def pairs(self, left: Derivation, right: Derivation) -> Iterator[Derivation]:
        """What is in two sets, or in one and not in the other."""
        # One word may say of both that they are states; nothing else is said of two things at once.
        if left.mask & right.mask & ~self._type_words or left.operators & right.operators:
            return
        if left.mention or right.mention:
            yield from self._joined(left, right)
            return
        if left.names and right.names and left.floating + right.floating <= FLOATING:
            yield self.extend(
                Intersection(left.program, right.program),
                (left, right),
                features={"intersection": 1.0},
            )
        for number, match in enumerate(self.question.operators):
            free = match.kind == "negation" and not (left.operators | right.operators) >> number & 1
            if free and _is_apart(left, right, match) and self._is_negated(right, match):
                yield self.extend(
                    Difference(left.program, right.program), (left, right), mask=_bits(match),
                    operators=1 << number, features={"difference": 1.0},
                )  # fmt: skip

    def _is_negated(self, part: Derivation, match: Match) -> bool:
        """Whether a set is what stands after "not": by its names, or by the first word that weighs something."""
        if part.names:
            return _lowest(part.names) >= match.start
        if isinstance(part.program, OfType):
            return False
        importance = self.question.importance
        after = next(
            (at for at in range(match.end, len(importance)) if importance[at] > LITTLE), -1
        )
        return after >= 0 and bool(part.mask >> after & 1)

    def _joined(self, left: Derivation, right: Derivation) -> Iterator[Derivation]:
        """Two names that "and" or "or" joins."""
        one, other = left.mention, right.mention
        if one is None or other is None or one.end > other.start:
            return
        for number, match in enumerate(self.question.operators):
            if match.kind in ("and", "or") and one.end <= match.start < match.end <= other.start:
                yield self.extend(
                    Union(left.program, right.program), (left, right), mask=_bits(match), operators=1 << number,
                    features={"union": 1.0},
                )  # fmt: skip

    # ── measures ─────────────────────────────────────────────────────────────────────────────

    def superlatives(self, part: Derivation) -> Iterator[Derivation]:
        """The greatest or the least of a set."""
        for number, match in enumerate(self.question.operators):
            if match.kind != "superlative" or part.operators >> number & 1 or len(part.nodes) < 1:
                continue
            rank, also = self._ordinal(number, part)
            place = self._next_to(match, part)
            said = {
                step.relation for step in self._knowledge.measures(part.nodes[:SAMPLE])
            } & self.question.relations.named_at(match.end)
            for measure, features, mask in self._measures(part, match):
                lacking = isinstance(part.program, Union) and not measure.count
                if lacking:
                    measured = self._knowledge.evaluate(
                        Intersection(part.program, Having(measure.steps[0]))
                    )
                    lacking = len(measured.nodes) < len(part.nodes)
                near = mask >> match.end & 1
                own = {**features, "lacking": float(lacking), "near_measure": float(near)}
                features = own if near else {**own, **place}
                if said and measure.steps[-1].relation not in said:
                    features["other_measure"] = 1.0
                yield self.extend(
                    Superlative(part.program, measure, match.order or "max", rank), (part,),
                    mask=_bits(match) | mask, operators=1 << number | also,
                    features={"superlative": 1.0, **features},
                )  # fmt: skip

    def _next_to(self, match: Match, part: Derivation) -> dict[str, float]:
        """Whether the set is what stands right after a superlative: "smallest state" is one of states."""
        after = [item for item in self.question.types if item.start == match.end]
        if not after:
            return {}
        near = any(item.mask & part.mask for item in after)
        return {"near_base": float(near), "other_base": float(not near)}

    def _ordinal(self, number: int, part: Derivation) -> tuple[int, int]:
        match = self.question.operators[number]
        for at, other in enumerate(self.question.operators):
            if other.kind == "ordinal" and other.end == match.start and other.number:
                return int(other.number), 1 << at
        return 1, 0

    def _measures(
        self, part: Derivation, match: Match
    ) -> Iterator[tuple[Measure, dict[str, float], int]]:
        """The measures of a set's nodes that an operator or other words suggest, best first."""
        found: list[tuple[Measure, dict[str, float], int]] = []
        some = part.nodes[:SAMPLE]
        used = part.mask | _bits(match)
        numeric = self._knowledge.measures(some)
        for step in numeric:
            found += self._measure((step,), match, used)
        counted = match.generic
        for step in self._knowledge.steps(some):
            if step in numeric:
                continue
            evidence = self.question.relations.evidence(step.relation, used)
            learnt = self._lexical.predicate(f"#{step_name(step)}")
            if counted and (evidence.mask or learnt > self._lexical.speaks):
                features = {"counted": 1.0, "measure_name": evidence.recall, "learnt": learnt}
                found.append((Measure((step,), count=True), features, evidence.mask))
            elif counted:
                found += self._counted_types(step, some, used)
            if step.forward:
                # The operator may be a part of the relation's name: "the lowest point".
                named = self.question.relations.evidence(step.relation, part.mask)
                if named.mask & ~used:
                    found += self._far(
                        step, match, used | named.mask, named.recall, named.mask, some
                    )
        scored = [
            (self._lexical.score(tuple(features.items())) + self._lexical.cover * self.question.weight(mask & ~used),
             str(measure), measure, features, mask)
            for measure, features, mask in found
        ]  # fmt: skip
        scored.sort(key=lambda x: (-x[0], x[1]))
        for *_, measure, features, mask in scored[:MEASURES]:
            yield measure, features, mask

    def _counted_types(
        self, step: Step, some: Sequence[str], used: int
    ) -> Iterator[tuple[Measure, dict[str, float], int]]:
        """Counts of what is of a type that is said: "the most rivers"."""
        free = [x for x in self.question.types if not x.mask & used and x.type]
        if not free:
            return
        ends = self._knowledge.evaluate(Follow(Named(tuple(some)), step)).nodes[:SAMPLE]
        kinds = self._knowledge.types(ends)
        for item in free:
            if count := kinds.get(item.type or ""):
                whole = count == len(ends)
                measure = Measure((step,), count=True, among=None if whole else item.program)
                yield measure, {"counted": 1.0, "counted_type": 1.0}, item.mask

    def _far(
        self, step: Step, match: Match, used: int, recall: float, mask: int, some: Sequence[str]
    ) -> Iterator[tuple[Measure, dict[str, float], int]]:
        """Measures of what a step leads to: the elevation of the highest point."""
        ends = self._knowledge.evaluate(Follow(Named(tuple(some)), step)).nodes[:SAMPLE]
        for last in self._knowledge.measures(ends):
            for measure, features, more in self._measure((step, last), match, used):
                yield measure, {**features, "far": 1.0, "far_name": recall}, mask | more

    def _measure(
        self, steps: tuple[Step, ...], match: Match, used: int
    ) -> Iterator[tuple[Measure, dict[str, float], int]]:
        last = steps[-1]
        evidence = self.question.relations.evidence(last.relation, used)
        words = self._schema.relations.get(last.relation)
        hint = 0.0 if words is None else self._hint(match, self._schema.stems(words.label))
        learnt = self._lexical.predicate(f"{match.order}:{step_name(last)}")
        features = {
            "measure_name": evidence.recall,
            "measure_hint": hint,
            "measure_floating": float(not evidence.mask and not hint),
            "learnt": learnt,
        }
        yield Measure(steps), features, evidence.mask
        if hint and evidence.mask:
            # The words may say something else: "the area of the largest state".
            yield Measure(steps), {**features, "measure_name": 0.0}, 0

    def comparisons(self, part: Derivation) -> Iterator[Derivation]:
        """Those of a set that are more or less than a number, a date, or what another entity has."""
        operators = self.question.operators
        asks = any(match.kind == "yesno" for match in operators)
        if part.mention is not None and not asks:
            return
        for number, match in enumerate(operators):
            if match.kind != "comparison" or part.operators >> number & 1:
                continue
            for value, mask, also in self._numbers(number):
                for measure, features, more in self._measures(part, match):
                    if measure.count and match.comparison == "between":
                        continue
                    made = self._compare(part.program, measure, match, value)
                    yield self.extend(
                        made, (part,), mask=_bits(match) | mask | more, operators=1 << number | also,
                        features={"comparison": 1.0, **features},
                    )  # fmt: skip
            yield from self._compared_entities(part, number, match)

    def _compare(
        self, base: Program, measure: Measure, match: Match, values: Sequence[Literal]
    ) -> Program:
        first = Named((ValueKey(values[0]),))
        if match.comparison == "between":
            second = Named((ValueKey(values[-1]),))
            return Compare(Compare(base, measure, ">=", first), measure, "<=", second)
        return Compare(base, measure, _sign(match), first)

    def _compared_entities(
        self, part: Derivation, number: int, match: Match
    ) -> Iterator[Derivation]:
        for mention in self.question.mentions[:40] if match.comparison != "between" else ():
            if (
                mention.mask & part.names
                or mention.start < match.end
                or mention.node in part.nodes[:1]
            ):
                continue
            steps = self._knowledge.measures((mention.node,))
            for measure, features, more in self._measures(part, match):
                if measure.count or measure.steps[-1] not in steps:
                    continue
                value = Follow(Named((mention.node,)), measure.steps[-1])
                yield self.extend(
                    Compare(part.program, measure, _sign(match), value), (part,),
                    mask=_bits(match) | mention.mask | more, names=mention.mask, operators=1 << number,
                    features={"comparison": 1.0, **features, **self._of_mention(mention)},
                )  # fmt: skip

    def _numbers(self, comparison: int) -> Iterator[tuple[list[Literal], int, int]]:
        """The numbers and times that stand after a comparison, with their tokens and operators."""
        match = self.question.operators[comparison]
        numbers = [
            (at, item)
            for at, item in enumerate(self.question.operators)
            if item.kind == "number" and item.start >= match.start
        ]
        if match.comparison == "between":
            if len(numbers) > 1:
                (one, first), (two, second) = numbers[:2]
                bits = (1 << max(first.end, second.end)) - (1 << match.start)
                yield [_number(first), _number(second)], bits, 1 << one | 1 << two
            return
        for at, item in numbers[:1]:
            yield [_number(item)], _bits(item), 1 << at
        for at, item in enumerate(self.question.operators):
            if (
                item.kind == "time"
                and item.start <= match.start
                and item.end >= match.end
                and item.period
            ):
                # "before 1800" is a time itself: up to 1799
                continue
            if item.kind == "time" and item.start >= match.end and item.period:
                yield [_year(item.period.start or item.period.end)], _bits(item), 1 << at

    def times(self, part: Derivation) -> Iterator[Derivation]:
        """Those of a set of which a date is within a time: "in 1995", "before 1800", "between 1890 and 1900"."""
        for number, match in enumerate(self.question.operators):
            if match.kind != "time" or match.period is None or part.operators >> number & 1:
                continue
            if part.mask & _bits(match):
                continue
            for measure, features, more in self._measures(part, match):
                if measure.count or self._knowledge.measures(part.nodes[:SAMPLE]).get(
                    measure.steps[0], ""
                ) not in ("date", ""):
                    continue
                made: Program = part.program
                if match.period.start:
                    made = Compare(
                        made, measure, ">=", Named((ValueKey(_year(match.period.start)),))
                    )
                if match.period.end:
                    made = Compare(made, measure, "<=", Named((ValueKey(_year(match.period.end)),)))
                yield self.extend(
                    made, (part,), mask=_bits(match) | more, operators=1 << number,
                    features={"within_time": 1.0, **features},
                )  # fmt: skip

    def thresholds(self, part: Derivation) -> Iterator[Derivation]:
        """Those of a set that a learnt word means: "major" cities."""
        for item, mask in thresholds.apply(
            self._lexical.thresholds, self.question, part, self._knowledge
        ):
            yield self.extend(
                item.program(part.program), (part,), mask=mask, features={"threshold": 1.0},
            )  # fmt: skip

    # ── the whole ────────────────────────────────────────────────────────────────────────────

    def roots(self, part: Derivation) -> Iterator[Derivation]:
        """Programs that are not a set: how many, the sum, the mean."""
        for number, match in enumerate(self.question.operators):
            if part.operators >> number & 1:
                continue
            if match.kind == "count" and not part.mention and not _is_value(part.nodes):
                made = self.extend(
                    Aggregate("count", part.program), (part,), mask=_bits(match), operators=1 << number,
                    features={"count": 1.0, "count_of_one": float(len(part.nodes) == 1)},
                )  # fmt: skip
                made.counted = part.nodes
                yield made
            elif match.kind in ("sum", "mean") and _is_value(part.nodes):
                yield self.extend(
                    Aggregate("sum" if match.kind == "sum" else "mean", part.program), (part,), mask=_bits(match),
                    operators=1 << number, features={"aggregate": 1.0},
                )  # fmt: skip

    def truths(self, part: Derivation) -> Iterator[Derivation]:
        """Whether a name is in a set, or whether there is anything in it."""
        for number, match in enumerate(self.question.operators):
            if match.kind != "yesno" or part.operators >> number & 1 or part.mention is not None:
                continue
            if isinstance(part.program, Compare) or not part.names:
                yield self.extend(
                    Exists(part.program), (part,), mask=_bits(match), operators=1 << number, features={"exists": 1.0}
                )  # fmt: skip
                if isinstance(part.program, Compare):
                    continue
            for mention in self.question.mentions:
                if mention.mask & part.mask or mention.kind == "slip":
                    continue
                holds = mention.node in part.nodes
                known = holds or self._may_be(mention.node, part)
                yield self.extend(
                    Within(Named((mention.node,)), part.program), (part,), mask=_bits(match) | mention.mask,
                    names=mention.mask, operators=1 << number,
                    features={"yesno": 1.0, "holds": float(holds), "unlike": float(not known),
                              **self._of_mention(mention)},
                )  # fmt: skip

    def _may_be(self, node: str, part: Derivation) -> bool:
        """Whether a node is what the last step of a set leads to elsewhere."""
        program = part.program
        while isinstance(program, (Intersection, Compare, Superlative)):
            program = program.left if isinstance(program, Intersection) else program.base
        if not isinstance(program, Follow):
            return False
        back = Step(program.step.relation, not program.step.forward)
        return back in self._knowledge.steps((node,))

    def differences(self, left: Derivation, right: Derivation) -> Iterator[Derivation]:
        """How much the value of one name is more than that of another, the first named one first.

        Of "how much smaller is A than B" it is that of B less that of A, of a mere difference what is positive.
        """
        if not _is_measured_name(left) or not _is_measured_name(right):
            return
        if left.program.step != right.program.step or _lowest(left.names) >= _lowest(right.names):  # type: ignore[union-attr]  # both are steps
            return
        if left.names & right.names:
            return
        other = tuple(item for item in right.features if item[0] in NAMED)
        for number, match in enumerate(self.question.operators):
            if match.kind != "difference" or (left.operators | right.operators) >> number & 1:
                continue
            first, second = left.program, right.program
            size = self._knowledge.evaluate(Subtract(first, second)).number
            negative = size is not None and size.value.startswith("-")
            if match.order == "min" or (not match.order and negative):
                first, second = second, first
            yield self.extend(
                Subtract(first, second), (left,), mask=_bits(match) | right.mask, names=right.names,
                operators=1 << number, features={**dict(other), "subtract": 1.0},
            )  # fmt: skip


def _is_measured_name(part: Derivation) -> bool:
    """Whether a derivation is a value of one name."""
    program = part.program
    return (
        isinstance(program, Follow) and isinstance(program.source, Named) and _is_value(part.nodes)
    )


def _bits(match: Match) -> int:
    return (1 << match.end) - (1 << match.start)


def _is_apart(left: Derivation, right: Derivation, match: Match) -> bool:
    """Whether what is denied has words of its own, and what is left does not use those after "not"."""
    return bool(
        right.mask & ~left.mask
        and not (left.mask & right.mask) >> match.end
        and (right.names or not left.names >> match.end)
    )


def _sign(match: Match) -> Comparison:
    """The sign of a comparison with one value."""
    if match.comparison == "between" or not match.comparison:
        return "="
    return match.comparison


def _is_return(part: Derivation, step: Step) -> bool:
    """Whether a step leads from values back to what has them."""
    program = part.program
    back = isinstance(program, Follow) and program.step == Step(step.relation, not step.forward)
    return back and _is_value(part.nodes)


def _lowest(mask: int) -> int:
    return (mask & -mask).bit_length() - 1


def _is_value(nodes: Sequence[str]) -> bool:
    return bool(nodes) and all(isinstance(node, ValueKey) for node in nodes[:3])


def _number(match: Match) -> Literal:
    number = match.number or 0.0
    whole = number == int(number)
    text = f"{int(number)}" if whole else repr(number)
    return Literal(text, datatype=f"{XSD}{'integer' if whole else 'decimal'}", unit=match.unit)


def _year(text: str) -> Literal:
    """A year as a number where it is one alone, as tables have it; a date otherwise."""
    kind = {4: "gYear", 7: "gYearMonth"}.get(len(text.lstrip("-")), "date")
    return Literal(text, datatype=f"{XSD}{kind}")
