"""From the words of a question to the path of relations that it asks for, learnt from answered questions.

Softmax regression (a maximum entropy model: Berger et al. 1996, equation 10) over runs of one to three words, stems, runs of letters and the types of
what is asked about, its name replaced by a slot: "who acted in the films directed by _" asks for (directed by, back), (starred actors, forth).
The path () is that of names from which no path leads to what is asked for: of all names where the graph has no answer.
"""

from __future__ import annotations

import json
import re
import warnings
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from kg.files.atomic import write_text
from kg.types import Step
from kptm.answering.words import STOP, question_words, stem
from kptm.errors import ConfigError
from kptm.linking.text import fold

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    Steps = tuple[Step, ...]

STEM, TYPE, LETTERS = "~", "@", "#"
SLOT = "_"
"""What stands for the name asked about."""
LONGEST, RUN = 3, 5
"""Words and letters of a run."""
VERSION = 3
PLAIN = 0.1
"""How much an unknown word counts that stands in a question whatever it asks for."""
MANY, RARE = 100, 1
"""From so many questions on, what no more than one of them has is left out."""
LITTLE = 0.01
"""Of a question; a word that no more than this much of one said is not kept."""
INVERSE_PENALTY = 10.0
ROUNDS = 200
_TOKEN = re.compile(r"_|[^\W_]+")


@dataclass(frozen=True, slots=True)
class Example:
    """A question with its slot, a path that explains its answers or (), how much that is believed, and the types of what stood in the slot."""

    question: str
    path: Steps
    weight: float = 1.0
    types: tuple[str, ...] = ()


def masked(question: str, start: int, end: int) -> str:
    """The question with a slot for the name at ``start`` to ``end``."""
    before, after = question[:start].replace(SLOT, " "), question[end:].replace(SLOT, " ")
    return f"{before} {SLOT} {after}"


def tokens(question: str) -> list[str]:
    """Folded words, and the slot."""
    return _TOKEN.findall(fold(question))


def features(question: str, types: Iterable[str] = ()) -> set[str]:
    """What is looked at.

    Runs of words with an edge at both ends; the stems of words that say something, and their letters, so that "governed" is like
    "government"; and the types of what is asked about.
    """
    said = tokens(question)
    words = ["<", *said, ">"]
    runs = {
        " ".join(words[at : at + length])
        for length in range(1, LONGEST + 1)
        for at in range(len(words) - length + 1)
    }
    telling = [word for word in said if word != SLOT and word not in STOP]
    letters = {
        f"{LETTERS}{edged[at : at + RUN]}"
        for edged in (f"<{word}>" for word in telling)
        for at in range(len(edged) - RUN + 1)
    }
    stems = {f"{STEM}{stem(word)}" for word in telling}
    return runs | stems | letters | {f"{TYPE}{kind}" for kind in types}


