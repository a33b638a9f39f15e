"""Every mechanism on every backbone, against Hugging Face's LUKE, NumPy and the backbone."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.autograd import gradcheck
from transformers import LukeConfig, LukeForMaskedLM

from kg import EntityEmbeddings
from kptm.errors import ModelError
from kptm.fusion import FusedModel, FusionConfig
from kptm.fusion.config import KINDS
from kptm.fusion.entity_table import EntityTable
from kptm.fusion.mechanisms.attention_blocks import Attention, AttentionBlock
from kptm.fusion.mechanisms.entity_memory import MemoryFusion
from kptm.fusion.mechanisms.ernie import Aggregator
from kptm.fusion.mechanisms.knowbert import KnowledgeAttention
from kptm.fusion.mechanisms.mechanism import Sizes, knowledge_of_mentions
from kptm.linking import LinkedText

IDENTICAL = [kind for kind in KINDS if kind not in ("luke", "kbert", "kblam")]
"""Those that start as the backbone."""
REFUSED = {
    *(("luke", family) for family in ("distilbert", "albert", "mpnet", "deberta-v2", "modernbert")),
    *(("luke", family) for family in ("gpt2", "llama", "qwen2")),
    *(("kbert", family) for family in ("mpnet", "deberta-v2")),
    *(("kblam", family) for family in ("albert", "mpnet", "deberta-v2")),
}
BACKBONES = [
    "bert",
    "roberta",
    "xlm-roberta",
    "distilbert",
    "albert",
    "electra",
    "mpnet",
    "deberta-v2",
    "modernbert",
    "gpt2",
    "llama",
    "qwen2",
]
OTHER_SHAPES = 1e-5
"""How far the states of a text may be apart that is computed in tensors of two shapes.

