"""8-bit weights equal torch's dynamic quantisation, are tied, saved and read, and not trained."""

import copy
import warnings

import pytest
import torch
from torch import nn
from transformers.pytorch_utils import Conv1D

import kptm
from kptm.compression import quantise
from kptm.errors import ConfigError, ModelError
from kptm.fusion import FusedModel, export_onnx
from kptm.fusion.backbones.int8 import (
    Int8Embedding,
    Int8Linear,
    is_int8,
    quantise_large_linears,
    quantise_modules,
)
from kptm.fusion.entity_head import EntityHead

pytestmark = pytest.mark.usefixtures("training")


class Holder(nn.Module):
    def __init__(self, part):
        super().__init__()
        self.part, self.tokens = part, nn.Embedding(7, 3)

    def get_input_embeddings(self):
        return self.tokens


def int8_of(part):
    holder = Holder(copy.deepcopy(part))
    quantise_modules(holder)
    return holder


@pytest.mark.parametrize("bias", [True, False])
def test_a_map_is_torch_s_own_dynamic_quantisation(bias):
    torch.manual_seed(0)
    plain = nn.Sequential(nn.Linear(48, 20, bias=bias))
    x = torch.randn(3, 5, 48)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch.ao is deprecated
        from torch.ao.quantization import per_channel_dynamic_qconfig, quantize_dynamic

        theirs = quantize_dynamic(plain, {nn.Linear: per_channel_dynamic_qconfig})(x)
    ours = int8_of(plain[0]).part(x)
    exact = plain(x)
    # torch rounds to -128…127, we to -127…127: both are as far from the exact product
    assert (ours - theirs).abs().max() < 0.02 * exact.abs().max()
    assert (ours - exact).abs().mean() < 1.2 * (theirs - exact).abs().mean()


def test_a_map_is_the_formula():
    """8 bits hold these inputs exactly, so only the rounded weights change the product."""
    torch.manual_seed(0)
    plain = nn.Linear(8, 5)
    made = int8_of(plain).part
    scale = plain.weight.detach().abs().amax(1) / 127
    rounded = torch.round(plain.weight.detach() / scale[:, None])
    assert torch.equal(made.weight, rounded.to(torch.int8))
    x = torch.eye(8)  # 0 and 1 are whole steps of any scale
    wanted = (rounded * scale[:, None]).T + plain.bias.detach()
    assert torch.allclose(made(x), wanted, atol=1e-5)
    assert torch.equal(made(x[3]), made(x)[3])
    made.load_state_dict({**made.state_dict(), "weight": -made.weight})
    # the kernel's own weights change with them
    assert torch.allclose(made(x), -wanted + 2 * plain.bias.detach(), atol=1e-5)


def test_gpt_2_s_map_and_rows_of_tokens():
    torch.manual_seed(0)
    conv = Conv1D(6, 9)  # 9 inputs, 6 outputs
    linear = nn.Linear(9, 6)
    with torch.no_grad():
        linear.weight.copy_(conv.weight.T)
        linear.bias.copy_(conv.bias)
    x = torch.randn(2, 4, 9)
    assert torch.equal(int8_of(conv).part(x), int8_of(linear).part(x))
    holder = Holder(nn.Linear(2, 2))
    before = holder.tokens.weight.detach().clone()
    quantise_modules(holder)
    ids = torch.tensor([[0, 6], [3, 3]])
    found = holder.tokens(ids)
    assert isinstance(holder.tokens, Int8Embedding)
    assert (found - before[ids]).abs().max() <= before.abs().max() / 127 / 2 + 1e-7
    zero = nn.Linear(3, 2, bias=False)
    nn.init.zeros_(zero.weight)
    assert not int8_of(zero).part(torch.randn(1, 3)).any()


