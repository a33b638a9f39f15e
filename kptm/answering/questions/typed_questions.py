"""Turns a typed question into a path with its answers, an evaluated program, or a refusal."""

from __future__ import annotations

from dataclasses import replace
from math import exp
from typing import TYPE_CHECKING

from kg.programs import Aggregate, Intersection, Named, parts, readable
from kg.types import Candidate as Meaning
from kptm.answering.answer import Answer
from kptm.answering.answer_parts import NearReading
from kptm.answering.deciding import Case, Evaluated
from kptm.answering.parsing.programs.adjective_states import may_have
from kptm.answering.parsing.question.appositions import common_nouns
from kptm.answering.parsing.ranking.asked_for import asks_for_one, head_noun
from kptm.answering.questions.answer_order import order_answers
from kptm.answering.questions.bare_names import Describer, is_bare
from kptm.answering.questions.naming import RelationNames, unknown_names
from kptm.answering.questions.path_reading import Reading, path_from_name
from kptm.answering.questions.silent_readings import is_back, is_empty, is_guess, is_turned
from kptm.answering.questions.word_meanings import meanings, used_mentions
from kptm.answering.sentences.names import ProgramNames
from kptm.answering.sources.source import GRAPH
from kptm.linking import Link, LinkedText

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from kg.graph import KnowledgeGraph
    from kg.programs import Period
    from kptm.answering.parsing.derivation import Derivation
    from kptm.answering.parsing.parser import Parse, ParsedQuestion, QuestionParser
    from kptm.answering.parsing.question.question import Question
    from kptm.answering.parsing.question.question_spans import Mention

FIRST_ANSWER_RATE = 0.75
"""The rate at which the first of several answers is right if one is wanted (on WebQuestions)."""
MAX_SHOWN_READINGS = 3
"""The maximum number of readings that are shown for a refused question."""
MIN_SHOWN_P = 0.02
"""The minimum p of a reading that is shown, except for the best one."""
MAX_OTHER_READINGS = 8
"""The number of further readings that may show other senses of a name."""


