"""Finds the content words of a question, and stems English words."""

from __future__ import annotations

import re
from functools import lru_cache

from kptm.answering.lexicon.synonyms import irregular_base
from kptm.data.phrasings import HEAD, TAIL
from kptm.linking.text.char_classes import fold

_WORD = re.compile(r"[^\W\d_]+")
STOP = frozenset(
    "a an the of in on at to by for from with as is are was were be been do does did has have had"
    " it its this that which what "
    "who whom whose where when how and or name names can you may one there not".split()
)
"""Stop words: words that occur in questions of any content."""
_ENDINGS = ("ies", "ied", "ier", "ing", "ed", "er", "or", "en", "es", "s", "e")
_PLURALS = ("ies", "es", "s")
_OF_Y = ("ies", "ied", "ier")
"""Endings for which "y" stands in the base: "cities", "married", "carrier"."""
_SHORT = ("ies", "ied", "ier", "ing", "ed", "or", "s")
"""Endings that may leave a stem of only three letters: "actor", "cities"."""
_WITHOUT_E = re.compile(r"[^aeiou][aeiouy][^aeiouwxy]")
"""A stem that has lost its "e": "bak" of "baked". Others double the last letter: "planned"."""
_ONLY_D = re.compile(r"(?:[aeiouy][a-z]|[a-z][aiouy])ed")
"""A word of which only "d" is the ending: "used", "died"; not "shed" or "need"."""


def question_words(text: str) -> list[str]:
    """The stems of the content words of a question, folded."""
    words = map(fold, _WORD.findall(text.replace(HEAD, " ").replace(TAIL, " ")))
    return [stem(word) for word in words if word not in STOP]


@lru_cache(maxsize=65_536)
def stem(word: str) -> str:
    """The stem of an English word: "acted", "actor" and "acts" have the same stem.

    Irregular forms have that of their base: "fought" and "fight".

    A plural ending is cut first, then at most two other endings, so that "engineers" has the same
    stem as "engineer". Short verbs keep their "e": "baked", "baking" and "bakes" are "bake".
    """
    word = irregular_base(word)
    if _ONLY_D.fullmatch(word):
        return word[:-1]
    word = _cut(word, _PLURALS)
    for _ in range(2):
        shorter = _cut(word, _ENDINGS)
        if word in (f"{shorter}ed", f"{shorter}ing") and _WITHOUT_E.fullmatch(shorter):
            return f"{shorter}e"
        word = shorter
    if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "aeiouls":
        return word[:-1]  # "starred", "written"
    return word


def _cut(word: str, endings: tuple[str, ...]) -> str:
    """Cut the first of the endings that fits, if enough letters are left.

    The "s" of "ss" is not an ending, so that "cross" and "crossed" have the same stem.
    """
    for ending in endings:
        length = len(word) - len(ending)
        short = ending in _SHORT or (ending == "es" and word.endswith("xes"))  # "boxes"
        if ending == "s" and word.endswith("ss"):
            continue
        if length >= (3 if short else 4) and word.endswith(ending):
            return word[:length] + ("y" if ending in _OF_Y else "")
    return word
