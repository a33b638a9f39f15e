"""Legal forms after the name of an organisation: "General Electric Co." is one mention.

A graph has "General Electric", a text writes "General Electric Co."; without this, "Co." is a name
beside the company's, and counts as evidence against it. The legal form also says what kind of thing
is meant: "Amazon Inc." is not the river.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from kptm.linking.index.index_build import key_hashes
from kptm.linking.names.surface_forms import LEGAL_SUFFIXES
from kptm.linking.text.characters import SPACE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kptm.linking.text.passages import FoldedTexts

    Ints = NDArray[np.int64]
    Bools = NDArray[np.bool_]

_MAX_FORMS = 2
"""The maximum number of legal forms after one name: "Co., Ltd."."""


def include_legal_forms(
    passages: FoldedTexts, start: Ints, end: Ints, company: Bools
) -> tuple[Ints, Bools]:
    """Extend the names of organisations over the legal forms after them.

    Args:
        passages: The passages.
        start: R, the start of the name in each match of a name and an entity.
        end: R, its end.
        company: R, whether the entity may be an organisation.

    Returns:
        The new ends, R, and which matches to keep, R. Dropped are the other entities of an extended
        name, and matches within its legal form.
    """
    places, of = np.unique(start, return_inverse=True)
    last = np.zeros(len(places), np.int64)
    np.maximum.at(last, of, end)
    begun = np.zeros(len(places), np.bool_)
    np.logical_or.at(begun, of, company)
    extended = np.where(begun, _after_legal_forms(passages, last), last)
    longer = extended > last
    # The end of the extended name before each match, 0 if there is none.
    before = np.concatenate([[0], np.maximum.accumulate(np.where(longer, extended, 0))])[of]
    return extended[of], (company | ~longer[of]) & (start >= before)


def _after_legal_forms(passages: FoldedTexts, end: Ints) -> Ints:
    """The end of the legal forms after each position; the position itself if there is none."""
    tokens, codes = passages.tokens, passages.folded.codes
    flags = passages.folded.flags
    if not len(tokens.start):
        return end
    for _ in range(_MAX_FORMS):
        comma = codes[np.minimum(end, len(codes) - 1)] == ord(",")
        begin = end + comma + 1
        token = np.minimum(np.searchsorted(tokens.start, begin), len(tokens.start) - 1)
        is_form = (tokens.start[token] == begin) & np.isin(tokens.hash[token], _hashes())
        is_form &= (flags[np.minimum(begin - 1, len(flags) - 1)] & SPACE) != 0
        # "Ltd" has a capital; "plc" and "GmbH" are written so, but "co" or "ag" is another word.
        is_form &= tokens.capital[token] | np.isin(tokens.hash[token], _lowercase())
        is_form &= ~_breaks(passages, begin - 1)
        stop = tokens.end[token]
        # As in the Penn Treebank, "Inc." keeps its full stop at the end of a sentence.
        dot = codes[np.minimum(stop, len(codes) - 1)] == ord(".")
        stop = stop + (dot & np.isin(tokens.hash[token], _abbreviations()))
        end = np.where(is_form, stop, end)
    return end


def _breaks(passages: FoldedTexts, positions: Ints) -> Bools:
    """Whether the space at each position is a line break in the original text."""
    positions = np.minimum(positions, len(passages.folded.places) - 1)
    return passages.original[passages.folded.places[positions]] == ord("\n")


@cache
def _hashes() -> NDArray[np.uint64]:
    return key_hashes(sorted(LEGAL_SUFFIXES))


@cache
def _abbreviations() -> NDArray[np.uint64]:
    return key_hashes(["co", "corp", "inc", "ltd"])


@cache
def _lowercase() -> NDArray[np.uint64]:
    return key_hashes(["plc"])
