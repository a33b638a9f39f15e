"""From a typed question to a decision: a case, an evaluated program, or a refusal."""

from __future__ import annotations

from dataclasses import replace
from math import exp
from typing import TYPE_CHECKING

from kg.programs import Follow, Intersection, Named, OfType, parts, readable
from kg.types import Candidate as Meaning
from kg.types import Step
from kg.values import ValueKey
from kptm.answering.answer import Answer
from kptm.answering.answer_parts import NearReading, WordMeaning
from kptm.answering.deciding import Case, Evaluated
from kptm.answering.parsing.asked_for import asked_places, asks_for_one, head_noun
from kptm.answering.parsing.question.appositions import common_nouns
from kptm.answering.questions.bare_names import Describer, is_bare
from kptm.answering.questions.naming import RelationNames, unknown_names
from kptm.answering.questions.path_reading import Reading
from kptm.answering.sentences.names import ProgramNames, steps_of
from kptm.answering.sources.source import GRAPH
from kptm.linking import Link, LinkedText

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from kg.graph import KnowledgeGraph
    from kg.programs import Period, Program
    from kptm.answering.parsing.derivation import Derivation
    from kptm.answering.parsing.parser import Parse, ParsedQuestion, QuestionParser
    from kptm.answering.parsing.question.question import Question
    from kptm.answering.parsing.question.question_spans import Mention

FIRST = 0.75
"""How often the first of several answers is right if one is asked for (WebQuestions)."""
NEAR = 3
"""Readings of a refused question that are shown."""
LIKELY = 0.02
"""p from which on a reading is shown."""
OTHERS = 8
"""Readings of other senses that are looked at."""


