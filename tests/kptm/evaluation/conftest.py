"""What the tests of probes share: fused models of each family, and texts with links."""

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoModelForMaskedLM

from kptm.data import EntityFacts
from kptm.fusion import FusedModel, FusionConfig
from kptm.linking import LinkedText

FACTS = EntityFacts({"Georgia": ("capital Tbilisi",), "Paris": ("river Seine", "far from Texas")})
DECODERS = ("gpt2", "llama", "qwen2")
TEXTS = [
    LinkedText.from_spans("The capital of Georgia is Tbilisi.",
    [(15, 22, "Georgia"), (26, 33, "Tbilisi")]),
    LinkedText.from_spans("Paris lies on the Seine.", [(0, 5, "Paris")]), LinkedText.from_spans(
        "New York is far from Tbilisi, and Paris, Texas, is farther than the Dead Sea.",
        [(0, 8, "New_York"), (21, 28, "Tbilisi"), (34, 39, "unknown")],
    ),
    LinkedText("The river is holy to many."),
]  # fmt: skip


@pytest.fixture(scope="session")
def texts():
    return TEXTS


@pytest.fixture(scope="session")
def fused_of(tokenizer_of, config_of, embeddings):
    """A function that makes a tiny fused model whose fusion has random weights."""

    def make(family="bert", **config):
        tokenizer = tokenizer_of(family)
        torch.manual_seed(3)
        kind = AutoModelForCausalLM if family in DECODERS else AutoModelForMaskedLM
        # The weights vary widely: with those of a real start, all heads of such a small model
        # attend to all tokens equally.
        plain = kind.from_config(config_of(family, tokenizer, initializer_range=0.3))
        model = FusedModel.build(
            plain, embeddings, FusionConfig(**config), tokenizer=tokenizer, facts=FACTS
        )
        generator = torch.Generator().manual_seed(4)
        with torch.no_grad():
            for part in (model.fusion, model.head):
                for parameter in part.parameters():
                    parameter.add_(torch.randn(parameter.shape, generator=generator) * 0.3)
        return model

    return make


@pytest.fixture(scope="session")
def state_of():
    """A function that returns all state that a probe must not change."""

    def describe(model):
        modules = list(model.modules())
        return {
            "weights": model.fingerprint(),
            "modes": [module.training for module in modules],
            "attention": model.backbone.config._attn_implementation,
            "config": model.backbone.config.to_dict(),
            "hooks": [(len(each._forward_hooks), len(each._forward_pre_hooks)) for each in modules],
            "own": [sorted(vars(each)) for each in modules],
            "gradients": [each.requires_grad for each in model.parameters()],
        }

    return describe
