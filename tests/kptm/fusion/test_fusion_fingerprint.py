"""After any change, the kept fingerprint equals one computed from nothing.

Without a change it is computed only once.
"""

import copy

import numpy as np
import pytest
import torch

from kptm.fusion import fingerprint as room


def in_place(model):
    with torch.no_grad():
        next(model.parameters()).view(-1)[3] += 1e-3


def past_the_counter(model):
    next(model.parameters()).data.view(-1)[3] += 1e-3


def through_numpy(model):
    next(model.parameters()).detach().numpy().reshape(-1)[3] += 1e-3


def parameter_replaced(model):
    layer = model.head
    name, value = next((n, p) for n, p in layer.named_parameters(recurse=False))
    setattr(layer, name, torch.nn.Parameter(value.detach() + 1e-3))


def state_loaded(model):
    state = {name: value.clone() for name, value in model.state_dict().items()}
    state[next(name for name in state if name.startswith("head."))].view(-1)[0] += 1e-3
    model.load_state_dict(state)


def tokenizer_grown(model):
    model.tokenizer.add_tokens(["[NEW]"])


def optimizer_step(model):
    value = next(model.parameters())
    value.grad = torch.ones_like(value)
    torch.optim.AdamW([value], lr=1e-3, fused=True).step()


def configuration_changed(model):
    model.backbone.config.layer_norm_eps = 1e-3


CHANGES = [
    configuration_changed,
    in_place,
    past_the_counter,
    through_numpy,
    parameter_replaced,
    state_loaded,
    tokenizer_grown,
    optimizer_step,
]


@pytest.mark.parametrize("change", CHANGES)
def test_one_change_is_noticed(fused_of, change):
    model = copy.deepcopy(fused_of("bert"))
    model.tokenizer = copy.deepcopy(model.tokenizer)
    model.backbone.config = copy.deepcopy(model.backbone.config)
    before = model.fingerprint()
    change(model)
    assert model.fingerprint() == room.compute(model) != before


def test_changing_back_restores_the_fingerprint(fused_of):
    model = copy.deepcopy(fused_of("bert"))
    before = model.fingerprint()
    value = next(model.parameters()).data.view(-1)
    kept = value[3].clone()
    value[3] = 7.0
    assert model.fingerprint() != before
    value[3] = kept
    assert model.fingerprint() == before


def test_it_is_computed_once_while_nothing_changes(fused_of, batch_of, monkeypatch):
    model = fused_of("bert")
    before = model.fingerprint()
    monkeypatch.setattr(room, "compute", lambda _: pytest.fail("computed again"))
    with torch.no_grad():
        model(**batch_of(model))
    assert model.fingerprint() == before


def test_vectors_in_a_file_that_changes_are_read_again(fused_of, tmp_path):
    model = fused_of("bert")
    model.save_pretrained(tmp_path / "model")
    loaded = type(model).from_pretrained(tmp_path / "model")
    before = loaded.fingerprint()
    assert before == model.fingerprint()
    stamp = loaded.embeddings.stamp()
    [file] = [
        path
        for path in (tmp_path / "model" / "embeddings").iterdir()
        if path.stat().st_ino == stamp[0]
    ]
    raw = bytearray(file.read_bytes())
    raw[-1] ^= 1
    file.write_bytes(raw)  # written in place: the inode and size stay the same
    assert loaded.embeddings.stamp() != stamp


def test_a_view_that_starts_within_a_word_has_a_stamp():
    from kg.embedding.files.stamps import tensor_stamp

    whole = torch.arange(9, dtype=torch.float32)
    odd = whole[1:]
    before = tensor_stamp(odd)
    odd.numpy()[np.array([4])] += 1
    assert tensor_stamp(odd) != before
