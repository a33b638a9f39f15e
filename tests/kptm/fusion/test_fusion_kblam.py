"""KBLaM: its attention against NumPy, exchanging its facts, and the facts that it cites."""

import copy

import numpy as np
import pytest
import torch

from kptm.data import EntityFacts, FactTriples, collate
from kptm.errors import ConfigError, ModelError
from kptm.fusion import FusedModel, FusionConfig, attended_facts, generate_with_facts
from kptm.linking import LinkedText

TRIPLES = [
    ("Georgia", "capital", "Tbilisi"),
    ("Georgia", "borders", "New_York"),
    ("Paris", "river", "Georgia"),
    ("Tbilisi", "capital of", "Georgia"),
]
OTHER = FactTriples([("Georgia", "capital", "Paris"), ("Paris", "river", "Tbilisi")])


def numbers(tensor):
    return tensor.detach().double().numpy()


def by_numpy(model, attention, reader, hidden_BLD, batch):
    """The output of GPT-2's attention with facts, token by token and head by head."""
    fusion, embeddings = model.fusion, model.embeddings
    unit = numbers(embeddings.table)
    unit = unit / np.linalg.norm(unit, axis=1, keepdims=True) * np.sqrt(unit.shape[1])
    row = {key: unit[place] for place, key in enumerate(embeddings.keys)}
    relation = dict(zip(model.facts.relations, numbers(fusion.relations.weight), strict=True))
    keys = [
        numbers(reader.key.weight) @ np.concatenate([row[h], relation[r]])
        + numbers(reader.key.bias)
        for h, r, _ in model.facts.triples
    ]
    values = [
        numbers(reader.value.weight) @ row[t] + numbers(reader.value.bias)
        for _, _, t in model.facts.triples
    ]
    spans = batch["mention_spans"].tolist()
    linked = [embeddings.keys[at] for at in batch["mention_rows"].tolist()]
    x_BLD, heads = numbers(hidden_BLD), attention.num_heads
    count, length, hidden = x_BLD.shape
    width, result = hidden // heads, np.zeros_like(x_BLD)
    mapped = x_BLD @ numbers(attention.c_attn.weight) + numbers(attention.c_attn.bias)
    q, k, v = np.split(mapped, 3, axis=-1)
    for b in range(count):
        for n in range(length):
            known = [
                row[name]
                for (text, _, end), name in zip(spans, linked, strict=True)
                if text == b and end - 1 <= n
            ]
            asks = numbers(reader.query.weight) @ x_BLD[b, n]
            if known:
                asks = asks + numbers(reader.entity.weight) @ np.mean(known, axis=0)
            seen = [i for i in range(n + 1) if batch["attention_mask"][b, i]]
            joined = []
            for h in range(heads):
                part = slice(h * width, (h + 1) * width)
                fact = [
                    asks[part] @ key[part] / np.sqrt(width) + np.log(100) - np.log(len(keys))
                    for key in keys
                ]
                token = [q[b, n, part] @ k[b, i, part] / np.sqrt(width) for i in seen]
                logits = np.array([*(fact if known else []), *token])
                weights = np.exp(logits - logits.max())
                weights /= weights.sum()
                told = [
                    *([x[part] for x in values] if known else []),
                    *(v[b, i, part] for i in seen),
                ]
                joined.append(weights @ np.array(told))
            result[b, n] = np.concatenate(joined)
    return result @ numbers(attention.c_proj.weight) + numbers(attention.c_proj.bias)


def test_attention_with_facts_equals_numpy(fused_of, batch_of):
    model = fused_of("gpt2", kind="kblam")
    batch = batch_of(model)
    passed = []

    def keep(module, inputs, output):
        passed.append((module, inputs[0], output[0]))

    layers = model.backbone.transformer.h
    hooks = [layer.attn.register_forward_hook(keep) for layer in layers]
    with torch.no_grad():
        model(**batch)
    for hook in hooks:
        hook.remove()
    assert len(passed) == 2
    real = batch["attention_mask"].bool().numpy()
    assert not real.all()  # texts of several lengths
    for reader, (attention, hidden, output) in zip(model.fusion.readers, passed, strict=True):
        wanted = by_numpy(model, attention, reader, hidden, batch)
        np.testing.assert_allclose(numbers(output)[real], wanted[real], atol=1e-5)


