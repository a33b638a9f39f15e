"""Features from the words beside a name that indicate what kind of thing it refers to.

English writes "the Congo" for the river and "Congo" for the country, "the island of Ireland" for
the island, and "his" after a person.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from kptm.linking.disambiguation.disambiguation_model import BESIDE, KIND_BESIDE, KINDS
from kptm.linking.index.index_build import function_word_hashes, key_hashes
from kptm.linking.index.link_index import find, ranges
from kptm.linking.names.english_lexicon import pronouns
from kptm.linking.names.english_words import tables
from kptm.linking.names.surface_forms import SETTLEMENT, TERRITORY, WATER

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kptm.linking.detection.mention_candidates import Candidates
    from kptm.linking.index.overlay_index import Layers
    from kptm.linking.text.passages import FoldedTexts

    Ints = NDArray[np.int64]
    Bools = NDArray[np.bool_]
    Floats = NDArray[np.float64]

PLACE_KINDS = {"water": WATER, "settlement": SETTLEMENT, "territory": TERRITORY}
"""The bit of each kind of place."""
KIND_CONTEXT = (
    *PLACE_KINDS, *KIND_BESIDE, "person, pronoun",
    "qualified", "described beside",
)  # fmt: skip
"""The features that :func:`kind_context` adds to the ranking."""
WORDS_BEFORE, WORDS_AFTER = 3, 2
"""Words before and after a name that are compared with a description: "the island of Ireland"."""
_RELATIVE = ("who", "whose", "whom")


def of_mention(passages: FoldedTexts, candidates: Candidates, before: NDArray[np.uint64]) -> Any:
    """Features of the words beside M mentions, by name.

    Args:
        passages: The passages.
        candidates: The candidates.
        before: M, the hash of the word directly before each, 0 if there is none.
    """
    tokens, codes = passages.tokens, passages.folded.codes
    _, end, _ = candidates.mentions
    after = np.searchsorted(tokens.start, end)
    next_ = np.minimum(after, max(len(tokens.start) - 1, 0))
    follows = np.zeros(len(end), np.bool_)
    verb = follows
    if len(tokens.start):
        follows = (after < len(tokens.start)) & (tokens.start[next_] == end + 1)
        follows &= tokens.after[next_] & ~tokens.capital[next_]
        last = tokens.end[next_]
        past = (codes[last - 1] == ord("d")) & (codes[np.maximum(last - 2, 0)] == ord("e"))
        past &= last - tokens.start[next_] > 3
        verb = follows & (past | np.isin(tokens.hash[next_], _verbs()))
        follows &= ~np.isin(tokens.hash[next_], _no_nouns())
    return {
        "pronoun": _pronoun(passages, candidates),
        "near in": np.isin(before, _prepositions("in")),
        **{f"after {name}": np.isin(before, _prepositions(name)) for name in ("at", "by")},
        "a verb follows": verb,
        "a noun follows": follows & ~verb,
    }


def kind_context(
    passages: FoldedTexts, layers: Layers, candidates: Candidates, columns: dict[str, Floats]
) -> dict[str, Floats]:
    """The features of C candidates, by name, from their kinds and the words beside the mention."""
    kinds = layers.place_kinds(candidates.entity)
    capital, whole = 1 - columns["small letters"], 1 - columns["part"]
    new = {name: ((kinds & bit) != 0) * capital for name, bit in PLACE_KINDS.items()}
    of_kind = {
        **new,
        **{name: columns[name] * capital for name in KINDS if name not in PLACE_KINDS},
    }
    for name, values in of_kind.items():
        called = values if name == "person" else values * whole
        for where in BESIDE:
            new[f"{name}, {where}"] = called * columns[where]
    new["person, pronoun"] = columns["person"] * columns["pronoun"]
    new["qualified"] = layers.has_qualifier(candidates.entity) * whole
    new["everyday words, a noun follows"] = (
        columns["everyday words"] * capital * columns["a noun follows"]
    )
    new["described beside"] = _described_beside(passages, layers, candidates)
    return new


def _pronoun(passages: FoldedTexts, candidates: Candidates) -> Bools:
    """Whether a personal or relative pronoun follows each mention in its sentence, M."""
    tokens = passages.tokens
    if not len(tokens.start):
        return np.zeros(len(candidates.passage), np.bool_)
    sentence = np.cumsum(tokens.first)
    pronouns = np.flatnonzero(np.isin(tokens.hash, _personal()))
    first = np.searchsorted(tokens.start, candidates.mentions.start)
    own = sentence[np.minimum(first, len(sentence) - 1)]
    following = np.searchsorted(pronouns, first, "right")
    exists = following < len(pronouns)
    next_pronoun = np.append(pronouns, 0)[following]
    same = (sentence[next_pronoun] == own) & (tokens.passage[next_pronoun] == candidates.passage)
    return exists & same


def _described_beside(passages: FoldedTexts, layers: Layers, candidates: Candidates) -> Floats:
    """Whether a word of a candidate's description or types occurs beside the mention, C."""
    passage, words = passages.words
    start, end, _ = candidates.mentions
    first = np.searchsorted(passages.word_starts, start)
    stop = np.maximum(np.searchsorted(passages.word_starts, end), first)
    begin = np.maximum(first - WORDS_BEFORE, 0)
    last = np.minimum(stop + WORDS_AFTER, len(words))
    before, of_before = ranges(begin, first - begin)
    after, of_after = ranges(stop, last - stop)
    word, mention = np.concatenate([before, after]), np.concatenate([of_before, of_after])
    same = passage[word] == candidates.passage[mention]
    beside = np.unique(words[word[same]] ^ salt(mention[same]))
    hashes, owner = layers.words(candidates.entity)
    hit = find(beside, hashes ^ salt(candidates.of[owner])) >= 0
    return (np.bincount(owner[hit], minlength=len(candidates.entity)) > 0).astype(np.float64)


def salt(group: Ints) -> NDArray[np.uint64]:
    """A value to XOR with a hash, so that equal words of two groups have different hashes."""
    return (group + 1).astype(np.uint64) * np.uint64(0xD1342543DE82EF95)


@cache
def _prepositions(name: str) -> NDArray[np.uint64]:
    return key_hashes(word.strip() for word in tables()["prepositions"][name].split(","))


@cache
def _verbs() -> NDArray[np.uint64]:
    return key_hashes(tables()["past"])


@cache
def _no_nouns() -> NDArray[np.uint64]:
    """Lowercase words after a name that do not form a compound with it."""
    return np.concatenate([function_word_hashes(), key_hashes(tables()["adverbs"])])


@cache
def _personal() -> NDArray[np.uint64]:
    people = [word for word, kind in pronouns().items() if kind in ("male", "female")]
    return key_hashes([*people, *_RELATIVE])