Measured: 3.6e-7 with ``ATEN_CPU_CAPABILITY=default``, 2.4e-7 with ``avx2``, ``avx512`` and
``MKL_CBWR=COMPATIBLE``; bound 1e-5.
"""
SPANS = torch.tensor([[0, 1, 3], [0, 3, 4], [2, 0, 2]])
B, L, D, E = 3, 5, 8, 6


@pytest.fixture(autouse=True)
def one_seed():
    torch.manual_seed(0)


def known(vectors, candidates=None, priors=None):
    plain = knowledge_of_mentions(SPANS, vectors, L, table_of(vectors))
    return replace(plain, candidates_MCE=candidates, priors_MC=priors)


def table_of(vectors):
    """A table in double precision; its rows are brought to length 1."""
    keys = [str(number) for number in range(len(vectors))]
    return EntityTable(EntityEmbeddings(keys, vectors)).double()


def moved(module):
    module = module.double()
    for parameter in module.parameters():
        parameter.data.normal_(0, 0.5)
    return module


def array(tensor):
    return tensor.detach().numpy()


def softmax(x):
    x = np.exp(x - x.max(-1, keepdims=True))
    return x / x.sum(-1, keepdims=True)


def gelu(x):
    return x * 0.5 * (1 + np.vectorize(math.erf)(x / math.sqrt(2)))


def linear(module, x):
    bias = 0 if module.bias is None else array(module.bias)
    return x @ array(module.weight).T + bias


def norm(module, x):
    mean, var = x.mean(-1, keepdims=True), x.var(-1, keepdims=True)
    return (x - mean) / np.sqrt(var + module.eps) * array(module.weight) + array(module.bias)


def attention(module, queries, keys):
    """Attention between rows that all see each other."""
    heads = [rows.reshape(len(rows), module.heads, -1).swapaxes(0, 1) for rows in (
        linear(module.query, queries), linear(module.key, keys),
        linear(module.value, keys))]  # fmt: skip
    q, k, v = heads
    mixed = softmax(q @ k.swapaxes(1, 2) / math.sqrt(q.shape[-1])) @ v
    return linear(module.out, mixed.swapaxes(0, 1).reshape(queries.shape))


def block(module, queries, keys):
    rows = norm(module.norm, queries + attention(module.attention, queries, keys))
    return norm(module.last_norm, rows + linear(module.outer, gelu(linear(module.inner, rows))))


# ── formulas ─────────────────────────────────────────────────────────────────────────────────────


def test_attention_sees_only_what_its_mask_allows():
    module = moved(Attention(6, 3))
    queries, keys = torch.randn(2, 6).double(), torch.randn(3, 6).double()
    allowed = torch.tensor([[True, False, True], [False, False, False]])
    found = array(module(queries, keys, allowed))
    np.testing.assert_allclose(
        found[:1], attention(module, array(queries[:1]), array(keys[[0, 2]])), atol=1e-12
    )
    assert not found[1].any()
    assert Attention(6, 4).heads == 3


@pytest.mark.parametrize(("queries", "keys"), [(2, 0), (0, 3), (0, 0)])
def test_attention_without_queries_or_keys(queries, keys):
    allowed = torch.ones(queries, keys, dtype=torch.bool)
    found = Attention(6, 3)(torch.randn(queries, 6), torch.randn(keys, 6), allowed)
    assert found.shape == (queries, 6)
    assert not found.any()


def test_ernies_aggregator_is_its_formula():
    module, vectors, inner = (
        moved(Aggregator(E, 7, 2)),
        torch.randn(3, E).double(),
        torch.randn(B * L, 7).double(),
    )
    added, after = module(inner, vectors, known(vectors))
    rows = array(inner)
    for text, mentions in ((0, [0, 1]), (2, [2])):
        e = array(vectors)[mentions]
        e = norm(module.norm, e + attention(module.attention, e, e))
        plus = linear(module.to_inner, e)
        first = [text * L + int(SPANS[m, 1]) for m in mentions]
        wanted = norm(module.last_norm, e + linear(module.to_entity, gelu(rows[first] + plus)))
        np.testing.assert_allclose(array(after)[mentions], wanted, atol=1e-12)
        for m, row in zip(mentions, plus, strict=True):
            tokens = [k for k, own in enumerate(known(vectors).mention_K.tolist()) if own == m]
            np.testing.assert_allclose(
                array(added)[tokens], np.tile(row, (len(tokens), 1)), atol=1e-12
            )


@pytest.mark.parametrize("soft", [True, False])
@pytest.mark.parametrize("threshold", [-1e3, 0.1])
def test_knowledge_attention_is_its_formula(soft, threshold):
    module = moved(KnowledgeAttention(D, E, 2, scorer=5, threshold=threshold))
    hidden, vectors = torch.randn(B, L, D).double(), torch.randn(3, E).double()
    candidates = torch.randn(3, 4, E).double() if soft else None
    priors = (
        torch.tensor([[0.5, 0.3, 0.2, 0], [1, 0, 0, 0], [0.4, 0.4, 0.2, 0]]).double()
        if soft
        else None
    )
    found, psi = module(hidden, known(vectors, candidates, priors))
    meant_by = vectors[:, None] if candidates is None else candidates
    prior = torch.ones(3, 1).double() if priors is None else priors
    expected = array(hidden).copy()
    for text, mentions in ((0, [0, 1]), (2, [2])):
        p = linear(module.project, array(hidden[text]))
        pooled = []
        for m in mentions:
            rows = p[int(SPANS[m, 1]) : int(SPANS[m, 2])]
            pooled.append(softmax(linear(module.pool, rows).ravel()) @ rows)
        s = norm(module.norm, np.array(pooled))
        s = block(module.mentions, s, s)
        meant = []
        for row, m in zip(s, mentions, strict=True):
            features = np.stack([array(meant_by[m]) @ row / math.sqrt(E), array(prior[m])], -1)
            score = linear(
                module.score[2], np.maximum(linear(module.score[0], features), 0)
            ).ravel()
            there = array(prior[m]) > 0
            np.testing.assert_allclose(array(psi)[m][there], score[there], atol=1e-12)
            kept = there & (score >= threshold)
            meant.append(
                softmax(score[kept]) @ array(meant_by[m])[kept]
                if kept.any()
                else array(module.null)
            )
        seen = norm(module.known_norm, s + np.array(meant))
        expected[text] += linear(module.back, block(module.tokens, p, seen))
    np.testing.assert_allclose(array(found), expected, atol=1e-11)


def memory(k=None, sizes=None):
    module = MemoryFusion(Sizes(D, E, 2, 2, D), None, k)
    return moved(module)


def test_memory_is_its_formula():
    module, hidden, vectors = memory(), torch.randn(B, L, D).double(), torch.randn(9, E).double()
    table = table_of(vectors)
    plain, vectors = knowledge_of_mentions(SPANS, vectors[:3], L, table, scale=2.0), table.whole()
    found = array(module.after(0, hidden, plain))
    expected, flat, layer = array(hidden).copy(), array(hidden), module.memories[0]
    for text, start, end in SPANS.tolist():
        q = 2 * linear(layer.query, np.concatenate([flat[text, start], flat[text, end - 1]]))
        expected[text, start] += linear(
            layer.back, 2 * softmax(q @ array(vectors).T) @ array(vectors)
        )
    np.testing.assert_allclose(found, expected, atol=1e-12)


@pytest.mark.parametrize("chunk", [2, 4, 100])
def test_memory_of_all_nearest_is_dense_memory(monkeypatch, chunk):
    from kptm.fusion.mechanisms import entity_memory as room

    monkeypatch.setattr(room, "ROWS_PER_CHUNK", chunk)
    dense, hidden, vectors = memory(), torch.randn(B, L, D).double(), torch.randn(9, E).double()
    table = table_of(vectors)
    plain, vectors = knowledge_of_mentions(SPANS, vectors[:3], L, table), table.whole()
    wanted = dense.after(0, hidden, plain)
    rows = []
    dense.nearest = lambda query, k: rows.append(k) or torch.arange(9).expand(len(query), 9)
    dense.k = 8
    assert torch.allclose(
        dense.after(0, hidden, plain), wanted, atol=1e-12
    )  # a search that finds all
    assert rows == [8]
    dense.nearest = None
    query = torch.randn(4, E).double()
    best = (query @ vectors.T).topk(8).indices
    assert torch.equal(dense._nearest(query, table).sort().values, best.sort().values)


@pytest.mark.parametrize("kind", ["ernie", "knowbert", "memory", "block"])
def test_gradients(kind):
    vectors = torch.randn(3, E).double()
    if kind == "block":
        module, allowed = moved(AttentionBlock(4, 2)), torch.tensor([[True, False], [True, True]])
        call = lambda h: module(h[:2, :4], h[2:4, :4], allowed)  # noqa: E731
    elif kind == "ernie":
        module = moved(Aggregator(E, D, 2))
        call = lambda h: module(h, vectors, known(vectors))  # noqa: E731
    elif kind == "knowbert":
        module = moved(KnowledgeAttention(D, E, 2, scorer=3))
        call = lambda h: module(h.reshape(B, L, D), known(vectors))  # noqa: E731
    else:
        module = memory()
        call = lambda h: module.after(0, h.reshape(B, L, D), known(vectors))  # noqa: E731
    hidden = torch.randn(B * L, D).double().requires_grad_()
    assert gradcheck(call, (hidden,), atol=1e-6)


# ── LUKE against Hugging Face ────────────────────────────────────────────────────────────────────


@pytest.fixture
def lukes(plain_of, embeddings, tokenizer_of):
    """A random LukeForMaskedLM, and a BERT with the same weights that is fused."""
    tokenizer = tokenizer_of("roberta")
    plain, _ = plain_of("roberta")
    config = LukeConfig(
        vocab_size=len(tokenizer), hidden_size=16, num_hidden_layers=2, num_attention_heads=2,
        intermediate_size=32, max_position_embeddings=64, entity_vocab_size=len(embeddings) + 1,
        entity_emb_size=embeddings.dim, pad_token_id=tokenizer.pad_token_id,
        type_vocab_size=plain.config.type_vocab_size, layer_norm_eps=plain.config.layer_norm_eps,
    )  # fmt: skip
    theirs = LukeForMaskedLM(config).eval()
    with torch.no_grad():
        for parameter in theirs.parameters():
            parameter.normal_(0, 0.3)
    ours = FusedModel.build(
        plain, embeddings, FusionConfig(kind="luke", max_length=62), tokenizer=tokenizer
    ).eval()
    state = theirs.luke.state_dict()
    own = plain.base_model
    with torch.no_grad():
        for name, parameter in own.named_parameters():
            parameter.copy_(state[name])
        fusion, table = ours.fusion, theirs.luke.entity_embeddings
        fusion.project.weight.copy_(table.entity_embedding_dense.weight)
        fusion.position.weight.copy_(
            table.position_embeddings.weight[: len(fusion.position.weight)]
        )
        fusion.kind.copy_(table.token_type_embeddings.weight[0])
        fusion.norm.load_state_dict(table.LayerNorm.state_dict())
        for number, queries in enumerate(fusion.queries):
            attention = theirs.luke.encoder.layer[number].attention.self
            for name in ("w2e", "e2w", "e2e"):
                getattr(queries, name).load_state_dict(
                    getattr(attention, f"{name}_query").state_dict()
                )
        scaled = ours.entity_table.whole() * math.sqrt(embeddings.dim)
        table.entity_embeddings.weight[1:].copy_(scaled)
    return theirs, ours


def luke_inputs(batch):
    spans, rows = batch["mention_spans"], batch["mention_rows"]
    count = len(batch["input_ids"])
    most = max(int((spans[:, 0] == text).sum()) for text in range(count))
    ids = torch.zeros((count, most), dtype=torch.long)
    mask, positions = torch.zeros_like(ids), torch.full((count, most, 8), -1)
    for text in range(count):
        for slot, m in enumerate((spans[:, 0] == text).nonzero().flatten().tolist()):
            ids[text, slot], mask[text, slot] = rows[m] + 1, 1
            where = torch.arange(int(spans[m, 1]), int(spans[m, 2]))
            positions[text, slot, : len(where)] = where
    return {
        "input_ids": batch["input_ids"], "attention_mask": batch["attention_mask"],
        "entity_ids": ids, "entity_attention_mask": mask, "entity_position_ids": positions,
    }  # fmt: skip


def test_luke_is_hugging_faces(lukes, batch_of):
    theirs, ours = lukes
    batch = batch_of(ours)
    found = ours(**batch).hidden
    inputs = luke_inputs(batch)
    wanted = theirs.luke(**inputs).last_hidden_state
    real = batch["attention_mask"].bool()
    with_links = torch.zeros(len(real), dtype=torch.bool)
    with_links[batch["mention_spans"][:, 0]] = True
    real &= with_links[
        :, None
    ]  # Hugging Face leaves a text without entities as it is, and so do we in another way
    assert torch.allclose(found[real], wanted[real], atol=1e-5)
    found[real].square().sum().backward()
    wanted[real].square().sum().backward()
    for number, queries in enumerate(ours.fusion.queries):
        attention = theirs.luke.encoder.layer[number].attention.self
        for name in ("w2e", "e2w", "e2e"):
            other = getattr(attention, f"{name}_query").weight.grad
            if number == 1 and name != "w2e":
                continue  # nothing reads the entities of the last layer
            assert torch.allclose(getattr(queries, name).weight.grad, other, rtol=1e-3, atol=1e-4)
        mine = ours.backbone.base_model.encoder.layer[number].attention.self.key.weight.grad
        assert torch.allclose(mine, attention.key.weight.grad, rtol=1e-3, atol=1e-4)


def test_luke_says_which_families_it_fits(plain_of, embeddings):
    plain, tokenizer = plain_of("distilbert")
    with pytest.raises(ModelError, match="like BERT's"):
        FusedModel.build(plain, embeddings, FusionConfig(kind="luke"), tokenizer=tokenizer)


# ── all of them ──────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def any_model(fused_of):
    def make(family, kind, **options):
        if (kind, family) in REFUSED:
            pytest.skip("refused, with the reason; see above")
        return fused_of(family, kind=kind, **options)

    return make


@pytest.mark.usefixtures("training")
@pytest.mark.parametrize("family", BACKBONES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_step_saving_and_loading(any_model, batch_of, tmp_path, family, kind):
    model = any_model(family, kind)
    batch = batch_of(model)
    before = {name: value.clone() for name, value in model.named_parameters()}
    model.train()
    output = model(**batch)
    logits = model.token_logits(output.hidden.flatten(0, 1))
    loss = (output.hidden * torch.randn(output.hidden.shape)).mean() + logits.logsumexp(-1).mean()
    loss = loss + output.entity_logits.logsumexp(-1).mean()
    optimizer = torch.optim.SGD(
        (value for value in model.parameters() if value.requires_grad), lr=0.01
    )
    loss.backward()
    optimizer.step()
    changed = {
        name for name, value in model.named_parameters() if not torch.equal(value, before[name])
    }
    assert any(name.startswith("fusion.") for name in changed) == (kind != "kbert")
    assert any(name.startswith("backbone.") for name in changed) != model.fusion.frozen
    model.eval()
    wanted = model(**batch)
    model.save_pretrained(tmp_path / "m")
    again = FusedModel.from_pretrained(tmp_path / "m")
    found = again(**batch)
    # The tiny ModernBERT was made with eager attention. Its config does not keep this, so it is
    # read back with another attention.
    near = 1e-5 if family == "modernbert" else 0.0
    torch.testing.assert_close(found.hidden, wanted.hidden, rtol=0, atol=near)
    torch.testing.assert_close(found.entity_logits, wanted.entity_logits, rtol=0, atol=near)
    assert again.fingerprint() == model.fingerprint()


@pytest.mark.parametrize("family", BACKBONES)
@pytest.mark.parametrize("kind", IDENTICAL)
def test_at_the_start_it_is_the_backbone(any_model, batch_of, family, kind):
    model = any_model(family, kind, moved=False)
    batch = batch_of(model)
    plain = model.backbone.base_model(
        input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]
    ).last_hidden_state
    assert torch.equal(model(**batch).hidden, plain)


@pytest.mark.parametrize("family", BACKBONES)
@pytest.mark.parametrize("kind", KINDS)
def test_without_knowledge_it_is_the_backbone(any_model, batch_of, family, kind):
    model = any_model(family, kind)
    batch = batch_of(model, with_knowledge=False)
    found = model(**batch).hidden
    plain = model.backbone.base_model(
        input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]
    ).last_hidden_state
    assert torch.equal(found, plain)


@pytest.mark.parametrize("family", BACKBONES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_text_is_the_same_alone_and_among_others(any_model, batch_of, texts, family, kind):
    model = any_model(family, kind)
    with torch.inference_mode():
        together = model(**batch_of(model))
        for number, text in enumerate(texts):
            alone = model(**batch_of(model, [text])).hidden[0]
            assert torch.allclose(together.hidden[number, : len(alone)], alone, atol=2e-5)


@pytest.mark.parametrize("family", ["gpt2", "llama", "qwen2"])
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "luke"])
def test_a_decoder_sees_nothing_that_comes_later(any_model, batch_of, family, kind):
    """Later words and mentions of a text change nothing before them.

    A mention also changes nothing before its own end.
    """
    model = any_model(family, kind)
    whole = LinkedText.from_spans(
        "In Paris, New York is far.", [(3, 8, "Paris"), (10, 18, "New_York")]
    )
    other = LinkedText.from_spans("In Paris, Georgia was.", [(3, 8, "Paris"), (10, 17, "Tbilisi")])
    hidden = [model(**batch_of(model, [text])).hidden[0] for text in (whole, other)]
    [first, second] = [model.encoder.encode(text) for text in (whole, other)]
    same = next(at for at, (a, b) in enumerate(zip(first.ids, second.ids, strict=False)) if a != b)
    assert same > first.spans[0].end
    assert torch.allclose(hidden[0][:same], hidden[1][:same], atol=OTHER_SHAPES)
    plain = model.backbone.base_model(input_ids=torch.tensor([first.ids])).last_hidden_state[0]
    told = first.spans[0].end - 1
    assert torch.allclose(hidden[0][:told], plain[:told], atol=OTHER_SHAPES)
    assert not torch.allclose(hidden[0][told:], plain[told:], atol=1e-4)


@pytest.mark.parametrize("family", ["gpt2", "llama", "qwen2"])
def test_a_decoder_is_asked_behind_its_text(any_model, family):
    model = any_model(family, "gated")
    text = LinkedText.from_spans("The capital of Georgia is [MASK].", [(15, 22, "Georgia")])
    encoded = model.encoder.encode(text)
    assert encoded.blanks == (
        len(encoded.ids) - 1 - (encoded.ids[-1] == model.tokenizer.sep_token_id),
    )
    assert [span.entity for span in encoded.spans] == ["Georgia"]
    assert model.encoder.encode(LinkedText("No question.")).blanks == ()


@pytest.mark.parametrize("kind", KINDS)
def test_knowledge_matters(any_model, batch_of, kind):
    model = any_model("bert", kind)
    batch = batch_of(model)
    first = model(**batch).hidden
    for name in ("mention_rows", "candidate_rows", "branch_ids"):
        if name in batch:
            batch[name] = (batch[name] + 1) % 7
    assert not torch.allclose(first, model(**batch).hidden, atol=1e-3) or kind == "memory"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "text",
    [
        LinkedText(""),
        LinkedText.from_spans("Paris " * 500, [(6 * n, 6 * n + 5, "Paris") for n in range(500)]),
        LinkedText.from_spans("a " * 62 + "New York", [(124, 132, "New_York")]),
        LinkedText.from_spans("Paris", [(0, 5, "no such entity")]),
    ],
    ids=["empty", "500 mentions", "cut", "unknown"],
)
def test_odd_texts(any_model, batch_of, kind, text):
    model = any_model("bert", kind)
    assert model(**batch_of(model, [text])).hidden.isfinite().all()


@pytest.mark.parametrize("family", ["bert", "modernbert", "gpt2", "llama"])
@pytest.mark.parametrize("kind", KINDS)
def test_gradient_checkpointing_gives_the_same_gradients(any_model, batch_of, family, kind):
    grads = []
    for checkpointing in (False, True):
        model = any_model(
            family, kind, **({} if kind in ("luke", "kbert", "memory") else {"layers": (0, 1)})
        )
        for module in model.modules():
            if isinstance(module, torch.nn.Dropout):
                module.p = 0.0
        if checkpointing:
            model.backbone.activation_checkpointing_enable()
        model.train()
        model(**batch_of(model)).hidden.square().sum().backward()
        grads.append({name: value.grad for name, value in model.named_parameters()})
    assert grads[0].keys() == grads[1].keys()
    for name, value in grads[0].items():
        other = grads[1][name]
        assert (value is None) == (other is None)
        if value is not None:
            torch.testing.assert_close(value, other, rtol=1e-4, atol=1e-5)
