"""Which words of a question a reading explains, and what it is worth that it leaves others."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kptm.answering.words import STOP, stem
from kptm.linking.text import fold

if TYPE_CHECKING:
    from collections.abc import Collection

_WORD = re.compile(r"[^\W\d_]+")
FILLERS = frozenset(
    "please tell give show list find me us my i we they he she you your all any some called call known people person "
    "thing things many much about s t whats whos wheres let know want would could should will world".split()
)
"""Words that ask for nothing in particular."""


COMMON = 5
"""Letters that two stems of one word begin with."""
LEAST = 0.4
"""What a fact is worth as an answer, of 1, where the question's words say nothing of its relation."""


def worth(clear: float) -> float:
    """What a reading's answers are worth by how clearly it is said, between :data:`LEAST` and 1."""
    return LEAST + (1 - LEAST) * clear


def telling_words(text: str) -> dict[str, str]:
    """The words of a text that say something, in their order: as they are written, by their stems."""
    found: dict[str, str] = {}
    for word in _WORD.findall(text):
        plain = fold(word)
        if plain not in STOP and plain not in FILLERS:
            found.setdefault(stem(plain), word)
    return found


def is_like(one: str, other: str) -> bool:
    """Whether two stems are most likely of one word: "discov" and "discovery"."""
    return len(one) >= COMMON and one[:COMMON] == other[:COMMON]


def clarity(
    words: Collection[str],
    unexplained: Collection[str],
    name: Collection[str],
    said: Collection[str],
) -> float:
    """How completely a question and a relation's name say each other, between 0 and 1.

    Args:
        words: The stems of the question's telling words, without its name.
        unexplained: Those of them that the reading does not explain.
        name: The stems of the relation's name.
        said: Those stems of the question by which the relation was found.
    """
    if not words:
        return 0.0
    explained = 1 - len(set(unexplained)) / len(words)
    common = set(name) & set(said)
    # A relation that was found by another of its names, or by a phrasing, needs none of these words.
    complete = len(common) / len(name) if common else 1.0
    return explained * (1 + complete) / 2
