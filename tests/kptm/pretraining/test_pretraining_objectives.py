"""Each objective equals its formula in NumPy, KEPLER's equals PyKEEN's, and each is learnt."""

from dataclasses import replace

import numpy as np
import pytest
import tiny_run
import torch
from pykeen.losses import NSSALoss
from pykeen.nn.modules import TransEInteraction

from kg import EntityRecord
from kg.types import Candidate
from kptm.errors import ConfigError, ModelError
from kptm.fusion.fused_model import FusedOutput
from kptm.linking import Link, LinkedText
from kptm.pretraining import PretrainConfig, pretrain
from kptm.pretraining.objectives import TrainingStep
from kptm.pretraining.objectives.denoising import Denoising
from kptm.pretraining.objectives.description import MARGIN, DescriptionEmbedding
from kptm.pretraining.objectives.entity import EntityPrediction
from kptm.pretraining.objectives.language_modelling import LanguageModelling
from kptm.pretraining.objectives.linking import Linking
from kptm.pretraining.objectives.relation import RelationPrediction
from kptm.pretraining.objectives.replacement import ReplacementDetection

pytestmark = pytest.mark.usefixtures("training")

B, L, D = 3, 6, 16
OFF = {"masked_lm_weight": 0.0, "entity_weight": 0.0}


@pytest.fixture
def model():
    return tiny_run.model(dropout=0.0).eval()


@pytest.fixture
def hidden():
    return torch.randn(B, L, D, generator=torch.Generator().manual_seed(0))


@pytest.fixture(autouse=True)
def one_seed():
    torch.manual_seed(1)


@pytest.fixture
def graph(new_graph):
    graph = new_graph()
    for country, city in tiny_run.CAPITALS.items():
        graph.add([EntityRecord(key=country, label=country, description=f"land of {city}")])
        graph.add([(country, "capital", city), (city, "in", country)])
    return graph


def step(model, hidden, **batch):
    return TrainingStep(model, FusedOutput(hidden, None, batch.pop("logits", None), None), batch)


def log_softmax(x):
    x = x.astype(np.float64)
    top = x.max(-1, keepdims=True)
    return x - top - np.log(np.exp(x - top).sum(-1, keepdims=True))


def cross_entropy(logits, right):
    return -log_softmax(logits)[np.arange(len(right)), right].sum()


def array(tensor):
    return tensor.detach().numpy()


def near(made):
    return pytest.approx(made, rel=1e-5, abs=1e-5)


# ── formulas ─────────────────────────────────────────────────────────────────────────────────────


def test_language_modelling(model, hidden):
    labels = torch.full((B, L), -100)
    labels[0, 1], labels[2, 3], labels[1, 0] = 9, 5, 20
    objective, wanted = LanguageModelling(1.0), labels != -100
    logits = array(model.token_logits(hidden)[wanted])
    total = objective.total(step(model, hidden, labels=labels))
    assert total.item() == near(cross_entropy(logits, array(labels[wanted])))
    assert objective.count({"labels": labels}) == 3


def test_entity_prediction(model, hidden):
    logits, rows = torch.randn(5, 11) * 4, torch.tensor([0, 10, 3, 3, 7])
    objective = EntityPrediction(1.0)
    total = objective.total(step(model, hidden, logits=logits, target_rows=rows))
    assert total.item() == near(cross_entropy(array(logits), array(rows)))
    assert objective.count({"target_rows": rows}) == 5


def test_denoising(model, hidden):
    objective = Denoising(1.0, D, 8)
    batch = {
        "denoise_places": torch.tensor([[0, 1], [2, 5], [2, 0]]),
        "denoise_rows": torch.tensor([1, 4, 6]),
        "denoise_targets": torch.tensor([2, 0, 0]),
    }
    table = array(model.entity_table.whole()) * np.sqrt(8)
    asked = array(hidden)[[0, 2, 2], [1, 5, 0]] @ array(objective.linear.weight).T
    logits = (asked + array(objective.linear.bias)) @ table[[1, 4, 6]].T
    total = objective.total(step(model, hidden, **batch))
    assert total.item() == near(cross_entropy(logits, [2, 0, 0]))
    assert objective.count(batch) == 3


