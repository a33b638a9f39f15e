"""Facts from texts are found with their sentence, proposed once, accepted or rejected."""

import json

import numpy as np
import pytest
from invented_countries import CITIES, COUNTRIES, KNOWN, facts_of, texts_of

from kg import Literal, StoreError, TripleFormatError
from kptm.errors import ConfigError, ModelError, WorkspaceError
from kptm.extraction.extractor import Extractor

pytestmark = pytest.mark.usefixtures("training")

WANTED = {fact for n in range(KNOWN, len(COUNTRIES)) for fact in facts_of(n)}


def triples(items):
    return {(x.head, x.relation, x.tail) for x in items if isinstance(x.tail, str)}


def test_it_finds_what_the_graph_lacks(ws, texts):
    report = ws.extract(texts.fresh)
    assert report.texts == 4 * (len(COUNTRIES) - KNOWN)
    found = ws.proposals()
    assert report.proposed == len(found)
    right = triples(found) & WANTED
    assert len(right) >= 0.9 * len(WANTED)
    assert len(right) >= 0.9 * len(triples(found))
    years = {(x.head, x.tail.value) for x in found if isinstance(x.tail, Literal)}
    assert {(COUNTRIES[n], str(1200 + 7 * n)) for n in range(KNOWN, 60)} <= years
    assert not set(ws.graph.match(relation="capital", tail=CITIES[KNOWN]))


def test_a_proposal_shows_its_sentence(ws, texts):
    ws.extract(texts.fresh)
    for item in ws.proposals():
        assert item.sentence in texts.fresh.read_text()
        start, end = item.head_span
        assert item.sentence[start:end] == item.head
        tail = item.tail.value if isinstance(item.tail, Literal) else item.tail
        start, end = item.tail_span
        assert item.sentence[start:end] == tail
        assert item.source == str(texts.fresh)
        assert 0 < item.confidence <= 1


def test_texts_are_not_read_twice(ws, texts):
    first = ws.extract(texts.fresh)
    before = ws.proposals(state=None)
    again = ws.extract(texts.fresh)
    assert (again.texts, again.read_before, again.proposed) == (0, first.texts, 0)
    assert ws.proposals(state=None) == before


def test_known_facts_are_counted_and_not_proposed(ws, texts):
    report = ws.extract(texts.known)
    assert report.known > KNOWN
    assert not triples(ws.proposals()) & {fact for n in range(KNOWN) for fact in facts_of(n)}


def test_accepting_rejecting_and_undoing(ws, texts):
    ws.extract(texts.fresh)
    capital = [x for x in ws.proposals(relation="capital") if x.tail == CITIES[KNOWN]]
    done = ws.accept(item.id for item in capital)
    assert list(ws.graph.match(COUNTRIES[KNOWN], "capital"))
    assert ws.query(head=COUNTRIES[KNOWN], relation="capital").entity == CITIES[KNOWN]
    with pytest.raises(StoreError, match="it is accepted; undo revision"):
        ws.reject([capital[0].id])
    ws.undo(done.revision)
    assert not list(ws.graph.match(COUNTRIES[KNOWN], "capital"))
    ws.reject(item.id for item in capital)
    ws.extract(texts.fresh, precision=0.8)
    assert not {item.sentence for item in capital} & {
        item.sentence for item in ws.proposals(relation="capital") if item.tail == CITIES[KNOWN]
    }


def test_a_rule_accepts_many_at_once(ws, texts):
    ws.extract(texts.fresh)
    sure = [x for x in ws.review(relation="capital", minimum=0.9) if not x.violations]
    done = ws.accept_all("capital>=.9")
    assert set(done.decided) == {x.proposal.id for x in sure}
    assert ws.changes(done.revision).kind == "accept"
    for wrong in ("capital", "capital>=2", ">= x"):
        with pytest.raises(ConfigError, match="is not a rule"):
            ws.accept_all(wrong)


def test_a_wrong_relation_or_entity_can_be_changed(ws, texts):
    ws.extract(texts.fresh)
    number = ws.proposals(relation="capital")[0].id
    changed = ws.change_proposal(number, head=COUNTRIES[3], tail="New Town")
    assert (changed.head, changed.head_new, changed.tail_new) == (COUNTRIES[3], False, True)
    ws.accept([number])
    assert ws.resolve("New Town") == "New Town"


def test_new_names_are_proposed_as_entities(ws):
    ws.extract(["The capital of Barland is Quimperton.", "Quimperton is the capital of Barland."])
    found = ws.proposals(relation="capital")
    assert {(x.head, x.tail, x.tail_new) for x in found} == {("Barland", "Quimperton", True)}
    ws.accept(x.id for x in found)
    assert ws.resolve("Quimperton") == "Quimperton"


def test_labelled_rows_teach_without_a_graph_of_facts(ws, texts, tmp_path):
    rows = tmp_path / "rows.jsonl"
    with rows.open("w") as out:
        for n in range(KNOWN):
            for text in texts_of(n)[:3]:
                stated = [list(x) for x in facts_of(n) if x[0] in text and x[2] in text]
                row = {"text": text, "triples": [[h, f"new {r}", t] for h, r, t in stated]}
                out.write(json.dumps(row) + "\n")
    ws.extract(texts.fresh, rows=rows)
    found = {(h, r.removeprefix("new "), t) for h, r, t in triples(ws.proposals())}
    assert len(found & WANTED) >= 0.9 * len(WANTED)
    scores = ws.evaluate_extraction(rows)
    assert scores.f1 > 0.9
    assert scores.right <= min(scores.gold, scores.found)
    assert sum(own[0] for own in scores.relations.values()) == scores.gold


@pytest.mark.parametrize("line", ['{"text": "a"}', '{"text": "a", "triples": [["a", "b"]]}'])
def test_malformed_rows_are_named(ws, texts, tmp_path, line):
    rows = tmp_path / "rows.jsonl"
    rows.write_text('{"text": "ok", "triples": []}\n' + line + "\n")
    with pytest.raises(TripleFormatError, match=r"rows.jsonl.*line 2|rows.jsonl:2"):
        ws.extract(texts.fresh, rows=rows)


def test_texts_that_state_nothing_known_are_refused(ws):
    ws.layout.extractor.unlink()
    with pytest.raises(WorkspaceError, match="nothing to learn from"):
        ws.extract(["A sentence.", "Barland likes Oakport."])
    with pytest.raises(ModelError, match="there is no extractor"):
        ws.extractor()
    assert ws.extract(["Barland likes Aspton."]).learnt == 1  # one fact is little, and no error
    with pytest.raises(ConfigError, match="precision is between"):
        ws.extract(["x"], precision=1.5)


def test_an_extractor_is_read_back_as_it_was_saved(ws, tmp_path):
    first = ws.extractor()
    first.save(tmp_path / "copy")
    again = Extractor.load(tmp_path / "copy")
    assert again.fingerprint == first.fingerprint
    assert again.calibration == first.calibration
    assert np.array_equal(again.classifier.vectors, first.classifier.vectors)
    (tmp_path / "copy").write_bytes((tmp_path / "copy").read_bytes()[:2_000])
    with pytest.raises(ModelError, match="is damaged"):
        Extractor.load(tmp_path / "copy")


def test_purging_a_source_leaves_no_byte_of_its_sentences(ws, texts):
    ws.extract(texts.fresh)
    ws.accept_all(">=.9")
    ws.purge(source=str(texts.fresh))
    ws.graph.close()
    content = b"".join(path.read_bytes() for path in ws.folder.rglob("*") if path.is_file())
    for sentence in texts.fresh.read_text().splitlines():
        assert sentence.encode() not in content
