"""Linking against gold: numbers by hand, brute force and networkx; files that are wrong."""

import gzip
import json
import random
from collections import Counter
from dataclasses import asdict

import networkx as nx
import pytest

from kg import TripleFormatError
from kptm import LinkedText
from kptm.errors import LinkingError
from kptm.evaluation.linking_errors import KINDS, find_mistakes, render
from kptm.evaluation.linking_gold import GoldDocument, read_gold, read_keys
from kptm.evaluation.linking_scores import Scores, score_linking

TEXT = "Bob Nardelli of Home Depot met President Bush in New York City today."


def links(*spans, text=TEXT):
    return LinkedText.from_spans(text, spans)


def place(words, text=TEXT):
    start = text.index(words)
    return start, start + len(words)


def test_scores_against_sets():
    gold = LinkedText.from_spans("a b c d e", [(0, 1, "A"), (2, 3, "B"), (4, 5, "C")])
    found = LinkedText.from_spans("a b c d e", [(0, 1, "A"), (2, 3, "X"), (6, 7, "D")])
    report = score_linking([(gold, found), (gold, gold)])
    assert (report.gold, report.found, report.right, report.documents) == (6, 6, 4, 2)
    assert report.precision == report.recall == report.f1 == pytest.approx(4 / 6)
    assert report.strong_macro == Scores(*[pytest.approx((1 / 3 + 1) / 2)] * 3)
    some = score_linking([(gold, found)], counts=lambda span: span[2] in "ABD")
    assert (some.precision, some.recall, some.f1) == (1 / 2, 1 / 2, 1 / 2)
    assert (some.nil_gold, some.nil_linked) == (1, 0)  # C counts no more
    assert asdict(report)["weak_micro"] == {"precision": 4 / 6, "recall": 4 / 6, "f1": 4 / 6}


def test_nothing_to_find_and_nothing_found_is_right():
    empty, some = links(), links((0, 3, "B"))
    for pairs in ([], [(empty, empty)], [(GoldDocument(TEXT, ((0, 3, None),)), empty)]):
        report = score_linking(pairs)
        assert (report.precision, report.recall, report.f1) == (1, 1, 1)
        assert report.weak_macro == report.strong_macro == Scores(1, 1, 1)
    assert score_linking([(empty, some)]).f1 == score_linking([(some, empty)]).f1 == 0
    # Macro: (1 + 0 + 0) / 3. Micro: none right of one found and one wanted.
    report = score_linking([(empty, empty), (empty, some), (some, empty)])
    assert report.strong_macro == Scores(*[pytest.approx(1 / 3)] * 3)
    assert (report.precision, report.recall, report.f1) == (0, 0, 0)


def test_strong_weak_micro_macro_by_hand():
    home, bush, city = place("Home Depot"), place("President Bush"), place("New York City")
    gold = GoldDocument(TEXT, ((*home, "HD"), (*bush, "GWB"), (*city, "NYC"), (0, 12, None)))
    found = links((*home, "HD"), (*place("Bush"), "GWB"), (*place("New York"), "NY"), (0, 12, "BN"))
    report = score_linking([(gold, found), (links((0, 3, "B")), links((0, 3, "B")))])
    # Strong: 1 of 3 wanted and 4 found, then 1 of 1 and 1.
    assert (report.right, report.gold, report.found) == (2, 4, 5)
    assert (report.precision, report.recall) == (2 / 5, 2 / 4)
    assert report.f1 == pytest.approx(4 / 9)
    assert report.strong_macro == Scores(
        (1 / 4 + 1) / 2, pytest.approx((1 / 3 + 1) / 2), pytest.approx((2 / 7 + 1) / 2)
    )
    # Weak: "Bush" is right too.
    assert report.weak_right == 3
    assert report.weak_micro == Scores(3 / 5, 3 / 4, pytest.approx(6 / 9))
    assert report.weak_macro == Scores(
        (2 / 4 + 1) / 2, pytest.approx((2 / 3 + 1) / 2), pytest.approx((4 / 7 + 1) / 2)
    )
    assert (report.nil_gold, report.nil_linked) == (1, 1)


