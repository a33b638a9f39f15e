"""Surnames alone: the features that tell them from parts of longer names, and what they gain."""

import random

import pytest

from benchmarks.linking_parts.short_names import Cuts, parts_left_out
from kg import EntityRecord
from kptm.linking import Linker
from kptm.linking.detection.mention_candidates import candidates_of
from kptm.linking.disambiguation.candidate_features import features
from kptm.linking.text.passages import FoldedTexts

PEOPLE = [
    EntityRecord(key="EC", label="Eric Clapton", description="guitarist", types=("person",)),
    EntityRecord(key="JM", label="John Mayall", description="musician", types=("person",)),
    EntityRecord(key="QJ", label="Quincy Jones", description="producer", types=("person",)),
    EntityRecord(key="NJ", label="Norah Jones", description="singer", types=("person",)),
]


@pytest.fixture
def linker(new_graph):
    graph = new_graph()
    graph.add([*PEOPLE, ("EC", "member of", "Cream"), ("JM", "member of", "Bluesbreakers")])
    return Linker(graph)


def alone(linker, text, name):
    """The features of a surname in a text whose names begin with "surname alone"."""
    layers = linker.refresh()
    passages = FoldedTexts([text])
    found = candidates_of(passages, layers)
    columns = features(passages, layers, found)
    spans = passages.text_spans(found.mentions.start, found.mentions.end)
    mentions = [at for at, (_, start, end) in enumerate(spans) if text[start:end] == name]
    at = int(found.first[mentions[-1]])
    return {
        key.removeprefix("surname alone").strip(", "): float(values[at])
        for key, values in columns.items()
        if key.startswith("surname alone")
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("They listened to Clapton for hours.", 1.0),
        ("They listened to Conor Clapton for hours.", 0.0),  # another person
        ("They met Conor Clapton, and listened to Clapton.", 0.0),  # meant later, too
        ("Eric Clapton played, and they listened to Clapton.", 0.0),  # named in full before
        ("They listened to clapton for hours, said Clapton-Baker.", 0.0),  # part of a compound
    ],
)
def test_a_surname_is_alone_unless_it_belongs_to_a_longer_name(linker, text, expected):
    assert alone(linker, text, "Clapton")[""] == expected


def test_a_surname_alone_counts_the_people_who_have_it(linker):
    one = alone(linker, "They listened to Clapton for hours.", "Clapton")
    two = alone(linker, "They listened to Jones for hours.", "Jones")
    assert one["candidates"] == 0  # log 1
    assert two["candidates"] == pytest.approx(0.6931, abs=1e-4)  # log 2
    assert (one["surname"], two["surname"]) == (0, 1)  # "Jones" is a common surname


def test_a_rare_surname_alone_is_more_probable_than_one_of_an_unknown_person(linker):
    def p(text):
        links = linker.link(text, threshold=0.0).links
        return max((link.score for link in links if link.surface == "Clapton"), default=0.0)

    assert p("They listened to Clapton for hours.") > p("They listened to Conor Clapton for hours.")


def test_cuts_move_each_position_by_what_was_cut_before_it():
    chance = random.Random(5)
    for _ in range(300):
        size = chance.randint(1, 30)
        text = "".join(chance.choice("abcde ") for _ in range(size))
        ends = sorted(chance.sample(range(size + 1), chance.choice((0, 2, 4)) if size > 3 else 0))
        cuts = Cuts(list(zip(ends[::2], ends[1::2], strict=True)))
        kept = [at for at in range(size) if not any(a <= at < b for a, b in cuts.spans)]
        assert cuts.text(text) == "".join(text[at] for at in kept)
        for at in range(size + 1):
            assert cuts.moved(at) == sum(index < at for index in kept)


def test_full_names_lose_their_first_names_or_their_last_names():
    text = "Eric Clapton met David B. Jones near George Washington University."

    def short(*, first_names, annotated=()):
        kept = list(text)
        for start, end in parts_left_out(text, list(annotated), first_names):
            kept[start:end] = [""] * (end - start)
        return "".join(kept)

    # "George Washington" is only a part of the annotated name of the university.
    university = [(text.index("George"), text.index(".", text.index("George")))]
    assert short(first_names=False, annotated=university) == (
        "Clapton met Jones near George Washington University."
    )
    assert short(first_names=True, annotated=university) == (
        "Eric met David near George Washington University."
    )
