"""The reading model: a log-linear model over the candidate programs of a question.

    p(z | q) = exp(w · φ(q, z)) / Σ_z' exp(w · φ(q, z'))

z' ranges over the candidates and the case that none of them is meant. The features φ are of two
kinds. The weights of dense features ship with the package and apply to any graph. The weights of
sparse features, which are pairs of a word and a predicate, are learnt from answered questions over
one graph (Berant et al. 2013, section 3.2; Liang, Jordan and Klein 2011).
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from itertools import chain
from math import isfinite
from typing import TYPE_CHECKING, Any

from kg.files.atomic import write_text
from kg.types import Step
from kptm.answering.parsing.similarity.question_map import QuestionMap
from kptm.answering.parsing.training.thresholds import Threshold
from kptm.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from kptm.answering.parsing.question.question import Question

NONE = "none"
"""The feature of the case that no candidate is meant."""
VERSION = 1
"""The version of the file format."""

DEFAULT: dict[str, float] = {
    "uncovered": -1.1,  # the weight of unexplained tokens
    "prior": 0.7,  # log p(entity | span)
    "mention_label": 1.1,  # the mention is a label
    "mention_alias": 0.4,  # the mention is an alias
    "mention_part": -0.6,  # the mention is a part of a name
    "mention_people": 0.4,  # the mention is an inflected name: "Australian"
    "mention_slip": -1.0,  # the mention is a misspelt name
    "only_number": -0.3,  # the step leads to the only number, and the question asks for a sum
    "mention_number": 0.0,  # the mention is the number of a thing: "204" for "Room 204"
    "mention_value": -0.2,  # the mention is a value
    "exact": 0.4,  # the mention is written exactly as in the graph
    "length": 0.2,  # the words of the mention beyond the first, at most 3
    "within": -1.8,  # a longer name contains the mention
    "part_is_noun": -1.0,  # the part of a name is a noun for rows: "station" of "Central Station"
    "function": -4.0,  # the mention has only function words, and is not exact
    "type": -2.4,  # the base is a type
    "range": -3.6,  # the base is the set of a relation's tails
    "whole_range": 1.8,  # the question asks for all tails of a relation
    "only_names": -3.0,  # the program is only a list of names
    "other_implicit": -2.0,  # entities are chosen by one relation and measured by another
    "no_person": -1.2,  # "who", but no answer is known as a person
    "state": -1.5,  # the base is the set of an adjective: "alive"
    "rows_of_value": -2.1,  # the base is the set of the rows with a value: "the diesel"
    "implicit": -1.8,  # the base is a set that no word names
    "everything": -2.4,  # the base is the set of the main relation's heads
    "event": -0.9,  # the base is the rows of which a verb is said, and their only date
    "count_of_unsaid": -2.0,  # the count of one node, to which no word leads
    "count_of_one": -0.9,  # the count of one node
    "name": 1.6,  # the share of the relation's name in the question
    "named_fully": 0.4,  # the question has the whole name of the relation
    "more": -0.3,  # further words that match the relation
    "floating": 0.7,  # no word names the step
    "remembered": 1.0,  # no word names the step, but it belongs to a remembered path
    "same_kind": -2.0,  # the step's word only names a type of the set
    "shared": 2.0,  # the step leads back by "the same"
    "choice": -1.0,  # log of the number of steps or measures that are as plausible
    "operator": -2.6,  # all tokens of the mention are operators
    "hops": -2.4,  # steps
    "backward": -0.4,  # the step leads from tail to head
    "encoder": 0.8,  # the similarity of the step, relative to the best
    "similar": 0.5,  # the step is among the most similar
    "side": 0.7,  # the name is on the side where the step starts
    "other_side": -2.8,  # the name is on the other side
    "learnt": 1.0,  # the learnt weight of the predicate
    "agrees": 0.6,  # a word names a type that the nodes have
    "filter": 0.3,  # the intersection with a type
    "intersection": -0.3,  # the intersection of sets of two names
    "difference": 1.0,  # the difference of two sets
    "union": -0.2,  # the union of names
    "having": -1.9,  # the base is a set of a relation, for a negation
    "both": 0.5,  # the intersection of one step from two names
    "both_said": 2.1,  # the same, in a question with "both"
    "lacking": -3.3,  # the superlative of names, some of which have no value
    "agrees_everything": 0.3,  # an unknown noun stands for the main relation's heads
    "other_rows": -1.8,  # an unknown noun is used; 1.3 if rows are of several kinds
    "either": 1.0,  # the answer is one of the names: "a lake or a river"
    "superlative": -1.0,  # a superlative
    "comparison": 0.0,  # a comparison with a number or a value
    "unit_assumed": -0.5,  # plain numbers are taken to have the question's unit
    "during": 0.5,  # the step at a stated time
    "within_time": -0.2,  # a date is within a stated time
    "label_kind": 1.1,  # the relation's name fits the question word
    "other_label_kind": -1.5,  # the relation's name contradicts the question word
    "counted": -0.3,  # the measure is a count, or "how many" asks for a value
    "totalled": 0.0,  # the measure adds up a number of a group's members
    "counted_type": 0.6,  # the measure counts nodes of a type in the question
    "counted_back": 1.2,  # the measure counts the set's own relation
    "counted_members": 1.5,  # the measure counts members
    "measure_name": 1.3,  # the share of the measure's name in the question
    "measure_hint": 1.9,  # how strongly the operator suggests the measure
    "measure_floating": -1.4,  # no word names or suggests the measure
    "far": -3.5,  # the measure has two steps
    "far_name": 0.2,  # the share of the first step's name in the question
    "count": -0.1,  # a count
    "aggregate": 1.2,  # a sum or mean
    "exists": -0.8,  # whether a set is not empty
    "there": 1.8,  # the same, in a question with "there" or "any"
    "yesno": 0.4,  # whether a name is in a set
    "holds": 0.3,  # the name is in the set
    "unlike": -4.1,  # how implausible it is that the name is in the set
    "subtract": 0.2,  # the difference of two values
    "unused_count": -3.7,  # "how many" is unused
    "unused_superlative": -2.5,  # "largest" is unused
    "unused_comparison": -2.0,  # "more than" is unused
    "unused_negation": -2.8,  # "not" is unused
    "unused_and": 0.0,  # "and" is unused
    "unused_or": -1.6,  # "or" is unused
    "unused_both": -1.0,  # "both" is unused
    "unused_difference": -2.3,  # "how much longer" is unused
    "unused_number": -0.4,  # a number is unused
    "unused_time": -1.4,  # "in 1995" is unused
    "unused_ordinal": -3.0,  # "second" is unused
    "unused_sum": -2.0,  # "total" is unused
    "unused_mean": -2.0,  # "average" is unused
    "unused_yesno": -2.5,  # "is" or "does" is unused
    "unused_having": -1.0,  # "dead" is unused
    "unused_lacking": -2.0,  # "alive" is unused
    "floating_uncovered": -0.2,  # "uncovered", if no word names a step
    "other_noun": -2.2,  # the question asks for a noun that the graph does not know
    "unused_name": -0.8,  # unused names
    "unused_condition": -2.0,  # an unused adjective of a place
    "unknown_word": -0.5,  # unexplained words that the graph does not know
    "lost_name": -0.6,  # such words where a name is expected
    "turned": -3.0,  # "is A a child of B" is read as whether B is a child of A
    "mixed": -1.2,  # only some answers are of a type in the question
    "nameless": -2.2,  # "lost_name", and the program has no name
    "torn_name": -2.5,  # a mention seems to be a piece of a longer name
    "unused_relation": -1.2,  # unused words of relations
    "weak": -0.9,  # only a small share of the relation's name is in the question
    "unused_type": -0.9,  # unused types
    "uncounted": -2.5,  # the noun after "how many" does not describe what is counted
    "headless": -1.4,  # the relation's head noun is not in the question
    "contrary": -3.3,  # the superlative of the relation's name is not in the question
    "empty": -8.2,  # the denotation is empty
    "several": -0.1,  # log of the number of answers
    "itself": -1.5,  # the answers are names in the question
    "kind": 0.4,  # the answers are of the kind that is asked for
    "classifies": 1.8,  # "what kind of", and the relation leads to classes
    "no_date": -4.1,  # "when" without a date, or "who" or "where" with a value
    "other_kind": -2.4,  # the answers are of another kind
    "focus": 0.2,  # the answers have the type that the noun names
    "other_focus": -1.5,  # the answers have another type
    "noun": 1.4,  # the share of answers described by the noun that is asked for
    "described": 0.5,  # words from the description of a named entity
    "bare": 0.1,  # the program has no operation
    "gap": -0.4,  # the weight of unexplained tokens between explained ones
    "near_base": 0.7,  # the noun beside a superlative names the set
    "other_base": 0.4,  # the noun beside a superlative names another set
    "near_measure": 1.4,  # the word after a superlative names the measure
    "none_names": -0.4,  # no candidate is meant: names beyond the first
    "none_operators": -0.1,  # no candidate is meant: operators
    "threshold": 0.3,  # a learnt threshold of a word
    "sense_name": 0.3,  # a second name decides the sense of a name
    "namesakes": 4.2,  # all entities of a name
    "vacuous": -3.5,  # operations without effect
    "asked": 0.8,  # the noun that is asked for names the last relation
    "other_asked": -1.2,  # the noun that is asked for names another relation
    "other_measure": -1.0,  # the word after a superlative names another measure
    NONE: -1.5,  # no candidate is meant
}
"""The default weights of the dense features; the comments say when a feature is 1, or its value.

