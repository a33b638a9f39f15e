"""Features of candidates, each an array with one number per candidate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from kptm.linking.detection.word_features import word_features
from kptm.linking.disambiguation.disambiguation_model import LINKS
from kptm.linking.disambiguation.kind_context import KIND_CONTEXT, kind_context, of_mention
from kptm.linking.disambiguation.kind_context import salt as _salt
from kptm.linking.disambiguation.word_similarity import ALIKE, word_similarity
from kptm.linking.index.index_build import function_word_hashes, word_hashes
from kptm.linking.index.link_index import MAX_ACRONYM_LENGTH, find
from kptm.linking.names.english_lexicon import dates, titles
from kptm.linking.names.surface_forms import (
    FIRST_PART,
    LANGUAGE,
    ORGANISATION,
    PEOPLE,
    PERSON,
    PLACE,
    WORK,
    Kind,
)
from kptm.linking.text.characters import DIGIT
from kptm.linking.text.passages import first_of_sentence

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kptm.linking.detection.mention_candidates import Candidates
    from kptm.linking.index.overlay_index import Layers
    from kptm.linking.text.passages import FoldedTexts, Tokens

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]

MAX_NEIGHBOURS = 50
"""The maximum number of neighbours of a candidate whose labels are searched for in the passage."""
_PLACES = ("at", "from", "in", "near", "to")
_LONGER = (
    "a capital follows", "a capital precedes", "a name follows", "a name precedes",
    "of a longer name", "after a capital and of", "hyphen", "elsewhere in a longer name",
    "after a given name", "month or day",
)  # fmt: skip
"""Features of a mention that may be a part of a longer name, or of none."""
_QUOTES = np.array([ord('"'), ord("'")], np.uint32)


EVIDENCE, COUNTED = "evidence", "counted"
"""Log-odds from stated priors (a candidate against others) and counts (a link against none)."""
RANKING_FEATURES = (
    "prior", EVIDENCE, "label", "written so", "degree", "person", "work", "place", "organisation",
    "no known kind", "language", "people", "language, a small word follows",
    "people, a small word follows", "language, a noun follows", "people of, a noun follows",
    "people, a noun follows", "language, after in", "people of, after the",
    "people, after the", "part", "first name", "last name", "first word", "last word", "beginning",
    "end", "people of", "acronym of", "part, said in full", "last name, said in full",
    "said in full", "description", "description, words", "neighbours named", "part, degree",
    "part, also a whole name", "work, several words", "people of, a small word follows",
    "person, given name", "person, surname", "person, after a title", "person, after a given name",
    "place, after in", *ALIKE, *KIND_CONTEXT,
)  # fmt: skip
"""The features of the ranking, which chooses among the candidates of a mention.

