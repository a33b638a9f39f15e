"""The table of entity vectors has the same rows in memory and when read as needed."""

import pytest
import torch
from torch.nn import functional as F

from kg import EntityEmbeddings
from kptm.data import collate, train_tokenizer
from kptm.fusion import FusedModel, FusionConfig
from kptm.fusion import entity_table as table
from kptm.fusion.entity_table import EntityTable
from kptm.linking import LinkedText


@pytest.fixture
def stored(tmp_path):
    keys = [f"Q{number}" for number in range(300)]
    EntityEmbeddings(keys, torch.randn(300, 6, generator=torch.Generator().manual_seed(0))).save(
        tmp_path / "vectors"
    )
    return EntityEmbeddings.load(tmp_path / "vectors")


@pytest.mark.parametrize("most", [0, 10**9], ids=["read", "held"])
def test_rows_are_those_of_the_file_with_length_one(stored, monkeypatch, most):
    monkeypatch.setattr(table, "MAX_NUMBERS_IN_MEMORY", most)
    ours = EntityTable(stored)
    assert ours.held == bool(most)
    unit = F.normalize(stored.table, dim=-1)
    rows = torch.tensor([[5, 299, 5], [0, 7, 7]])
    torch.testing.assert_close(ours.rows(rows), unit[rows], rtol=0, atol=0)
    assert ours.rows(torch.empty(0, dtype=torch.long)).shape == (0, 6)
    parts = list(ours.chunks(70))
    assert [start for start, _ in parts] == [0, 70, 140, 210, 280]
    assert torch.equal(torch.cat([part for _, part in parts]), unit)
    assert ours.held == bool(most)
    assert torch.equal(ours.whole(), unit)
    assert ours.held


def test_it_follows_the_models_precision(stored, monkeypatch):
    monkeypatch.setattr(table, "MAX_NUMBERS_IN_MEMORY", 0)
    ours = EntityTable(stored).to(torch.bfloat16)
    assert ours.rows(torch.tensor([3])).dtype == torch.bfloat16
    assert ours.whole().dtype == torch.bfloat16


def test_a_model_over_a_file_is_the_same_and_holds_nothing(stored, monkeypatch, config_of):
    texts = [LinkedText.from_spans("Rome is [MASK] Oslo.", [(0, 4, "Q7"), (15, 19, "Q250")])]
    tokenizer = train_tokenizer([text.text for text in texts], vocab_size=60)
    found = []
    for most in (0, 10**9):
        monkeypatch.setattr(table, "MAX_NUMBERS_IN_MEMORY", most)
        model = FusedModel.build(
            config_of("bert", tokenizer), stored, FusionConfig(kind="gated"), tokenizer=tokenizer
        ).eval()
        model.fusion.injections[0].out.weight.data.fill_(0.1)
        batch = collate([model.encoder.encode(text) for text in texts], model.pad_id)
        batch.score_rows = torch.tensor([3, 250, 299])
        output = model(**batch.tensors())
        assert model.entity_table.held == bool(most)
        assert not [name for name in model.state_dict() if "table" in name]
        found.append((output.hidden, output.entity_logits, model.fingerprint()))
    assert torch.equal(found[0][0], found[1][0])
    assert torch.equal(found[0][1], found[1][1])
    assert found[0][2] == found[1][2]
