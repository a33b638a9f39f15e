"""Which backbones can be wrapped, and the errors for those that cannot."""

import pytest
import torch
from transformers import BartConfig, BertModel

from kptm.data import train_tokenizer
from kptm.errors import ConfigError, ModelError
from kptm.fusion import FusedModel, FusionConfig
from kptm.linking import LinkedText


def test_the_three_ways_to_build(family, plain_of, config_of, embeddings, batch_of, tmp_path):
    plain, tokenizer = plain_of(family)
    plain.save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    by_path = FusedModel.build(tmp_path, embeddings).eval()
    by_model = FusedModel.build(plain, embeddings, tokenizer=tokenizer).eval()
    batch = batch_of(by_path)
    with torch.no_grad():
        assert torch.equal(by_path(**batch).hidden, by_model(**batch).hidden)
        assert torch.equal(by_path(**batch).entity_logits, by_model(**batch).entity_logits)
    config = config_of(family, tokenizer)
    first, second = (
        FusedModel.build(config, embeddings, FusionConfig(seed=5), tokenizer=tokenizer)
        for _ in range(2)
    )
    assert first.fingerprint() == second.fingerprint()


def test_by_default_knowledge_enters_below_the_upper_half(tokenizer_of, config_of, embeddings):
    tokenizer = tokenizer_of("bert")
    for count, expected in ((1, 0), (2, 0), (4, 1), (12, 5)):
        config = config_of("bert", tokenizer, num_hidden_layers=count)
        model = FusedModel.build(config, embeddings, tokenizer=tokenizer)
        assert model.fusion.numbers == (expected,)


@pytest.mark.parametrize(("family_", "room"), [("bert", 64), ("roberta", 62)])
def test_no_text_is_longer_than_the_backbones_positions(family_, room, fused_of):
    model = fused_of(family_, max_length=500)
    encoded = model.encoder.encode(LinkedText("is " * 100))
    assert len(encoded.ids) == room
    ids = torch.tensor([encoded.ids])
    none = torch.zeros((0, 3), dtype=torch.long)
    model(ids, torch.ones_like(ids), none, none[:, 0])


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"kind": "magic"}, "fusion kind 'magic' is unknown; there is gated"),
        ({"max_length": 4}, "max_length must be at least 8, not 4"),
        ({"width": 0}, "width must be at least 1, not 0"),
        ({"layers": ()}, "layers must name some layers"),
        ({"layers": (1, 1)}, "each once"),
    ],
)
def test_settings_that_cannot_work(settings, said):
    with pytest.raises(ConfigError, match=said):
        FusionConfig(**settings)


@pytest.mark.parametrize("layers", [(2,), (-1,), (0, 7)])
def test_layers_that_the_backbone_lacks(fused_of, layers):
    with pytest.raises(ConfigError, match="not all among the backbone's 0–1"):
        fused_of("bert", layers=layers)


def refused(backbone, embeddings, tokenizer=None):
    with pytest.raises(ModelError) as error:
        FusedModel.build(backbone, embeddings, tokenizer=tokenizer)
    return str(error.value)


def test_no_encoder_that_was_turned_into_a_decoder(tokenizer_of, config_of, embeddings):
    tokenizer = tokenizer_of("bert")
    config = config_of("bert", tokenizer, is_decoder=True)
    assert "nor a plain decoder" in refused(config, embeddings, tokenizer)
    sizes = {"d_model": 8, "encoder_ffn_dim": 8, "decoder_ffn_dim": 8, "vocab_size": 50}
    heads = {"encoder_attention_heads": 1, "decoder_attention_heads": 1}
    bart = BartConfig(encoder_layers=1, decoder_layers=2, **sizes, **heads)
    assert "nor a plain decoder" in refused(bart, embeddings, tokenizer)


def test_no_model_without_a_language_model_head(tokenizer_of, config_of, embeddings):
    tokenizer = tokenizer_of("bert")
    model = BertModel(config_of("bert", tokenizer))
    assert "BertModel has no language-model head" in refused(model, embeddings, tokenizer)


def test_no_model_of_something_else(tokenizer_of, embeddings):
    assert "not int" in refused(7, embeddings, tokenizer_of("bert"))


def test_no_folder_without_a_model(tmp_path, embeddings):
    assert f"{tmp_path}: no language model there" in refused(tmp_path, embeddings)


def test_no_folder_with_broken_weights(plain_of, tmp_path, embeddings):
    plain_of("bert")[0].save_pretrained(tmp_path)
    (tmp_path / "model.safetensors").write_bytes(b"x" * 100)
    assert "no language model there" in refused(tmp_path, embeddings)


def test_no_model_without_a_tokenizer(plain_of, tmp_path, embeddings):
    plain, _ = plain_of("bert")
    assert "pass tokenizer=" in refused(plain, embeddings)
    plain.save_pretrained(tmp_path)
    assert "no tokenizer there; pass tokenizer=" in refused(tmp_path, embeddings)


def test_no_tokenizer_bigger_than_the_vocabulary(plain_of, embeddings):
    plain, tokenizer = plain_of("bert")
    words = " ".join(f"{chr(0x4E00 + number)}" for number in range(300))
    bigger = train_tokenizer([words], vocab_size=400)
    said = f"the tokenizer has {len(bigger)} tokens, the backbone {len(tokenizer)}"
    assert said in refused(plain, embeddings, bigger)


def test_no_slow_tokenizer(plain_of, embeddings):
    class Slow:
        is_fast = False

        def __len__(self):
            return 5

    assert "use a fast tokenizer" in refused(plain_of("bert")[0], embeddings, Slow())


def test_a_backbone_with_few_positions_is_tried_within_them(tokenizer_of, config_of, embeddings):
    tokenizer = tokenizer_of("bert")
    config = config_of("bert", tokenizer, max_position_embeddings=8)
    model = FusedModel.build(config, embeddings, tokenizer=tokenizer)
    assert model.encoder.max_length == 8
