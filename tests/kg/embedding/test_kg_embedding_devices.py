"""Training embeddings on a device: a step has no tensor on the CPU, and all results are there."""

from dataclasses import replace

import pytest
import torch

from kg import EmbeddingError, KGEConfig, train_embeddings
from kg.embedding.training.objectives import objective
from kg.embedding.training.scorer import Scorer

TINY = KGEConfig(dim=6, epochs=3, batch_size=8)
LOSSES = [
    TINY,
    replace(TINY, training="sampled"),
    replace(TINY, training="lcwa"),
    replace(TINY, training="slcwa", model="TransE", loss="marginranking", regularization=None),
]
IDS = torch.tensor([[0, 0, 1], [1, 0, 2], [2, 1, 3], [3, 1, 0], [4, 0, 1]])


@pytest.mark.parametrize("config", LOSSES, ids=lambda config: config.training)
def test_a_step_leaves_nothing_on_the_cpu(config):
    """On "meta", combining with a CPU tensor is an error, and so is reading any value."""
    engine = Scorer(config, 5, 2)
    batches = objective(engine, IDS)
    engine.model.to("meta")
    for loss, _ in batches.epoch(0, None):
        assert loss.device.type == "meta"
        loss.backward()
    for value in engine.model.parameters():
        assert value.grad is None or value.grad.device.type == "meta"


def test_what_is_kept_is_on_the_cpu():
    engine = Scorer(TINY, 5, 2)
    engine.model.to("meta")
    # A tensor without values cannot come to the CPU: that each of these tries to is what is seen.
    for ask in (
        engine.vectors,
        engine.state,
        lambda: engine.tail_scores(IDS[:, :2]),
        lambda: engine.head_scores(IDS[:, 1:]),
    ):
        with pytest.raises(NotImplementedError, match="no data"):
            ask()


def test_settings_name_a_device_that_is_there(new_graph, monkeypatch):
    monkeypatch.setattr(torch.accelerator, "is_available", lambda: False)
    graph = new_graph()
    graph.add([("a", "r", "b"), ("b", "r", "c"), ("c", "r", "a")])
    with pytest.raises(EmbeddingError, match="no device 'cuda' here"):
        train_embeddings(graph, replace(TINY, device="cuda"))
    found = [train_embeddings(graph, replace(TINY, device=name)) for name in ("cpu", "auto")]
    assert torch.equal(found[0].table, found[1].table)
