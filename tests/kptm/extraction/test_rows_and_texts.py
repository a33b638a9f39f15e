"""Learning from few labelled rows and a graph's texts together, or from the rows alone."""

import json

import pytest
from invented_countries import COUNTRIES, KNOWN, facts_of, texts_of

from kptm.extraction.fitting.classifier_training import ExtractionConfig
from kptm.extraction.fitting.extractor_learning import learn
from kptm.extraction.fitting.labelled_rows import read_rows

pytestmark = pytest.mark.usefixtures("training")


@pytest.fixture
def learnt_from(ws, texts, tmp_path):
    """Learn from the rows of some countries, and the texts of the countries in the graph."""

    def learning(numbers, *, rename=None, decided=()):
        path = tmp_path / "rows.jsonl"
        with path.open("w") as out:
            for n in numbers:
                for text in texts_of(n)[:3]:
                    stated = [x for x in facts_of(n) if x[0] in text and x[2] in text]
                    triples = [[h, (rename or {}).get(r, r), t] for h, r, t in stated]
                    out.write(json.dumps({"text": text, "triples": triples}) + "\n")
        return learn(
            ws.graph,
            ws.linker,
            texts.known.read_text().splitlines(),
            rows=read_rows(path),
            decided=decided,
            config=ExtractionConfig(epochs=4),
        )[1]

    return learning


def test_few_rows_and_many_texts_are_both_learnt_from(learnt_from):
    report = learnt_from(range(KNOWN, KNOWN + 6))
    assert (report.from_rows, report.from_texts) == (True, True)
    assert report.texts == 4 * KNOWN + 3 * 6


def test_a_text_that_a_row_labels_is_read_once(learnt_from):
    report = learnt_from(range(6))  # three of the four texts of each
    assert report.texts == 4 * KNOWN


def test_where_the_graph_contradicts_the_rows_the_texts_are_left_out(learnt_from):
    """The rows' relations have other names, so the graph teaches nothing about them."""
    report = learnt_from(range(KNOWN - 4, len(COUNTRIES)), rename={"capital": "x", "borders": "y"})
    assert (report.from_rows, report.from_texts) == (True, False)


def test_decisions_count_beside_rows(ws, texts, learnt_from):
    ws.extract(texts.fresh)
    ids = [one.id for one in ws.proposals()][:3]
    ws.reject(ids)
    without = learnt_from(range(KNOWN, KNOWN + 6))
    report = learnt_from(range(KNOWN, KNOWN + 6), decided=ws.proposals(state="rejected"))
    assert report.decided == 3
    assert report.pairs > without.pairs
