"""Coreference: resolves pronouns and definite descriptions to entities named earlier in the text.

"She" after "Ada Lovelace", "the company" after "Siemens". An antecedent must agree in gender,
number and kind where the graph states them. Among the antecedents that agree, a conditional logit
over distance, position and repetition chooses one or none.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from kptm.linking.index.index_build import word_hashes
from kptm.linking.link import Link
from kptm.linking.names.english_lexicon import pronouns
from kptm.linking.names.surface_forms import FEMALE, MALE, ORGANISATION, PEOPLE, PERSON, class_words

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from kptm.linking.index.overlay_index import Layers

MAX_SENTENCES = 3
"""Number of sentences that are searched for antecedents, the anaphor's own included."""
MIN_P = 0.5
"""The minimum p at which an anaphor is linked."""
_ANAPHOR = re.compile(
    r"\b(?:(?:[Tt]he|[Tt]his|[Tt]hat) (?P<noun>[a-z]{3,})|(?P<pronoun>[A-Za-z]{2,10}))\b"
)
_SENTENCE = re.compile(r"(?<=[^\W_]{2})[.!?][\"'’”)\]]*\s+(?=[\"'‘“(\[]?[A-Z\d])|\n+")
_NAME = re.compile(r"(?<=[^\W_][ -])[A-Z]\w+|[A-Z]\w+(?= [A-Z])")
_GOES_ON = re.compile(r" of\b| [A-Z]|-\w|['’]s? [A-Z]")
_EMPTY_IT = re.compile(
    r"(?i)it (?:is|was|seems|seemed|appears|appeared|takes|took|rains|rained) (?:\w+"
    r" ){0,3}?(?:that|to|who)\b"
)
_GENDERED = {"male": MALE, "female": FEMALE}

COEFFICIENTS = {
    "bias": 0.3, "same sentence": 0.0, "sentence before": -0.12, "begins its sentence": 0.3,
    "begins the sentence before": 0.3, "nearest": -0.98, "begins the text": 0.97, "mentions": 2.05,
    "gender stated": 1.51, "possessive, same sentence": 0.98, "description": 0.19, "several": 1.3,
    "unknown names": -2.1,
}  # fmt: skip
"""Coefficients of an antecedent's features, in nats; "no antecedent" has a score of 0.

Estimated by maximum likelihood on the training texts of WebNLG, linked to their own graph, which
has every entity that pronouns refer to, and to FB15k-237, which lacks a third of them."""


class Nature(NamedTuple):
    """The properties of an entity in the graph with which an anaphor must agree.

    Attributes:
        classes: Its kinds, as bits of :data:`~kptm.linking.names.surface_forms.CLASSES`; 0 if
            unknown.
        gender: Its gender bit; 0 if unknown.
        words: The hashes of the words in its description and types.
    """

    classes: int = 0
    gender: int = 0
    words: frozenset[int] = frozenset()


class Anaphor(NamedTuple):
    """A pronoun or a definite description.

    Attributes:
        start: Offset in the text.
        end: Offset after it.
        kind: "male", "female", "thing", "several" or "description".
        noun: The hash of a description's noun; 0 for pronouns.
    """

    start: int
    end: int
    kind: str
    noun: int


def resolve(text: str, links: Sequence[Link], natures: Mapping[str, Nature]) -> tuple[Link, ...]:
    """The links of a text and those of its anaphors, which are marked as coreference, by position.

    Args:
        text: The text.
        links: The links of its names, by position.
        natures: The properties of their entities, by key.
    """
    if not links:
        return tuple(links)
    coreferences: list[Link] = []
    context = _Context(text, links)
    for anaphor in anaphors(text, links):
        named = [link for link in (*links, *coreferences) if link.end <= anaphor.start]
        chosen = _antecedent(anaphor, named, natures, context)
        if chosen is not None and chosen[1] >= MIN_P:
            surface = text[anaphor.start : anaphor.end]
            coreferences.append(
                Link(anaphor.start, anaphor.end, surface, *chosen, (), coreference=True)
            )
    return tuple(sorted((*links, *coreferences), key=lambda link: link.start))


def natures_of(layers: Layers, links: Sequence[Link]) -> dict[str, Nature]:
    """The properties of the entities of links, by key."""
    keys = sorted({link.entity for link in links})
    numbers = layers.numbers_of(keys)
    classes, genders = layers.classes(numbers).tolist(), layers.genders(numbers).tolist()
    words: list[set[int]] = [set() for _ in keys]
    for word, of in zip(*(column.tolist() for column in layers.words(numbers)), strict=True):
        words[of].add(word)
    return dict(zip(keys, map(Nature, classes, genders, map(frozenset, words)), strict=True))


