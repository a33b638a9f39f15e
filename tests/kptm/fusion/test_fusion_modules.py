"""Named modules: switched off they are not there, switched back they are the same, and they stack.

The oracle is transformers itself, and fused models that have one module only.
"""

import pytest
import torch

import kptm
from kg import EntityEmbeddings
from kptm.data import collate
from kptm.errors import ConfigError, ModelError
from kptm.fusion import FusedModel, FusionConfig, ModularModel
from kptm.fusion.modules.modular_model import KINDS
from kptm.fusion.modules.type_router import count_types, route
from kptm.pretraining import PretrainConfig
from tests.kptm.fusion.conftest import TEXTS, move

pytestmark = pytest.mark.usefixtures("training")


@torch.no_grad()
def said(model):
    """Word logits and entity logits, each text padded to the others."""
    model.eval()
    batch = collate([model.encoder.encode(text) for text in TEXTS], model.pad_id)
    output = model(**batch.tensors())
    return model.token_logits(output.hidden), output.entity_logits


def same(first, second):
    return all(torch.equal(a, b) for a, b in zip(first, second, strict=True))


@pytest.fixture
def modular(fused_of):
    """A function that makes a model with the modules a and b, whose weights are not the first."""

    def make(family="bert", kind="gated", other="adapter"):
        modules = ModularModel(fused_of(family, kind=kind))
        modules.add_adapter("a", FusionConfig(kind=other), seed=1)
        modules.add_adapter("b", seed=2)
        for name in ("a", "b"):
            with modules.using(name):
                move(modules.model)
        return modules

    return make


@pytest.mark.parametrize("family", ["bert", "gpt2"])
@pytest.mark.parametrize("kind", KINDS)
def test_switched_off_it_is_the_plain_model_to_the_bit(modular, plain_of, family, kind):
    modules = modular(family, kind, other=kind)
    model = modules.model
    modules.set_adapter("a")
    batch = collate([model.encoder.encode(text) for text in TEXTS], model.pad_id)
    real = batch.attention_mask.bool()
    with torch.no_grad():
        wanted = model.backbone(
            input_ids=batch.input_ids, attention_mask=batch.attention_mask
        ).logits
    with modules.disable_adapter():
        assert modules.active_adapters == ()
        words, _ = said(model)
    assert torch.equal(words[real], wanted[real])
    assert modules.active_adapters == ("a",)
    assert not torch.equal(said(model)[0][real], wanted[real])


def test_switching_there_and_back_changes_nothing(modular):
    modules = modular()
    model = modules.model
    found, names = {}, {}
    for name in ("default", "a", "b", ("a", "b"), "a", "default", ("a", "b"), "b"):
        modules.set_adapter(name)
        if name in found:
            assert same(said(model), found[name])
            assert model.fingerprint() == names[name]
        found[name], names[name] = said(model), model.fingerprint()
    assert len(set(names.values())) == 4
    assert not same(found["a"], found["b"])


def test_a_module_is_what_a_model_with_it_alone_is(modular, fused_of):
    modules = modular()
    modules.set_adapter("a")
    alone = fused_of("bert", kind="adapter")
    alone.fusion.load_state_dict(modules.modules["a"].fusion.state_dict())
    alone.head.load_state_dict(modules.modules["a"].head.state_dict())
    assert same(said(alone), said(modules.model))


def test_stacked_modules_add_up(fused_of):
    """Two "adapter" modules read the backbone alone, so that a stack is the sum of both."""
    modules = ModularModel(fused_of("bert", kind="adapter"))
    modules.add_adapter("b", seed=3)
    with modules.using("b"):
        move(modules.model, seed=9)
    model = modules.model
    batch = collate([model.encoder.encode(text) for text in TEXTS], model.pad_id).tensors()
    states = {}
    for names in ((), ("default",), ("b",), ("default", "b"), ("b", "default")):
        with modules.using(names), torch.no_grad():
            states[names] = model(**batch).hidden
    plain = states[()]
    wanted = states["default",] + states["b",] - plain
    for names in (("default", "b"), ("b", "default")):
        torch.testing.assert_close(states[names], wanted, atol=1e-5, rtol=0)
    # The entity head is that of the last one.
    with modules.using(("default", "b")):
        assert model.head is modules.modules["b"].head
        with pytest.raises(ModelError, match="one active module"):
            model.save_pretrained("nowhere")


