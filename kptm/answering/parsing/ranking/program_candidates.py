"""Candidates: complete programs with all their features, scored by the model."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import log
from typing import TYPE_CHECKING

from kg.programs import Follow, Intersection, Named, parts
from kg.values import ValueKey
from kptm.answering.lexicon.columns.relation_nouns import ROW
from kptm.answering.parsing.kinds import MAX_CHECKED_ANSWERS as COMPARED
from kptm.answering.parsing.model import NONE
from kptm.answering.parsing.programs.bases import THINGS
from kptm.answering.parsing.programs.beam_search import BEAM_WIDTH, Search
from kptm.answering.parsing.programs.builder import is_list_of_names
from kptm.answering.parsing.programs.program_grammar import Grammar
from kptm.answering.parsing.question.appositions import beside_names
from kptm.answering.parsing.question.articles import asks_for_example
from kptm.answering.parsing.ranking.asked_for import asked_features, asked_places
from kptm.answering.parsing.ranking.program_features import (
    edges,
    predicates,
    question_words,
    skeleton,
)
from kptm.answering.parsing.ranking.unused_words import (
    echoes,
    is_condition_unused,
    is_torn,
    unused_names,
    unused_relations,
    unused_types,
)
from kptm.answering.parsing.ranking.vacuous import count_vacuous, is_other_implicit
from kptm.answering.parsing.ranking.word_explanations import explain_words
from kptm.answering.parsing.rows.people_of_rows import PeopleOfRows

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from kg.programs import Program
    from kptm.answering.parsing.derivation import Derivation
    from kptm.answering.parsing.kinds import AnswerKinds
    from kptm.answering.parsing.knowledge import Knowledge
    from kptm.answering.parsing.model import Lexical, ReadingModel
    from kptm.answering.parsing.question.question import Question
    from kptm.answering.parsing.question.schema_words import Schema

MAX_CANDIDATES = 150
"""The most candidates that are returned."""
UNNAMED_ROWS_DOUBT, NAMED_ROWS_DOUBT = 0.2, 0.8
"""How doubtful it is that an unknown noun stands for the only rows to which no relation leads, if
these have no noun, and if they have one by their file.
"""
SAMPLED_ANSWERS = 20
"""The most answers whose types are read."""
MISSED = (
    "count", "superlative", "comparison", "negation", "and", "or", "both", "difference", "number",
    "time", "ordinal", "sum", "mean", "yesno", "having", "lacking",
)  # fmt: skip
"""Kinds of operators for which a program has a feature "unused_…" if it does not use them."""


@dataclass(frozen=True, slots=True)
class ProgramCandidate:
    """A candidate program of a question.

    Attributes:
        derivation: The program, with the tokens that it explains.
        features: Its dense features.
        predicates: Its predicates, which have learnt weights with words.
        words: The words of the question that are paired with the predicates.
        score: The score of the model: the logarithm of its unnormalised probability.
    """

    derivation: Derivation
    features: Mapping[str, float]
    predicates: tuple[str, ...]
    words: Sequence[str]
    score: float


def candidates(
    question: Question,
    model: ReadingModel,
    schema: Schema,
    knowledge: Knowledge,
    kinds: AnswerKinds,
    *,
    floating: int = 1,
    beam: int = BEAM_WIDTH,
) -> list[ProgramCandidate]:
    """The candidate programs of a question, best first.

    Args:
        question: The question.
        model: The model that scores them.
        schema: The words of relations and types.
        knowledge: Cached queries to the graph.
        kinds: Looks up the kinds of answers.
        floating: The most steps of a program that no word of the question names.
        beam: The beam width: partial programs kept per size.
    """
    lexical = model.lexical(question)
    people = PeopleOfRows(question, knowledge, kinds, schema)
    grammar = Grammar(question, knowledge, lexical, schema, people, floating=floating)
    scorer = _Scorer(question, lexical, knowledge, kinds, people)
    best: dict[Program, ProgramCandidate] = {}
    for derivation in Search(grammar, knowledge, beam=beam).derivations():
        candidate = scorer.score(derivation)
        better = best.get(derivation.program)
        if better is None or candidate.score > better.score:
            best[derivation.program] = candidate
    best_candidates = sorted(best.values(), key=_order)[:MAX_CANDIDATES]
    return sorted(scorer.compare_with_asked_for(best_candidates, schema), key=_order)


class _Scorer:
    """Scores the derivations of one question.

    Args:
        question: The question.
        lexical: The model's weights for this question.
        knowledge: Cached queries to the graph.
        kinds: Looks up the kinds of answers.
        people: Finds the people of rows.
    """

    def __init__(
        self,
        question: Question,
        lexical: Lexical,
        knowledge: Knowledge,
        kinds: AnswerKinds,
        people: PeopleOfRows,
    ) -> None:
        self._question = question
        self._lexical = lexical
        self._knowledge = knowledge
        self._kinds = kinds
        self._people = people
        self._any_one = question.language == "en" and asks_for_example(question.tokens)
        self._words: dict[int, list[str]] = {}

    def score(self, derivation: Derivation) -> ProgramCandidate:
        """Score a derivation, and let it explain words that only a complete program does."""
        question, program = self._question, derivation.program
        described = explain_words(question, derivation, self._knowledge, self._kinds)
        features = _features(question, derivation, self._knowledge)
        if self._any_one:
            features.pop("several", None)
        if described:
            features["described"] = float(described.bit_count())
        if derivation.names not in self._words:
            self._words[derivation.names] = question_words(question, derivation.names)
        words = self._words[derivation.names]
        terms = (
            *predicates(program),
            *edges(program),
            skeleton(program),
            *_senses(derivation, self._knowledge),
        )
        score = self._lexical.score(features.items()) + self._lexical.words(terms, words)
        return ProgramCandidate(derivation, features, terms, words, score)

    def compare_with_asked_for(
        self, candidates: Iterable[ProgramCandidate], schema: Schema
    ) -> Iterator[ProgramCandidate]:
        """Add the features that tell whether candidates denote what the question asks for."""
        question, candidates = self._question, list(candidates)
        # One query reads the kinds of all answers.
        self._kinds.of(
            node
            for item in candidates
            for node in (item.derivation.nodes or item.derivation.counted)[:COMPARED]
        )
        places: list[int] = []
        if not question.asks_of_subject():
            places = asked_places(question, beside_names(question, self._knowledge))
        nouns = [question.tokens[at].stem for at in places]
        is_any_thing = bool(places) and question.tokens[places[0]].folded in THINGS
        named = (
            question.relations.named_at(places[0]) if places and not is_any_thing else frozenset()
        )
        for item in candidates:
            focus = "focus" in item.features
            own = asked_features(
                question, item.derivation, nouns, named, self._kinds, schema, focus=focus
            )
            if self._people.step_to(item.derivation.nodes) is not None:
                own["no_person"] = 1.0
            yield _with(item, own, self._lexical)


def _with(item: ProgramCandidate, own: Mapping[str, float], lexical: Lexical) -> ProgramCandidate:
    """Add features to a candidate, and update its score."""
    if not own:
        return item
    more = lexical.score(own.items())
    return replace(item, features={**item.features, **own}, score=item.score + more)


def _order(item: ProgramCandidate) -> tuple[float, int, str]:
    return -item.score, item.derivation.size, str(item.derivation.program)


def _senses(derivation: Derivation, knowledge: Knowledge) -> list[str]:
    """Predicates "@type" for the types of named entities, so that words can choose a sense."""
    named = [
        key
        for part in parts(derivation.program)
        if isinstance(part, Named)
        for key in part.keys
        if not isinstance(key, ValueKey)
    ]
    return [f"@{kind}" for kind in sorted(knowledge.types(named))] if named else []


def _features(question: Question, derivation: Derivation, knowledge: Knowledge) -> dict[str, float]:
    """The features of a complete program."""
    features: dict[str, float] = {}
    for name, value in derivation.features:
        features[name] = features.get(name, 0.0) + value
    features.pop("learnt", None)  # computed again for the complete program
    features["uncovered"] = question.weight(~derivation.mask)
    for number, match in enumerate(question.operators):
        bits = (1 << match.end) - (1 << match.start)
        unused = not derivation.operators >> number & 1 and not bits & derivation.mask
        if match.kind == "sum" and "count" in features:
            continue  # a count explains the "altogether" of "how many are there altogether"
        if match.kind in MISSED and unused:
            features[f"unused_{match.kind}"] = 1.0
    features["floating_uncovered"] = min(derivation.floating, 1) * features["uncovered"]
    rows = next((item for item in question.types if item.noun == ROW), None)
    if rows is not None and rows.mask & derivation.mask:
        known = knowledge.types(knowledge.evaluate(rows.program).nodes[:SAMPLED_ANSWERS]).keys()
        features["other_rows"] = (
            NAMED_ROWS_DOUBT if known - knowledge.doubtful_nouns else UNNAMED_ROWS_DOUBT
        )
    features["other_noun"] = float(_is_other_noun(question, derivation, knowledge))
    features["unused_name"] = float(unused_names(question, derivation.mask))
    features["unused_condition"] = float(is_condition_unused(question, derivation.mask))
    features["unknown_word"] = float((question.unknown & ~derivation.mask).bit_count())
    unexplained_names = question.named_place & ~derivation.mask
    features["lost_name"] = float(unexplained_names.bit_count())
    features["nameless"] = float(bool(unexplained_names) and not derivation.names)
    features["torn_name"] = float(is_torn(question, derivation))
    features["unused_relation"] = float(unused_relations(question, derivation.mask))
    features["unused_type"] = float(unused_types(question, derivation.mask))
    features["empty"] = float(
        not derivation.nodes and derivation.number is None and derivation.truth is None
    )
    named = {
        key for item in parts(derivation.program) if isinstance(item, Named) for key in item.keys
    }
    # The answer may be a name in the question if it offers a choice: "is Yale or Brown older".
    chosen = "either" in features or ("union" in features and "superlative" in features)
    features["itself"] = float(
        bool(derivation.size and derivation.nodes)
        and named.issuperset(derivation.nodes)
        and not chosen
    )
    features["other_implicit"] = float(
        "implicit" in features and is_other_implicit(derivation.program)
    )
    names_alone = is_list_of_names(derivation.program) or _are_filtered_names(
        question, derivation.program
    )
    features["only_names"] = float(names_alone and not chosen)
    features["several"] = log(len(derivation.nodes)) if derivation.nodes else 0.0
    features["bare"] = float(derivation.size == 0)
    features["vacuous"] = float(
        count_vacuous(derivation.program, knowledge) + echoes(question, derivation, named)
    )
    focus = _has_focus(question, derivation, knowledge)
    if focus is not None:
        features["focus" if focus else "other_focus"] = 1.0
        features["mixed"] = float(focus and _is_mixed(question, derivation, knowledge))
    return {name: value for name, value in features.items() if value}


def _are_filtered_names(question: Question, program: Program) -> bool:
    """Whether a program only filters names, but nothing asks which: "moons of Mars or Pluto"."""
    asks = any(item.kind in ("ask", "yesno", "superlative") for item in question.operators)
    return not asks and isinstance(program, Intersection) and is_list_of_names(program.left)


def _is_other_noun(question: Question, derivation: Derivation, knowledge: Knowledge) -> bool:
    """Whether the question asks for a noun that the graph does not know, so not for these answers.

    This can be said if the answers have types, which are then other types, or if no word names the
    step to them: "the river of Osaka" does not ask for just any fact about Osaka.
    """
    nodes = derivation.nodes or derivation.counted
    if not question.unknown_noun & ~derivation.mask or not nodes:
        return False
    if (
        derivation.floating
        and isinstance(derivation.program, Follow)
        and derivation.program.step.forward
    ):
        return True
    return bool(knowledge.types(nodes[:SAMPLED_ANSWERS]))


def _is_mixed(question: Question, derivation: Derivation, knowledge: Knowledge) -> bool:
    """Whether only some answers are of a type in the question: not only moons orbit Saturn."""
    sample = (derivation.nodes or derivation.counted)[:SAMPLED_ANSWERS]
    types = knowledge.types(sample)
    return any(item.type and 0 < types.get(item.type, 0) < len(sample) for item in question.types)


def _has_focus(question: Question, derivation: Derivation, knowledge: Knowledge) -> bool | None:
    """Whether answers have the type that the question's first noun names; None if undecided."""
    nodes = derivation.nodes or derivation.counted
    beside = beside_names(question, knowledge)
    # A noun for rows stays a type even if it is also a mention: "which teacher".
    inside = set(parts(derivation.program))
    kinds = sum(item.mask for item in question.types if item.noun and item.program in inside)
    named = (beside | derivation.names) & ~kinds
    first = next((item for item in question.types if item.type and not item.mask & named), None)
    question_word = question.question_word(derivation.names)
    if (
        not nodes
        or first is None
        or (question_word and question_word.answer in ("date", "value", "kind"))
    ):
        return None
    if question_word and question_word.answer == "place" and first.start >= question_word.end:
        return None  # "where is the maker" does not ask for a maker
    if question.asks_of_subject():
        return None
    asked = question_word.end if question_word else first.start
    degree = any(x.kind == "superlative" and x.start == asked for x in question.operators)
    if asked < first.start and question.relations.own >> asked & 1 and not degree:
        return None  # "what bed is the plant in" does not ask for a plant
    places = asked_places(question, beside)[:1]
    if places and places[0] < first.start and question.relations.mask >> places[0] & 1:
        return None  # "what country is the player from" does not ask for a player
    before = question.relations.mask >> max(0, first.start - 3) & 1
    if _belongs(question, first.start) and (
        before or (question_word and question_word.answer == "person")
    ):
        return None  # "the phone of the owner" does not ask for an owner
    names = [item.start for item in question.mentions if item.mask & derivation.names]
    if names and min(names) < first.start:
        return None
    types = knowledge.types(nodes[:SAMPLED_ANSWERS])
    # A doubtful noun may describe more than its rows: companies that only publish games.
    sure = first.noun is not None and first.noun not in knowledge.doubtful_nouns
    is_known = bool(types) or sure or isinstance(nodes[0], ValueKey)
    return first.type in types if is_known else None


def _belongs(question: Question, at: int) -> bool:
    """Whether "of the" precedes a noun: "the boss of the club" is no club."""
    return at > 1 and [token.folded for token in question.tokens[at - 2 : at]] == ["of", "the"]


def none_features(question: Question) -> dict[str, float]:
    """The features of "no candidate is meant": a constant, and counts of names and operators."""
    mask, names = 0, 0
    for mention in question.mentions:
        if mention.kind in ("label", "alias", "people") and not mention.mask & mask:
            if question.weight(mention.mask):
                names += 1
            mask |= mention.mask
    operators = {
        item.kind
        for item in question.operators
        if item.kind in MISSED and item.kind not in ("number", "time")
    }
    return {
        NONE: 1.0,
        "none_names": float(max(names - 1, 0)),
        "none_operators": float(len(operators)),
    }


def unique(items: Iterable[ProgramCandidate]) -> list[tuple[object, list[ProgramCandidate]]]:
    """Group candidates by denotation, as (denotation, candidates), in the order of the first."""
    by_denotation: dict[object, list[ProgramCandidate]] = {}
    for item in items:
        by_denotation.setdefault(item.derivation.denotation, []).append(item)
    return list(by_denotation.items())