def test_observing_attention_does_not_change_it(fused_of, batch_of):
    model = fused_of("gpt2", kind="kblam")
    batch = batch_of(model)
    with torch.no_grad():
        kernel = model(**batch).hidden
        assert not model.fusion.attended
        model.fusion.watching = True
        watched = model(**batch).hidden
    real = batch["attention_mask"].bool()
    torch.testing.assert_close(watched[real], kernel[real], atol=1e-5, rtol=0)
    count, length = batch["input_ids"].shape
    assert [x.shape for x in model.fusion.attended] == [(count, length, len(TRIPLES))] * 2


@pytest.mark.parametrize("family", ["bert", "gpt2", "llama"])
def test_facts_are_exchanged_without_training(fused_of, batch_of, plain_of, embeddings, family):
    model = fused_of(family, kind="kblam")
    batch, state = batch_of(model), model.state_dict()
    first, name = model(**batch).hidden, model.fingerprint()
    model.read(OTHER)
    other = model(**batch).hidden
    assert not torch.allclose(first, other, atol=1e-3)
    assert model.fingerprint() != name
    # The same weights with the new facts from the start; they need the first model's relations.
    plain, tokenizer = plain_of(family)
    fresh = FusedModel.build(
        plain, embeddings, FusionConfig(kind="kblam"), tokenizer=tokenizer,
        facts=FactTriples(OTHER.triples, FactTriples(TRIPLES).relations),
    ).eval()  # fmt: skip
    fresh.load_state_dict(state)
    assert torch.equal(fresh(**batch).hidden, other)
    assert fresh.fingerprint() == model.fingerprint()
    model.read(FactTriples(TRIPLES))
    assert torch.equal(model(**batch).hidden, first)
    assert model.fingerprint() == name


def test_without_facts_it_is_the_backbone(fused_of, batch_of, tmp_path):
    model = fused_of("gpt2", kind="kblam")
    model.read(FactTriples([]))
    batch = batch_of(model)
    plain = model.backbone.base_model(
        input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]
    ).last_hidden_state
    assert torch.equal(model(**batch).hidden, plain)
    model.save_pretrained(tmp_path / "m")
    again = FusedModel.from_pretrained(tmp_path / "m")
    again.read(FactTriples(TRIPLES))  # the relations are saved too
    model.read(FactTriples(TRIPLES))
    assert torch.equal(again(**batch).hidden, model(**batch).hidden)


def test_the_order_of_facts_does_not_matter(fused_of, batch_of):
    model = fused_of("gpt2", kind="kblam")
    batch = batch_of(model)
    first = model(**batch).hidden
    model.read(FactTriples(TRIPLES[::-1]))
    torch.testing.assert_close(model(**batch).hidden, first, atol=1e-5, rtol=0)


def test_a_copy_reads_facts_of_its_own(fused_of, batch_of):
    model = fused_of("gpt2", kind="kblam")
    batch = batch_of(model)
    first, twin = model(**batch).hidden, copy.deepcopy(model)
    twin.read(OTHER)
    assert torch.equal(model(**batch).hidden, first)
    assert not torch.allclose(twin(**batch).hidden, first, atol=1e-3)


def test_a_saved_backbone_is_plain(fused_of, tmp_path):
    """The attention that reads facts is not in the backbone's files."""
    fused_of("gpt2", kind="kblam").save_pretrained(tmp_path / "m")
    assert "kptm" not in (tmp_path / "m" / "backbone" / "config.json").read_text()


def test_unreadable_facts_are_refused(fused_of, plain_of, embeddings):
    model = fused_of("gpt2", kind="kblam")
    with pytest.raises(ModelError, match=r"fact 'Georgia capital Atlantis'"):
        model.read(FactTriples([("Georgia", "capital", "Atlantis")]))
    with pytest.raises(ModelError, match="was not trained on the relation"):
        model.read(FactTriples([("Georgia", "anthem", "Paris")]))
    with pytest.raises(ModelError, match="kind 'gated' reads no triples"):
        fused_of("gpt2").read(OTHER)
    with pytest.raises(ModelError, match="kind 'gated' reads no triples"):
        attended_facts(fused_of("gpt2"), [LinkedText("Paris")])
    with pytest.raises(ConfigError, match="k must be at least 1, not 0"):
        attended_facts(model, [LinkedText("Paris")], k=0)
    plain, tokenizer = plain_of("gpt2")
    for facts in (None, EntityFacts({})):
        with pytest.raises(ModelError, match=r"pass facts=FactTriples\.of\(graph\)"):
            FusedModel.build(
                plain, embeddings, FusionConfig(kind="kblam"), tokenizer=tokenizer, facts=facts
            )
    albert, tokenizer = plain_of("albert")
    with pytest.raises(ModelError, match="one layer several times"):
        FusedModel.build(
            albert, embeddings, FusionConfig(kind="kblam"), tokenizer=tokenizer, facts=OTHER
        )


