"""Decoding only candidates' names: beam search against every name's log-probability."""

import pytest
import torch

from kptm.data import collate
from kptm.errors import ConfigError, ModelError
from kptm.fusion import generate_names
from kptm.fusion.decoding.generation import encode_prompt
from kptm.linking import LinkedText

NAMES = {
    "Georgia": ("Georgia",),
    "New_York": ("New York", "New York City"),
    "Paris": ("Paris",),
    "Seine": ("the Seine", "Seine"),
    "Tbilisi": ("Tbilisi",),
    "York": ("York",),
}
PROMPTS = [
    LinkedText.from_spans("The capital of Georgia is [MASK].", [(15, 22, "Georgia")]),
    LinkedText.from_spans("Paris", [(0, 5, "Paris")]),
    LinkedText("The river is"),
]


@pytest.fixture(scope="module", params=[("gpt2", "gated"), ("llama", "kblam")], ids="-".join)
def decoder(request, fused_of):
    family, kind = request.param
    model = fused_of(family, kind=kind)
    with torch.no_grad():
        for weight in model.backbone.parameters():
            if weight.dim() > 1:
                weight.mul_(6.0)
    return model


@torch.no_grad()
def score_of(model, prompt, name, others, use_knowledge):
    """The log-probability of a name's tokens, from one pass over the prompt and the name."""
    start = encode_prompt(model, prompt)
    tokens = model.tokenizer(f"a {name}", add_special_tokens=False).input_ids[1:]
    batch = collate([start], model.pad_id, with_knowledge=use_knowledge)
    ids = torch.cat([batch.input_ids, torch.tensor([tokens])], 1)
    hidden = model(ids, torch.ones_like(ids), batch.mention_spans, batch.mention_rows).hidden
    logs = model.token_logits(hidden[0, len(start.ids) - 1 :]).log_softmax(-1)
    score = sum(float(logs[place, token]) for place, token in enumerate(tokens))
    if any(other.startswith(f"{name} ") for other in others):
        score += float(logs[len(tokens), model.tokenizer.eos_token_id])
    return score


@pytest.mark.parametrize("use_knowledge", [True, False])
def test_the_order_is_that_of_every_name_s_probability(decoder, use_knowledge):
    every = [(key, name) for key, said in NAMES.items() for name in said]
    found = generate_names(decoder, PROMPTS, NAMES, k=8, use_knowledge=use_knowledge)
    for prompt, names in zip(PROMPTS, found, strict=True):
        scored = [
            (score_of(decoder, prompt, name, [x for _, x in every], use_knowledge), key, name)
            for key, name in every
        ]
        best = {}
        for score, key, name in sorted(scored, reverse=True):
            best.setdefault(key, (name, score))
        assert [(x.entity, x.name) for x in names] == [(key, best[key][0]) for key in best]
        for one in names:
            assert one.score == pytest.approx(best[one.entity][1], abs=1e-3)


def test_only_candidates_are_named_and_equal_names_give_both(decoder):
    names = {"one": ("Paris",), "two": ("Paris", " "), "three": ()}
    [found] = generate_names(decoder, PROMPTS[:1], names, k=3)
    assert [(one.entity, one.name) for one in found] == [("one", "Paris"), ("two", "Paris")]
    assert generate_names(decoder, [], names) == []
    assert len(generate_names(decoder, PROMPTS, NAMES)) == len(PROMPTS)


def test_candidates_without_a_name_are_refused(decoder, fused_of):
    with pytest.raises(ConfigError, match="no name to generate"):
        generate_names(decoder, PROMPTS, {"one": ()})
    with pytest.raises(ConfigError, match="k must be at least 1, not 0"):
        generate_names(decoder, PROMPTS, NAMES, k=0)
    with pytest.raises(ModelError, match="is an encoder"):
        generate_names(fused_of("bert"), PROMPTS, NAMES)