class PathClassifier:
    """p(path | question) over the paths that were learnt.

    Args:
        paths: The paths.
        rows: The row of each feature in ``weights``.
        weights: (features + 1, paths), in nats; the last row is the bias.
        said: By relation, in how many questions that ask for it alone each stem is.
    """

    def __init__(
        self,
        paths: Sequence[Steps],
        rows: dict[str, int],
        weights: NDArray[np.float32],
        said: Mapping[str, Mapping[str, float]],
    ) -> None:
        self.paths = list(paths)
        self.relations = frozenset(step.relation for path in self.paths for step in path)
        self.said = said
        self._rows = rows
        self._weights = weights

    @classmethod
    def empty(cls) -> PathClassifier:
        """One that knows no path."""
        return cls([], {}, np.zeros((1, 0), np.float32), {})

    @classmethod
    def fit(cls, examples: Sequence[Example]) -> PathClassifier:
        """Fit by scikit-learn's L-BFGS; what only one of many questions has is left out.

        The same examples give the same classifier, in whichever order.
        """
        total = sum(item.weight for item in examples)
        least = 0.0 if total < MANY else RARE
        weight: Counter[Steps] = Counter()
        for item in examples:
            weight[item.path] += item.weight  # type: ignore[assignment]
        paths = sorted(path for path, mass in weight.items() if mass > least)
        examples = [item for item in examples if weight[item.path] > least]
        found = [features(item.question, item.types) for item in examples]
        counts: Counter[str] = Counter()
        for item, has in zip(examples, found, strict=True):
            counts.update(dict.fromkeys(has, item.weight))
        kept = sorted(feature for feature, count in counts.items() if count > least)
        rows = {feature: row for row, feature in enumerate(kept)}
        weights = np.zeros((len(rows) + 1, len(paths)), np.float32)
        if len(paths) > 1:
            weights = _fitted([sorted(rows[f] for f in has if f in rows) for has in found],
                              examples, paths, len(rows))  # fmt: skip
        return cls(paths, rows, weights, _said(examples))

    def score(self, question: str, types: Iterable[str] = ()) -> list[tuple[Steps, float]]:
        """The paths with p, best first, for a question with its slot, and the types of what it is about."""
        if not self.paths:
            return []
        here = [
            row
            for feature in sorted(features(question, types))
            if (row := self._rows.get(feature)) is not None
        ]
        logits = self._weights[[*here, -1]].sum(0, dtype=np.float64)
        p = np.exp(logits - logits.max())
        p /= p.sum()
        order = np.argsort(-p, kind="stable")
        return [(self.paths[at], float(p[at])) for at in order.tolist()]

    def known(self, question: str) -> float:
        """The share of the question's words that were learnt from, between 0 and 1."""
        words = [word for word in tokens(question) if word != SLOT]
        mass = {word: PLAIN if word in STOP else 1.0 for word in words}
        total = sum(mass.values())
        learnt = sum(
            m for word, m in mass.items() if word in self._rows or STEM + stem(word) in self._rows
        )
        return learnt / total if total else 0.0

    def has_stem(self, word: str) -> bool:
        """Whether a question that was learnt from has a word of this stem."""
        return STEM + word in self._rows

    def save(self, path: Path) -> None:
        """Write JSON: of each feature the weights that matter."""
        table = {
            feature: {str(at): round(float(w), 4) for at, w in enumerate(self._weights[row]) if abs(w) >= 0.01}
            for feature, row in self._rows.items()
        }  # fmt: skip
        value = {
            "version": VERSION,
            "paths": [[list(step) for step in steps] for steps in self.paths],
            "bias": [round(float(w), 4) for w in self._weights[-1]],
            "features": table,
            "said": self.said,
        }
        write_text(path, json.dumps(value, ensure_ascii=False) + "\n")

    @classmethod
    def load(cls, path: Path) -> PathClassifier:
        """Read what :meth:`save` wrote; one that knows no path where there is no file.

        Raises:
            ConfigError: The file is malformed.
        """
        if not path.exists():
            return cls.empty()
        try:
            value: Any = json.loads(path.read_text(encoding="utf-8"))
            if value["version"] != VERSION:
                raise ValueError(f"version {value['version']}")
            paths = [tuple(Step(str(r), bool(f)) for r, f in steps) for steps in value["paths"]]
            weights = np.zeros((len(value["features"]) + 1, len(paths)), np.float32)
            weights[-1] = value["bias"]
            rows = {}
            for row, (feature, entries) in enumerate(value["features"].items()):
                rows[feature] = row
                weights[row, [int(at) for at in entries]] = list(entries.values())
            said = {
                str(relation): {str(word): float(count) for word, count in words.items()}
                for relation, words in value["said"].items()
            }
        except (OSError, ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
            raise ConfigError(f"{path}: malformed ({error}); remove it and learn again") from error
        return cls(paths, rows, weights, said)


def _fitted(
    found: Sequence[Sequence[int]], examples: Sequence[Example], paths: Sequence[Steps], width: int
) -> NDArray[np.float32]:
    from scipy.sparse import csr_matrix
    from sklearn.linear_model import LogisticRegression

    at = {path: number for number, path in enumerate(paths)}
    ends = np.cumsum([0, *map(len, found)])
    columns = np.fromiter((row for has in found for row in has), np.int64, int(ends[-1]))
    data = csr_matrix((np.ones(len(columns)), columns, ends), shape=(len(found), width))
    model = LogisticRegression(C=INVERSE_PENALTY, max_iter=ROUNDS, tol=1e-3)
    with warnings.catch_warnings():
        # Many paths of few questions are what there is, no numbers in disguise.
        warnings.filterwarnings("ignore", "The number of unique classes", UserWarning)
        model.fit(data, [at[item.path] for item in examples], [item.weight for item in examples])
    coefficients, bias = model.coef_, model.intercept_
    if len(paths) == 2:  # scikit-learn keeps the difference alone
        coefficients = np.concatenate([-coefficients / 2, coefficients / 2])
        bias = np.concatenate([-bias / 2, bias / 2])
    return np.concatenate([coefficients.T, bias[None]]).astype(np.float32)


def _said(examples: Iterable[Example]) -> dict[str, dict[str, float]]:
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for item in examples:
        if len(item.path) == 1:
            words = set(question_words(item.question))
            found[item.path[0].relation].update(dict.fromkeys(words, item.weight))
    return {
        relation: {
            word: round(count, 4) for word, count in sorted(words.items()) if count >= LITTLE
        }
        for relation, words in sorted(found.items())
    }


def merged(examples: Iterable[Example]) -> list[Example]:
    """Equal examples as one, with the sum of their weights, in a fixed order."""
    total: Counter[tuple[str, Steps, tuple[str, ...]]] = Counter()
    for item in examples:
        total[item.question, item.path, item.types] += item.weight  # type: ignore[assignment]
    return [
        Example(question, path, float(weight), types)
        for (question, path, types), weight in sorted(total.items())
    ]
