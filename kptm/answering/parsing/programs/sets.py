"""Rules for sets: filters, intersections, unions and differences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg.programs import (
    Difference,
    Follow,
    Having,
    Intersection,
    Named,
    OfType,
    Union,
)
from kg.types import Step
from kptm.answering.lexicon.columns.relation_nouns import ROW
from kptm.answering.parsing.programs.builder import bits, is_list_of_names, is_value
from kptm.answering.parsing.question.appositions import beside_names
from kptm.answering.parsing.question.question import MAX_OPTIONAL_WEIGHT
from kptm.answering.parsing.question.question_spans import joint_mask, lowest, span_mask
from kptm.answering.parsing.ranking.program_features import uses_relation
from kptm.answering.questions.word_order import Form, relation_form

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kg.programs import Program
    from kptm.answering.lexicon import Match
    from kptm.answering.parsing.derivation import Derivation
    from kptm.answering.parsing.programs.builder import Builder
    from kptm.answering.parsing.question.question_spans import TypeMention

MAX_UNNAMED_STEPS = 2
"""The most steps that no word names in the intersection of two sets: "Spanish engineers"."""
SAMPLED_NODES = 5
"""The most nodes of a set that are checked for the graph's main relation, or for their types."""
MAX_NODES_OF_TYPE = 500
"""The most nodes of a set that are checked for a common type."""