@pytest.mark.parametrize("shape", [(0, 8), (2, 0, 8), (8,), (3, 8), (2, 3, 8)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_inputs_of_any_shape_and_precision(shape, dtype):
    made = int8_of(nn.Linear(8, 5)).part
    x = torch.randn(shape).to(dtype)
    rows = made(x.float().reshape(-1, 8))
    assert torch.equal(made(x), rows.reshape(*shape[:-1], 5).to(dtype))
    assert made(x).dtype is dtype


def test_an_entity_head_and_its_small_layers():
    torch.manual_seed(0)
    head = EntityHead(64, 16, 70)
    given = torch.randn(3, 64), torch.randn(4, 64), torch.randn(4, 16), torch.ones(3, 4).bool()
    before = head(*given)
    small = copy.deepcopy(head)
    quantise_large_linears(small)
    assert {name for name, part in small.named_modules() if isinstance(part, Int8Linear)} == {
        "query",
        "key",
    }
    assert type(small.relation) is nn.Linear  # 64 × 48 weights
    quantise_large_linears(small, least=1)
    assert isinstance(small.relation, Int8Linear)
    for found, wanted in zip(small(*given), before, strict=True):
        assert (found * wanted).sum(-1).min() > 0.99 * (wanted * wanted).sum(-1).min()
        assert not torch.equal(found, wanted)


@pytest.mark.parametrize("kind", ["gated", "memory", "knowbert", "adapter"])
def test_8_bit_fusion_and_head_are_written_and_read(fused_of, said, tmp_path, kind):
    small = quantise(fused_of("bert", kind=kind))
    for part in (small.fusion, small.head):
        quantise_large_linears(part, least=1)
    found = said(small)
    small.save_pretrained(tmp_path / "small")
    again = FusedModel.from_pretrained(tmp_path / "small")
    assert isinstance(again.head.query, Int8Linear)
    assert all(torch.equal(a, b) for a, b in zip(found, said(again), strict=True))
    assert again.fingerprint() == small.fingerprint()


def test_a_model_whose_fusion_and_head_are_floats_is_read(fused_of, said, tmp_path):
    """As models were that earlier versions wrote, and as small ones are."""
    small = quantise(fused_of("bert"))
    assert type(small.head.query) is nn.Linear
    small.save_pretrained(tmp_path / "small")
    again = FusedModel.from_pretrained(tmp_path / "small")
    assert all(torch.equal(a, b) for a, b in zip(said(small), said(again), strict=True))


def test_on_other_devices_than_the_cpu_weights_are_floats():
    plain = nn.Linear(4, 3)
    made = int8_of(plain).part.to("meta")
    assert made(torch.empty(2, 4, device="meta")).shape == (2, 3)


@pytest.mark.parametrize(
    ("family", "kind"),
    [("bert", "gated"), ("bert", "memory"), ("bert", "knowbert"), ("roberta", "adapter"),
     ("distilbert", "gated"), ("gpt2", "gated"), ("llama", "gated")],
)  # fmt: skip
def test_a_model_is_near_small_and_read_again(fused_of, said, tmp_path, family, kind):
    model = fused_of(family, kind=kind)
    before, name = said(model), model.fingerprint()
    small = quantise(model)
    assert is_int8(small.backbone)
    assert not is_int8(model.backbone)
    assert model.fingerprint() == name
    assert all(torch.equal(a, b) for a, b in zip(before, said(model), strict=True))
    found = said(small)
    near = torch.nn.functional.cosine_similarity(found[0], before[0], dim=-1)
    assert float(near.min()) > 0.95
    assert not torch.equal(found[0], before[0])
    small.save_pretrained(tmp_path / "small")
    again = FusedModel.from_pretrained(tmp_path / "small")
    assert again.fingerprint() == small.fingerprint() != name
    assert all(torch.equal(a, b) for a, b in zip(found, said(again), strict=True))
    with pytest.raises(ModelError, match="are 8-bit numbers"):
        quantise(again)


def test_a_tied_head_stays_tied_and_is_written_once(fused_of, tmp_path):
    from safetensors.torch import load_file

    small = quantise(fused_of("bert"))
    tokens = small.backbone.get_input_embeddings()
    head = small.backbone.get_output_embeddings()
    assert isinstance(head, Int8Linear)
    assert head.weight is tokens.weight
    small.save_pretrained(tmp_path / "small")
    written = load_file(tmp_path / "small" / "backbone" / "int8.safetensors")
    assert sum(value.shape[0] == len(small.tokenizer) for value in written.values()
               if value.dtype == torch.int8) == 1  # fmt: skip
    again = FusedModel.from_pretrained(tmp_path / "small")
    assert again.backbone.get_output_embeddings().weight is (
        again.backbone.get_input_embeddings().weight
    )


def test_copies_and_other_batches(fused_of, said, texts):
    small = quantise(fused_of("bert"))
    found = said(small)
    twin = copy.deepcopy(small)
    assert all(torch.equal(a, b) for a, b in zip(found, said(twin), strict=True))
    alone = said(small, texts[:1])[0]
    # a batch has one scale, so a text alone gives nearly the same
    assert torch.allclose(alone, found[0][:1, : alone.shape[1]], atol=0.1)


def test_impossible_requests_are_errors(fused_of, texts, tmp_path):
    for kind in ("ernie", "luke", "kbert"):
        with pytest.raises(ConfigError, match=f"can be compressed, but not '{kind}'"):
            quantise(fused_of("bert", kind=kind))
    small = quantise(fused_of("bert"))
    with pytest.raises(ModelError, match="use the model from which it was made"):
        kptm.pretrain(small, texts)
    with pytest.raises(ModelError, match="use the model from which it was made"):
        kptm.finetune(small, [{"text": "a", "label": "b"}], task="text")
    with pytest.raises(ModelError, match="use the model from which it was made"):
        small.add_lora(2)
    with pytest.raises(ModelError, match="use the model from which it was made"):
        export_onnx(small, tmp_path / "graph")


def test_damaged_files_are_refused(fused_of, tmp_path):
    small = quantise(fused_of("bert"))
    small.save_pretrained(tmp_path / "small")
    path = tmp_path / "small" / "backbone" / "int8.safetensors"
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.raises(ModelError, match="damaged"):
        FusedModel.from_pretrained(tmp_path / "small")
    path.unlink()
    with pytest.raises(ModelError, match="is missing"):
        FusedModel.from_pretrained(tmp_path / "small")