def test_only_the_annotated_part_counts():
    gold = GoldDocument(TEXT, ((0, 3, "A"), (4, 12, "B"), (16, 20, None)), (4, 20))
    report = score_linking([(gold, links((0, 3, "A"), (4, 12, "B"), (16, 26, "C")))])
    assert (report.gold, report.found, report.right, report.nil_gold) == (1, 1, 1, 1)
    # A link that begins or ends outside this part does not count either.
    report = score_linking([(gold, links((0, 12, "B")))])
    assert (report.gold, report.found, report.weak_right) == (1, 0, 0)


def test_a_place_is_nil_only_where_no_key_is_known():
    gold = GoldDocument(TEXT, ((0, 3, None), (0, 3, "A"), (4, 12, None), (4, 12, None)))
    report = score_linking([(gold, links((0, 3, "X"), (4, 12, "Y")))])
    assert (report.gold, report.nil_gold, report.nil_linked) == (1, 1, 1)


def test_texts_must_be_the_same():
    with pytest.raises(LinkingError, match="same text"):
        score_linking([(links(), links(text="another"))])
    with pytest.raises(LinkingError, match="same text"):
        list(find_mistakes([(links(), links(text="another"))]))


@pytest.mark.parametrize("span", [(0, 0, "A"), (-1, 2, "A"), (3, 2, "A"), (0, 6, None)])
def test_spans_that_do_not_fit(span):
    with pytest.raises(LinkingError, match="characters"):
        GoldDocument("hello", (span,))
    if span[0] != span[1]:
        with pytest.raises(LinkingError, match="characters"):
            GoldDocument("hello", (), span[:2])
    assert GoldDocument("hello", (), (0, 0)).evaluation_span == (0, 0)


# ── oracles over random documents ────────────────────────────────────────────────────────────────


def spread(rng, keys, length=30):
    """Spans that do not overlap."""
    at, spans = 0, []
    while at < length - 6:
        start = at + rng.randrange(3)
        at = start + rng.randrange(1, 5)
        spans.append((start, at, rng.choice(keys)))
    return spans


def nested(rng, keys, length=30):
    starts = [rng.randrange(length - 1) for _ in range(rng.randrange(12))]
    return [(at, rng.randrange(at + 1, length + 1), rng.choice(keys)) for at in starts]


def overlap(a, b):
    return bool(set(range(*a[:2])) & set(range(*b[:2])))


def largest_matching(gold, found):
    edges = [
        (("gold", a), ("found", b)) for a in gold for b in found if a[2] == b[2] and overlap(a, b)
    ]
    return len(nx.max_weight_matching(nx.Graph(edges), maxcardinality=True))


def from_the_left(gold, found):
    """GERBIL's loop written again: each gold span takes the first link that is still free."""
    used = set()
    for a in sorted(gold):
        fits = [b for b in sorted(found) if b not in used and a[2] == b[2] and overlap(a, b)]
        used |= set(fits[:1])
    return len(used)


@pytest.mark.parametrize("seed", range(20))
def test_matches_of_random_documents(seed):
    rng, text = random.Random(seed), "x" * 40
    keys = ["A", "B", "C"][: rng.randrange(1, 4)]
    pairs = []
    for number in range(5):
        gold = (spread if number % 2 else nested)(rng, [*keys, None])
        pairs.append((GoldDocument(text, tuple(gold)), links(*spread(rng, keys), text=text)))
    strong = weak = best = wanted_count = nil_count = nil_linked = 0
    for number, (gold, found) in enumerate(pairs):
        wanted = {span for span in gold.spans if span[2]}
        given = {(x.start, x.end, x.entity) for x in found.links}
        nil = {x[:2] for x in gold.spans} - {x[:2] for x in wanted}
        wanted_count, nil_count = wanted_count + len(wanted), nil_count + len(nil)
        nil_linked += len(nil & {x[:2] for x in given})
        strong += len(wanted & given)
        alone = from_the_left(wanted, given)
        weak, best = weak + alone, best + largest_matching(wanted, given)
        if number % 2:  # where gold spans do not overlap, matching from the left is as good as any
            assert alone == largest_matching(wanted, given)
    report = score_linking(pairs)
    assert (report.right, report.gold, report.weak_right) == (strong, wanted_count, weak)
    assert (report.nil_gold, report.nil_linked) == (nil_count, nil_linked)
    assert report.right <= report.weak_right <= best