class TypedQuestions:
    """Parses questions in words and clozes, and chooses a reading.

    Args:
        graph: The graph.
        parser: Parses questions into programs.
    """

    def __init__(self, graph: KnowledgeGraph, parser: QuestionParser) -> None:
        self._graph = graph
        self._parser = parser
        self._describer = Describer(graph)
        self._relations = RelationNames(graph)

    def understand(
        self, text: str, chosen: Collection[str], min_score: float, at: Period | None = None
    ) -> Case | Evaluated | Answer:
        """Parse a question and choose its best reading.

        Args:
            text: The question.
            chosen: The sources to ask.
            min_score: The minimum probability of a program, summed over the senses of a name; with
                less the question is refused.
            at: The period for a question that states none.
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
        derivation = best.derivation
        if question.count_overlooked(derivation.mask, derivation.operators):
            return self._refusal(text, parsed)
        if (nothing := self._joint(parsed, best)) is not None:
            best, derivation = nothing, nothing.derivation
        else:
            best = order_answers(best, parsed.parses[1:], self._parser.knowledge)
            derivation = best.derivation
        if at is not None:
            derivation = self._parser.at_time(derivation, at)
        if path_from_name(derivation.program) is not None:
            return self._case(text, question, best, parsed.parses[1:], chosen)
        document = _document(question, used_mentions(question, derivation))
        left = question.unexplained_words(derivation.mask)
        worth = _worth(question, best)
        return Evaluated(text, document, derivation, worth, left, meanings(question, derivation))

    def _case(
        self,
        text: str,
        question: Question,
        best: Parse,
        others: Sequence[Parse],
        chosen: Collection[str],
    ) -> Case:
        """The case of a question whose program is a path from a name."""
        derivation = best.derivation
        paths = [
            item for item in others[:MAX_OTHER_READINGS] if path_from_name(item.derivation.program)
        ]
        return Case(
            text,
            [self._reading(question, item) for item in (best, *paths)],
            _document(question, used_mentions(question, derivation)),
            derivation.nodes if GRAPH in chosen else (),
            program=derivation.program,
            meanings=meanings(question, derivation),
        )

    def _silent(self, parsed: ParsedQuestion, min_score: float) -> Parse | None:
        """The reading without an answer that is better than the best reading, or None.

        The parser ranks readings without an answer low, because most questions are about facts in
        the graph. A reading without an answer that explains every word is preferred if no reading
        with an answer is likely, or if the best reading contradicts the word order or follows a
        relation that no word names.
        """
        question = parsed.question
        best = parsed.parses[0] if parsed.parses else None
        missed = exp(-self._parser.model.dense["empty"])
        known = {id(item): item.p * (missed if is_empty(item) else 1.0) for item in parsed.parses}
        total = sum(known.values()) + parsed.none
        for item in parsed.parses:
            derivation = item.derivation
            explains = not derivation.floating and not question.unexplained_words(derivation.mask)
            back = any(is_back(x.derivation, derivation) for x in parsed.parses if not is_empty(x))
            explains &= "side" in dict(derivation.features) or not back
            p = known[id(item)] / total
            if (
                not explains
                or p < min_score
                or not is_empty(item)
                or not path_from_name(derivation.program)
            ):
                continue
            if (
                best is None
                or best.p < min_score
                or (
                    is_guess(question, best.derivation, derivation)
                    and not self._adds_up_rows(best.derivation, derivation)
                    and self._may_be_missing(best.derivation, derivation)
                )
            ):
                return replace(item, p=p)
            if is_turned(best.derivation, derivation):
                return replace(item, p=p)
        return None

    def _adds_up_rows(self, best: Derivation, silent: Derivation) -> bool:
        """Whether a reading adds up what belongs to a name that has no facts itself.

        In a table of universities, "total students in Japan" is not about a property of Japan.
        """
        silent_path = path_from_name(silent.program)
        if (
            silent_path is None
            or not isinstance(best.program, Aggregate)
            or not silent_path[1][0].forward
        ):
            return False
        return not any(step.forward for step in self._parser.knowledge.steps((silent_path[0],)))

    def _may_be_missing(self, best: Derivation, silent: Derivation) -> bool:
        """Whether a reading is about a fact that things of the name's kind have.

        If only sites have a county, "the county of the turbine" is that of its site, and the
        districts of a railway line are those of its stations. The Euro has no facts of its own, so
        "the capital of the Euro" is none of the capitals of countries with the Euro.
        """
        knowledge = self._parser.knowledge
        silent_path, best_path = path_from_name(silent.program), path_from_name(best.program)
        if silent_path is None or best_path is None or not knowledge.row_kinds:
            return True
        has_facts = any(step.forward for step in knowledge.steps((best_path[0],)))
        forward = all(step.forward for step in best_path[1])
        if not silent_path[1][0].forward or not (forward or has_facts):
            return True
        return may_have(silent_path[0], silent_path[1][0].relation, knowledge)

    def _joint(self, parsed: ParsedQuestion, best: Parse) -> Parse | None:
        """The reading with two conditions that no entity fulfils, if the best reading ignores one.

        "Which Asian countries border Germany" has no answer, but the best reading lists every
        country that borders Germany.
        """
        question, derivation = parsed.question, best.derivation
        if not question.unexplained_words(derivation.mask):
            return None
        missed = exp(-self._parser.model.dense["empty"])
        # "Which city did" asks for a city and not for a film called "City".
        noun = head_noun(question) | common_nouns(question, derivation.names)
        for item in parsed.parses:
            other = item.derivation
            if (
                is_empty(item)
                and isinstance(other.program, Intersection)
                and derivation.names & other.names == derivation.names
                and other.names & ~derivation.names & ~noun
                and not question.unexplained_words(other.mask)
                and item.p * missed > best.p
            ):
                return item
        return None

    def link_brackets(self, question: Question) -> LinkedText:
        """The question with a link for the name in square brackets, which the user has marked."""
        return _document(question, [x for x in question.mentions if x.mask == question.marked][:1])

    def _reading(self, question: Question, parse: Parse) -> Reading:
        """The reading of a parse whose program is a path."""
        derivation = parse.derivation
        entity_and_path = path_from_name(derivation.program)
        assert entity_and_path is not None  # noqa: S101 - only paths are given
        entity, path = entity_and_path
        mention = next(
            (x for x in question.mentions if x.node == entity and x.mask & derivation.names), None
        )
        return Reading(
            entity=entity,
            path=path,
            link_score=1.0 if mention is None else mention.prior,
            answers=derivation.nodes,
            score=parse.p,
            scores=(_worth(question, parse),) * len(derivation.nodes),
            unexplained=question.unexplained_words(derivation.mask),
        )

    # ── refusals ─────────────────────────────────────────────────────────────────────────────

    def _refusal(self, text: str, parsed: ParsedQuestion) -> Answer:
        """The refusal of a question, with the reason and the most probable readings."""
        question = parsed.question
        if all(item.kind == "slip" for item in question.mentions) and not any(
            item.type for item in question.types
        ):
            names = ", ".join(map(repr, unknown_names(question.text)))
            reason = "no name in the question is in the graph" + (f": {names}" if names else "")
            return Answer(question=text, reason=reason, why="name")
        near = [
            item
            for item in parsed.parses[:MAX_SHOWN_READINGS]
            if item.p >= MIN_SHOWN_P or item is parsed.parses[0]
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
    """The mention of a question that is only a name; None for other questions."""
    whole = [item for item in question.mentions if item.kind in ("label", "alias", "part")]
    if not whole:
        return None
    best = max(whole, key=lambda item: (item.end - item.start, item.exact, item.prior))
    document = _document(question, [best])
    return best if is_bare(document) else None


def _document(question: Question, mentions: Sequence[Mention]) -> LinkedText:
    """The question with a link for each mention, with all candidates of its span."""
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


def _path_probability(parsed: ParsedQuestion, best: Parse) -> float:
    """The probability of the best reading's path, summed over the entities with the same name.

    Two films are called "The Manchurian Candidate". A question for its genre is understood even if
    it is unclear which film is meant. It is answered for the likelier film, with the p of that
    film, and the other film is shown as another sense.
    """
    entity_and_path = path_from_name(best.derivation.program)
    whole = [
        item
        for item in used_mentions(parsed.question, best.derivation)
        if item.kind in ("label", "alias")
    ]
    if entity_and_path is None or not whole:  # only a part of a name, which too many entities share
        return best.p
    same = (item for item in parsed.parses if item.derivation.names == best.derivation.names)
    paths = ((path_from_name(item.derivation.program), item.p) for item in same)
    return sum(p for path, p in paths if path is not None and path[1] == entity_and_path[1])


def _worth(question: Question, parse: Parse) -> float:
    """The probability that the first answer is the wanted one."""
    several = len(parse.derivation.nodes) > 1 and asks_for_one(question, parse.derivation.names)
    return parse.p * (FIRST_ANSWER_RATE if several else 1.0)


def _topic(derivation: Derivation) -> str:
    return next((item.keys[0] for item in parts(derivation.program) if isinstance(item, Named)), "")
