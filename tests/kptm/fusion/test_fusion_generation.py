"""Without knowledge, generation gives Hugging Face's own text; else that of full passes."""

import pytest
import torch
from transformers import GenerationConfig

from kptm.data import collate
from kptm.errors import ConfigError, ModelError
from kptm.linking import LinkedText

PROMPTS = [
    LinkedText.from_spans("The capital of Georgia is", [(15, 22, "Georgia")]),
    LinkedText.from_spans("Paris", [(0, 5, "Paris")]),
    LinkedText("The river is"),
]
KINDS = ("gated", "memory", "ernie", "knowbert", "adapter", "kblam")
FAMILIES = ("gpt2", "llama")


@torch.no_grad()
def spread(model):
    """Make states and attention far from uniform, so that one token's vector matters."""
    for weight in model.backbone.parameters():
        if weight.dim() > 1:
            weight.mul_(12.0)
    return model


@pytest.fixture(scope="module", params=[(f, k) for f in FAMILIES for k in KINDS], ids="-".join)
def decoder(request, fused_of):
    family, kind = request.param
    return spread(fused_of(family, kind=kind))


@pytest.fixture(scope="module")
def gpt2(fused_of):
    return spread(fused_of("gpt2"))


@torch.no_grad()
def by_whole_passes(model, prompt, count, *, use_knowledge=True):
    """Greedy text by one pass over the whole text for each token."""
    text = model.encoder.encode(prompt)
    batch = collate([text], model.pad_id, with_knowledge=use_knowledge)
    ids = batch.input_ids
    while int(ids[0, -1]) in model.tokenizer.all_special_ids:
        ids = ids[:, :-1]
    start = ids.shape[1]
    for _ in range(count):
        hidden = model(ids, torch.ones_like(ids), batch.mention_spans, batch.mention_rows).hidden
        token = model.token_logits(hidden[0, -1:]).argmax(-1)
        ids = torch.cat([ids, token[None]], 1)
        if int(token) == model.tokenizer.eos_token_id:
            break
    return model.tokenizer.decode(ids[0, start:], skip_special_tokens=True)


@pytest.mark.parametrize("use_cache", [True, False])
def test_generated_text_is_that_of_full_passes(decoder, use_cache):
    wanted = [by_whole_passes(decoder, prompt, 6) for prompt in PROMPTS]
    found = decoder.generate(PROMPTS, max_new_tokens=6, use_cache=use_cache)
    assert found == wanted
    assert wanted != [by_whole_passes(decoder, x, 6, use_knowledge=False) for x in PROMPTS]


def test_without_knowledge_it_is_the_backbone_s_own(gpt2):
    ids = torch.tensor([gpt2.encoder.encode(PROMPTS[0]).ids[:-1]])  # without the end token
    written = gpt2.backbone.generate(
        input_ids=ids,
        attention_mask=torch.ones_like(ids),
        max_new_tokens=6,
        pad_token_id=gpt2.pad_id,
    )
    wanted = gpt2.tokenizer.decode(written[0, ids.shape[1] :], skip_special_tokens=True)
    assert gpt2.generate(PROMPTS[:1], max_new_tokens=6, use_knowledge=False) == [wanted]
    assert not gpt2.backbone.base_model._forward_pre_hooks  # no hook stays


@pytest.mark.parametrize("kind", ["gated", "kblam"])
def test_beams_carry_the_mentions_of_their_prompt(fused_of, kind):
    gpt2 = spread(fused_of("gpt2", kind=kind))
    settings = GenerationConfig(num_beams=3, do_sample=False)
    together = gpt2.generate(PROMPTS, max_new_tokens=4, settings=settings)
    alone = [gpt2.generate([one], max_new_tokens=4, settings=settings)[0] for one in PROMPTS]
    assert together == alone
    assert gpt2.generate(PROMPTS, max_new_tokens=4, settings=settings, use_cache=False) == alone


def test_no_prompts_and_a_blank(gpt2):
    assert gpt2.generate([]) == []
    asked = LinkedText.from_spans("The capital of Georgia is [MASK].", [(15, 22, "Georgia")])
    assert gpt2.generate([asked], max_new_tokens=4) == gpt2.generate(PROMPTS[:1], max_new_tokens=4)


def test_models_that_cannot_generate_are_refused(fused_of, gpt2):
    with pytest.raises(ModelError, match="BertForMaskedLM is an encoder"):
        fused_of("bert").generate(PROMPTS)
    with pytest.raises(ModelError, match="kbert"):
        fused_of("gpt2", kind="kbert").generate(PROMPTS)
    with pytest.raises(ConfigError, match="max_new_tokens must be at least 1, not 0"):
        gpt2.generate(PROMPTS, max_new_tokens=0)
