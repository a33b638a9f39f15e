"""A saved model is the same model, or an error that says what is wrong."""

import json

import pytest
import torch
from transformers import AutoModel, AutoModelForMaskedLM, AutoTokenizer

from kg import EntityEmbeddings
from kptm.errors import ModelError
from kptm.fusion import FusedModel, register_auto


@pytest.fixture
def saved(fused_of, tmp_path):
    """A fused model and the folder that it was saved to."""
    model = fused_of("bert", layers=(0, 1), width=5, head_width=7, max_length=32)
    model.save_pretrained(tmp_path / "model")
    return model, tmp_path / "model"


def test_auto_model_reads_it(saved, batch_of):
    model, folder = saved
    register_auto()
    register_auto()  # calling it twice does no harm
    again = AutoModel.from_pretrained(folder)
    assert isinstance(again, FusedModel)
    assert again.fingerprint() == model.fingerprint()
    plain = AutoModel.from_pretrained(folder / "backbone")
    batch = batch_of(model, with_knowledge=False)
    wanted = plain(batch["input_ids"], attention_mask=batch["attention_mask"]).last_hidden_state
    assert torch.equal(again(**batch).hidden, wanted)


def test_a_round_trip_changes_nothing(family, fused_of, batch_of, tmp_path):
    model = fused_of(family, layers=(1,))
    before = model.fingerprint()
    model.save_pretrained(tmp_path / "model")
    again = FusedModel.from_pretrained(tmp_path / "model")
    batch = batch_of(model)
    assert all(torch.equal(value, batch[name]) for name, value in batch_of(again).items())
    with torch.no_grad():
        one, two = model(**batch), again(**batch)
        assert torch.equal(model.token_logits(one.hidden), again.token_logits(two.hidden))
    for name in ("hidden", "entity_query", "entity_logits", "fact_keys"):
        assert torch.equal(getattr(one, name), getattr(two, name))
    assert before == model.fingerprint() == again.fingerprint()
    assert again.fusion_config == model.fusion_config
    assert not again.training
    again.save_pretrained(tmp_path / "model")  # replaces the model that it was read from
    assert FusedModel.from_pretrained(tmp_path / "model").fingerprint() == before


def test_the_backbone_is_plain_transformers(family, fused_of, batch_of, tmp_path):
    model = fused_of(family, moved=False)
    model.save_pretrained(tmp_path / "model")
    plain = AutoModelForMaskedLM.from_pretrained(tmp_path / "model" / "backbone").eval()
    batch = batch_of(model)
    with torch.no_grad():
        logits = plain(batch["input_ids"], attention_mask=batch["attention_mask"]).logits
        assert torch.equal(logits, model.token_logits(model(**batch).hidden))
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "model" / "backbone")
    assert tokenizer("Paris [MASK]").input_ids == model.tokenizer("Paris [MASK]").input_ids


def test_the_fingerprint_is_of_everything_that_matters(fused_of, plain_of, embeddings):
    def other_heads():
        plain, tokenizer = plain_of("bert", num_attention_heads=4)
        return FusedModel.build(plain, embeddings, tokenizer=tokenizer)

    def other_table():
        plain, tokenizer = plain_of("bert")
        return FusedModel.build(plain, embeddings.permuted(1), tokenizer=tokenizer)

    def other_keys():
        plain, tokenizer = plain_of("bert")
        keys = [f"{key}!" for key in embeddings.keys]
        return FusedModel.build(
            plain, EntityEmbeddings(keys, embeddings.table), tokenizer=tokenizer
        )

    def other_weights():
        model = fused_of("bert", moved=False)
        model.backbone.get_input_embeddings().weight.data[3, 3] += 1e-6
        return model

    models = [
        fused_of("bert", moved=False),
        fused_of("bert", moved=False, layers=(1,)),
        fused_of("bert"),
        fused_of("roberta", moved=False),
        other_heads(),
        other_table(),
        other_keys(),
        other_weights(),
    ]
    assert len({model.fingerprint() for model in models}) == len(models)


def refused(folder):
    with pytest.raises(ModelError) as error:
        FusedModel.from_pretrained(folder)
    return str(error.value)


def test_a_missing_folder(tmp_path):
    assert "no fused model there" in refused(tmp_path / "nowhere")


@pytest.mark.parametrize(
    "name",
    [
        "fusion.safetensors",
        "backbone/model.safetensors",
        "backbone/config.json",
        "backbone/tokenizer.json",
        "embeddings/vectors.safetensors",
        "embeddings/embeddings.json",
        "kptm.json",
    ],
)
def test_a_damaged_file(saved, name):
    path = saved[1] / name
    data = bytearray(path.read_bytes())
    at = data.rindex(b"1") if name.endswith("json") else len(data) - 5
    data[at] ^= 3
    path.write_bytes(data)
    said = refused(saved[1])
    assert name in said
    assert "damaged" in said
    path.unlink()
    assert "missing" in refused(saved[1])


@pytest.mark.parametrize("content", ["", "[]", "{}", "null", '{"format": 1}'])
def test_a_kptm_json_of_something_else(saved, content):
    (saved[1] / "kptm.json").write_text(content, encoding="utf-8")
    assert "cannot be read" in refused(saved[1])


def rewrite(folder, **changes):
    """Change ``kptm.json`` and correct its checksum."""
    from kptm.fusion.model_manifest import _checksum

    meta = json.loads((folder / "kptm.json").read_text(encoding="utf-8"))
    meta.pop("checksum")
    for name, value in changes.items():
        if name in meta:
            meta[name] = value
        else:
            meta["config"][name] = value
    meta["checksum"] = _checksum(meta)
    (folder / "kptm.json").write_text(json.dumps(meta), encoding="utf-8")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"format": 2}, "has format 2"),
        ({"kind": "other"}, "fusion kind 'other' is unknown"),
        ({"layers": [0, 9]}, "not all among the backbone's 0–1"),
        ({"layers": [0]}, "do not match its configuration"),
        ({"width": 9}, "size mismatch"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_configuration_that_does_not_fit(saved, changes, said):
    rewrite(saved[1], **changes)
    assert said in refused(saved[1])


def test_nothing_else_is_overwritten(fused_of, tmp_path):
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    model = fused_of("bert")
    with pytest.raises(ModelError, match="holds something else"):
        model.save_pretrained(tmp_path)
    assert (tmp_path / "notes.txt").read_text(encoding="utf-8") == "mine"
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(ModelError, match="cannot be written"):
        model.save_pretrained(tmp_path / "file")
