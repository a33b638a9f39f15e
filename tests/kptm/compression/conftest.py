"""Models of several layers, and texts of the example entities."""

import pytest
import torch

from kptm.data import collate
from kptm.fusion import FusedModel, FusionConfig
from kptm.linking import LinkedText
from tests.kptm.fusion.conftest import TEXTS, batch_of, fused_of, move, plain_of

__all__ = ["batch_of", "fused_of", "plain_of"]


@pytest.fixture(scope="session")
def texts():
    return TEXTS


@pytest.fixture(scope="session")
def deep(tokenizer_of, config_of, embeddings):
    """A function that makes a fused model of a family with six layers."""
    from transformers import AutoModelForCausalLM, AutoModelForMaskedLM

    def make(family="bert", kind="gated", layers=None, **changes):
        tokenizer = tokenizer_of(family)
        torch.manual_seed(3)
        names = {"gpt2": "n_layer", "distilbert": "n_layers"}
        count = {names.get(family, "num_hidden_layers"): 6}
        auto = AutoModelForCausalLM if family in ("gpt2", "llama") else AutoModelForMaskedLM
        plain = auto.from_config(config_of(family, tokenizer, **count, **changes)).eval()
        config = FusionConfig(kind=kind, layers=layers)
        model = FusedModel.build(plain, embeddings, config, tokenizer=tokenizer).eval()
        move(model)
        return model

    return make


@pytest.fixture(scope="session")
def said():
    """A function that gives a model's states, entity logits and word logits for some texts."""

    @torch.no_grad()
    def states(model, chosen=TEXTS):
        batch = collate([model.encoder.encode(text) for text in chosen], model.pad_id)
        output = model(**batch.tensors())
        return output.hidden, output.entity_logits, model.token_logits(output.hidden)

    return states


@pytest.fixture(scope="session")
def lines():
    """Twelve linked texts, no two of them alike."""
    pairs = [("Georgia", "Tbilisi"), ("Paris", "Seine"), ("Jordan", "Dead Sea")]
    return [
        LinkedText.from_spans(
            f"{a} is {word} {b}.",
            [
                (0, len(a), a.replace(" ", "_")),
                (len(a) + 5 + len(word), len(a) + 5 + len(word) + len(b), b.replace(" ", "_")),
            ],
        )
        for a, b in pairs
        for word in ("near", "far from", "not", "the river of")
    ]
