"""The language of a question."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kptm.answering.lexicon.tables import Language

_SCRIPTS = (
    ("ja", re.compile("[\u3041-\u30ff\uff66-\uff9f]")),
    ("zh", re.compile("[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")),
)
"""Scripts that tell a language by one character: names in a question are seldom written in them if its words are not."""


class Detector:
    """Tells languages apart by script and function words.

    Args:
        languages: The languages by their codes.
        default: The language where nothing says which it is.
    """

    def __init__(self, languages: Mapping[str, Language], default: str) -> None:
        self.languages = languages
        self.default = default
        self._words: dict[str, list[str]] = {}
        for code, tables in languages.items():
            for word in tables.vocabulary:
                self._words.setdefault(word, []).append(code)

    def detect(self, words: Sequence[tuple[str, str]]) -> str:
        """The language of words, given as typed and folded."""
        for code, script in _SCRIPTS:
            if code in self.languages and any(script.search(word) for word, _ in words):
                return code
        scores = dict.fromkeys(self.languages, 0.0)
        scores[self.default] = 0.01
        for _, folded in words:
            for code in self._codes(folded):
                scores[code] += self._weight(folded)
        return max(scores, key=lambda code: scores[code])

    def _codes(self, folded: str) -> list[str]:
        return [
            code
            for code, tables in self.languages.items()
            if tables.key(folded) in tables.vocabulary
        ]

    def _weight(self, folded: str) -> float:
        return 1 / len(self._codes(folded))
