"""Fused models of each family, small enough to build for every test."""

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoModelForMaskedLM

from kptm.data import EntityFacts, FactTriples, collate
from kptm.fusion import FusedModel, FusionConfig
from kptm.linking import LinkedText

DECODERS = ["gpt2", "llama", "qwen2"]
FACTS = EntityFacts(
    {
        "Georgia": ("capital Tbilisi", "borders Russia"),
        "New_York": ("lies on the Hudson",),
        "Paris": ("river Seine",),
        "Tbilisi": ("capital of Georgia",),
    }
)
TRIPLES = FactTriples(
    [
        ("Georgia", "capital", "Tbilisi"),
        ("Georgia", "borders", "New_York"),
        ("Paris", "river", "Georgia"),
        ("Tbilisi", "capital of", "Georgia"),
    ]
)
FAMILIES = ["bert", "roberta", "distilbert"]
TEXTS = [
    LinkedText.from_spans("The capital of Georgia is [MASK].", [(15, 22, "Georgia")]),
    LinkedText.from_spans("Paris lies on the [MASK].", [(0, 5, "Paris")]),
    LinkedText.from_spans(
        "New York is far from Tbilisi, and Paris, Texas.",
        [(0, 8, "New_York"), (21, 28, "Tbilisi"), (34, 39, "unknown")],
    ),
    LinkedText("[MASK] is a river in 北京."),
]


@pytest.fixture(scope="session")
def texts():
    return TEXTS


@pytest.fixture(params=FAMILIES)
def family(request):
    return request.param


@pytest.fixture(scope="session")
def plain_of(tokenizer_of, config_of):
    """A function that makes a plain Hugging Face model and its tokenizer."""

    def make(family, seed=3, **changes):
        tokenizer = tokenizer_of(family)
        torch.manual_seed(seed)
        config = config_of(family, tokenizer, **changes)
        kind = AutoModelForCausalLM if family in DECODERS else AutoModelForMaskedLM
        model = kind.from_config(config)
        return model.eval(), tokenizer

    return make


@pytest.fixture(scope="session")
def fused_of(plain_of, embeddings):
    """A function that makes a fused model; with ``moved``, its new weights are random."""

    def make(family="bert", moved=True, **config):
        plain, tokenizer = plain_of(family)
        model = FusedModel.build(
            plain, embeddings, FusionConfig(**config), tokenizer=tokenizer, facts=facts_for(config)
        ).eval()
        if moved:
            move(model)
        return model

    return make


def facts_for(config):
    """The facts that a kind reads."""
    return TRIPLES if config.get("kind") == "kblam" else FACTS


def move(model, seed=4):
    """Set all weights that fusion adds at random, also those that start at zero."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for part in (model.fusion, model.head):
            for parameter in part.parameters():
                parameter.add_(torch.randn(parameter.shape, generator=generator) * 0.3)


@pytest.fixture(scope="session")
def batch_of():
    """A function that makes a model's batch of texts."""

    def make(model, texts=TEXTS, **options):
        encoded = [model.encoder.encode(text) for text in texts]
        return collate(encoded, model.pad_id, **options).tensors()

    return make
