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
    "uncovered": -1.1,
    "prior": 0.7,
    "mention_label": 1.1,
    "mention_alias": 0.4,
    "mention_part": -0.6,
    "mention_people": 0.4,
    "mention_slip": -1.0,
    "mention_value": -0.2,
    "exact": 0.4,
    "length": 0.2,
    "within": -1.8,
    "function": -4.0,
    "type": -2.4,
    "range": -3.6,
    "whole_range": 1.8,
    "only_names": -3.0,
    "other_implicit": -2.0,
    "no_person": -1.2,
    "state": -1.5,
    "implicit": -1.8,
    "everything": -2.4,
    "count_of_one": -0.9,
    "name": 1.6,
    "named_fully": 0.4,
    "more": -0.3,
    "floating": 0.7,
    "remembered": 1.0,
    "same_kind": -2.0,
    "shared": 2.0,
    "choice": -1.0,
    "operator": -2.6,
    "hops": -2.4,
    "backward": -0.4,
    "encoder": 0.8,
    "similar": 0.5,
    "side": 0.7,
    "other_side": -2.8,
    "learnt": 1.0,
    "agrees": 0.6,
    "filter": 0.3,
    "intersection": -0.3,
    "difference": 1.0,
    "union": -0.2,
    "having": -1.9,
    "both": 0.5,
    "both_said": 2.1,
    "lacking": -3.3,
    "agrees_everything": 0.3,
    "other_rows": -1.8,
    "either": 1.0,
    "superlative": -1.0,
    "comparison": 0.0,
    "unit_assumed": -0.5,
    "during": 0.5,
    "within_time": -0.2,
    "label_kind": 1.1,
    "other_label_kind": -1.5,
    "counted": -0.3,
    "counted_type": 0.6,
    "counted_back": 1.2,
    "counted_members": 1.5,
    "measure_name": 1.3,
    "measure_hint": 1.9,
    "measure_floating": -1.4,
    "far": -3.5,
    "far_name": 0.2,
    "count": -0.1,
    "aggregate": 1.2,
    "exists": -0.8,
    "there": 1.8,
    "yesno": 0.4,
    "holds": 0.3,
    "unlike": -4.1,
    "subtract": 0.2,
    "unused_count": -3.7,
    "unused_superlative": -2.5,
    "unused_comparison": -2.0,
    "unused_negation": -2.8,
    "unused_and": 0.0,
    "unused_or": -1.6,
    "unused_both": -1.0,
    "unused_difference": -2.3,
    "unused_number": -0.4,
    "unused_time": -1.4,
    "unused_ordinal": -1.9,
    "unused_sum": -2.0,
    "unused_mean": -2.0,
    "unused_yesno": -2.5,
    "unused_having": -1.0,
    "unused_lacking": -2.0,
    "floating_uncovered": -0.2,
    "other_noun": -2.2,
    "unused_name": -0.8,
    "unused_condition": -2.0,
    "unknown_word": -0.5,
    "lost_name": -0.6,
    "turned": -3.0,
    "mixed": -1.2,
    "nameless": -2.2,
    "torn_name": -2.5,
    "unused_relation": -1.2,
    "weak": -0.9,
    "unused_type": -0.9,
    "uncounted": -2.5,
    "headless": -1.4,
    "contrary": -3.3,
    "empty": -8.2,
    "several": -0.1,
    "itself": -1.5,
    "kind": 0.4,
    "classifies": 1.8,
    "no_date": -4.1,
    "other_kind": -2.4,
    "focus": 0.2,
    "other_focus": -1.5,
    "noun": 1.4,
    "described": 0.5,
    "bare": 0.1,
    "gap": -0.4,
    "near_base": 0.7,
    "other_base": 0.4,
    "near_measure": 1.4,
    "none_names": -0.4,
    "none_operators": -0.1,
    "threshold": 0.3,
    "sense_name": 0.3,
    "namesakes": 4.2,
    "vacuous": -3.5,
    "asked": 0.8,
    "other_asked": -1.2,
    "other_measure": -1.0,
    NONE: -1.5,
}
"""The default weights of the dense features.

:mod:`kptm.answering.parsing.program_candidates` and :mod:`kptm.answering.parsing.asked_for` compute
the features of complete programs, and the rules in ``programs/`` those of single operations.
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
        found = 0
        for at, word in enumerate(self._words):
            if word in words:
                found |= 1 << at
        return found
