"""What a reader expects, on sentences that a script makes from the graph's commonest names."""

from __future__ import annotations

import random
from statistics import fmean

from kptm.linking.names.english_lexicon import listed_words
from kptm.linking.names.surface_forms import ORGANISATION, PERSON, PLACE, class_of

SENTENCES = 300
TOGETHER = 15
"""Sentences of a document."""
PLACES = (
    "The festival was held in {} last summer.", "Many visitors come to {} every year.",
    "She moved to {} as a child.", "The report compares {} with its neighbours.",
    "Exports from {} rose again.", "He wrote a book about {}.",
)  # fmt: skip
PEOPLE = (
    "The audience cheered when {} arrived.", "A documentary about {} was shown.",
    "Critics praised {} for it.", "The prize went to {} in the end.",
    "We met {} after the lecture.", "An interview with {} followed.",
)  # fmt: skip
ORGANISATIONS = (
    "She has worked for {} since then.", "The contract with {} was signed.",
    "A spokesman for {} declined to comment.", "He gave a talk at {} yesterday.",
    "The decision surprised {} and others.", "They compared it with {} again.",
)  # fmt: skip
EVERYDAY = (
    "They talked about the {} for a while.", "{} is what everybody wanted.",
    "It was a matter of {} and of time.",
)  # fmt: skip


def plain_sentences(graph) -> list[tuple[str, int, int, str]]:
    """Sentences with one plain name each: text, begin and end of the name, its key."""
    degree: dict[str, int] = {}
    for head, _, tail in graph.match():
        degree[head] = degree.get(head, 0) + 1
        degree[tail] = degree.get(tail, 0) + 1
    chosen = {PLACE: 150, PERSON: 90, ORGANISATION: 60}
    frames = {PLACE: PLACES, PERSON: PEOPLE, ORGANISATION: ORGANISATIONS}
    labels: set[str] = set()
    found = []
    for key in sorted(degree, key=lambda item: (-degree[item], item)):
        entity = graph.entity(key)
        classes = class_of(entity)
        if not chosen.get(classes) or entity.label in labels or not entity.label[:1].isupper():
            continue
        labels.add(entity.label)
        chosen[classes] -= 1
        frame = frames[classes][chosen[classes] % len(frames[classes])]
        start = frame.index("{}")
        found.append((frame.format(entity.label), start, start + len(entity.label), key))
    return found[:SENTENCES]


def plain(linker, graph) -> None:
    """Recall on sentences alone and joined, changes of p, and false links on everyday words."""
    sentences = plain_sentences(graph)
    scores = [_score(linker.link(text), start, end, key) for text, start, end, key in sentences]
    alone = [score is not None for score in scores]
    print(f"plain names, a sentence each: recall {fmean(alone):.3f} of {len(sentences)}")
    missed = [text for (text, *_), hit in zip(sentences, alone, strict=True) if not hit]
    print("  missed:", missed[:12])
    order = list(range(len(sentences)))
    random.Random(1).shuffle(order)
    hits, changes = [], []
    for at in range(0, len(order), TOGETHER):
        text, places = "", []
        for number in order[at : at + TOGETHER]:
            places.append(len(text))
            text += sentences[number][0] + " "
        document = linker.link(text)
        for number, offset in zip(order[at : at + TOGETHER], places, strict=True):
            _, start, end, key = sentences[number]
            score = _score(document, start + offset, end + offset, key)
            hits.append(score is not None)
            if score is not None and scores[number] is not None:
                changes.append(abs(score - scores[number]))
    print(
        f"joined to documents of {TOGETHER}: recall {fmean(hits):.3f}, p changes {max(changes):.3f}"
        " at most"
    )
    _one_sentence_more(linker, sentences, scores, order)
    words = everyday_names(graph)
    texts = [frame.format(_fitted(frame, word)) for word in words for frame in EVERYDAY][:SENTENCES]
    wrong = [(text, link.surface) for text in texts for link in linker.link(text).links]
    print(f"everyday words that are names, too: {len(wrong)} false links in {len(texts)} sentences")
    print("  ", wrong[:12])


def _one_sentence_more(linker, sentences, scores, order) -> None:
    """How much p changes when one other sentence follows.

    P of a name that is no longer linked counts as 0.
    """
    changes = []
    for number, other in zip(order, order[1:] + order[:1], strict=True):
        text, start, end, key = sentences[number]
        if scores[number] is not None:
            document = linker.link(f"{text} {sentences[other][0]}")
            change = (_score(document, start, end, key) or 0.0) - scores[number]
            single = len(linker.candidates(text[start:end])) == 1
            changes.append((change, single, text[start:end]))
    sizes = [abs(change) for change, *_ in changes]
    print(
        f"one sentence more: p falls by {-min(changes)[0]:.3f}, rises by {max(changes)[0]:.3f} at"
        " most;",
        end=" ",
    )
    print(f"by more than .1 in {sum(size > 0.1 for size in sizes)} of {len(sizes)}", end="; ")
    print(
        f"of names that mean one thing by {max(abs(x) for x, single, _ in changes if single):.3f}"
        " at most"
    )
    print("  ", sorted(changes, key=lambda row: -abs(row[0]))[:6])


def everyday_names(graph) -> list[str]:
    """Everyday words that are the name of something with a capital, the commonest first."""
    names = {
        name for key in list(graph.keys()) for name in _names(graph.entity(key)) if name.istitle()
    }
    words = listed_words("everyday.txt")
    return [word for word in words if word.title() in names][: SENTENCES // len(EVERYDAY)]


def _names(entity):
    return (entity.label, *entity.aliases) if entity is not None else ()


def _fitted(frame, word):
    return word.capitalize() if frame.startswith("{}") else word


def _score(document, start, end, key):
    return next(
        (x.score for x in document.links if (x.start, x.end, x.entity) == (start, end, key)), None
    )


def calibration(pairs, counts, bins=10):
    """The reliability table of links, and the expected calibration error of Guo et al.

    2017, over links of any p.

    Args:
        pairs: Gold and linked documents, linked from p = 0 on.
        counts: Whether a span of the gold counts.
        bins: Of p.
    """
    rows = []
    for gold, found in pairs:
        begin, stop = gold.evaluation_span or (0, len(gold.text))
        right = {(start, end, key) for start, end, key in gold.spans if key is not None}
        rows += [
            (link.score, (link.start, link.end, link.entity) in right)
            for link in found.links
            if begin <= link.start
            and link.end <= stop
            and counts((link.start, link.end, link.entity))
        ]
    table, error = [], 0.0
    for number in range(bins):
        some = [
            row
            for row in rows
            if number / bins <= row[0] < (number + 1) / bins + (number == bins - 1)
        ]
        if some:
            said, true = fmean(p for p, _ in some), fmean(hit for _, hit in some)
            table.append((number / bins, len(some), said, true))
            error += len(some) / len(rows) * abs(said - true)
    return table, error
