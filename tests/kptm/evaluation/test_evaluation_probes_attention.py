"""Attention statistics, compared with NumPy on Hugging Face's own attentions."""

import copy
import pickle
from dataclasses import replace

import numpy as np
import pytest
import torch

from kptm import ConfigError, ModelError
from kptm.data import EncodedText
from kptm.data.tokenize import TokenSpan
from kptm.evaluation.probes import ProbeConfig, attention_statistics, probe_attention
from kptm.evaluation.probes.attention import shuffle_tokens
from kptm.evaluation.probes.watching import eval_mode, head_attention

FAMILIES = ["bert", "roberta", "distilbert", "albert", "electra", "mpnet", "deberta-v2",
            "modernbert", "gpt2", "llama", "qwen2"]  # fmt: skip


def by_hand(attentions, encoded):
    """The four means, written out.

    ``attentions`` has a list of layers (1, H, L, L) for each text.
    """
    layers, heads = len(attentions[0]), attentions[0][0].shape[1]
    sums, tokens = np.zeros((4, layers, heads)), 0
    for text, found in zip(encoded, attentions, strict=True):
        length = len(text.ids)
        named = {at for span in text.spans if span.row is not None
                 for at in range(span.start, span.end)}  # fmt: skip
        tokens += length
        for layer in range(layers):
            for head in range(heads):
                a = found[layer][0, head].double().numpy()
                np.testing.assert_allclose(a.sum(1), 1, atol=1e-5)
                for i in range(length):
                    for j in range(length):
                        if a[i, j] > 0:
                            sums[0, layer, head] -= a[i, j] * np.log(a[i, j])
                        sums[1, layer, head] += a[i, j] * (j in named)
                        sums[2, layer, head] += a[i, j] * abs(i - j)
                    sums[3, layer, head] += a[i, 0]
    return sums / tokens, tokens


@pytest.mark.parametrize("family", FAMILIES)
def test_statistics_by_hand(fused_of, texts, state_of, family):
    model = fused_of(family)
    before = state_of(model)
    encoded = [model.encoder.encode(text) for text in texts]
    found = attention_statistics(model, encoded, with_knowledge=False, batch_size=3)
    assert state_of(model) == before
    plain = copy.deepcopy(model.backbone).eval()
    plain.set_attn_implementation("eager")
    attentions = []
    with torch.no_grad():
        for text in encoded:
            ids = torch.tensor([text.ids])
            output = plain.base_model(
                input_ids=ids, attention_mask=torch.ones_like(ids), output_attentions=True
            )
            attentions.append(output.attentions)
    wanted, tokens = by_hand(attentions, encoded)
    assert found.tokens == tokens
    for value, right in zip(found.measures().values(), wanted, strict=True):
        np.testing.assert_allclose(value, right, atol=2e-5)


@pytest.mark.parametrize(
    ("family", "kind"), [("bert", "gated"), ("gpt2", "gated"), ("bert", "ernie")]
)
def test_knowledge_only_changes_heads_behind_it(fused_of, texts, state_of, family, kind):
    model = fused_of(family, kind=kind, layers=(0,))
    before = state_of(model)
    encoded = [model.encoder.encode(text) for text in texts]
    plain = attention_statistics(model, encoded, with_knowledge=False)
    known = attention_statistics(model, encoded)
    for one, other in zip(plain.measures().values(), known.measures().values(), strict=True):
        np.testing.assert_allclose(one[0], other[0], atol=1e-6)
    assert np.abs(plain.entropy_SH[1] - known.entropy_SH[1]).max() > 1e-4
    alone = attention_statistics(model, encoded, batch_size=1)
    for one, other in zip(alone.measures().values(), known.measures().values(), strict=True):
        np.testing.assert_allclose(one, other, atol=2e-5)
    assert state_of(model) == before
    pickle.dumps(model.backbone)


def test_a_failed_pass_restores_everything(fused_of, texts, state_of):
    model = fused_of()
    before = state_of(model)
    with pytest.raises(ValueError, match="on purpose"), eval_mode(model), head_attention(model):
        raise ValueError("on purpose")
    assert state_of(model) == before
    with pytest.raises(ConfigError, match="at least one"):
        attention_statistics(model, [])


@pytest.mark.parametrize("kind", ["luke", "kbert"])
def test_attention_that_is_not_returned_is_not_measured(fused_of, texts, kind):
    model = fused_of(kind=kind)
    with pytest.raises(ModelError, match=f"fusion of kind {kind}"):
        attention_statistics(model, [model.encoder.encode(texts[0])])
    assert set(probe_attention(model, texts)) == {"plain", "plain, shuffled"}


def test_the_users_hooks_stay(fused_of, texts):
    """A user who read attentions before the probe can read them afterwards."""
    model = fused_of()
    ids = torch.tensor([model.encoder.encode(texts[0]).ids])
    backbone = model.backbone.eval()
    backbone.set_attn_implementation("eager")
    wanted = backbone.base_model(input_ids=ids, output_attentions=True).attentions
    probe_attention(model, texts)
    again = backbone.base_model(input_ids=ids, output_attentions=True).attentions
    assert len(again) == len(wanted) == 2
    assert all(torch.equal(one, other) for one, other in zip(wanted, again, strict=True))


def test_shuffling_keeps_tokens_and_mentions():
    text = EncodedText(
        (1, 10, 11, 12, 13, 14, 15, 2),
        (TokenSpan(2, 4, "a", 0), TokenSpan(6, 7, "b", None)),
        (5,),
    )
    orders = set()
    for seed in range(20):
        mixed = shuffle_tokens(text, frozenset((1, 2)), np.random.default_rng(seed))
        assert (mixed.ids[0], mixed.ids[-1]) == (1, 2)
        assert sorted(mixed.ids) == sorted(text.ids)
        tokens = {span.entity: mixed.ids[span.start : span.end] for span in mixed.spans}
        assert tokens == {"a": (11, 12), "b": (15,)}
        assert {replace(span, start=0, end=0) for span in mixed.spans} == {
            replace(span, start=0, end=0) for span in text.spans
        }
        orders.add(mixed.ids)
    assert len(orders) > 10
    nothing = EncodedText((1, 2))
    assert shuffle_tokens(nothing, frozenset((1, 2)), np.random.default_rng(0)) == nothing


def test_all_conditions(fused_of, texts):
    model = fused_of()
    found = probe_attention(model, texts, config=ProbeConfig(batch_size=2))
    assert list(found) == ["knowledge", "plain", "knowledge, shuffled", "plain, shuffled"]
    assert len({item.tokens for item in found.values()}) == 1
    for item in found.values():
        for value in item.measures().values():
            assert value.shape == (2, 2)
            assert np.isfinite(value).all()
        assert (item.mentions_SH <= 1).all()
        assert (item.entropy_SH <= np.log(40)).all()
    assert np.abs(found["plain"].distance_SH - found["plain, shuffled"].distance_SH).max() > 1e-6
    again = probe_attention(model, texts, config=ProbeConfig(batch_size=2))
    assert (again["plain, shuffled"].entropy_SH == found["plain, shuffled"].entropy_SH).all()