def anaphors(text: str, links: Sequence[Link]) -> Iterator[Anaphor]:
    """The pronouns and definite descriptions of a text outside of links, by position."""
    starts = [link.start for link in links]
    for match in _ANAPHOR.finditer(text):
        before = bisect_right(starts, match.end() - 1) - 1
        if before >= 0 and links[before].end > match.start():
            continue
        noun = match["noun"]
        if noun is not None:
            if noun in class_words() and not _GOES_ON.match(text, match.end()):
                yield Anaphor(*match.span(), "description", int(word_hashes([noun])[0]))
            continue
        kind = pronouns().get(match["pronoun"].lower())
        if kind is not None and not _EMPTY_IT.match(text, match.start()):
            yield Anaphor(*match.span(), kind, 0)


class _Context:
    """The sentence starts, each sentence's first link, and the share of names without a link."""

    def __init__(self, text: str, links: Sequence[Link]) -> None:
        self.text = text
        self.sentences = [0, *(match.end() for match in _SENTENCE.finditer(text))]
        names = [match.start() for match in _NAME.finditer(text)]
        starts = [link.start for link in links]
        unknown = sum(not _inside(links, starts, name) for name in names)
        self.unknown = unknown / max(len(names), 1)
        first: dict[int, int] = {}
        for link in links:
            first.setdefault(self.sentence(link.start), link.start)
        self.first = first

    def sentence(self, position: int) -> int:
        """The index of the sentence that contains a position."""
        return bisect_right(self.sentences, position) - 1


def _inside(links: Sequence[Link], starts: Sequence[int], position: int) -> bool:
    before = bisect_right(starts, position) - 1
    return before >= 0 and links[before].end > position


def _antecedent(
    anaphor: Anaphor,
    named: Sequence[Link],
    natures: Mapping[str, Nature],
    context: _Context,
) -> tuple[str, float] | None:
    """The most probable antecedent of an anaphor, with p; None if no entity agrees with it."""
    last: dict[str, Link] = {}
    for link in sorted(named, key=lambda link: link.start):
        last.pop(link.entity, None)  # so that the order is that of the last mentions
        last[link.entity] = link
    here = context.sentence(anaphor.start)
    fitting = [
        link
        for link in last.values()
        if here - context.sentence(link.start) < MAX_SENTENCES
        and fits(anaphor, natures.get(link.entity, Nature()))
    ]
    if not fitting:
        return None
    rows = antecedent_features(anaphor, fitting, named, natures, context)
    score = np.array(
        [sum(COEFFICIENTS[name] * value for name, value in row.items()) for row in rows]
    )
    odds = np.exp(score - max(score.max(), 0.0))
    best = int(score.argmax())
    share = float(odds[best] / (odds.sum() + np.exp(-max(score.max(), 0.0))))
    return fitting[best].entity, share * fitting[best].score


def fits(anaphor: Anaphor, nature: Nature) -> bool:
    """Whether an entity agrees with an anaphor in gender, number and kind."""
    classes, gender, words = nature
    if anaphor.kind == "description":
        return anaphor.noun in words
    if anaphor.kind in _GENDERED:
        return gender in (0, _GENDERED[anaphor.kind]) and (not classes or bool(classes & PERSON))
    if anaphor.kind == "thing":
        return not gender and not classes & (PERSON | PEOPLE)
    return not gender and (not classes or bool(classes & (ORGANISATION | PEOPLE)))


def antecedent_features(
    anaphor: Anaphor,
    fitting: Sequence[Link],
    named: Sequence[Link],
    natures: Mapping[str, Nature],
    context: _Context,
) -> list[dict[str, float]]:
    """The features of antecedents, by name.

    ``fitting`` has the last mention of each entity that agrees, the nearest last. ``named`` has all
    links before the anaphor.
    """
    here = context.sentence(anaphor.start)
    word = context.text[anaphor.start : anaphor.end].lower()
    possessive = word in ("his", "her", "its", "their")
    begins = min(link.start for link in named)
    rows = []
    for number, link in enumerate(fitting):
        distance = here - context.sentence(link.start)
        first = context.first.get(context.sentence(link.start)) == link.start
        nature = natures.get(link.entity, Nature())
        rows.append(
            {
                "bias": 1.0,
                "same sentence": float(distance == 0),
                "sentence before": float(distance == 1),
                "begins its sentence": float(first),
                "begins the sentence before": float(first and distance == 1),
                "nearest": float(number == len(fitting) - 1),
                "begins the text": float(
                    any(other.start == begins and other.entity == link.entity for other in named)
                ),
                "mentions": float(np.log(sum(other.entity == link.entity for other in named))),
                "gender stated": float(nature.gender > 0),
                "possessive, same sentence": float(possessive and distance == 0),
                "description": float(anaphor.kind == "description"),
                "several": float(anaphor.kind == "several"),
                "unknown names": context.unknown,
            }
        )
    return rows
