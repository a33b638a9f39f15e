"""A workspace whose model reads facts cites those that it attended to, and edits change them."""

import logging
import shutil

import pytest
import torch

from kg.types import Triple
from kptm import Workspace
from kptm.answering.sources.blank_words import predict_words
from kptm.data import FactTriples, collate
from kptm.fusion import attended_facts, generate_with_facts
from kptm.linking import LinkedText
from kptm.workspace.config import WorkspaceConfig

QUESTION = "What is the capital of Peru?"


@pytest.fixture(scope="module")
def reading(toy, tmp_path_factory, training):
    """A workspace with a model of kind "kblam"."""
    folder = tmp_path_factory.mktemp("reading") / "ws"
    settings = (*toy.settings, "fusion.kind=kblam")
    with Workspace.init(folder, WorkspaceConfig().with_changes(settings)) as ws:
        ws.load_entities(toy.entities)
        ws.load(toy.triples)
        ws.embed()
        ws.pretrain(toy.texts)
        ws.index(toy.texts)
    return folder


@pytest.fixture
def ws(reading, tmp_path):
    with Workspace.open(shutil.copytree(reading, tmp_path / "ws")) as opened:
        yield opened


def cited(answer):
    return [item for item in answer.evidence if item.kind == "model" and item.triple is not None]


def test_an_answer_cites_the_facts_that_the_model_attended_to(ws, toy):
    answer = ws.ask(QUESTION, sources=["model", "graph"])
    assert answer.entity == "Lima"
    # The graph's answer has the model's evidence, but its facts only if it prefers that answer.
    assert {item.entity for item in cited(answer)} <= {"Lima"} | {
        item.entity for item in answer.conflicts
    }
    predictor = ws.predictor()
    case = predictor._understanding.by_names("Peru", "capital", None, {"model"})
    asked = predictor._source_query(case, {"model"})
    [[opinion]] = predictor._voices.opinions([asked], {"model"}, predictor.weights.neighbours)
    [wanted] = attended_facts(predictor.model, asked.texts[:1], k=3)
    assert opinion.facts == wanted
    best = asked.side.keys[opinion.best]
    named = {best: best}
    told = [
        item for item in predictor._citations.opinion(asked, opinion, [best], named) if item.triple
    ]
    assert [item.triple for item in told] == [item.fact for item in wanted]
    assert [item.score for item in told] == [item.weight for item in wanted]
    assert all(item.sources == (f"{toy.triples}:{_line(toy, item.triple)}",) for item in told)
    assert told[0].text.startswith("attends to: ")


def _line(toy, fact):
    return 1 + toy.triples.read_text().splitlines().index("\t".join(fact))


def test_an_edit_changes_the_facts_that_the_model_reads(ws):
    predictor = ws.predictor()
    old, new = Triple("Peru", "capital", "Lima"), Triple("Peru", "capital", "Santiago")
    space, rows = predictor.space, ws.modeledge.stats()
    facts = FactTriples.of(ws.graph)
    assert predictor.model.facts.triples == facts.triples
    revision = ws.edit("Peru", "capital", "Santiago")
    assert predictor.model.facts.triples == FactTriples.of(ws.graph).triples
    assert new in predictor.model.facts.triples
    assert old not in predictor.model.facts.triples
    # The oracle: a model that was saved, with other facts read by hand.
    model = ws.model()
    assert model.facts.triples == facts.triples
    text = LinkedText.from_spans("The capital of Peru is [MASK].", [(15, 19, "Peru")])
    before = attended_facts(model, [text])
    model.read(FactTriples(FactTriples.of(ws.graph).triples, model.facts.relations))
    assert attended_facts(predictor.model, [text]) == attended_facts(model, [text]) != before
    # Modeledge is written and found with the facts that the model was saved with.
    assert ws.predictor().space == space
    assert set(ws.modeledge.stats()) == set(rows)
    assert ws.recall("The capital of Peru is [MASK].")
    ws.undo(revision)
    assert ws.predictor().model.facts.triples == facts.triples


def test_facts_that_it_cannot_read_are_counted(ws, caplog):
    ws.add([("Peru", "capital", "Cusco"), ("Peru", "neighbour of", "Chile")])
    with caplog.at_level(logging.WARNING):
        model = ws.predictor().model
    assert len(model.facts) == len(FactTriples.of(ws.graph)) - 2
    assert "does not read 2 of 14 facts" in caplog.text
    caplog.clear()
    ws.ask(QUESTION)
    assert "does not read" not in caplog.text


def test_words_cite_facts_too(ws):
    predictor = ws.predictor()
    document = predictor.link("Peru is full of [MASK].")
    words = predict_words(predictor.model, document)
    assert words.facts == attended_facts(predictor.model, [document], k=3)[0]
    evidence = predictor._citations.words(words)
    assert [item.triple for item in evidence[1:]] == [item.fact for item in words.facts]


def test_a_decoder_continues_a_text_and_says_how_sure_it_is(fused_of):
    model = fused_of("gpt2", kind="kblam")
    document = LinkedText.from_spans("The capital of Georgia is [MASK].", [(15, 22, "Georgia")])
    words = predict_words(model, document)
    [told] = generate_with_facts(model, [document], max_new_tokens=8, k=3)
    assert (words.text, words.facts, words.p) == (told.text.strip(), told.facts, told.p)
    assert words.facts
    # The oracle: one complete pass for each token, always the likeliest one.
    start = model.encoder.encode(document)
    ids, logs = list(start.ids), []
    special = set(model.tokenizer.all_special_ids)
    while ids[-1] in special:
        ids.pop()
    batch = collate([start], model.pad_id)
    for _ in range(8):
        tensor = torch.tensor([ids])
        with torch.no_grad():
            hidden = model(
                tensor, torch.ones_like(tensor), batch.mention_spans, batch.mention_rows
            ).hidden
            log_V = model.token_logits(hidden[0, -1:])[0].double().log_softmax(-1)
        logs.append(float(log_V.max()))
        ids.append(int(log_V.argmax()))
        if ids[-1] in special:
            break
    ended = ids[-1] in special
    kept = logs[:-1] if ended and len(logs) > 1 else logs
    assert told.p == pytest.approx(float(torch.tensor(kept).mean().exp()), rel=1e-4)
    assert predict_words(fused_of("gpt2"), document) is None