@pytest.mark.parametrize("seed", range(20))
def test_every_difference_is_listed_once(seed):
    rng, text = random.Random(seed), "".join(map(chr, range(65, 105)))
    keys = ["A", "B"]
    gold = GoldDocument(text, tuple(nested(rng, [*keys, None])))
    found = links(*spread(rng, keys), text=text)
    wanted = {span for span in gold.spans if span[2]}
    given = {(x.start, x.end, x.entity) for x in found.links}
    nil = {span[:2] for span in gold.spans} - {span[:2] for span in wanted}
    told = list(find_mistakes([(gold, found)]))
    of_links = [item for item in told if item.found]
    assert {(x.start, x.end, x.found) for x in of_links} == given - wanted
    assert len(of_links) == len(given - wanted)
    for item in of_links:
        span = item.start, item.end, item.found
        left = wanted - given
        if any(x[:2] == span[:2] for x in left):
            kind = "wrong sense"
        elif span[:2] in nil:
            kind = "should be NIL"
        elif any(x[2] == span[2] and overlap(x, span) for x in left):
            kind = "wrong span"
        else:
            kind = "not in gold"
        assert item.kind == kind
        assert (item.gold is None) == (kind in ("should be NIL", "not in gold"))
    # Gold: right, or paired with a link, or missed.
    paired = {(text.index(x.gold_surface), len(x.gold_surface), x.gold) for x in told if x.gold}
    assert paired == {(start, end - start, key) for start, end, key in wanted - given}
    report = score_linking([(gold, found)])
    kinds = Counter(item.kind for item in told)
    assert report.found == report.right + sum(kinds.values()) - kinds["missed"]
    assert report.nil_linked == kinds["should be NIL"]


# ── the listing ──────────────────────────────────────────────────────────────────────────────────


def test_each_class_by_hand():
    spans = (
        (*place("Bob Nardelli"), None),
        (*place("Home Depot"), "HD"),
        (*place("President Bush"), "GWB"),
        (*place("New York City"), "NYC"),
        (*place("Depot"), "Depot"),
    )
    found = LinkedText.from_spans(
        TEXT,
        [
            (*place("Bob Nardelli"), "Bob"),
            (*place("Home Depot"), "HD_film"),
            (*place("Bush"), "GWB"),
            (*place("New York City"), "NYC"),
            (*place("today"), "USA_Today"),
        ],
    )
    told = list(find_mistakes([(links(), links()), (GoldDocument(TEXT, spans), found)]))
    assert [(x.kind, x.surface, x.gold, x.gold_surface, x.found) for x in told] == [
        ("missed", "Depot", "Depot", "Depot", None),
        ("wrong span", "Bush", "GWB", "President Bush", "GWB"),
        ("wrong sense", "Home Depot", "HD", "Home Depot", "HD_film"),
        ("should be NIL", "Bob Nardelli", None, "Bob Nardelli", "Bob"),
        ("not in gold", "today", None, None, "USA_Today"),
    ]
    assert {item.document for item in told} == {2}
    assert [item.score for item in told] == [None, 1, 1, 1, 1]
    assert (
        told[0].context == "Bob Nardelli of Home [Depot] met President Bush in New York City tod…"
    )
    assert told[4].context == "…pot met President Bush in New York City [today]."
    assert json.loads(json.dumps([asdict(item) for item in told]))[1]["gold_surface"] == (
        "President Bush"
    )
    names = {"HD": "The Home Depot"}
    shown = render(told, lambda key: names.get(key, key))
    assert shown.splitlines()[:9] == [
        "missed 1, wrong span 1, wrong sense 1, should be NIL 1, not in gold 1",
        "",
        "text 2",
        "  missed",
        "    21–26 Depot; gold: Depot",
        "        Bob Nardelli of Home [Depot] met President Bush in New York City tod…",
        "  wrong span",
        "    41–45 Bush → GWB, 1.00; gold: “President Bush”",
        "        …ob Nardelli of Home Depot met President [Bush] in New York City today.",
    ]
    assert "    16–26 Home Depot → HD_film, 1.00; gold: The Home Depot (HD)" in shown
    assert "    16–26 Home Depot → HD_film, 1.00; gold: HD" in render(told)
    assert render([]) == "no mistakes"