NIL prediction uses many of them too; it leaves out those in
:data:`~kptm.linking.training.linker_fitting.ONLY_RANKING`.
"""


def features(passages: FoldedTexts, layers: Layers, candidates: Candidates) -> dict[str, Floats]:
    """The features of C candidates by name, C numbers each, without those of coherence.

    Features of the mention are equal for all its candidates. They are evidence for or against a
    link, not for one candidate.
    """
    mention = _of_mention(passages, candidates)
    columns = {name: values[candidates.of].astype(np.float64) for name, values in mention.items()}
    columns |= _of_candidate(layers, candidates)
    columns |= _in_common(passages, layers, candidates)
    columns |= word_similarity(passages, layers, candidates)
    _cross(columns)
    columns |= kind_context(passages, layers, candidates, columns)
    return columns


def _of_mention(passages: FoldedTexts, candidates: Candidates) -> dict[str, NDArray[Any]]:
    start, end, _ = candidates.mentions
    tokens = passages.tokens
    small = passages.no_capitals(start, end)
    capital = passages.capital(start)
    spaced = passages.has_space(start, end)
    before = np.searchsorted(tokens.start, start) - 1
    after = np.searchsorted(tokens.start, end)
    previous = np.where(before >= 0, tokens.hash[np.maximum(before, 0)], 0).astype(np.uint64)
    beside = (before >= 0) & _only_space(passages, tokens.end[np.maximum(before, 0)], start)
    codes = passages.folded.codes
    # Clipped, since a name may end the text.
    next_to_end = np.minimum(end + 1, len(codes) - 1)
    goes_on, continues = _part_of_longer(passages, candidates)
    length = end - start
    return {
        "bias": np.ones(len(start)), "small letters": small,
        "acronym": passages.all_capitals(start, end) & (length <= MAX_ACRONYM_LENGTH),
        "several words": spaced, "length": np.log(length), "up to three letters": length <= 3,
        "up to two letters": length <= 2, "one letter": length == 1,
        "digits": passages.has_digit(start, end),
        "begins a sentence": first_of_sentence(passages, start), "a capital follows": goes_on,
        "a capital precedes": continues, "common": candidates.common, COUNTED: candidates.linked,
        "elsewhere in small letters": capital & ~spaced & _in_small(passages, candidates),
        "elsewhere in a longer name": capital & ~spaced & _in_longer(passages, candidates),
        "after the": beside & np.isin(previous, word_hashes(["the"])),
        "after in": beside & np.isin(previous, word_hashes(_PLACES)),
        "possessive": (codes[end] == ord("'")) & (codes[next_to_end] == ord("s")),
        "comma and capital": _comma_and_capital(passages, end, after),
        "a number beside": _number_beside(passages, start, end),
        "quoted": (start > 0) & np.isin(codes[np.maximum(start - 1, 0)], _QUOTES),
        "candidates": np.log(np.diff(candidates.first)),
        "also a whole name": _reduce(candidates, candidates.kind < FIRST_PART),
        **word_features(passages, candidates),
        **of_mention(passages, candidates, np.where(beside, previous, 0)),
    }  # fmt: skip


def _of_candidate(layers: Layers, candidates: Candidates) -> dict[str, NDArray[Any]]:
    classes = layers.classes(candidates.entity)
    kind = candidates.kind
    part = (kind >= FIRST_PART) & (kind != Kind.PEOPLE)
    several = np.diff(candidates.first)[candidates.of] > 1
    whole = np.add.reduceat((~part).astype(np.int64), candidates.first[:-1])
    return {
        "prior": np.log(candidates.by_degree),
        EVIDENCE: np.log(candidates.prior) - np.log(candidates.by_degree),
        LINKS: candidates.links,
        "degree": np.log1p(layers.degrees(candidates.entity)) - layers.typical_degree,
        "label": kind < 0,
        "written so": candidates.exact,
        "person": (classes & PERSON) != 0,
        "work": (classes & WORK) != 0,
        "place": (classes & PLACE) != 0,
        "organisation": (classes & ORGANISATION) != 0,
        "language": (classes & LANGUAGE) != 0,
        "people": (classes & PEOPLE) != 0,
        "no known kind": (classes == 0) * layers.described,  # scaled by how many have a kind
        "part": part,
        "first name": kind == Kind.FIRST,
        "last name": kind == Kind.LAST,
        "first word": kind == Kind.FIRST_WORD,
        "last word": kind == Kind.LAST_WORD,
        "beginning": kind == Kind.BEGINNING,
        "end": kind == Kind.END,
        "people of": kind == Kind.PEOPLE,
        "acronym of": kind == Kind.ACRONYM,
        "part, said in full": part & candidates.named_in_full,
        "last name, said in full": (kind == Kind.LAST) & candidates.named_in_full,
        "said in full": ~part & candidates.named_in_full,
        "only candidate": ~several,
        "only whole name": ~part & (whole[candidates.of] == 1),
    }


def _cross(columns: dict[str, Floats]) -> None:
    """Add products of features to ``columns``, where the effect of one depends on the other."""
    part, small, work = columns["part"], columns["small letters"], columns["work"]
    # A longer name is no evidence against the candidate whose full name it is.
    named_in_full = columns["part, said in full"] + columns["said in full"]
    columns["elsewhere in a longer name"] = columns["elsewhere in a longer name"] * (
        1 - named_in_full
    )
    # "Trump" or "Ford" is not an everyday word in a passage that has the full name.
    for name in ("an everyday word, capital", "an everyday word begins a sentence"):
        columns[name] = columns[name] * (1 - named_in_full)
    # Lowercase is evidence against a name, stronger for some kinds of things than for others.
    for name in ("person", "work", "place", "organisation", "no known kind"):
        columns[f"{name}, in small letters"] = columns[name] * small
    columns["work, common"] = work * columns["common"]
    columns["work, several words"] = work * columns["several words"]
    columns["common, in small letters"] = columns["common"] * small
    columns["written otherwise, in small letters"] = (1 - columns["written so"]) * small
    # Part of a name usually refers to a well-known entity; others need the whole name.
    columns["part, degree"] = part * columns["degree"]
    columns["part, common"] = part * columns["common"]
    columns["part, candidates"] = part * columns["candidates"]
    columns["part, also a whole name"] = part * columns["also a whole name"]
    unsaid = part * (1 - columns["part, said in full"])
    columns["part, not said in full"] = unsaid
    whole, person = 1 - part, columns["person"]
    capital = 1 - small
    # "Clapton" is more probably Eric than in "Conor Clapton", or where a Conor Clapton is named.
    longer = np.any([columns[name] for name in _LONGER], axis=0)
    alone = columns["last name"] * unsaid * person * capital * (1 - longer)
    columns["surname alone"] = alone
    for name in ("candidates", "degree", "surname"):
        columns[f"surname alone, {name}"] = alone * columns[name]
    columns["whole name, degree"] = whole * capital * columns["degree"]
    columns["degree"] = whole * columns["degree"]
    columns["whole name, several words"] = whole * columns["several words"] * capital
    columns["place, whole name"] = whole * capital * columns["place"]
    # "Dylan" is a given name, but not for a candidate with this last name.
    columns["given name"] = columns["given name"] * (1 - columns["last name"])
    columns["person, given name"] = person * columns["given name"]
    columns["no person, part, given name"] = (1 - person) * part * columns["given name"]
    columns["no person, part, surname"] = (1 - person) * part * columns["surname"]
    columns["person, surname"] = person * columns["surname"]
    columns["person, after a title"] = person * columns["after a title"]
    columns["person, after a given name"] = person * columns["after a given name"]
    columns["everyday words, capital"] = columns["everyday words"] * capital
    columns["everyday words, begins a sentence"] = (
        columns["everyday words"] * capital * columns["begins a sentence"] * (1 - named_in_full)
    )
    columns["part, everyday words"] = part * columns["everyday words"]
    columns["work, everyday words"] = work * columns["everyday words"]
    # A comma before a capital is part of an address for a place ("Paris, Texas"), of a list for
    # a person.
    comma = columns["comma and capital"]
    columns["person, comma and capital"] = person * comma
    columns["comma and capital"] = (1 - person) * comma
    compound = columns["a small word after a hyphen"]
    columns["place, a small word after a hyphen"] = whole * columns["place"] * compound
    for name in ("people of", "people", "language"):
        # "A Danish island" means the country, "speak Danish" the language.
        for where in ("a small word follows", "a noun follows", "after the"):
            columns[f"{name}, {where}"] = columns[name] * columns[where]
    for name in (
        "elsewhere in a longer name", "comma and capital", "a capital follows",
        "after a capital and of",
    ):  # fmt: skip
        columns[f"place, {name}"] = whole * columns["place"] * columns[name]
        columns[f"part, {name}"] = part * columns[name]
    columns["place, after in"] = columns["place"] * columns["after in"]
    columns["language, after in"] = columns["language"] * columns["after in"]
    columns["people of, hyphen"] = columns["people of"] * columns["hyphen"]


def _in_common(passages: FoldedTexts, layers: Layers, candidates: Candidates) -> dict[str, Floats]:
    """Features from words that a passage shares with a candidate's description and types.

    "neighbours named" compares the passage with the labels of the candidate's neighbours.
    """
    passage, word = passages.words
    # Salting each word with its passage allows one sorted array of keys for all passages.
    words_of_passage = np.unique(word ^ _salt(passage))
    around, size = candidates.passage[candidates.of], len(candidates.entity)
    hashes, of = layers.words(candidates.entity)
    idf = layers.idf(hashes)
    shared = find(words_of_passage, hashes ^ _salt(around[of])) >= 0
    weight = np.bincount(of[shared], idf[shared], size)
    near, of_near = layers.near(candidates.entity, MAX_NEIGHBOURS)
    labels, of_label = layers.label_words(near)
    return {
        "description": weight / (1 + np.bincount(of, idf, size)),
        "description, words": np.log1p(np.bincount(of[shared], minlength=size)),
        "neighbours named": _named_nearby(
            layers, candidates, _outside(passages, candidates), labels, of_near[of_label]
        ),
    }


def _outside(passages: FoldedTexts, candidates: Candidates) -> NDArray[np.uint64]:
    """The words of passages outside of mentions, each once, since coherence compares mentions."""
    passage, word = passages.words
    start, end, _ = candidates.mentions
    inside = np.searchsorted(start, passages.word_starts, "right")
    inside -= np.searchsorted(np.sort(end), passages.word_starts, "right")
    free = inside <= 0
    return np.unique(word[free] ^ _salt(passage[free]))


def _named_nearby(
    layers: Layers,
    candidates: Candidates,
    outside_words: NDArray[np.uint64],
    words: NDArray[np.uint64],
    of: Ints,
) -> Floats:
    """log(1 + Σ idf) of a candidate's ``words`` that occur in its passage, each once, C."""
    hit = find(outside_words, words ^ _salt(candidates.passage[candidates.of[of]])) >= 0
    hit &= candidates.mentions.hash[candidates.of[of]] != words  # a neighbour may be "Georgia" too
    words, of = words[hit], of[hit]
    once = np.unique(words ^ _salt(of), return_index=True)[1]
    return np.log1p(np.bincount(of[once], layers.idf(words[once]), len(candidates.entity)))


