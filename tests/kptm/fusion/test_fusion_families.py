"""Families unlike BERT keep their own logits when fused, or are refused by name."""

import logging
import struct

import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file

import kptm
from benchmarks.families_parts.checks import outcome_of
from benchmarks.families_parts.tiny import families
from kptm.errors import ConfigError, ModelError
from kptm.fusion import FusedModel, FusionConfig
from kptm.fusion.config import KINDS
from kptm.linking import LinkedText
from kptm.pretraining import PretrainConfig

SMALL = {
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "pad_token_id": 0,
}
DECODER = {**SMALL, "num_key_value_heads": 2, "head_dim": 8, "max_position_embeddings": 64}
GPT = {"n_embd": 16, "n_layer": 2, "n_head": 2, "n_positions": 64}
FITTING = {
    "Gemma2Config": {**DECODER, "final_logit_softcapping": 2.0},
    "Gemma3TextConfig": DECODER,
    "CohereConfig": DECODER,
    "GraniteConfig": {**DECODER, "logits_scaling": 3.0},
    "MistralConfig": DECODER,
    "Qwen3Config": DECODER,
    "MixtralConfig": {**DECODER, "num_local_experts": 2},
    "FalconConfig": {**SMALL, "num_kv_heads": 2},
    "BloomConfig": {"hidden_size": 16, "n_layer": 2, "n_head": 2},
    "GPTNeoXConfig": SMALL,
    "ErnieConfig": SMALL,
    "RoFormerConfig": {**SMALL, "embedding_size": 16},
    "ConvBertConfig": {**SMALL, "embedding_size": 16},
    "BigBirdConfig": {**SMALL, "attention_type": "original_full"},
    "IBertConfig": SMALL,
    "OPTConfig": {**SMALL, "ffn_dim": 32, "word_embed_proj_dim": 16, "pad_token_id": 1},
}
REFUSED = {
    "FNetConfig": {k: v for k, v in SMALL.items() if k != "num_attention_heads"},
    "OPTConfig": {**SMALL, "ffn_dim": 32, "word_embed_proj_dim": 8, "pad_token_id": 1},
    "T5Config": {"d_model": 16, "num_layers": 2, "num_heads": 2, "d_ff": 32},
    "BartConfig": {"d_model": 16, "encoder_layers": 2, "decoder_layers": 2},
    "Dots1Config": {"hidden_size": 16, "num_hidden_layers": 2},
}
TEXTS = [
    LinkedText.from_spans("Paris lies on the Seine.", [(0, 5, "Paris")]),
    LinkedText.from_spans("The capital of Georgia.", [(15, 22, "Georgia")]),
]


@pytest.fixture
def built(embeddings, tokenizer_of):
    """A function that fuses a small model of a configuration's class."""

    def make(name, settings, kind="gated"):
        tokenizer = tokenizer_of("bert")
        config = getattr(transformers, name)(**settings, vocab_size=len(tokenizer))
        return FusedModel.build(
            config, embeddings, FusionConfig(kind=kind, max_length=32), tokenizer=tokenizer
        )

    return make


@pytest.mark.parametrize("name", FITTING)
def test_logits_are_those_of_the_family_s_own_forward(built, name):
    model = built(name, FITTING[name]).eval()
    torch.manual_seed(0)
    for parameter in model.backbone.parameters():  # a cap only shows where logits are large
        parameter.data.mul_(3.0)
    ids = torch.arange(5, 15).reshape(2, 5)
    mask = torch.ones_like(ids)
    none = ids.new_empty((0, 3))
    with torch.no_grad():
        wanted = model.backbone(input_ids=ids, attention_mask=mask).logits
        hidden = model(ids, mask, none, none[:, 0]).hidden
        found, one = model.token_logits(hidden), model.token_logits(hidden[1, 2:3])
    assert torch.equal(found, wanted)  # the same modules compute the same shapes
    # One row instead of ten: measured 4e-7 of the largest logit; bound 1e-5.
    torch.testing.assert_close(one[0], wanted[1, 2], atol=1e-5 * float(wanted.abs().max()), rtol=0)
    assert "forward" not in vars(model.backbone.base_model)


def test_a_nested_configuration_says_the_same_after_saving(built, tmp_path):
    model = built("MptConfig", {"d_model": 16, "n_heads": 2, "n_layers": 2})
    model.save_pretrained(tmp_path / "mpt")
    assert FusedModel.from_pretrained(tmp_path / "mpt").fingerprint() == model.fingerprint()


@pytest.mark.parametrize("name", REFUSED)
def test_a_family_that_does_not_fit_is_refused_by_name(built, name):
    with pytest.raises(ModelError, match=name.removesuffix("Config")):
        built(name, REFUSED[name])