def test_two_links_in_one_gold_span_and_overlapping_links():
    text = "New\nYork City and Bob Nardelli"
    gold = GoldDocument(text, ((0, 13, "NYC"), (18, 30, None)))
    found = links((0, 3, "NYC"), (9, 13, "NYC"), (18, 21, "Bob"), text=text)
    told = list(find_mistakes([(gold, found)]))
    assert [(x.kind, x.gold, x.gold_surface) for x in told] == [
        ("wrong span", "NYC", "New\nYork City"),
        ("wrong span", "NYC", "New\nYork City"),
        ("not in gold", None, "Bob Nardelli"),
    ]
    assert "0–3 New → NYC, 1.00; gold: “New York City”" in render(told)
    assert told[0].context == "[New] York City and Bob Nardelli"
    assert tuple(dict.fromkeys(x.kind for x in told)) == ("wrong span", "not in gold")
    assert set(KINDS) >= {x.kind for x in told}


# ── reading ──────────────────────────────────────────────────────────────────────────────────────


def lines(path, rows):
    text = "".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows)
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return path


def test_the_formats_say_the_same(tmp_path):
    text, spans = "Bush met Bush", ((0, 4, "Q1"), (9, 13, "Q2"))
    labels = [
        {"span": [9, 13], "entity_id": "Q2", "name": "x"},
        {"span": [0, 4], "entity_id": "Q1"},
    ]
    rows = [
        {"text": text, "labels": labels, "evaluation_span": [0, 13], "id": 7},
        LinkedText.from_spans(text, spans).to_dict(),
        {"text": "[[Q1|Bush]] met [[Q2|Bush]]", "evaluation_span": None},
        {"text": text, "labels": []},
    ]
    wanted = [
        GoldDocument(text, spans, (0, 13)), GoldDocument(text, spans), GoldDocument(text, spans),
        GoldDocument(text),
    ]  # fmt: skip
    assert list(read_gold(lines(tmp_path / "g.jsonl", rows))) == wanted
    assert list(read_gold(lines(tmp_path / "g.jsonl.gz", rows))) == wanted
    marked = lines(tmp_path / "g.txt", ["[[Q1|Bush]] met [[Q2|Bush]]", "none"])
    assert list(read_gold(marked)) == [GoldDocument(text, spans), GoldDocument("none")]
    folder = tmp_path / "folder"
    folder.mkdir()
    lines(folder / "b.txt", ["b"])
    lines(folder / "a.jsonl", [{"text": "a"}])
    assert [item.text for item in read_gold(folder)] == ["a", "b"]


