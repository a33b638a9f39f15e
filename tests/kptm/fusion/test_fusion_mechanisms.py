"""The mechanism and the head against NumPy, and the head against its special cases."""

import math

import numpy as np
import pytest
import torch
from torch.autograd import gradcheck

from kptm.fusion.entity_head import EntityHead, rotate_half
from kptm.fusion.mechanisms.gated import GatedInjection
from kptm.fusion.mechanisms.mechanism import knowledge_of_mentions

B, L, D, E, W = 2, 5, 4, 6, 3
SPANS = torch.tensor([[0, 1, 3], [1, 0, 1], [1, 3, 5]])


def randoms(*shapes, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(shape, generator=generator, dtype=torch.float64) for shape in shapes]


def moved(module):
    """Give the module double precision and random weights."""
    module = module.double()
    for number, parameter in enumerate(module.parameters()):
        parameter.data.copy_(randoms(parameter.shape, seed=number + 10)[0])
    return module


def weights(module):
    return {name: value.detach().numpy() for name, value in module.named_parameters()}


def gelu(x):
    return x * 0.5 * (1 + np.vectorize(math.erf)(x / math.sqrt(2)))


def test_every_token_of_a_mention_gets_its_vector():
    (vectors,) = randoms((3, E))
    knowledge = knowledge_of_mentions(SPANS, vectors, L, None)
    expected = {0 * L + 1: 0, 0 * L + 2: 0, 1 * L + 0: 1, 1 * L + 3: 2, 1 * L + 4: 2}
    assert knowledge.tokens_K.tolist() == list(expected)
    assert torch.equal(knowledge.vectors_KE, vectors[list(expected.values())])


def test_gated_injection_is_its_formula():
    hidden, vectors = randoms((B, L, D), (3, E))
    module = moved(GatedInjection(D, E, W))
    ours = module(hidden, knowledge_of_mentions(SPANS, vectors, L, None)).detach().numpy()
    w = weights(module)
    expected = hidden.numpy().copy()
    for (text, start, end), e in zip(SPANS.tolist(), vectors.numpy(), strict=True):
        for token in range(start, end):
            h = hidden[text, token].numpy()
            gate = w["gate.weight"] @ np.concatenate([h, e]) + w["gate.bias"]
            mixed = (
                w["from_hidden.weight"] @ h + w["from_hidden.bias"] + w["from_entity.weight"] @ e
            )
            expected[text, token] += w["out.weight"] @ gelu(mixed) / (1 + np.exp(-gate))
    np.testing.assert_allclose(ours, expected, atol=1e-12)


def test_gated_injection_touches_no_other_token():
    hidden, vectors = randoms((B, L, D), (3, E))
    new = moved(GatedInjection(D, E, W))(hidden, knowledge_of_mentions(SPANS, vectors, L, None))
    same = (new == hidden).all(-1)
    assert same.tolist() == [[True, False, False, True, True], [False, True, True, False, False]]


def test_gated_injection_starts_as_the_identity():
    hidden, vectors = randoms((B, L, D), (3, E))
    module = GatedInjection(D, E, W).double()
    assert torch.equal(module(hidden, knowledge_of_mentions(SPANS, vectors, L, None)), hidden)


def test_gradients_of_gated_injection():
    hidden, vectors = randoms((B, L, D), (3, E))
    module = moved(GatedInjection(D, E, W))
    inputs = (hidden.requires_grad_(), vectors.requires_grad_())
    assert gradcheck(lambda h, e: module(h, knowledge_of_mentions(SPANS, e, L, e)), inputs)


def norm(x):
    return x / max(np.linalg.norm(x), 1e-12)


def turn(x):
    """Multiply by i, through NumPy's own complex numbers."""
    whole = len(x) // 2 * 2
    turned = np.zeros_like(x)
    turned[:whole] = (x[:whole].view(np.complex128) * 1j).view(np.float64)
    return turned


SAME = torch.tensor([[True, False, True], [False, True, False], [False, False, False]])


