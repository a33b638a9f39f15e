"""Features of a pair: a mention of the topic, and a mention of a candidate answer.

The features are hashes of the words between and around the mentions, their order and distance, and
the surface of the candidate. The model has each feature twice: for all relations, and for the
relation of the question. Features from the graph are added in
:mod:`kptm.passages.reader.answer_pairs`.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING
from zlib import crc32

if TYPE_CHECKING:
    from kptm.passages.reader.mention_words import PassageMention, ReadPassage

WORDS_AT_EACH_END = 7
"""Between the mentions, the number of words read after the first and before the second."""
WORDS_AROUND = 3
"""Number of words read before and after each mention."""


def pair_features(read: ReadPassage, topic: PassageMention, answer: PassageMention) -> list[int]:
    """Hashes of a pair's features, each once."""
    stems = read.stems
    names = dict.fromkeys(
        [
            *_between(read, topic, answer),
            *_around(stems, topic, answer),
            *_surface(read, answer),
            *(f"s:{word}" for word in read.alphabetic),
        ]
    )
    return [crc32(name.encode("utf-8", "surrogatepass")) for name in names]


def _between(read: ReadPassage, topic: PassageMention, answer: PassageMention) -> list[str]:
    backward = answer.first < topic.first
    first, second = (answer, topic) if backward else (topic, answer)
    way = "r" if backward else "f"
    words = read.stems[first.last : second.first]
    size = len(words)
    if size > 2 * WORDS_AT_EACH_END:
        words = [*words[:WORDS_AT_EACH_END], "…", *words[-WORDS_AT_EACH_END:]]
    closed = ["<", *words, ">"]
    between = sum(first.last <= item.first < second.first for item in read.mentions)
    return [
        *(f"b{way}:{word}" for word in words),
        *(f"2{way}:{first_word} {second_word}" for first_word, second_word in pairwise(closed)),
        *(
            f"3{way}:{first_word} {second_word} {third_word}"
            for first_word, second_word, third_word in zip(
                closed, closed[1:], closed[2:], strict=False
            )
        ),
        f"o{way}",
        f"n{way}:{min(between, 4)}",
        f"d{way}:{min(size.bit_length(), 6)}",
        f"e{way}:{sum(word in '.!?' for word in words)}",
    ]


def _around(stems: list[str], topic: PassageMention, answer: PassageMention) -> list[str]:
    features = []
    for step in range(1, WORDS_AROUND + 1):
        for tag, mention in (("c", answer), ("h", topic)):
            left, right = mention.first - step, mention.last + step - 1
            if left >= 0:
                features += [f"{tag}l:{stems[left]}", f"{tag}l{step}:{stems[left]}"]
            if right < len(stems):
                features += [f"{tag}r:{stems[right]}", f"{tag}r{step}:{stems[right]}"]
    features.append("c2:" + " ".join(stems[max(0, answer.first - 2) : answer.first]))
    features.append("c3:" + " ".join(stems[answer.last : answer.last + 2]))
    return features


def _surface(read: ReadPassage, answer: PassageMention) -> list[str]:
    stems = read.stems[answer.first : answer.last]
    first = read.passage.text[answer.start]
    shape = "d" if first.isdigit() else "A" if first.isupper() else "a"
    return [
        f"k:{answer.kind}{shape}",
        f"cf:{stems[0]}",
        f"ce:{stems[-1]}",
        f"cn:{min(len(stems), 4)}",
        "cs:" + " ".join(stems),
    ]
