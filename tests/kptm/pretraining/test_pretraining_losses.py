"""The losses, against their formulas."""

import numpy as np
import pytest
import tiny_run
import torch
from transformers import GPT2Config

from kg import EntityEmbeddings
from kptm.data import collate
from kptm.data.batch import IGNORED
from kptm.fusion import FusedModel
from kptm.linking import LinkedText
from kptm.pretraining import PretrainConfig, pretrain


def cross_entropy(logits, labels):
    logits = logits.astype(np.float64)
    top = logits.max(-1, keepdims=True)
    log_total = np.log(np.exp(logits - top).sum(-1)) + top[:, 0]
    return float(np.mean(log_total - logits[np.arange(len(labels)), labels]))


@pytest.mark.usefixtures("training")
@pytest.mark.parametrize("use_knowledge", [True, False])
def test_the_first_step_has_the_loss_of_the_formulas(use_knowledge):
    config = PretrainConfig(
        steps=1, batch_size=8, entity_weight=0.5, log_every=1, use_knowledge=use_knowledge
    )
    model = tiny_run.model(dropout=0.0)
    encoded = [model.encoder.encode(text) for text in tiny_run.texts()]
    examples = tiny_run.examples(encoded, config, tiny_run.asking(model))
    batch = tiny_run.collator(model, config)([examples[at] for at in range(8)])
    labels, rows = batch.pop("labels"), batch.pop("target_rows")
    assert len(rows) > 2
    assert bool(len(batch["mention_rows"])) is use_knowledge
    model.eval()
    with torch.no_grad():
        output = model(**batch)
        logits = model.token_logits(output.hidden)
    wanted = labels != IGNORED
    masked_lm = cross_entropy(logits[wanted].numpy(), labels[wanted].numpy())
    entity = cross_entropy(output.entity_logits.numpy(), rows.numpy())
    (point,) = pretrain(model, tiny_run.texts(), config=config).curve
    assert point.masked_lm == pytest.approx(masked_lm, abs=1e-5)
    assert point.entity == pytest.approx(entity, abs=1e-5)
    assert point.loss == pytest.approx(masked_lm + 0.5 * entity, abs=1e-5)


@pytest.mark.parametrize("negatives", [0, 1, 3, 1_000])
def test_a_sampled_softmax_is_the_softmax_over_what_was_drawn(negatives):
    config = PretrainConfig(steps=1, batch_size=8, entity_negatives=negatives, entity_rate=1.0)
    model = tiny_run.model(dropout=0.0).eval()
    encoded = [model.encoder.encode(text) for text in tiny_run.texts()]
    examples = tiny_run.examples(encoded, config, tiny_run.asking(model))
    masked = [examples[at] for at in range(8)]
    batch = tiny_run.collator(model, config)(masked)
    whole = tiny_run.collator(model, PretrainConfig())(masked)
    right, scored = whole.pop("target_rows"), batch["score_rows"]
    assert torch.equal(scored[batch["target_rows"]], right)
    assert set(scored.tolist()) >= set(right.tolist())
    assert len(scored) <= len(set(right.tolist())) + negatives
    assert torch.equal(scored, tiny_run.collator(model, config)(masked)["score_rows"])
    batch.pop("target_rows")
    batch.pop("labels"), whole.pop("labels")
    with torch.no_grad():
        found, full = model(**batch).entity_logits, model(**whole).entity_logits
    torch.testing.assert_close(found, full[:, scored])


@pytest.mark.usefixtures("training")
def test_pretraining_with_a_sample_learns():
    config = PretrainConfig(
        steps=60, batch_size=8, learning_rate=5e-3, entity_negatives=3, log_every=20, seed=1
    )
    curves = []
    for _ in range(2):
        model = tiny_run.model(dropout=0.0)
        curves.append(pretrain(model, tiny_run.texts(), config=config).curve)
    assert curves[0] == curves[1]
    assert curves[0][-1].entity < curves[0][0].entity


@pytest.mark.usefixtures("training")
def test_a_decoder_learns_what_comes_next():
    """At the start, the loss of words equals Hugging Face's.

    Facts are learnt too; they are asked behind the words.
    """
    tokenizer = tiny_run.model().tokenizer
    keys = sorted({*tiny_run.CAPITALS, *tiny_run.CAPITALS.values()})
    table = torch.randn(len(keys), 8, generator=torch.Generator().manual_seed(1))
    config = GPT2Config(vocab_size=len(tokenizer), n_embd=16, n_layer=2, n_head=2, n_positions=32,
                        resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0)  # fmt: skip
    model = FusedModel.build(config, EntityEmbeddings(keys, table), tokenizer=tokenizer)
    texts = tiny_run.texts()
    settings = PretrainConfig(
        steps=1, batch_size=8, entity_weight=0.0, log_every=1, learning_rate=1e-9
    )
    encoded = [model.encoder.encode(text) for text in texts]
    batch = collate(encoded, model.pad_id)
    labels = batch.input_ids.masked_fill(batch.attention_mask == 0, IGNORED)
    with torch.no_grad():
        theirs = model.backbone(
            input_ids=batch.input_ids, attention_mask=batch.attention_mask, labels=labels
        ).loss
    ours = pretrain(model, texts, config=settings).curve[0].masked_lm
    assert ours == pytest.approx(theirs.item(), rel=1e-4)
    pretrain(
        model, texts, config=PretrainConfig(steps=200, batch_size=8, learning_rate=1e-2, seed=2)
    )
    question = LinkedText.from_spans("The capital of Peru is [MASK].", [(15, 19, "Peru")])
    with torch.no_grad():
        output = model(**collate([model.encoder.encode(question)], model.pad_id).tensors())
    assert keys[int(output.entity_logits.argmax())] == "Lima"