def test_only_the_active_module_is_trained(modular):
    modules = modular()
    model = modules.model
    before = {
        name: {key: value.clone() for key, value in module.fusion.state_dict().items()}
        for name, module in modules.modules.items()
    }
    plain = {key: value.clone() for key, value in model.backbone.state_dict().items()}
    modules.set_adapter("b")
    config = (
        PretrainConfig(steps=3, batch_size=2, learning_rate=1e-2, device="cpu", held_out=0)
        if hasattr(PretrainConfig, "held_out")
        else PretrainConfig(steps=3, batch_size=2, learning_rate=1e-2, device="cpu")
    )
    kptm.pretrain(model, TEXTS, config=config)
    for name, module in modules.modules.items():
        changed = any(
            not torch.equal(value, before[name][key])
            for key, value in module.fusion.state_dict().items()
        )
        assert changed == (name == "b")
    assert all(torch.equal(value, plain[key]) for key, value in model.backbone.state_dict().items())
    # What the training left in the modules does not reach the others.
    with modules.disable_adapter():
        first = said(model)[0]
    with modules.disable_adapter():
        assert torch.equal(said(model)[0], first)


def test_a_module_is_saved_without_its_model_and_read_by_it_alone(modular, fused_of, tmp_path):
    modules = modular()
    modules.modules["a"].types = {"city": 3}
    modules.save_adapter(tmp_path / "a", "a")
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == [
        "module.json",
        "module.safetensors",
    ]
    modules.set_adapter("a")
    wanted = said(modules.model)
    fresh = ModularModel(fused_of("bert"))
    fresh.load_adapter(tmp_path / "a", "cities")
    assert fresh.active_adapters == ("default",)
    fresh.set_adapter("cities")
    assert same(said(fresh.model), wanted)
    assert fresh.modules["cities"].types == {"city": 3}
    # The model with this module active is a model like any other.
    fresh.model.save_pretrained(tmp_path / "whole")
    assert same(said(FusedModel.from_pretrained(tmp_path / "whole")), wanted)

    keys = list(fresh.model.embeddings.keys)
    other = EntityEmbeddings(keys, torch.randn(len(keys), fresh.model.embeddings.dim))
    plain = fused_of("bert")
    stranger = FusedModel.build(plain.backbone, other, FusionConfig(), tokenizer=plain.tokenizer)
    with pytest.raises(ModelError, match="on another backbone or other entity vectors"):
        ModularModel(stranger).load_adapter(tmp_path / "a", "a")
    with pytest.raises(ModelError, match="no module there"):
        fresh.load_adapter(tmp_path / "none", "none")
    path = tmp_path / "a" / "module.safetensors"
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    with pytest.raises(ModelError, match="damaged"):
        fresh.load_adapter(tmp_path / "a", "again")


def test_impossible_requests_are_errors(modular, fused_of, tmp_path):
    modules = modular()
    with pytest.raises(ConfigError, match=r"no module 'c'; there are default, a, b"):
        modules.set_adapter("c")
    with pytest.raises(ConfigError, match="named twice: a, a"):
        modules.set_adapter(["a", "a"])
    with pytest.raises(ConfigError, match="already"):
        modules.add_adapter("a")
    with pytest.raises(ConfigError, match="no module 'c'"):
        modules.save_adapter(tmp_path / "c", "c")
    for name in ("", ".", "..", "a/b", ".hidden"):
        with pytest.raises(ConfigError, match="cannot be the name"):
            modules.add_adapter(name)
    with pytest.raises(ConfigError, match=r"layers \[9\] are not among"):
        modules.add_adapter("c", FusionConfig(layers=(9,)))
    with pytest.raises(ConfigError, match="not 'luke'"):
        modules.add_adapter("c", FusionConfig(kind="luke"))
    with pytest.raises(ConfigError, match="not 'ernie'"):
        ModularModel(fused_of("bert", kind="ernie"))
    assert modules.active_adapters == ("default",)


def test_the_router_counts_linked_types(modular):
    modules = modular()
    types = {"Paris": ["city", "capital"], "Seine": ["river"]}
    counted = count_types(["Paris", "Seine", "Paris", "nobody"], types)
    assert counted == {"capital": 2, "city": 2, "river": 1}
    assert route(modules.modules, ["city"]) == "default"
    modules.modules["a"].types = counted
    modules.modules["b"].types = {"river": 3, "lake": 3}
    assert route(modules.modules, ["city"]) == "a"
    assert route(modules.modules, ["river"]) == "b"  # 3 of 6, not 1 of 5
    assert route(modules.modules, ["city", "river"]) == "a"  # 3 of 10, not 3 of 12
    assert route(modules.modules, ["person"]) == route(modules.modules, []) == "default"