def _reduce(candidates: Candidates, values: Bools) -> Bools:
    return np.logical_or.reduceat(values, candidates.first[:-1]) if len(values) else values


def _only_space(passages: FoldedTexts, end: Ints, start: Ints) -> Bools:
    codes = passages.folded.codes
    return (start - end == 1) & (codes[np.minimum(end, len(codes) - 1)] == ord(" "))


def _comma_and_capital(passages: FoldedTexts, end: Ints, after: Ints) -> Bools:
    codes, tokens = passages.folded.codes, passages.tokens
    inside = after < len(tokens.start)
    following = np.minimum(after, max(len(tokens.start) - 1, 0))
    if not len(tokens.start):
        return np.zeros(len(end), np.bool_)
    return (
        inside
        & (codes[end] == ord(","))
        & (tokens.start[following] == end + 2)
        & tokens.capital[following]
    )


def _number_beside(passages: FoldedTexts, start: Ints, end: Ints) -> Bools:
    """Whether a number is directly before or after a mention, as in a date."""
    codes, flags = passages.folded.codes, passages.folded.flags
    last = len(codes) - 1
    digit = (flags & DIGIT) != 0
    space = codes == ord(" ")
    # Indices are clipped to the text; there is no digit beyond its ends.
    after = space[np.minimum(end, last)] & digit[np.minimum(end + 1, last)]
    comma = (codes[np.minimum(end, last)] == ord(",")) & digit[np.minimum(end + 2, last)]
    before = space[np.maximum(start - 1, 0)] & digit[np.maximum(start - 2, 0)] & (start > 1)
    return after | comma | before


