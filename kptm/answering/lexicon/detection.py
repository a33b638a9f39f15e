"""Detects the language of a question."""

from __future__ import annotations

import json
import re
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from kg.naming.folding import fold
from kptm.answering.lexicon.data_files import DEGREES, languages_of, read_file
from kptm.answering.lexicon.patterns import expand
from kptm.answering.lexicon.spelling.spelling_variants import SPELLING, Spelling
from kptm.answering.lexicon.synonyms import expand as expand_word
from kptm.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_SCRIPTS = (
    ("ja", re.compile("[\u3041-\u30ff\uff66-\uff9f]")),
    ("zh", re.compile("[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")),
)
"""Scripts with which a single character decides the language; names alone rarely use them."""
_LETTERS = (("el", re.compile("[\u0370-\u03ff\u1f00-\u1fff]")),)
"""Scripts that decide only if function words do not, because names may be written in them."""
_FUNCTION_WEIGHT, _CONTENT_WEIGHT, _NAME_WEIGHT = 1.0, 0.6, 0.1
"""The weights of a function word, of a noun or verb, and of a word that also occurs in names."""
_MAX_CACHED_WORDS = 100_000
STORED = "detection.json"
"""The file with the tables, in the folder of the data files."""
_RESPELT_FACTOR = 0.5
"""Factor of the weight of a word that is found only in another spelling.

In German, for example, "due" is also looked up as "dü", which is folded to "du".
"""


class Detector:
    """Detects the language of a question by script, function words and common words.

    Args:
        folder: The folder of the data files.
        default: The language of a question without a known word.

    Raises:
        ConfigError: A data file is invalid.
    """

    def __init__(self, folder: Path, default: str) -> None:
        self._default = default
        self._tables = {
            code: (Spelling(table["spelling"]), table["weights"])
            for code, table in read_tables(folder).items()
        }
        self._known: dict[str, list[tuple[str, float]]] = {}

    def detect(self, words: Sequence[str]) -> str:
        """The language of a question.

        If several languages have the same score, it is the default language or the first.

        Args:
            words: The words of the question, as typed.
        """
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
        """The weight of a word for each language that has it, divided by their number."""
        known = self._known.get(typed)
        if known is None:
            weights = [(code, self._weight(code, typed)) for code in self._tables]
            share = sum(weight > 0 for _, weight in weights)
            known = [(code, weight / share) for code, weight in weights if weight]
            if len(self._known) < _MAX_CACHED_WORDS:
                self._known[typed] = known
        return known

    def _weight(self, code: str, typed: str) -> float:
        spelling, weights = self._tables[code]
        keys = spelling.keys(typed)
        weight = max((weights.get(key, 0.0) for key in keys), default=0.0)
        if not weight and code == self._default:
            # The table of English words is loaded anyway, for the names of relations.
            return _CONTENT_WEIGHT if expand_word(typed, code) else 0.0
        return weight if "".join(keys) == fold(typed) else weight * _RESPELT_FACTOR


def read_tables(folder: Path) -> dict[str, dict[str, Any]]:
    """The spelling and the weights of words, by language.

    The tables are read from ``detection.json``, which ``tools/build_lexicon.py`` writes, because
    building them from the data files takes as long as answering a question. If a data file has
    changed since then, they are built from the data files.

    Raises:
        ConfigError: A data file is invalid.
    """
    hashes = hashes_of(folder)
    try:
        stored = json.loads((folder / STORED).read_text(encoding="utf-8"))
    except FileNotFoundError:
        stored = {}
    if stored.get("files") == hashes:
        tables: dict[str, dict[str, Any]] = stored["tables"]
        return tables
    return make_tables(folder)


def hashes_of(folder: Path) -> dict[str, str]:
    """The SHA-256 of each data file, by language."""
    return {
        code: sha256((folder / f"{code}.toml").read_bytes()).hexdigest()
        for code in languages_of(folder)
    }


def make_tables(folder: Path) -> dict[str, dict[str, Any]]:
    """Build the tables of :func:`read_tables` from the data files.

    Raises:
        ConfigError: A data file is invalid.
    """
    tables = {}
    for code in languages_of(folder):
        data = read_file(folder, code)
        try:
            weights = _weights_of(data)
        except ConfigError as error:
            raise ConfigError(f"{code}.toml: {error}") from error
        spelling = {name: data[name] for name in SPELLING if name in data}
        tables[code] = {"spelling": spelling, "weights": weights}
    return tables


def _weights_of(data: Mapping[str, Any]) -> dict[str, float]:
    """The weight of each word of a language, by which the language is recognised."""
    spelling = Spelling(data)
    numbers, words = data.get("numbers", {}), data["words"]
    measures = [
        {name: entry.get(name, ()) for name in DEGREES} for entry in data.get("measure", ())
    ]
    tables = (numbers.get("words", {}), numbers.get("scales", {}), *measures)
    patterns = [pattern for table in tables for item in table.values() for pattern in item]
    texts = [text for item in patterns for text in expand(item, data.get("groups", {}))]
    weights = dict.fromkeys(
        spelling.keys(" ".join([words.get("content", ""), *texts])), _CONTENT_WEIGHT
    )
    weights |= dict.fromkeys(spelling.keys(words["function"]), _FUNCTION_WEIGHT)
    weights |= dict.fromkeys(spelling.keys(words.get("names", "")), _NAME_WEIGHT)
    return weights