def test_nested_gold_and_mentions_of_nothing(tmp_path):
    row = {
        "text": "Frank Blake",
        "labels": [
            {"span": [6, 11], "entity_id": "Q1"},
            {"span": [0, 11], "entity_id": "Q1"},
            {"span": [0, 11], "entity_id": None},
            {"span": [0, 5], "entity_id": "<NIL>"},
        ],
    }
    path = lines(
        tmp_path / "g.jsonl",
        [row, {"text": "a", "links": [{"start": 0, "end": 1, "entity": None}]}],
    )
    assert [item.spans for item in read_gold(path)] == [
        ((0, 5, "<NIL>"), (0, 11, None), (0, 11, "Q1"), (6, 11, "Q1")),
        ((0, 1, None),),
    ]
    first = next(read_gold(path, keys={"Q1": "/m/1", "Q2": "/m/2"}))
    assert first.spans == ((0, 5, None), (0, 11, None), (0, 11, "/m/1"), (6, 11, "/m/1"))
    asked = []
    first = next(read_gold(path, keys={"Q1": "/m/1"}, known=lambda key: asked.append(key)))
    assert {span[2] for span in first.spans} == {None}
    assert set(asked) == {"/m/1"}
    first = next(read_gold(path, known={"Q1"}.__contains__))
    assert first.spans == ((0, 5, None), (0, 11, None), (0, 11, "Q1"), (6, 11, "Q1"))


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("{", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ([], "text"),
        ({"text": 3}, "text"),
        ({"text": "abc", "labels": {}}, "list of objects"),
        ({"text": "abc", "labels": [3]}, "list of objects"),
        ({"text": "abc", "labels": [{"entity_id": "A"}]}, "two numbers"),
        ({"text": "abc", "labels": [{"span": [0, 1, 2], "entity_id": "A"}]}, "two numbers"),
        ({"text": "abc", "labels": [{"span": [0, True], "entity_id": "A"}]}, "two numbers"),
        ({"text": "abc", "labels": [{"span": [0, 1.0], "entity_id": "A"}]}, "two numbers"),
        ({"text": "abc", "labels": [{"span": [0, 4], "entity_id": "A"}]}, "leaves the text of 3"),
        ({"text": "abc", "labels": [{"span": [2, 2], "entity_id": "A"}]}, "empty"),
        ({"text": "abc", "labels": [{"span": [0, 1]}]}, "entity_id"),
        ({"text": "abc", "labels": [{"span": [0, 1], "entity_id": 5}]}, "entity_id"),
        ({"text": "abc", "labels": [{"span": [0, 1], "entity_id": ""}]}, "entity_id"),
        ({"text": "abc", "links": [{"start": 0, "entity": "A"}]}, "two numbers"),
        ({"text": "abc", "links": [{"start": 0, "end": 2}]}, '"entity"'),
        ({"text": "äbc", "links": [{"start": 2, "end": 3, "surface": "b", "entity": "A"}]},
        "bytes"),
        ({"text": "abc", "labels": [], "evaluation_span": [0, 9]}, "leaves the text"),
        ({"text": "abc", "labels": [], "evaluation_span": 3}, "evaluation_span"),
        ({"text": "[[A|the [[B|x]] y]]"}, "none inside another"),
        ({"text": "in [[Paris]]"}, "JSON Lines"),
    ],
)  # fmt: skip
def test_gold_that_is_wrong(tmp_path, row, said):
    path = lines(tmp_path / "g.jsonl", [{"text": "good", "labels": []}, row])
    with pytest.raises(TripleFormatError, match=r"g\.jsonl, line 2: ") as caught:
        list(read_gold(path))
    assert said in str(caught.value)


def test_files_that_are_wrong(tmp_path):
    with pytest.raises(TripleFormatError, match="no such file"):
        next(read_gold(tmp_path / "missing.txt"))
    with pytest.raises(TripleFormatError, match="suffix"):
        next(read_gold(lines(tmp_path / "g.tsv", ["a"])))
    with pytest.raises(TripleFormatError, match="holds no text"):
        next(read_gold(lines(tmp_path / "g.txt", [])))
    with pytest.raises(TripleFormatError, match=r"line 1.*none inside another"):
        next(read_gold(lines(tmp_path / "g.txt", ["[[A|the [[B|x]]"])))


def test_keys_of_ids(tmp_path):
    path = lines(tmp_path / "k.tsv.gz", ["Q1\t/m/1", "", "Q2\t/m/2", "Q1\t/m/3"])
    assert read_keys(path) == {"Q1": "/m/1", "Q2": "/m/2"}
    for bad in ("Q1", "Q1\t", "\tx", "a\tb\tc"):
        with pytest.raises(TripleFormatError, match=r"line 2.*two columns"):
            read_keys(lines(tmp_path / "bad.tsv", ["a\tb", bad]))
    (tmp_path / "bad.tsv").write_bytes(b"a\tb\n\xff\tb\n")
    with pytest.raises(TripleFormatError, match=r"line 2.*UTF-8"):
        read_keys(tmp_path / "bad.tsv")
    with pytest.raises(TripleFormatError, match="no such file"):
        read_keys(tmp_path / "missing.tsv")
