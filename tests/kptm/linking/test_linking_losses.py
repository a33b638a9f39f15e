"""What a benchmark says of linking's losses, on links whose errors are known."""

from benchmarks.linking_parts.losses import arms, kinds_of
from kg.types import Candidate
from kptm.evaluation.linking_gold import GoldDocument
from kptm.linking import LinkedText
from kptm.linking.link import Link

TEXT = "Paris, Rome, Oslo, Bonn, Lima"
GOLD = [
    GoldDocument(TEXT, ((0, 5, "Paris"), (7, 11, "Rome"), (13, 17, "Oslo"), (19, 23, "Bonn"))),
]


def link(start, entity, score, *others):
    end = start + (5 if start == 0 else 4)
    candidates = tuple(Candidate(key, 0.1) for key in (entity, *others))
    return Link(start, end, TEXT[start:end], entity, score, candidates)


FOUND = [
    LinkedText(
        TEXT,
        (
            link(0, "Paris", 0.9),  # right
            link(7, "Rome (Georgia)", 0.8, "Rome"),  # wrong, the right one is second
            link(13, "Oslo", 0.2),  # right, refused
            link(19, "Bonn (river)", 0.7),  # wrong, the right one is missing
            link(25, "Lima", 0.6),  # no gold link
        ),
    )
]


def entities(document):
    return [item.entity for item in document.links]


def test_each_arm_differs_from_what_is_linked_by_one_kind_of_error():
    linked, corrected, right = arms(GOLD, FOUND, threshold=0.5)
    assert entities(linked[0]) == ["Paris", "Rome (Georgia)", "Bonn (river)", "Lima"]
    assert entities(corrected[0]) == ["Paris", "Rome", "Bonn (river)", "Lima"]
    assert entities(right[0]) == ["Paris", "Oslo"]


def test_kinds_of_error_are_counted_within_the_annotated_part_and_the_graph():
    assert kinds_of(GOLD, FOUND, 0.5, {"Paris", "Rome", "Oslo", "Bonn"}) == {
        "gold": 4,
        "right entity first, linked": 1,
        "right entity first, refused": 1,
        "wrong entity first, linked": 2,
        "linked without a gold link": 1,
    }
    part = [GoldDocument(TEXT, GOLD[0].spans, (0, 12))]
    assert kinds_of(part, FOUND, 0.5, {"Paris", "Rome"}) == {
        "gold": 2,
        "right entity first, linked": 1,
        "wrong entity first, linked": 1,
    }
    assert kinds_of(part, FOUND, 0.5, {"Paris"})["linked without a gold link"] == 1
