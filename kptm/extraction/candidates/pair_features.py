"""Features of a pair of mentions, as hashes: words, order, kinds, types and roles.

The mentions are in the order of the text. The features do not depend on which of them is the head;
the classes do.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple
from zlib import crc32

from kg.naming.folding import fold
from kptm.extraction.candidates.text_mentions import MentionKind
from kptm.extraction.candidates.text_values import shape
from kptm.extraction.candidates.text_windows import PREFIX_CHARACTERS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from kg.store.read.signatures import Role
    from kptm.extraction.candidates.mention_pairs import Pair
    from kptm.extraction.candidates.pair_knowledge import PairKnowledge
    from kptm.extraction.candidates.text_mentions import TextMention
    from kptm.extraction.candidates.text_windows import Placed

WORDS_AT_EACH_END = 7
"""Between the mentions, the number of words read after the first and before the second."""
WORDS_BEFORE, WORDS_AFTER = 3, 4
"""Number of words read before the first mention and after the second."""
MAX_ROLES = 40
"""Number of roles read per entity, the rarest first; frequent roles say little."""


class Features(NamedTuple):
    """Hashes of a pair's features.

    Attributes:
        words: Features of the text.
        known: Features of the graph's facts about each mention. Facts that connect the two are left
            out, because one of them may be the label.
        first: The roles of the first mention.
        second: The roles of the second mention.
        context: The context vector, which an encoder adds later.
    """

    words: array[int]
    known: array[int]
    first: list[Role]
    second: list[Role]
    context: NDArray[np.float16] | None = None


def features_of(pair: Pair, knowledge: PairKnowledge) -> Features:
    """The features of a pair, without the context vector."""
    first, second = pair.mentions
    roles = _roles(first, second, knowledge), _roles(second, first, knowledge)
    known = [
        f"{tag}{'ht'[role.is_head]}={role.relation}"
        for tag, of_mention in zip("12", roles, strict=True)
        for role in of_mention
    ]
    known += [
        f"1:{name}" for name in knowledge.types(first.key) if first.kind == MentionKind.ENTITY
    ]
    known += [
        f"2:{name}" for name in knowledge.types(second.key) if second.kind == MentionKind.ENTITY
    ]
    return Features(_hashes(_words(pair)), _hashes(known), *roles)


def relation_name_stems(name: str) -> list[str]:
    """The prefixes of the words of a relation's name; "birthPlace" has two."""
    spaced = "".join(f" {char}" if char.isupper() else char for char in name)
    words = "".join(char if char.isalnum() else " " for char in spaced).split()
    return list(dict.fromkeys(fold(word)[:PREFIX_CHARACTERS] for word in words if len(word) > 1))


def word_hash(place: str, stem: str) -> int:
    """The hash of a word at a place: "b" (between the mentions), "l" (left) or "r" (right)."""
    return crc32(f"{place}:{stem}".encode())


def _hashes(names: list[str]) -> array[int]:
    return array(
        "I", [crc32(name.encode("utf-8", "surrogatepass")) for name in dict.fromkeys(names)]
    )


def _roles(mention: TextMention, other: TextMention, knowledge: PairKnowledge) -> list[Role]:
    """The roles of an entity, not counting its facts with the other mention; rarest first."""
    counts = knowledge.roles(mention.key) if mention.kind == MentionKind.ENTITY else {}
    if not counts:
        return []
    ahead, back = knowledge.relations(mention, other), knowledge.relations(other, mention)
    elsewhere = [
        (count, role)
        for role, count in counts.items()
        if count > (role.relation in (ahead if role.is_head else back))
    ]
    return [role for _, role in sorted(elsewhere)[:MAX_ROLES]]


def _words(pair: Pair) -> list[str]:
    window, first, second, others = pair
    stems = window.stems
    between = stems[first.stop : second.start]
    size = len(between)
    if size > 2 * WORDS_AT_EACH_END:
        between = [*between[:WORDS_AT_EACH_END], "…", *between[-WORDS_AT_EACH_END:]]
    closed = ["<", *between, ">"]
    features = [f"b:{word}" for word in between]
    features += [f"{first_word} {second_word}" for first_word, second_word in pairwise(closed)]
    features += [
        f"{first_word} {second_word} {third_word}"
        for first_word, second_word, third_word in zip(closed, closed[1:], closed[2:], strict=False)
    ]
    before = stems[max(0, first.start - WORDS_BEFORE) : first.start]
    after = stems[second.stop : second.stop + WORDS_AFTER]
    features += [f"l:{word}" for word in before] + [f"r:{word}" for word in after]
    features += [f"l1:{' '.join(before[-1:])}", f"l2:{' '.join(before[-2:])}"]
    features += [f"r1:{' '.join(after[:1])}", f"r2:{' '.join(after[:2])}"]
    apart = window.sentence[second.start] - window.sentence[first.start]
    features += [f"n:{min(others, 4)}", f"d:{min(size.bit_length(), 6)}", f"s:{min(apart, 3)}"]
    shapes = _shape(first.mention), _shape(second.mention)
    features += [f"1h:{shapes[0]}", f"2h:{shapes[1]}", f"h:{shapes[0]} {shapes[1]}"]
    features += [*_surface("1", first, stems), *_surface("2", second, stems)]
    low = bisect_left(window.sentence, window.sentence[first.start])
    high = bisect_right(window.sentence, window.sentence[second.start])
    features += [f"w:{word}" for word in stems[low:high] if word.isalpha()]
    return features


def _surface(tag: str, placed: Placed, stems: list[str]) -> list[str]:
    """Features of the first and the last word of a mention, such as "Airport" or "University"."""
    return [f"{tag}f:{stems[placed.start]}", f"{tag}l:{stems[placed.stop - 1]}"]


def _shape(mention: TextMention) -> str:
    if mention.value is not None:
        return f"{shape(mention.value)} {mention.value.unit}"
    start = mention.surface[0]
    if start.isdigit():
        return "digit"
    return str(mention.kind) + ("A" if start.isupper() else "a")
