"""The language of a question."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from kg.naming.folding import fold
from kptm.answering.lexicon.data_files import DEGREES
from kptm.answering.lexicon.patterns import expand
from kptm.answering.lexicon.spelling.spelling import Spelling
from kptm.answering.lexicon.synonyms import expand as expand_word
from kptm.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_SCRIPTS = (
    ("ja", re.compile("[\u3041-\u30ff\uff66-\uff9f]")),
    ("zh", re.compile("[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")),
)
"""Scripts that tell a language by one character: names in a question are seldom written in them if its words are not."""
_LETTERS = (("el", re.compile("[\u0370-\u03ff\u1f00-\u1fff]")),)
"""Scripts of languages whose function words decide first: a name may be written in them."""
_FUNCTION, _CONTENT, _NAME = 1.0, 0.6, 0.1
"""The weight of a function word, of a common noun or verb, and of a function word that names have, too."""
_CACHED = 100_000
_RESPELT = 0.5
"""The factor of a word that is found in another spelling only: "due" is "du" where "ue" is "ü"."""


class Detector:
    """Tells languages apart by script, function words and common words.

    Args:
        files: The data files by the codes of the languages.
        default: The language where nothing says which it is.
    """

    def __init__(self, files: Mapping[str, Mapping[str, Any]], default: str) -> None:
        self._default = default
        self._tables: dict[str, tuple[Spelling, dict[str, float]]] = {}
        self._known: dict[str, list[tuple[str, float]]] = {}
        for code, data in files.items():
            try:
                self._tables[code] = _weights_of(data)
            except ConfigError as error:
                raise ConfigError(f"{code}.toml: {error}") from error

    def detect(self, words: Sequence[str]) -> str:
        """The language of words as they were typed; equal scores are the default's, or the first language's."""
        for code, script in _SCRIPTS:
            if code in self._tables and any(script.search(word) for word in words):
                return code
        scores = dict.fromkeys(self._tables, 0.0)
        scores[self._default] = 1e-6
        for code, script in _LETTERS:
            if code in self._tables and any(script.search(word) for word in words):
                scores[code] += 1e-5
        for typed in words:
            for code, weight in self._weights(typed):
                scores[code] += weight
        return max(scores, key=lambda code: scores[code])

    def _weights(self, typed: str) -> list[tuple[str, float]]:
        """What a word says for each language that has it: less, the more languages have it."""
        known = self._known.get(typed)
        if known is None:
            found = [(code, self._weight(code, typed)) for code in self._tables]
            share = sum(weight > 0 for _, weight in found)
            known = [(code, weight / share) for code, weight in found if weight]
            if len(self._known) < _CACHED:
                self._known[typed] = known
        return known

    def _weight(self, code: str, typed: str) -> float:
        spelling, weights = self._tables[code]
        keys = spelling.keys(typed)
        weight = max((weights.get(key, 0.0) for key in keys), default=0.0)
        if not weight and code == self._default:
            # The table of English words is known anyway: it gives the names of relations.
            return _CONTENT if expand_word(typed, code) else 0.0
        return weight if "".join(keys) == fold(typed) else weight * _RESPELT


def _weights_of(data: Mapping[str, Any]) -> tuple[Spelling, dict[str, float]]:
    """How a language writes its words, and what each that it is known by weighs."""
    spelling = Spelling(data)
    numbers, words = data.get("numbers", {}), data["words"]
    measures = [
        {name: entry.get(name, ()) for name in DEGREES} for entry in data.get("measure", ())
    ]
    tables = (numbers.get("words", {}), numbers.get("scales", {}), *measures)
    patterns = [pattern for table in tables for item in table.values() for pattern in item]
    texts = [text for item in patterns for text in expand(item, data.get("groups", {}))]
    weights = dict.fromkeys(spelling.keys(" ".join([words.get("content", ""), *texts])), _CONTENT)
    weights |= dict.fromkeys(spelling.keys(words["function"]), _FUNCTION)
    weights |= dict.fromkeys(spelling.keys(words.get("names", "")), _NAME)
    return spelling, weights