Those of complete programs are computed in ``ranking/``, those of single operations by the rules
in ``programs/``.
"""
WITH_ENCODER: dict[str, float] = {NONE: -1.8}
"""The default weights that are different if a sentence encoder is used."""


@dataclass(frozen=True, slots=True)
class ReadingModel:
    """The weights of the model.

    Attributes:
        dense: The weights of dense features.
        learnt: By predicate: the weight of each word.
        explains: By predicate: the words that it explains.
        count: The number of questions on which the model was trained.
        thresholds: The learnt thresholds of words such as "major".
        question_map: A linear map of question vectors, if the model was trained with an encoder.
        paths: The paths from a name that answered several training questions.
    """

    dense: Mapping[str, float] = field(default_factory=lambda: dict(DEFAULT))
    learnt: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    explains: Mapping[str, frozenset[str]] = field(default_factory=dict)
    count: int = 0
    thresholds: tuple[Threshold, ...] = ()
    question_map: QuestionMap | None = None
    paths: tuple[tuple[Step, ...], ...] = ()

    @classmethod
    def untaught(cls, *, encoder: bool = False) -> ReadingModel:
        """The weights that ship with the package, for use with or without a sentence encoder."""
        return cls(DEFAULT | WITH_ENCODER if encoder else dict(DEFAULT))

    def to_dict(self) -> dict[str, Any]:
        """The model as a JSON value."""
        return {
            "version": VERSION,
            "dense": dict(self.dense),
            "learnt": {name: dict(words) for name, words in self.learnt.items()},
            "explains": {name: sorted(words) for name, words in self.explains.items()},
            "count": self.count,
            "thresholds": [asdict(item) for item in self.thresholds],
            "question_map": None if self.question_map is None else self.question_map.to_dict(),
            "paths": [[[step.relation, step.forward] for step in path] for path in self.paths],
        }

    @classmethod
    def from_dict(cls, value: Any) -> ReadingModel:
        """Read the mapping that :meth:`to_dict` returned.

        Raises:
            ValueError: The version is not supported, or a weight is not a finite number.
        """
        if value["version"] != VERSION:
            raise ValueError(f"version {value['version']} instead of {VERSION}")
        dense = {str(name): float(weight) for name, weight in value["dense"].items()}
        learnt = {
            str(name): {str(word): float(weight) for word, weight in words.items()}
            for name, words in value["learnt"].items()
        }
        if not all(
            map(isfinite, chain(dense.values(), *(words.values() for words in learnt.values())))
        ):
            raise ValueError("weights must be finite")
        explains = {
            str(name): frozenset(map(str, words)) for name, words in value["explains"].items()
        }
        thresholds = tuple(Threshold(**item) for item in value.get("thresholds", ()))
        mapped = value.get("question_map")
        question_map = None if mapped is None else QuestionMap.from_dict(mapped)
        paths = tuple(
            tuple(Step(str(relation), bool(forward)) for relation, forward in path)
            for path in value.get("paths", ())
        )
        count = int(value["count"])
        return cls(DEFAULT | dense, learnt, explains, count, thresholds, question_map, paths)

    def save(self, path: Path) -> None:
        """Write the model to a JSON file."""
        write_text(path, json.dumps(self.to_dict(), ensure_ascii=False) + "\n")

    @classmethod
    def load(cls, path: Path) -> ReadingModel:
        """Read the file that :meth:`save` wrote; if it does not exist, return the default model.

        Raises:
            ConfigError: The file is malformed, or its version is not supported.
        """
        if not path.exists():
            return cls()
        try:
            return cls.from_dict(json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise ConfigError(
                f"{path}: nothing learnt there that can be read ({error});"
                " delete it and learn again"
            ) from error

    def lexical(self, question: Question) -> Lexical:
        """The weights for one question."""
        return Lexical(self, question)


class Lexical:
    """The weights of a model, applied to one question.

    Attributes:
        cover: The gain in score for an explained token of weight 1.
        speaks: A step is tried without a matching word if its learnt weight is above this.
        thresholds: By stem: the learnt thresholds of words such as "major".
        paths: The paths from a name that answered several training questions.
    """

    def __init__(self, model: ReadingModel, question: Question) -> None:
        self._dense = {**DEFAULT, **model.dense}
        self._model = model
        self.cover = -model.dense["uncovered"]
        self.speaks = 0.3
        self.paths = model.paths
        self._words = [token.stem for token in question.tokens]
        self._cache: dict[str, float] = {}
        self.thresholds: dict[str, list[Threshold]] = {}
        for item in model.thresholds:
            self.thresholds.setdefault(item.word, []).append(item)
        self._encoded = question.encoded
        self._similar: Mapping[Step, float] | None = None

    def behind(self, step: Step) -> float | None:
        """The similarity of a step to the question minus that of the best step; at most 0.

        It is in standard deviations over all steps; None without an encoder.
        """
        if self._encoded is None:
            return None
        if self._similar is None:
            self._similar = self._encoded.behind(self._model.question_map)
        return self._similar.get(step)

    def score(self, features: Iterable[tuple[str, float]]) -> float:
        """The weighted sum of features."""
        weights = self._dense
        return sum(weights.get(name, 0.0) * value for name, value in features)

    def predicate(self, name: str) -> float:
        """The sum of the learnt weights of the question's words for a predicate."""
        if not self._model.learnt:
            return 0.0
        if name not in self._cache:
            own = self._model.learnt.get(name)
            self._cache[name] = sum(own.get(word, 0.0) for word in self._words) if own else 0.0
        return self._cache[name]

    def words(self, predicates: Sequence[str], words: Sequence[str]) -> float:
        """The sum of the learnt weights of all pairs of a predicate and a word."""
        total = 0.0
        for name in predicates:
            own = self._model.learnt.get(name)
            if own:
                total += sum(own.get(word, 0.0) for word in words) + own.get("", 0.0)
        return total

    def mask(self, name: str) -> int:
        """Bit mask of the tokens that a predicate has learnt to explain."""
        words = self._model.explains.get(name)
        if not words:
            return 0
        mask = 0
        for at, word in enumerate(self._words):
            if word in words:
                mask |= 1 << at
        return mask