class TypedQuestions:
    """Understands questions in words, and sentences with a blank.

    Args:
        graph: The facts.
        parser: Finds the programs that a question may ask for.
    """

    def __init__(self, graph: KnowledgeGraph, parser: QuestionParser) -> None:
        self._graph = graph
        self._parser = parser
        self._describer = Describer(graph)
        self._relations = RelationNames(graph)

    def understand(
        self, text: str, chosen: Collection[str], min_score: float, at: Period | None = None
    ) -> Case | Evaluated | Answer:
        """What a question asks for.

        Args:
            text: The question.
            chosen: The sources that are asked.
            min_score: The probability below which no program is taken to be meant, in whatever
                sense of a name.
            at: The time that is asked about, where the question says none.
        """
        parsed = self._parser.parse(text)
        question = parsed.question
        best = parsed.parses[0] if parsed.parses else None
        silent = self._silent(parsed, min_score)
        if silent is not None:
            return self._case(text, question, silent, parsed.parses, chosen)
        if best is None or _path_probability(parsed, best) < min_score:
            named = _bare_mention(question)
            if named is not None:
                return self._describer.answer(_document(question, [named]))
            return self._refusal(text, parsed)
        made = best.derivation
        if question.count_overlooked(made.mask, made.operators):
            return self._refusal(text, parsed)
        if (nothing := self._joint(parsed, best)) is not None:
            best, made = nothing, nothing.derivation
        if at is not None:
            made = self._parser.at_time(made, at)
        if _path(made.program) is not None:
            return self._case(text, question, best, parsed.parses[1:], chosen)
        document = _document(question, _mentions(question, made))
        left = question.unexplained_words(made.mask)
        worth = _worth(question, best)
        return Evaluated(text, document, made, worth, left, meanings(question, made))

    def _case(
        self,
        text: str,
        question: Question,
        best: Parse,
        others: Sequence[Parse],
        chosen: Collection[str],
    ) -> Case:
        """The case of a question that asks for a path from a name."""
        made = best.derivation
        paths = [item for item in others[:OTHERS] if _path(item.derivation.program)]
        return Case(
            text,
            [self._reading(question, item) for item in (best, *paths)],
            _document(question, _mentions(question, made)),
            made.nodes if GRAPH in chosen else (),
            program=made.program,
            meanings=meanings(question, made),
        )

    def _silent(self, parsed: ParsedQuestion, min_score: float) -> Parse | None:
        """The reading that explains all of a question without a fact, if no answered one is meant.

        That a reading has no answer speaks against it, since graphs are asked about what they know.
        It is meant all the same where nothing else is, or where an answer is only found the other
        way round or by a step that no word says.
        """
        question = parsed.question
        best = parsed.parses[0] if parsed.parses else None
        missed = exp(-self._parser.model.dense["empty"])
        known = {id(item): item.p * (missed if _is_empty(item) else 1.0) for item in parsed.parses}
        total = sum(known.values()) + parsed.none
        for item in parsed.parses:
            made = item.derivation
            explains = not made.floating and not question.unexplained_words(made.mask)
            back = any(_is_back(x.derivation, made) for x in parsed.parses if not _is_empty(x))
            explains &= "side" in dict(made.features) or not back
            p = known[id(item)] / total
            if not explains or p < min_score or not _is_empty(item) or not _path(made.program):
                continue
            if best is None or best.p < min_score or _is_guess(question, best.derivation, made):
                return replace(item, p=p)
            if _is_turned(best.derivation, made):
                return replace(item, p=p)
        return None

    def _joint(self, parsed: ParsedQuestion, best: Parse) -> Parse | None:
        """The reading of two unmet conditions, if the best leaves a name of it unexplained.

        "Which Asian countries border Germany" asks for none of those that border Germany.
        """
        question, made = parsed.question, best.derivation
        if not question.unexplained_words(made.mask):
            return None
        missed = exp(-self._parser.model.dense["empty"])
        # "Which city did" asks for a city, not for what has to do with a film of that name.
        noun = head_noun(question) | common_nouns(question, made.names)
        for item in parsed.parses:
            other = item.derivation
            if (
                _is_empty(item)
                and isinstance(other.program, Intersection)
                and made.names & other.names == made.names
                and other.names & ~made.names & ~noun
                and not question.unexplained_words(other.mask)
                and item.p * missed > best.p
            ):
                return item
        return None

    def link_brackets(self, question: Question) -> LinkedText:
        """A question with the name that stands in brackets."""
        return _document(question, [x for x in question.mentions if x.mask == question.marked][:1])

    def _reading(self, question: Question, parse: Parse) -> Reading:
        made = parse.derivation
        found = _path(made.program)
        assert found is not None  # noqa: S101 - only paths are given
        entity, path = found
        mention = next(
            (x for x in question.mentions if x.node == entity and x.mask & made.names), None
        )
        return Reading(
            entity=entity,
            path=path,
            link_score=1.0 if mention is None else mention.prior,
            answers=made.nodes,
            score=parse.p,
            scores=(_worth(question, parse),) * len(made.nodes),
            unexplained=question.unexplained_words(made.mask),
        )

    # ── refusals ─────────────────────────────────────────────────────────────────────────────

    def _refusal(self, text: str, parsed: ParsedQuestion) -> Answer:
        """Why a question is not answered, with what it may have meant."""
        question = parsed.question
        if all(item.kind == "slip" for item in question.mentions) and not any(
            item.type for item in question.types
        ):
            names = ", ".join(map(repr, unknown_names(question.text)))
            reason = "no name in the question is in the graph" + (f": {names}" if names else "")
            return Answer(question=text, reason=reason, why="name")
        near = [
            item for item in parsed.parses[:NEAR] if item.p >= LIKELY or item is parsed.parses[0]
        ]
        readings = tuple(
            NearReading(
                item.derivation.program, item.p, question.unexplained_words(item.derivation.mask)
            )
            for item in near
        )
        topic = _topic(near[0].derivation) if near else ""
        best = near[0].derivation if near else None
        overlooked = question.count_overlooked(best.mask, best.operators) if best else 0
        if best is None or (best.floating and not best.operators and not overlooked):
            words = question.unexplained_words(best.names if best else 0)
            shown = f": {', '.join(map(repr, words))}" if words else ""
            reason = f"nothing in the question is a relation the graph knows{shown}"
            return Answer(
                question=text, reason=reason, why="relation", topic=topic, readings=readings
            )
        expression = readable(
            best.program, ProgramNames(self._graph, self._relations, [best.program]).label
        )
        left = question.unexplained_words(best.mask, overlooked)
        if left:
            shown = ", ".join(map(repr, left))
            reason = f"I understood {expression}, but not {shown}"
            return Answer(
                question=text, reason=reason, why="words", topic=topic, readings=readings,
                unexplained=left
            )  # fmt: skip
        reason = (
            f"the question was hardly understood; the best reading, {expression}, has p ="
            f" {near[0].p:.2f}"
        )
        return Answer(question=text, reason=reason, why="doubt", topic=topic, readings=readings)


def _bare_mention(question: Question) -> Mention | None:
    """The name of a question that is a name and no more."""
    whole = [item for item in question.mentions if item.kind in ("label", "alias", "part")]
    if not whole:
        return None
    best = max(whole, key=lambda item: (item.end - item.start, item.exact, item.prior))
    document = _document(question, [best])
    return best if is_bare(document) else None


def _document(question: Question, mentions: Sequence[Mention]) -> LinkedText:
    """The question with links for some mentions, each with what else it may mean."""
    links: list[Link] = []
    for mention in sorted(mentions):
        start, end = question.tokens[mention.start].start, question.tokens[mention.end - 1].end
        if links and links[-1].end > start:
            continue
        others = tuple(
            Meaning(item.node, item.prior)
            for item in question.mentions
            if (item.start, item.end) == (mention.start, mention.end)
        )
        surface = question.text[start:end]
        links.append(Link(start, end, surface, mention.node, mention.prior, others))
    return LinkedText(question.text, tuple(links))