@pytest.mark.parametrize("width", [6, 7])
def test_the_head_is_its_formula(width):
    targets, mentions, vectors, table = randoms((3, D), (3, D), (3, width), (5, width))
    head = moved(EntityHead(D, width, W))
    query, keys = head(targets, mentions, vectors, SAME)
    logits = head.logits(query, torch.nn.functional.normalize(table, dim=-1))
    w = weights(head)

    def layer_norm(x):
        x = (x - x.mean()) / np.sqrt(x.var() + head.norm.eps)
        return x * w["norm.weight"] + w["norm.bias"]

    for t in range(3):
        h = layer_norm(targets[t].numpy())
        asked = {
            m: (w["query.weight"] @ h) @ (w["key.weight"] @ layer_norm(mentions[m].numpy()))
            for m in range(3)
            if SAME[t, m]
        }
        total = sum(math.exp(value / math.sqrt(W)) for value in asked.values())
        c = np.zeros(width)
        for m, value in asked.items():
            c += math.exp(value / math.sqrt(W)) / total * vectors[m].numpy()
        relation = w["relation.weight"] @ h + w["relation.bias"]
        a, b, d = relation.reshape(3, width)
        q = norm(a * c + b * turn(c) + d)
        np.testing.assert_allclose(query[t].detach(), q, atol=1e-12)
        key = norm(np.concatenate([norm(c), norm(relation)]))
        np.testing.assert_allclose(keys[t].detach(), key, atol=1e-12)
        scores = [math.exp(w["log_scale"]) * q @ norm(row) for row in table.numpy()]
        np.testing.assert_allclose(logits[t].detach(), scores, atol=1e-11)


def test_gradients_of_the_head():
    targets, mentions, vectors, table = randoms((3, D), (3, D), (3, E), (5, E))
    head = moved(EntityHead(D, E, W))

    def run(*inputs):
        query, keys = head(*inputs, SAME)
        return head.logits(query, table), keys

    inputs = tuple(value.requires_grad_() for value in (targets, mentions, vectors))
    assert gradcheck(run, inputs)


def test_without_mentions_the_head_still_answers():
    targets, none, empty = randoms((3, D), (0, D), (0, E))
    head = moved(EntityHead(D, E, W))
    query, _ = head(targets, none, empty, torch.zeros(3, 0, dtype=torch.bool))
    d = head.relation(head.norm(targets)).chunk(3, -1)[2]
    torch.testing.assert_close(query, torch.nn.functional.normalize(d, dim=-1))


def with_relation(a, b, d):
    """A head whose relation is (a, b, d) for every text."""
    head = EntityHead(D, E, W).double()
    head.relation.weight.data.zero_()
    head.relation.bias.data.copy_(torch.cat([a, b, d]))
    return head


def ranked(head, vector, table):
    query, _ = head(*randoms((1, D), (1, D)), vector[None], torch.ones(1, 1, dtype=torch.bool))
    return head.logits(query, table)[0].detach().numpy()


def same_order_up_to_scale(ours, theirs):
    """Queries are normalised, so that scores may differ by one positive factor."""
    factor = (ours @ theirs) / (theirs @ theirs)
    assert factor > 0
    np.testing.assert_allclose(ours, factor * theirs, atol=1e-12)


def test_distmult_is_a_special_case():
    """DistMult: Σ h·r·t (Yang et al. 2015)."""
    r, h, table = randoms((E,), (E,), (9, E))
    zero = torch.zeros(E, dtype=torch.float64)
    ours = ranked(with_relation(r, zero, zero), h, table)
    same_order_up_to_scale(ours, np.einsum("i,i,ji->j", h, r, table))


def test_complex_is_a_special_case():
    """ComplEx: Re Σ h·r·conj(t) (Trouillon et al. 2016)."""
    real, imaginary, h, table = randoms((E // 2,), (E // 2,), (E,), (9, E))
    zero = torch.zeros(E, dtype=torch.float64)
    head = with_relation(real.repeat_interleave(2), imaginary.repeat_interleave(2), zero)
    ours = ranked(head, h, table)
    r = real.numpy() + 1j * imaginary.numpy()
    tails = table.numpy().view(np.complex128)
    theirs = (h.numpy().view(np.complex128) * r * tails.conj()).sum(1).real
    same_order_up_to_scale(ours, theirs)


def test_transe_is_a_special_case():
    """TransE: −‖h + r − t‖ (Bordes et al. 2013), which orders equally long tails the same way."""
    r, h, table = randoms((E,), (E,), (9, E))
    table = torch.nn.functional.normalize(table, dim=-1)
    one, zero = torch.ones(E, dtype=torch.float64), torch.zeros(E, dtype=torch.float64)
    ours = ranked(with_relation(one, zero, r), h, table)
    distance = np.linalg.norm(h.numpy() + r.numpy() - table.numpy(), axis=1)
    assert np.argsort(-ours).tolist() == np.argsort(distance).tolist()


def test_four_quarter_turns_are_one_turn():
    (vectors,) = randoms((3, 8))
    turned = vectors
    for _ in range(4):
        turned = rotate_half(turned)
    assert torch.equal(turned, vectors)
