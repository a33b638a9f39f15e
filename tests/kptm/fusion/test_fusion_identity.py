"""Without knowledge the output is the plain backbone's, to the bit, as Hugging Face has it."""

import copy

import pytest
import torch

from kptm.fusion import FusedModel, FusionConfig

HEADS = ["bert", "roberta", "distilbert", "xlm-roberta", "electra", "modernbert"]


def outputs(plain, batch):
    with torch.no_grad():
        return plain(
            input_ids=batch["input_ids"],
            attention_mask=batch["attention_mask"],
            output_hidden_states=True,
        )


def ours(model, batch):
    with torch.no_grad():
        return model(**batch).hidden


def test_at_the_start_links_change_nothing(family, plain_of, fused_of, batch_of):
    model = fused_of(family, moved=False)
    batch = batch_of(model)
    assert len(batch["mention_rows"])
    expected = outputs(plain_of(family)[0], batch)
    hidden = ours(model, batch)
    assert torch.equal(hidden, expected.hidden_states[-1])
    assert torch.equal(model.token_logits(hidden), expected.logits)


def test_without_links_nothing_changes(family, plain_of, fused_of, batch_of):
    model = fused_of(family, layers=(0, 1))
    batch = batch_of(model, with_knowledge=False)
    expected = outputs(plain_of(family)[0], batch)
    assert torch.equal(ours(model, batch), expected.hidden_states[-1])


def test_with_links_something_changes(family, plain_of, fused_of, batch_of):
    model = fused_of(family)
    batch = batch_of(model)
    expected = outputs(plain_of(family)[0], batch)
    linked = torch.tensor([True, True, True, False])
    changed = (ours(model, batch) - expected.hidden_states[-1]).abs().amax((1, 2)) > 1e-4
    assert torch.equal(changed, linked)


@pytest.mark.parametrize("kind", HEADS)
def test_token_logits_are_those_of_the_whole_model(kind, plain_of, embeddings, batch_of):
    plain, tokenizer = plain_of(kind)
    model = FusedModel.build(copy.deepcopy(plain), embeddings, tokenizer=tokenizer).eval()
    batch = batch_of(model)
    expected = outputs(plain, batch)
    hidden = ours(model, batch)
    assert torch.equal(hidden, expected.hidden_states[-1])
    wanted = batch["attention_mask"].bool()
    torch.testing.assert_close(
        model.token_logits(hidden[wanted]), expected.logits[wanted], atol=1e-6, rtol=0
    )


def test_a_failed_pass_leaves_no_knowledge_behind(plain_of, fused_of, batch_of):
    model = fused_of("bert")
    batch = batch_of(model)
    beyond = {**batch, "input_ids": batch["input_ids"] + 10_000}
    with pytest.raises(IndexError):
        model(**beyond)
    plain = plain_of("bert")[0]
    bare = {key: batch[key] for key in ("input_ids", "attention_mask")}
    with torch.no_grad():
        assert torch.equal(model.backbone(**bare).logits, plain(**bare).logits)


def test_a_copy_reads_its_own_knowledge(fused_of, batch_of):
    model = fused_of("bert")
    batch = batch_of(model)
    twin = copy.deepcopy(model)
    expected = ours(model, batch)
    assert torch.equal(ours(twin, batch), expected)
    with torch.no_grad():
        twin.fusion.injections[0].out.weight.zero_()
    assert not torch.equal(ours(twin, batch), expected)
    assert torch.equal(ours(model, batch), expected)


def test_neither_padding_nor_neighbours_matter(family, fused_of, batch_of, texts):
    model = fused_of(family)
    with torch.no_grad():
        whole = model(**batch_of(model))
        place = 0
        for number, text in enumerate(texts):
            alone = model(**batch_of(model, [text]))
            size = alone.hidden.shape[1]
            torch.testing.assert_close(
                whole.hidden[number, :size], alone.hidden[0], atol=1e-5, rtol=0
            )
            if alone.entity_logits is None:
                continue
            for name in ("entity_logits", "entity_query", "fact_keys"):
                value = getattr(whole, name)[place : place + 1]
                torch.testing.assert_close(value, getattr(alone, name), atol=1e-5, rtol=0)
            place += 1
    assert place == 3


def test_a_backbone_in_half_precision_is_fused_in_it(plain_of, embeddings, batch_of):
    plain, tokenizer = plain_of("bert")
    model = FusedModel.build(plain.to(torch.bfloat16), embeddings, tokenizer=tokenizer)
    output = model(**batch_of(model))
    assert output.hidden.dtype == output.entity_logits.dtype == torch.bfloat16
    assert len(model.fingerprint()) == 64


def test_new_weights_depend_only_on_the_seed(plain_of, embeddings):
    plain, tokenizer = plain_of("bert")

    def weights(seed):
        config = FusionConfig(seed=seed)
        torch.rand(1)  # the caller's own generator does not matter
        before = torch.get_rng_state()
        model = FusedModel.build(copy.deepcopy(plain), embeddings, config, tokenizer=tokenizer)
        assert torch.equal(torch.get_rng_state(), before)
        return model.head.relation.weight

    assert torch.equal(weights(0), weights(0))
    assert not torch.equal(weights(0), weights(1))