def _part_of_longer(passages: FoldedTexts, candidates: Candidates) -> tuple[Bools, Bools]:
    """Whether a capitalised word outside of mentions follows, and whether one precedes, M each."""
    tokens = passages.tokens
    start, end, _ = candidates.mentions
    if not len(tokens.start) or not len(start):
        return np.zeros(len(start), np.bool_), np.zeros(len(start), np.bool_)
    last = len(tokens.start) - 1
    after = np.searchsorted(tokens.start, end)
    following = np.minimum(after, last)
    goes_on = (after <= last) & tokens.after[following] & tokens.capital[following]
    goes_on &= tokens.start[following] == end + 1
    # If another mention follows, the two are adjacent names, not one longer name. So are a name
    # and a title or a day: "Michigan Gov. Jennifer Granholm", "in West Virginia Tuesday".
    goes_on &= find(start, tokens.start[following]) < 0
    goes_on &= ~(titles().has(tokens.hash[following]) | dates().has(tokens.hash[following]))
    before = np.searchsorted(tokens.start, start)
    own, previous = np.minimum(before, last), np.maximum(before - 1, 0)
    continues = (before > 0) & (tokens.start[own] == start) & tokens.after[own]
    continues &= tokens.capital[previous] & ~tokens.first[previous]
    continues &= find(np.sort(end), tokens.end[previous]) < 0
    capital = passages.capital(start)
    return goes_on & capital, continues & capital