ASKED = LinkedText.from_spans("The capital of Georgia is [MASK].", [(15, 22, "Georgia")])


@torch.no_grad()
def match_heads(model):
    """Make a fact's key its head's vector, and the query the vector of the linked entity."""
    for reader in model.fusion.readers:
        for linear in (reader.query, reader.entity, reader.key):
            linear.weight.zero_()
        width = min(reader.width, model.embeddings.dim)
        reader.key.bias.zero_()
        for head in range(reader.entity.out_features // reader.width):
            place = head * reader.width
            reader.entity.weight[place : place + width, :width] = 9 * torch.eye(width)
            reader.key.weight[place : place + width, :width] = torch.eye(width)


def test_an_answer_names_the_facts_that_it_attended_to(fused_of):
    for family in ("gpt2", "bert"):
        model = fused_of(family, kind="kblam")
        match_heads(model)
        [found, none] = attended_facts(model, [ASKED, LinkedText("The river is [MASK].")])
        assert {one.fact for one in found[:2]} == set(TRIPLES[:2])
        assert found[0].weight == pytest.approx(found[1].weight)  # relations do not count here
        assert sum(one.weight for one in found) <= 1 + 1e-6
        assert found[0].weight > 0.3
        assert none == ()
        assert attended_facts(model, [ASKED], k=1) == [found[:1]]


def test_a_text_in_words_cites_what_its_tokens_attended_to(fused_of):
    model = fused_of("gpt2", kind="kblam")
    prompts = [ASKED, LinkedText.from_spans("Paris", [(0, 5, "Paris")]), LinkedText("No link")]
    found = generate_with_facts(model, prompts, max_new_tokens=4, k=9)
    assert [one.text for one in found] == model.generate(prompts, max_new_tokens=4)
    assert found[2].facts == ()
    # What the passes over new tokens saw, each from its own cache.
    seen, begin = [], model.fusion.begin

    def watch(knowledge):
        seen.extend(layer[0, -1] for layer in model.fusion.attended)
        begin(knowledge)

    model.fusion.begin, model.fusion.watching = watch, True
    model.generate(prompts[:1], max_new_tokens=4)
    watch(None)
    mean = torch.stack(seen).mean(0)
    for one in found[0].facts:
        assert one.weight == pytest.approx(float(mean[TRIPLES.index(one.fact)]), abs=1e-5)


def test_triples_on_disk_and_of_the_wrong_heads(tmp_path):
    facts = FactTriples([*TRIPLES, TRIPLES[0]], ["anthem"])
    assert facts.triples == tuple(TRIPLES)
    assert facts.relations == ("anthem", "borders", "capital", "capital of", "river")
    facts.save(tmp_path / "f.jsonl")
    again = FactTriples.load(tmp_path / "f.jsonl")
    assert (again.triples, again.relations) == (facts.triples, facts.relations)
    wrong = facts.permuted(0)
    assert [x[1:] for x in wrong.triples] == [x[1:] for x in TRIPLES]
    assert all(a.head != b[0] for a, b in zip(wrong.triples, TRIPLES, strict=True))
    assert wrong.relations == facts.none().relations == facts.relations
    assert not facts.none().triples
    assert facts.among({"Georgia", "Tbilisi"}).triples == (TRIPLES[0], TRIPLES[3])
    (tmp_path / "f.jsonl").write_text('["a"]\n["x", "y"]\n')
    with pytest.raises(ModelError, match=r"f\.jsonl: no facts"):
        FactTriples.load(tmp_path / "f.jsonl")


def test_a_batch_is_padded_at_either_side(fused_of):
    """Padded prompts of different length give the same text as each prompt alone."""
    model = fused_of("llama", kind="kblam")
    with torch.no_grad():
        for weight in model.backbone.parameters():
            if weight.dim() > 1:
                weight.mul_(12.0)
    prompts = [ASKED, LinkedText.from_spans("Paris", [(0, 5, "Paris")])]
    alone = [model.generate([one], max_new_tokens=5)[0] for one in prompts]
    assert model.generate(prompts, max_new_tokens=5) == alone
    assert model.generate(prompts, max_new_tokens=5, use_cache=False) == alone
    batch = collate([model.encoder.encode(one) for one in prompts], model.pad_id)
    assert len(set(batch.attention_mask.sum(1).tolist())) == 2
