"""Lists the variants of a word that differ by one edit: it may be a misspelling of any of them.

They are compared with the words that are known: by ``Lexicon.correct`` with those of operators, by
``MentionFinder.find_misspelt`` with names of entities, by ``SaidRelations.add_misspelt`` with names
of relations, and by ``Schema.misspelt_types`` with names of types.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_LETTERS = 24
"""Words with more letters are not corrected, because they have too many variants."""
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


def one_edit(word: str) -> Iterator[str]:
    """Yield all words that one deletion, insertion, substitution or transposition makes of a word.

    These are the edits of Damerau (1964), with the letters a to z.
    """
    if len(word) > MAX_LETTERS:
        return
    cuts = [(word[:at], word[at:]) for at in range(len(word) + 1)]
    variants = {left + right[1:] for left, right in cuts if right}
    variants |= {left + right[1] + right[0] + right[2:] for left, right in cuts if len(right) > 1}
    variants |= {left + letter + right[1:] for left, right in cuts if right for letter in _LETTERS}
    variants |= {left + letter + right for left, right in cuts for letter in _LETTERS}
    yield from sorted(variants - {word})
