"""The encoder's cosines equal those of Hugging Face's forward pass.

Vectors of descriptions are stored and reused.
"""

import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch
from transformers import BertModel, BertTokenizerFast

from kg import EntityRecord
from kptm.errors import LinkingError
from kptm.linking import Linker
from kptm.linking.disambiguation.description_encoder import UNRELATED_COSINE, Encoder
from kptm.linking.disambiguation.disambiguation_model import Weights
from kptm.linking.disambiguation.scoring_passes import score_candidates
from kptm.linking.text.passages import FoldedTexts


@pytest.fixture(scope="module")
def model(sentence_encoder):
    return sentence_encoder


@pytest.fixture
def graph(new_graph):
    found = new_graph()
    found.add(
        [
            EntityRecord(key="Q90", label="Paris", description="capital of France"),
            EntityRecord(key="Q830149", label="Paris", description="city in Texas"),
        ]
    )
    return found


def vector(folder, text):
    tokenizer, encoder = (
        BertTokenizerFast.from_pretrained(folder),
        BertModel.from_pretrained(folder),
    )
    with torch.inference_mode():
        hidden = encoder.eval()(**tokenizer(text, return_tensors="pt")).last_hidden_state[0]
    mean = hidden.mean(0).numpy()
    return mean / np.linalg.norm(mean)


def test_similarity_is_the_cosine(model, graph, monkeypatch):
    monkeypatch.setattr("kptm.linking.disambiguation.description_encoder.AMBIGUOUS_P", (0.0, 1.0))
    linker, encoder, text = Linker(graph), Encoder(model), "Paris is a city in Texas."
    passages, layers = FoldedTexts([text]), linker.refresh()
    scored = score_candidates(passages, layers, linker.weights)
    found = encoder.similarity(
        passages, layers, scored.candidates, scored.probability, linker.describe
    )
    around = vector(model, text)
    about = ["Paris: capital of France", "Paris: city in Texas"]
    cosines = np.array([vector(model, said) @ around for said in about])
    assert found["similarity"] == pytest.approx(
        cosines - UNRELATED_COSINE, abs=2e-3
    )  # stored as float16
    behind = cosines - cosines.max()
    assert found["behind the most similar"] == pytest.approx(behind, abs=2e-3)
    assert not found["part, similarity"].any()


def test_what_is_in_no_doubt_is_not_encoded(model, graph, monkeypatch):
    monkeypatch.setattr("kptm.linking.disambiguation.description_encoder.AMBIGUOUS_P", (2.0, 3.0))
    monkeypatch.setattr(Encoder, "_encode_texts", lambda *_: pytest.fail("encoded"))
    assert Linker(graph, encoder=Encoder(model)).link("Paris is a city.").links


@pytest.mark.parametrize(
    ("probability", "asked"),
    [((0.5, 0.3), True), ((0.5, 0.04), False), ((0.04, 0.5), False), ((0.7, 0.1), False)],
)
def test_contexts_that_cannot_change_the_first_candidate_are_not_encoded(
    model, graph, monkeypatch, probability, asked
):
    linker, encoder = Linker(graph), Encoder(model)
    passages, layers = FoldedTexts(["Paris is a city."]), linker.refresh()
    scored = score_candidates(passages, layers, linker.weights)
    encoded = []
    encode = Encoder._encode_texts
    monkeypatch.setattr(
        Encoder, "_encode_texts", lambda self, texts: encoded.extend(texts) or encode(self, texts)
    )
    found = encoder.similarity(
        passages, layers, scored.candidates, np.array(probability), linker.describe
    )
    assert bool(encoded) == asked
    assert bool(found["similarity"].any()) == asked


def test_descriptions_are_encoded_once(model, graph, tmp_path, monkeypatch):
    monkeypatch.setattr("kptm.linking.disambiguation.description_encoder.AMBIGUOUS_P", (0.0, 1.0))
    first = Linker(graph, encoder=Encoder(model, folder=tmp_path)).link("Paris is a city.")
    asked = []
    encoded = Encoder._encode_texts
    monkeypatch.setattr(
        Encoder, "_encode_texts", lambda self, texts: asked.extend(texts) or encoded(self, texts)
    )
    again = Linker(graph, encoder=Encoder(model, folder=tmp_path)).link("Paris is a city.")
    assert again == first
    assert asked == ["Paris is a city."]
    graph.add([EntityRecord(key="Q90", description="city of France")])
    Linker(graph, encoder=Encoder(model, folder=tmp_path)).link("Paris is a city.")
    assert sorted(asked[1:]) == ["Paris is a city.", "Paris: city of France"]
    next(tmp_path.glob("*/vectors.npy")).write_bytes(b"")  # damaged: encoded again
    assert Linker(graph, encoder=Encoder(model, folder=tmp_path)).link("Paris is a city.").links
    assert len(asked) == 6


def test_errors(model, graph, tmp_path):
    with pytest.raises(LinkingError, match=r"no config\.json"):
        Encoder(tmp_path)
    with pytest.raises(LinkingError, match="leave n_jobs at 1"):
        list(Linker(graph, encoder=Encoder(model)).link_many(["Paris"], n_jobs=2))
    weights = replace(Weights.default(), encoder=None)
    with pytest.raises(LinkingError, match="without an encoder"):
        Linker(graph, encoder=Encoder(model), weights=weights).link("Paris")


def test_the_identity_says_which_encoder_and_coefficients(model, graph, tmp_path):
    plain = Linker(graph).identity()
    ours = Linker(graph, encoder=Encoder(model)).identity()
    assert len({plain, ours}) == 2
    other = tmp_path / "other"
    shutil.copytree(model, other)
    assert Linker(graph, encoder=Encoder(other)).identity() == ours  # the path does not matter
    name = other / "model.safetensors"
    raw = bytearray(name.read_bytes())
    raw[-1] ^= 1  # changes one weight
    name.write_bytes(raw)
    assert Linker(graph, encoder=Encoder(other)).identity() != ours
    name.rename(other / "pytorch_model.bin")
    binary = Linker(graph, encoder=Encoder(other)).identity()
    (other / "pytorch_model.bin").write_bytes(b"other weights")
    assert Linker(graph, encoder=Encoder(other)).identity() != binary
    weights = replace(Weights.default(), threshold=0.123)
    assert Linker(graph, weights=weights).identity() != plain
    assert Linker(graph).identity() == plain
    graph.log.note("learn", "questions")
    assert Linker(graph).identity() == plain  # learning changes no link
    graph.add([("Q90", "in", "Q142")])
    assert Linker(graph).identity() != plain
