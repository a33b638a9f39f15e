"""K-BERT's sentence tree against BertModel with a mask and positions by hand."""

import pytest
import torch

from kg import EntityEmbeddings
from kptm.data import EntityFacts, collate
from kptm.data.tokenize import MAX_FACT_TOKENS
from kptm.errors import ModelError
from kptm.fusion import FusedModel, FusionConfig
from kptm.linking import LinkedText


def in_order(text):
    """The tokens in the paper's order, with their soft positions and their visibility."""
    rows = []  # (token, position, mention or None, fact or None)
    behind = {span.end - 1: span for span in text.spans}
    inside = {at: n for n, span in enumerate(text.spans) for at in range(span.start, span.end)}
    fact = 0
    for at, token in enumerate(text.ids):
        rows.append((token, at, inside.get(at), None))
        if at in behind:
            for branch in behind[at].branches:
                mention = inside[at]
                rows += [(own, at + 1 + n, mention, fact) for n, own in enumerate(branch)]
                fact += 1

    def sees(one, other):
        if one[3] is None and other[3] is None:
            return True
        if one[3] is not None and other[3] is not None:
            return one[3] == other[3]
        return one[2] is not None and one[2] == other[2]

    visible = torch.tensor([[sees(one, other) for other in rows] for one in rows])
    ids, positions = (torch.tensor([[row[n] for row in rows]]) for n in (0, 1))
    return ids, positions, visible[None], [row[3] is None for row in rows]


def test_it_is_bert_with_soft_positions_and_a_visible_matrix(fused_of, batch_of, texts):
    model = fused_of("bert", kind="kbert")
    found = model(**batch_of(model)).hidden
    for number, text in enumerate(texts):
        encoded = model.encoder.encode(text)
        ids, positions, visible, sentence = in_order(encoded)
        wanted = model.backbone.base_model(
            input_ids=ids, position_ids=positions, attention_mask=visible[:, None].float().log()
        ).last_hidden_state[0]
        torch.testing.assert_close(
            found[number, : len(encoded.ids)], wanted[sentence], rtol=1e-5, atol=1e-5
        )
    assert sum(len(span.branches) for span in model.encoder.encode(texts[0]).spans) == 2


def test_gradients_are_berts(fused_of, batch_of, texts):
    grads = []
    for ours in (True, False):
        model = fused_of("bert", kind="kbert")
        encoded = model.encoder.encode(texts[0])
        if ours:
            hidden = model(**batch_of(model, texts[:1])).hidden[0]
        else:
            ids, positions, visible, sentence = in_order(encoded)
            hidden = model.backbone.base_model(
                input_ids=ids, position_ids=positions, attention_mask=visible[:, None].float().log()
            ).last_hidden_state[0][sentence]
        hidden.square().sum().backward()
        grads.append({name: value.grad for name, value in model.backbone.named_parameters()})
    for name, value in grads[0].items():
        if value is not None:
            torch.testing.assert_close(value, grads[1][name], rtol=1e-3, atol=1e-4)


def test_the_others_of_a_text_see_a_fact_only_through_its_mention(fused_of, batch_of):
    """After one layer only the mention has changed."""
    text = [LinkedText.from_spans("Rain fell in Paris today.", [(13, 18, "Paris")])]
    model = fused_of("bert", kind="kbert", moved=False)
    encoded = model.encoder.encode(text[0])
    [span] = encoded.spans
    states = []
    layer = model.backbone.base_model.encoder.layer[0]
    layer.register_forward_hook(
        lambda _module, _inputs, output: states.append(
            output[0] if isinstance(output, tuple) else output
        )
    )
    model(**batch_of(model, text))
    model(**batch_of(model, text, with_knowledge=False))
    length = len(encoded.ids)
    changed = (states[0].reshape(-1, 16)[:length] - states[1].reshape(-1, 16)).abs().amax(-1) > 1e-6
    assert changed.nonzero().flatten().tolist() == list(range(span.start, span.end))


@pytest.mark.parametrize("family", ["mpnet", "deberta-v2"])
def test_a_family_without_positions_is_refused(plain_of, embeddings, family):
    plain, tokenizer = plain_of(family)
    with pytest.raises(ModelError, match="from positions and a mask alone"):
        FusedModel.build(
            plain,
            embeddings,
            FusionConfig(kind="kbert"),
            tokenizer=tokenizer,
            facts=EntityFacts({}),
        )


def test_facts_are_required(plain_of, embeddings):
    plain, tokenizer = plain_of("bert")
    with pytest.raises(ModelError, match=r"pass facts=EntityFacts\.of\(graph\)"):
        FusedModel.build(plain, embeddings, FusionConfig(kind="kbert"), tokenizer=tokenizer)


def test_facts_fill_no_more_than_a_texts_length(plain_of):
    plain, tokenizer = plain_of("bert")
    keys = ["Paris"]
    model = FusedModel.build(
        plain, EntityEmbeddings(keys, torch.randn(1, 4)), FusionConfig(kind="kbert", max_length=32),
        tokenizer=tokenizer, facts=EntityFacts({"Paris": ["lies on " * 40, "river Seine"]}),
    ).eval()  # fmt: skip
    text = LinkedText.from_spans("Paris " * 20, [(6 * n, 6 * n + 5, "Paris") for n in range(20)])
    encoded = model.encoder.encode(text)
    assert len(encoded.spans[0].branches[0]) == MAX_FACT_TOKENS
    assert sum(len(branch) for span in encoded.spans for branch in span.branches) <= 32
    assert model(**collate([encoded], model.pad_id).tensors()).hidden.isfinite().all()


def test_a_window_is_measured_in_soft_positions(fused_of):
    model = fused_of("modernbert", kind="kbert")
    window = model.backbone.config.sliding_window
    there = torch.arange(2 * window + 3)[None]
    masks = model.fusion.visible_inputs(there, torch.ones(1, there.shape[1], there.shape[1]).bool())
    far = (there[0][:, None] - there[0]).abs() > window
    assert torch.equal(masks["attention_mask"]["sliding_attention"][0, 0] < -1, far)
    assert not masks["attention_mask"]["full_attention"].any()