def _in_small(passages: FoldedTexts, candidates: Candidates) -> Bools:
    """Whether the passage also has the mention's word in lowercase, M."""
    tokens = passages.tokens
    small = ~tokens.capital
    lowercase_words = np.unique(tokens.hash[small] ^ _salt(tokens.passage[small]))
    return find(lowercase_words, candidates.mentions.hash ^ _salt(candidates.passage)) >= 0


def _in_longer(passages: FoldedTexts, candidates: Candidates) -> Bools:
    """Whether the mention's word also occurs in a longer unknown name of the passage, M."""
    tokens = passages.tokens
    plain = np.isin(tokens.hash, function_word_hashes())
    name = tokens.capital & ~(plain & tokens.first)
    pair = np.zeros(len(name) + 1, np.bool_)
    # pair[i] is true if tokens i - 1 and i are adjacent and capitalised; both ends are False.
    pair[1:-1] = name[1:] & name[:-1] & tokens.after[1:]
    longer = (pair[:-1] | pair[1:]) & ~_within_mentions(tokens, candidates)
    words_of_names, counts = np.unique(
        tokens.hash[longer] ^ _salt(tokens.passage[longer]), return_counts=True
    )
    start, _, hashes = candidates.mentions
    word = find(words_of_names, hashes ^ _salt(candidates.passage))
    token = find(tokens.start, start)
    # The count may include the mention itself; only other occurrences are evidence.
    own = (token >= 0) & longer[np.maximum(token, 0)]
    return (word >= 0) & (np.append(counts, 0)[word] > own)


def _within_mentions(tokens: Tokens, candidates: Candidates) -> Bools:
    """Whether each token is in a mention of several tokens."""
    start, end, _ = candidates.mentions
    first, stop = np.searchsorted(tokens.start, start), np.searchsorted(tokens.start, end)
    several = stop - first > 1
    # +1 at the start of a mention, -1 after its end: the running sum counts open mentions.
    edges = np.zeros(len(tokens.start) + 1, np.int64)
    np.add.at(edges, first[several], 1)
    np.add.at(edges, stop[several], -1)
    return np.cumsum(edges)[:-1] > 0