class ProgramSets:
    """The rules for sets: filters, intersections, unions and differences.

    Args:
        builder: Builds derivations.
    """

    def __init__(self, builder: Builder) -> None:
        self._builder = builder

    def add_implied_type(self, derivation: Derivation) -> Derivation:
        """Let a derivation explain the word of a type that all its nodes have, and score it again.

        "Countries" is explained in "which countries border Spain" without another operation.
        """
        if not derivation.nodes or isinstance(derivation.program, (OfType, Named)):
            return derivation
        self._cover_everything(derivation)
        if isinstance(derivation.program, (Having, Union)):
            return derivation
        unused_types = [x for x in self._builder.question.types if not x.mask & derivation.mask]
        if not unused_types:
            return derivation
        typed = {item.mask for item in unused_types if item.type is not None}
        sample = derivation.nodes[:MAX_NODES_OF_TYPE]
        for item in reversed(
            [x for x in unused_types if x.type is not None or x.mask not in typed]
        ):
            agrees = self._are_such(sample, item, all_of_them=not derivation.names)
            if agrees is not False:
                derivation.mask |= item.mask
                derivation.score += self._builder.lexical.cover * self._builder.question.weight(
                    item.mask
                )
                own = (("agrees", 1.0),) if agrees else ()
                derivation.features += own
                derivation.score += self._builder.lexical.score(own)
                break
        return derivation

    def _cover_everything(self, derivation: Derivation) -> None:
        """In an untyped graph, let a derivation explain an unknown noun.

        It does if its first nodes are what "things" are.
        """
        question = self._builder.question
        if not question.unknown_noun or is_value(derivation.nodes):
            return
        noun = question.unknown_noun & ~question.relations.faint
        everything = self._builder.everything
        if not noun or noun & derivation.mask or not everything:
            return
        if (
            derivation.floating
            and isinstance(derivation.program, Follow)
            and derivation.program.step.forward
        ):
            return  # a step that no word names does not explain "river" in "the river of Osaka"
        if "rows_of_value" in dict(derivation.features) and not derivation.size:
            near = derivation.mask << 1 | derivation.mask >> 1
            if not noun & near:  # "diesel cars", but not "the warranty of the diesel"
                return
        some = derivation.nodes[:SAMPLED_NODES]
        inside = (
            self._builder.knowledge.evaluate(Intersection(Named(some), rows)).nodes
            for rows in everything
        )
        if any(len(nodes) == len(some) for nodes in inside):
            derivation.mask |= noun
            # Nouns for rows are known, and this is none of them, unless it is "people".
            other = self._builder.doubt_of_noun(some)
            other *= bool(noun & ~self._builder.light)
            own = (("agrees_everything", 1.0), ("other_rows", other))
            derivation.features += own
            derivation.score += self._builder.lexical.cover * self._builder.question.weight(
                noun
            ) + self._builder.lexical.score(own)

    def _are_such(
        self, nodes: Sequence[str], item: TypeMention, *, all_of_them: bool
    ) -> bool | None:
        """Whether nodes are in the set that a mention names; None if the graph does not tell.

        All nodes must have a type, but only half of them if its noun is doubtful. Of the tails of a
        relation, one is enough.

        Args:
            nodes: The nodes.
            item: The mention of the type, or of the tails of a relation.
            all_of_them: Whether all nodes must be tails of the relation. They must if the program
                has no name: "which directors were born after 1950" does not ask for all people.
        """
        if item.type is not None:
            types = self._builder.knowledge.types(nodes)
            if not types and item.noun is None and not is_value(nodes):
                beside = beside_names(self._builder.question, self._builder.knowledge)
                return False if item.mask & beside else None
            count = types.get(item.type, 0)
            if item.noun in self._builder.schema.doubtful:
                return 2 * count >= len(nodes)
            return count == len(nodes)
        # A verb such as "borders" does not name a type of things.
        if self._is_verb(item.program):
            return False
        ends = self._builder.knowledge.evaluate(item.program).nodes
        return set(nodes) <= set(ends) if all_of_them else not set(nodes).isdisjoint(ends)

    def _is_verb(self, program: Program) -> bool:
        """Whether a program denotes the heads or tails of a relation that is named by a verb."""
        if not isinstance(program, Having):
            return False
        words = self._builder.schema.relations.get(program.step.relation)
        return words is not None and relation_form(words.name).form in (Form.VERB, Form.PASSIVE)

    def filters(self, part: Derivation) -> Iterator[Derivation]:
        """Intersections of a set with each type or state that a word names."""
        if isinstance(part.program, OfType) or is_value(part.nodes):
            return
        seen = set()
        for item in (*self._builder.question.types, *self._builder.states):
            if item.program in seen or _is_said_already(part.program, item.program):
                continue
            if item.program == part.program:
                continue
            some = item.noun == ROW and self._builder.is_partly(part, item)
            if item.noun in self._builder.schema.doubtful and not some:
                continue
            if item.mask & part.mask and not self._builder.is_partly(part, item):
                continue
            seen.add(item.program)
            yield self._builder.extend(
                Intersection(part.program, item.program), (part,), mask=item.mask,
                features={"filter": 1.0,
                "learnt": self._builder.lexical.predicate(f"t:{item.program}")},
            )  # fmt: skip

    def pairs(self, left: Derivation, right: Derivation) -> Iterator[Derivation]:
        """Unions, intersections and differences of two sets."""
        # Two sets may both use a word for a type, but no other word.
        shared = left.mask & right.mask & ~self._builder.type_words & ~self._builder.light
        if (
            left.operators & right.operators
            or left.names & right.names
            or (shared and not self._is_noun_of_one(shared, left.program, right.program))
        ):
            return
        if left.mention or right.mention:
            yield from self._join_names(left, right)
            yield from self._without(left, right)
            return
        yield from self._join_rows(left, right)
        if left.names and right.names and left.floating + right.floating <= MAX_UNNAMED_STEPS:
            yield self._builder.extend(
                Intersection(left.program, right.program),
                (left, right),
                features={"intersection": 1.0},
            )
        for number, match in enumerate(self._builder.question.operators):
            free = match.kind == "negation" and not (left.operators | right.operators) >> number & 1
            if free and self._is_apart(left, right, match) and self._is_negated(right, match):
                yield self._builder.extend(
                    Difference(left.program, right.program), (left, right), mask=bits(match),
                    operators=1 << number, features={"difference": 1.0},
                )  # fmt: skip

    def _join_rows(self, left: Derivation, right: Derivation) -> Iterator[Derivation]:
        """The union of the rows with one value or another: "hard or very hard" trails."""
        first, other = left.program, right.program
        if not isinstance(first, (Follow, Union)) or not isinstance(other, Follow):
            return
        last = first.right if isinstance(first, Union) else first
        own = dict(right.features)
        values = "rows_of_value" in own and "rows_of_value" in dict(left.features)
        end, start = left.names.bit_length(), lowest(right.names)
        if not values or not isinstance(last, Follow) or last.step != other.step or end > start:
            return
        for number, match in enumerate(self._builder.question.operators):
            between = end <= match.start <= match.end <= start and match.kind == "or"
            if between and self._are_joined(end, start, match):
                del own["rows_of_value"]  # counted once for the union
                yield self._builder.extend(
                    Union(first, other), (left,), mask=bits(match) | right.mask, names=right.names,
                    operators=1 << number, features={**own, "union": 1.0},
                )  # fmt: skip
                return

    def _is_noun_of_one(self, shared: int, left: Program, right: Program) -> bool:
        """Whether a word names a relation to one of two sets, and says what the other one contains.

        In "which altos were soloists in Messiah", altos are among the soloists.
        """
        for item in self._builder.question.types:
            if item.type is None and item.mask == shared and isinstance(item.program, Having):
                relation = (item.program.step.relation,)
                return uses_relation(left, relation) != uses_relation(right, relation)
        return False

    def _is_apart(self, left: Derivation, right: Derivation, match: Match) -> bool:
        """Whether two sets may be the sides of a negation, of which the right one is negated.

        The right set must have words of its own, and no word after the negation may belong to both,
        except a noun for rows after a name that is negated: "not suspension bridges".
        If the right set has no name, the left one may not have a name after the negation.
        """
        common = left.mask & right.mask & ~self._builder.light
        if right.names and lowest(right.names) >= match.end:
            common &= ~joint_mask(item for item in self._builder.question.types if item.noun)
        return bool(
            right.mask & ~left.mask
            and not common >> match.end
            and (right.names or not left.names >> match.end)
        )

    def _is_negated(self, part: Derivation, match: Match) -> bool:
        """Whether a set is the negated one.

        It is if its names follow "not", or if it explains the next content word. For "which moons
        did Herschel not discover" it is the set that Herschel discovered.
        """
        if part.names and lowest(part.names) >= match.start:
            return True
        if (
            isinstance(part.program, Intersection)
            and part.names & span_mask(0, match.start)
            and part.mask >> match.end
        ):
            return False  # "noble gases that Ramsay did not find" are no complement
        if isinstance(part.program, OfType):
            return False
        importance = self._builder.question.importance
        after = next(
            (
                at
                for at in range(match.end, len(importance))
                if importance[at] > MAX_OPTIONAL_WEIGHT
            ),
            -1,
        )
        if after < 0:  # nothing follows, so take the word before: "packages depend on nothing"
            after = next(
                (at for at in reversed(range(match.start)) if importance[at] > MAX_OPTIONAL_WEIGHT),
                -1,
            )
        return after >= 0 and bool(part.mask >> after & 1)

    def _without(self, left: Derivation, right: Derivation) -> Iterator[Derivation]:
        """The difference of a set and what a name after "not" excludes.

        "Who founded Microsoft besides Bill Gates" excludes Bill Gates. "Who borders France but not
        Spain" excludes the neighbours of Spain.
        """
        name = right.mention
        if name is None or left.mention or left.mask & right.mask:
            return
        for number, match in enumerate(self._builder.question.operators):
            is_usable = match.kind == "negation" and not left.operators >> number & 1
            between = span_mask(match.end, max(match.end, name.start))
            if not is_usable or match.end > name.start or self._builder.question.weight(between):
                continue
            for without in self._exclude_name(left, right, match):
                yield self._builder.extend(
                    Difference(left.program, without), (left, right), mask=bits(match),
                    operators=1 << number, features={"difference": 1.0},
                )  # fmt: skip

    def _exclude_name(self, left: Derivation, right: Derivation, match: Match) -> Iterator[Program]:
        """The sets that a name after "not" may exclude.

        They are the entity itself, if it has a type of the set, and the ends of the set's last step
        from the entity. After "besides", and where the types are only nouns for rows, it is the
        entity itself only if it is in the set.
        """
        node = right.nodes[:1]
        if match.generic:
            if node[0] in left.nodes:
                yield right.program
            return
        types = self._builder.knowledge.types
        alike = not types(node).keys().isdisjoint(types(left.nodes[:SAMPLED_NODES]))
        if alike and (self._builder.schema.type_names or node[0] in left.nodes):
            yield right.program
        if (same := _same_step(left.program, right.program)) is not None:
            yield same

    def _are_joined(self, end: int, start: int, match: Match) -> bool:
        """Whether a conjunction directly joins two names: only words of types are between them.

        In "use the dollar and are not in Europe" it does not.

        Args:
            end: Index of the token after the first name.
            start: Index of the first token of the second name.
            match: The conjunction.
        """
        inside = span_mask(end, start) & ~bits(match)
        denied = any(
            item.kind == "negation" and inside >> item.start & 1
            for item in self._builder.question.operators
        )
        return (
            not denied
            and self._builder.question.weight(inside & ~self._builder.type_words)
            <= MAX_OPTIONAL_WEIGHT
        )

    def _join_names(self, left: Derivation, right: Derivation) -> Iterator[Derivation]:
        """The union of one or more names and another name, joined by "and", "or" or a comma."""
        other = right.mention
        if other is None or not (left.mention or is_list_of_names(left.program)):
            return
        end = left.names.bit_length()
        if end > other.start:
            return
        for number, match in enumerate(self._builder.question.operators):
            between = end <= match.start <= match.end <= other.start
            used = left.operators >> number & 1
            if (
                match.kind in ("and", "or")
                and between
                and not used
                and self._are_joined(end, other.start, match)
            ):
                yield self._builder.extend(
                    Union(left.program, right.program), (left, right), mask=bits(match),
                    operators=1 << number, features={"union": 1.0},
                )  # fmt: skip


def _is_said_already(program: Program, kind: Program) -> bool:
    """Whether a set's last step already leads to the set ``kind``: directors by "directed by"."""
    if not isinstance(program, Follow) or not isinstance(kind, Having):
        return False
    return kind.step == Step(program.step.relation, not program.step.forward)


def _same_step(program: Program, name: Program) -> Program | None:
    """The last step of a program, applied to another name; None if it is no step from a name."""
    while isinstance(program, Intersection):
        program = program.left
    if not isinstance(program, Follow) or not isinstance(program.source, Named):
        return None
    return Follow(name, program.step)