def _mentions(question: Question, made: Derivation) -> list[Mention]:
    """The mentions of the nodes that a program names."""
    named = {key for item in parts(made.program) if isinstance(item, Named) for key in item.keys}
    return [
        item
        for item in question.mentions
        if item.node in named and item.mask & made.names == item.mask
    ]


def _path(program: Program) -> tuple[str, tuple[Step, ...]] | None:
    """The entity and the steps of a program that is a path from one."""
    steps: list[Step] = []
    while isinstance(program, Follow) and program.during is None:
        steps.append(program.step)
        program = program.source
    if steps and isinstance(program, Named) and len(program.keys) == 1:
        return program.keys[0], tuple(reversed(steps))
    return None


def _path_probability(parsed: ParsedQuestion, best: Parse) -> float:
    """The probability of the best reading's path, from the best entity or a namesake.

    Two films are called "The Manchurian Candidate": that its genre is asked for is plain, though
    not which one's. The likelier one's is the answer, with its own p, and the other sense is shown.
    """
    found = _path(best.derivation.program)
    whole = [
        item
        for item in _mentions(parsed.question, best.derivation)
        if item.kind in ("label", "alias")
    ]
    if found is None or not whole:  # a part of a name is shared by too many
        return best.p
    same = (item for item in parsed.parses if item.derivation.names == best.derivation.names)
    paths = ((_path(item.derivation.program), item.p) for item in same)
    return sum(p for path, p in paths if path is not None and path[1] == found[1])


def _worth(question: Question, parse: Parse) -> float:
    """The probability that the first answer is what is asked for."""
    several = len(parse.derivation.nodes) > 1 and asks_for_one(question, parse.derivation.names)
    return parse.p * (FIRST if several else 1.0)


def _is_guess(question: Question, best: Derivation, silent: Derivation) -> bool:
    """Whether no word says a step that leads to the best reading's answers, nor what they are.

    "Which countries use the Euro" asks for countries, though a relation of cities is called
    "country", too.
    """
    nouns = asked_places(question)[:1] or [0]
    of_type = "agrees" in dict(best.features) and silent.mask & ~silent.names == sum(
        1 << place for place in nouns
    )
    return bool(best.floating) and not of_type


def _is_empty(parse: Parse) -> bool:
    made = parse.derivation
    return not made.nodes and made.number is None and made.truth is None


def _is_back(made: Derivation, other: Derivation) -> bool:
    """Whether a derivation follows the last step of another the other way round."""
    one, two = made.program, other.program
    if not isinstance(one, Follow) or not isinstance(two, Follow) or one.source != two.source:
        return False
    return two.step == Step(one.step.relation, not one.step.forward)


def _is_turned(made: Derivation, other: Derivation) -> bool:
    """Whether a derivation follows a step against the words, and another with them."""
    one, two = made.program, other.program
    if not isinstance(one, Follow) or not isinstance(two, Follow) or one.source != two.source:
        return False
    back = Step(one.step.relation, not one.step.forward)
    said, against = dict(other.features), dict(made.features)
    # "What instrument does he play" asks for what has instrumentalists, whatever the order of the
    # words.
    named = "named_fully" in against and "named_fully" not in said
    return (
        two.step == back
        and "side" in said
        and "other_side" in against
        and not named
        and "learnt" not in against
    )


def _topic(made: Derivation) -> str:
    return next((item.keys[0] for item in parts(made.program) if isinstance(item, Named)), "")


def meanings(question: Question, made: Derivation) -> tuple[WordMeaning, ...]:
    """What the parts of a question were understood as."""
    found = []

    def add(start: int, end: int, kind: str, means: str) -> None:
        first, last = question.tokens[start].start, question.tokens[end - 1].end
        found.append(WordMeaning(first, last, question.text[first:last], kind, means))

    for mention in _mentions(question, made):
        kind = "value" if isinstance(mention.node, ValueKey) else "entity"
        add(mention.start, mention.end, kind, str(mention.node))
    types = {item for item in parts(made.program) if isinstance(item, OfType)}
    for item in question.types:
        if item.program in types and item.mask & made.mask == item.mask:
            add(item.start, item.end, "type", item.program.type)
    said = {step.relation for part in parts(made.program) for step in steps_of(part)}
    for relation in sorted(said):
        mask = question.relations.evidence(relation).mask & made.mask & ~made.names
        while mask:
            at = (mask & -mask).bit_length() - 1
            add(at, at + 1, "relation", relation)
            mask &= mask - 1
    for number, match in enumerate(question.operators):
        if made.operators >> number & 1:
            add(match.start, match.end, "operator", match.kind)
    return tuple(sorted(found, key=lambda item: (item.start, item.end, item.kind)))