def test_replacement_detection(model, hidden):
    objective = ReplacementDetection(1.0, D)
    batch = {
        "around": torch.tensor([[0, 0, 2], [1, 3, 5]]),
        "was_replaced": torch.tensor([True, False]),
    }
    states = np.concatenate([array(hidden)[[0, 1], [0, 3]], array(hidden)[[0, 1], [2, 5]]], -1)
    z = (states @ array(objective.own.weight).T)[:, 0] + array(objective.own.bias)
    own = 1 / (1 + np.exp(-z))
    total = objective.total(step(model, hidden, **batch))
    assert total.item() == near(-np.log(1 - own[0]) - np.log(own[1]))


def test_relation_prediction(model, hidden):
    objective = RelationPrediction(1.0, D, 4)
    pairs, relations = torch.tensor([[0, 1, 4], [2, 5, 0]]), torch.tensor([3, 1])
    states = np.concatenate([array(hidden)[[0, 2], [1, 5]], array(hidden)[[0, 2], [4, 0]]], -1)
    logits = states @ array(objective.scores.weight).T + array(objective.scores.bias)
    total = objective.total(step(model, hidden, pairs=pairs, pair_relations=relations))
    assert total.item() == near(cross_entropy(logits, [3, 1]))


def test_keplers_loss_is_pykeens_transe(model, hidden):
    objective = DescriptionEmbedding(1.0, D, 3)
    ids = torch.randint(5, 40, (5, 7))
    mask = torch.ones_like(ids)
    mask[1, 4:] = 0
    ends, relations = torch.tensor([[0, 1, 4, 1], [2, 3, 2, 0]]), torch.tensor([2, 0])
    batch = {
        "description_ids": ids, "description_mask": mask, "fact_ends": ends,
        "fact_relations": relations,
    }  # fmt: skip
    states = model.backbone.base_model(input_ids=ids, attention_mask=mask).last_hidden_state[:, 0]
    states = states * 0.1  # near enough for the margin to matter
    model.summary = lambda *_: states
    transe, r = TransEInteraction(p=1), objective.relations(relations)
    right = transe(states[ends[:, 0]], r, states[ends[:, 1]])
    wrong = transe(states[ends[:, 2]], r, states[ends[:, 3]])
    pykeen = NSSALoss(margin=MARGIN, adversarial_temperature=1.0, reduction="sum")
    theirs = pykeen.positive_loss_term(right) + pykeen.negative_loss_term_unreduced(wrong).sum()
    total = objective.total(step(model, hidden, **batch))
    torch.testing.assert_close(total, theirs)
    total.backward()
    assert objective.relations.weight.grad[[0, 2]].any()


def test_a_description_is_its_first_state(model):
    ids = torch.randint(5, 40, (3, 7))
    mask = torch.ones_like(ids)
    mask[0, 3:] = 0
    plain = model.backbone.base_model(input_ids=ids, attention_mask=mask).last_hidden_state
    assert torch.equal(model.summary(ids, mask), plain[:, 0])
    model.causal = True
    assert torch.equal(model.summary(ids, mask), plain[[0, 1, 2], [2, 6, 6]])


def test_linking_over_candidates(model, hidden):
    objective, psi = Linking(1.0), torch.randn(3, 3)
    batch = {
        "right_rows": torch.tensor([4, 7, 1]),
        "candidate_rows": torch.tensor([[2, 4, 0], [5, 7, 0], [1, 0, 0]]),
        "candidate_priors": torch.tensor([[0.5, 0.3, 0.2], [0.5, 0.0, 0.0], [1.0, 0.0, 0.0]]),
    }
    model.fusion.link_scores = psi
    total = objective.total(step(model, hidden, **batch))
    assert total.item() == near(cross_entropy(array(psi)[[0, 2]], [1, 0]))
    assert objective.count(batch) == 2  # the second mention's entity is not among its candidates


def test_linking_over_all(model, hidden):
    objective, scores = Linking(1.0), torch.randn(3, 8)
    batch = {"right_rows": torch.tensor([4, 7, 1])}
    model.fusion.link_scores = scores
    total = objective.total(step(model, hidden, **batch))
    assert total.item() == near(cross_entropy(array(scores), [4, 7, 1]))


