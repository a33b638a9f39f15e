"""Token states against Hugging Face's own forward pass, one text at a time; spans against NumPy."""

import shutil

import numpy as np
import pytest
import torch
from transformers import AutoModel, AutoTokenizer

from kptm.encoders import TokenEncoder
from kptm.encoders.token_encoder import MAX_TOKENS
from kptm.errors import LinkingError

TEXTS = [
    "Paris is a city.",
    "Paris, the capital of France, is a city in France.",
    "",
    "a",
    "in Texas",
]


def forward(folder, text):
    tokenizer = AutoTokenizer.from_pretrained(folder)
    given = tokenizer(text, return_tensors="pt")
    with torch.inference_mode():
        hidden = AutoModel.from_pretrained(folder).eval()(**given).last_hidden_state[0]
    return hidden[1:-1].numpy()


def test_states_are_those_of_the_model_alone(sentence_encoder):
    found = TokenEncoder(sentence_encoder, device="cpu").encode(TEXTS)
    for text, one in zip(TEXTS, found, strict=True):
        np.testing.assert_allclose(one.states, forward(sentence_encoder, text), atol=1e-5)
        words = [text[start:end] for start, end in zip(one.starts, one.ends, strict=True)]
        assert "".join(words) == text.replace(" ", "")


def test_a_span_is_the_mean_of_its_tokens(sentence_encoder):
    text = TEXTS[1]
    [one] = TokenEncoder(sentence_encoder, device="cpu").encode([text])
    start = text.index("capital of")
    wanted = forward(sentence_encoder, text)[3:5].mean(0)  # paris , the capital of
    np.testing.assert_allclose(
        one.mean(start, start + 10), wanted / np.linalg.norm(wanted), atol=1e-5
    )
    assert not one.mean(len(text), len(text) + 5).any()
    assert not one.mean(6, 7).any()  # a space


def test_tokens_behind_the_limit_have_no_state(sentence_encoder):
    text = "paris " * (2 * MAX_TOKENS)
    [one] = TokenEncoder(sentence_encoder, device="cpu").encode([text])
    assert len(one.states) == MAX_TOKENS - 2
    assert not one.mean(len(text) - 6, len(text) - 1).any()


def test_a_backbone_is_found_in_its_model(sentence_encoder, tmp_path):
    inside = tmp_path / "finetuned" / "fused" / "backbone"
    shutil.copytree(sentence_encoder, inside)
    found = TokenEncoder(tmp_path / "finetuned")
    assert found.path == inside
    assert found.fingerprint == TokenEncoder(sentence_encoder).fingerprint
    with pytest.raises(LinkingError, match=r"no encoder \(no config.json\)"):
        TokenEncoder(tmp_path)