REASONS = {
    "fnet": "padding changes the states of a text despite",
    "xlnet": "tokens see later tokens",
    "bert-generation": "tokens see later tokens",
    "mra": "no token sees another",
    "squeezebert": "not run as modules",
    "xlm": "found 4 stacks of 4 layers, not one",
    "perceiver": "no common width",
    "bart": "nor a plain decoder",
}
PASSING = [
    "gemma2",
    "gpt_neo",
    "jamba",
    "llama4_text",
    "mamba",
    "neomme",
    "opt",
    "qwen3_moe",
    "rwkv",
    "ibert",
]


@pytest.mark.parametrize("family", REASONS)
def test_silent_failures_are_refused_with_their_reason(family, tokenizer_of, embeddings):
    found = outcome_of(family, "gated", tokenizer_of("bert"), embeddings)
    assert (found.result, REASONS[family] in found.reason) == ("refused", True), found.reason


@pytest.mark.usefixtures("training")
@pytest.mark.parametrize("family", PASSING)
def test_families_pass_all_checks_of_the_list(family, tokenizer_of, embeddings):
    found = outcome_of(family, "gated", tokenizer_of("bert"), embeddings)
    assert (found.result, found.logits) == ("fused", 0.0), found.reason


def test_a_family_that_padding_changes_a_little_says_so(built, caplog):
    with caplog.at_level(logging.WARNING, "kptm"):
        built("ConvBertConfig", FITTING["ConvBertConfig"])
    assert "ConvBertForMaskedLM: padding changes its hidden states a little" in caplog.text


def test_the_list_has_every_family_of_transformers():
    found = families()
    assert len(found) > 200
    assert {"bert", "gpt2", "llama", "mpt"} <= set(found)


@pytest.mark.usefixtures("training")
@pytest.mark.parametrize("kind", ["luke", "adapter"])
@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("LongformerConfig", {**SMALL, "attention_window": 4}),
        ("ConvBertConfig", {**SMALL, "embedding_size": 16}),
    ],
)
def test_a_kind_is_refused_or_trains(built, name, settings, kind):
    if kind == "luke":
        with pytest.raises(ModelError, match=name.removesuffix("Config")):
            built(name, settings, kind)
    else:
        model = built(name, settings, kind)
        kptm.pretrain(model, TEXTS, None, PretrainConfig(steps=1, batch_size=2))


def test_a_layer_that_is_missing_is_refused_with_the_names(plain_of, tmp_path, embeddings):
    plain_of("bert")[0].save_pretrained(tmp_path)
    file = tmp_path / "model.safetensors"
    weights = load_file(file)
    kept = {name: value for name, value in weights.items() if "layer.1." not in name}
    save_file(kept, file, metadata={"format": "pt"})
    lost = len(weights) - len(kept)
    with pytest.raises(ModelError, match=rf"{lost} of the model's weights are missing: bert\.enc"):
        FusedModel.build(tmp_path, embeddings)


def test_a_missing_head_is_made_and_reported(plain_of, tokenizer_of, tmp_path, embeddings, caplog):
    plain_of("bert")[0].base_model.save_pretrained(tmp_path)
    tokenizer = tokenizer_of("bert")
    with caplog.at_level(logging.WARNING):
        model = FusedModel.build(tmp_path, embeddings, tokenizer=tokenizer)
    assert "no language-model head" in caplog.text
    assert model.token_logits(torch.zeros(1, 16)).shape == (1, len(tokenizer))


@pytest.mark.parametrize(
    "raw", [b"", b"\x80\x04junk", b"PK\x03\x04 and no zip", struct.pack("<q", 99), b"x" * 1000]
)
def test_a_damaged_checkpoint_is_one_line(plain_of, tmp_path, embeddings, raw):
    plain_of("bert")[0].save_pretrained(tmp_path)
    (tmp_path / "model.safetensors").unlink()
    (tmp_path / "pytorch_model.bin").write_bytes(raw)
    with pytest.raises(ModelError, match="no language model there") as caught:
        FusedModel.build(tmp_path, embeddings)
    assert "\n" not in str(caught.value)


@pytest.mark.usefixtures("training")
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_trains_in_bfloat16(fused_of, kind):
    report = kptm.pretrain(
        fused_of("bert", kind=kind),
        TEXTS,
        None,
        PretrainConfig(steps=1, batch_size=2, precision="bfloat16"),
    )
    assert report.steps == 1


@pytest.mark.usefixtures("training")
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_trains_on_texts_without_a_mention(fused_of, kind):
    model = fused_of("bert", kind=kind)
    texts = [LinkedText("Nothing is named here."), LinkedText("Nor is anything here.")]
    assert kptm.pretrain(model, texts, None, PretrainConfig(steps=2, batch_size=2)).links == 0


def test_checkpointing_that_a_family_lacks_is_refused(fused_of):
    config = PretrainConfig(steps=1, batch_size=2, gradient_checkpointing=True)
    with pytest.raises(ConfigError, match="AlbertForMaskedLM"):
        kptm.pretrain(fused_of("albert"), TEXTS, None, config)