@pytest.mark.parametrize(
    ("objective", "batch"),
    [
        (LanguageModelling(1.0), {"labels": torch.full((B, L), -100)}),
        (EntityPrediction(1.0), {}),
        (Denoising(1.0, D, 8), {"denoise_places": torch.empty(0, 2).long()}),
        (ReplacementDetection(1.0, D), {"around": torch.empty(0, 3).long()}),
        (RelationPrediction(1.0, D, 3), {"pairs": torch.empty(0, 3).long()}),
        (DescriptionEmbedding(1.0, D, 3), {"fact_ends": torch.empty(0, 4).long()}),
        (Linking(1.0), {}),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_without_questions_there_is_no_loss(model, hidden, objective, batch):
    hidden.requires_grad_()
    total = objective.total(step(model, hidden, **batch))
    total.backward()
    assert total.item() == 0.0
    assert not hidden.grad.any()
    assert objective.count(batch) == 0


# ── in a run ─────────────────────────────────────────────────────────────────────────────────────


def others(graph=None, texts=None, fusion=None, steps=160, **weights):
    config = PretrainConfig(
        steps=steps,
        batch_size=8,
        learning_rate=5e-3,
        log_every=steps // 4,
        seed=1,
        **OFF,
        **weights,
    )
    model = tiny_run.model(dropout=0.0, **(fusion or {}))
    return pretrain(model, texts or tiny_run.texts(), config=config, graph=graph).curve


@pytest.mark.parametrize(
    ("bars", "options"),
    [
        ({"denoising": 0.7, "relation": 0.3, "description": 0.8}, {"description_rate": 0.5}),
        ({"replaced": 0.8}, {"replaced_rate": 0.5, "steps": 400}),
    ],
    ids=["together", "replaced"],
)
def test_objectives_are_learnt(graph, bars, options):
    curve = others(graph, **{f"{name}_weight": 1.0 for name in bars}, **options)
    first, last = curve[0], curve[-1]
    for name, bar in bars.items():
        assert last.others[name] < bar * first.others[name], name
    assert first.loss == pytest.approx(sum(first.others.values()), rel=1e-5)
    assert first.masked_lm == first.entity == 0.0


def ambiguous():
    """Texts whose mentions may also mean another country, which the linker prefers."""
    names = sorted(tiny_run.CAPITALS)
    made = []
    for text in tiny_run.texts():
        links = []
        for link in text.links:
            other = names[0] if link.entity != names[0] else names[1]
            candidates = (Candidate(other, 0.6), Candidate(link.entity, 0.4))
            links.append(Link(link.start, link.end, link.surface, link.entity, 0.4, candidates))
        made.append(LinkedText(text.text, tuple(links)))
    return made


def test_soft_links_are_learnt():
    curve = others(texts=ambiguous(), fusion={"kind": "knowbert"}, link_weight=1.0)
    assert curve[-1].others["link"] < 0.5 * curve[0].others["link"]


def test_a_memory_learns_to_link():
    curve = others(fusion={"kind": "memory"}, link_weight=1.0)
    assert curve[-1].others["link"] < 0.5 * curve[0].others["link"]


def test_all_at_once_is_one_weighted_sum(graph):
    config = PretrainConfig(
        steps=4, batch_size=8, log_every=1, seed=2, masked_lm_weight=0.5, entity_weight=2.0,
        denoising_weight=0.3, replaced_weight=0.2, relation_weight=0.7, description_weight=0.1,
        link_weight=0.4,
    )  # fmt: skip
    curves = []
    for _ in range(2):
        model = tiny_run.model(dropout=0.0, kind="knowbert")
        curves.append(pretrain(model, ambiguous(), config=config, graph=graph).curve)
    assert curves[0] == curves[1]
    for point in curves[0]:
        parts = {"masked_lm": point.masked_lm, "entity": point.entity, **point.others}
        wanted = sum(getattr(config, f"{name}_weight") * value for name, value in parts.items())
        assert point.loss == pytest.approx(wanted, rel=1e-5)
    assert set(curves[0][0].others) == {"denoising", "replaced", "relation", "description", "link"}


@pytest.mark.parametrize("weight", ["relation_weight", "description_weight"])
def test_the_graph_is_required(weight):
    with pytest.raises(ConfigError, match=f"{weight}: the targets come from the graph"):
        others(**{weight: 1.0})


def test_a_graph_without_facts(new_graph):
    with pytest.raises(ModelError, match="no fact between entities"):
        others(new_graph(), description_weight=1.0)


def test_linking_with_a_mechanism_that_does_not_link():
    with pytest.raises(ConfigError, match="'gated' makes no links of its own"):
        others(link_weight=1.0)


def test_weights_that_cannot_work():
    with pytest.raises(ConfigError, match="every weight is 0"):
        PretrainConfig(**OFF)
    with pytest.raises(ConfigError, match="runs the model twice"):
        PretrainConfig(description_weight=1.0, gradient_checkpointing=True)
    with pytest.raises(ConfigError, match="denoising_weight must be at least 0"):
        replace(PretrainConfig(), denoising_weight=-1.0)
