"""Studies on a trained backbone, and how much of its earlier ability is left."""

import json
import math

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from scipy.stats import rankdata

from kptm.cli.main import main
from kptm.errors import ConfigError
from kptm.evaluation.fusion.kept_ability import Ability, ability_of, kept_shares, sentence_vectors
from kptm.evaluation.fusion.results.study_results import Results
from kptm.evaluation.fusion.results.study_tables import kept_figures
from kptm.evaluation.fusion.study_arms import StudyBackbone
from kptm.fusion import FusedModel
from kptm.linking import LinkedText

pytestmark = pytest.mark.usefixtures("training")

TEXTS = [
    LinkedText.from_spans("The capital of Georgia is Tbilisi.", [(15, 22, "Georgia")]),
    LinkedText.from_spans("Paris lies on the Seine.", [(0, 5, "Paris")]),
    LinkedText("New York is not far from the Hudson, and far from Paris."),
    LinkedText("The Jordan flows into the Dead Sea."),
]


def folder_of(place, kind, family, config_of, tokenizer_of):
    tokenizer = tokenizer_of(family)
    torch.manual_seed(3)
    kind(config_of(family, tokenizer)).save_pretrained(place)
    tokenizer.save_pretrained(place)
    return place


@pytest.fixture(scope="module")
def encoder(tmp_path_factory, config_of, tokenizer_of):
    """A folder with layers and no language-model head, as sentence encoders have."""
    from transformers import BertModel

    place = tmp_path_factory.mktemp("encoder")
    return folder_of(place, BertModel, "bert", config_of, tokenizer_of)


@pytest.fixture(scope="module")
def decoder(tmp_path_factory, config_of, tokenizer_of):
    from transformers import GPT2LMHeadModel

    place = tmp_path_factory.mktemp("decoder")
    return folder_of(place, GPT2LMHeadModel, "gpt2", config_of, tokenizer_of)


def test_sentence_vectors_are_means_over_the_text_s_own_tokens(encoder, embeddings):
    model = FusedModel.build(encoder, embeddings).eval()
    found = sentence_vectors(model, TEXTS)
    for text, vector in zip(TEXTS, found, strict=True):
        tokens = model.tokenizer(text.text, return_tensors="pt")
        with torch.no_grad():
            hidden = model.backbone.bert(**tokens).last_hidden_state
        torch.testing.assert_close(vector, hidden[0].mean(0), atol=1e-6, rtol=1e-5)
    assert sentence_vectors(model, []).shape == (0, model.hidden_size)


def test_remaining_ability_by_numpy():
    generator = torch.Generator().manual_seed(0)
    one, two = (torch.randn(6, 5, generator=generator) for _ in range(2))
    before, after = Ability(tuple("abcdef"), one, 1.5), Ability(tuple("abcdef"), two, 2.0)
    found = kept_shares(before, after)
    assert found["same"] == 0.0
    assert (found["loss before"], found["loss after"]) == (1.5, 2.0)

    def unit(vectors):
        return vectors.double().numpy() / np.linalg.norm(vectors.double().numpy(), axis=1)[:, None]

    u, v = unit(one), unit(two)
    assert math.isclose(found["cosine"], float((u * v).sum(1).mean()), abs_tol=1e-6)
    pairs = np.triu_indices(6, 1)
    ranks = [rankdata((x @ x.T)[pairs]) for x in (u, v)]
    assert math.isclose(found["ranks"], float(np.corrcoef(*ranks)[0, 1]), abs_tol=1e-6)
    own = kept_shares(before, before)
    assert own["same"] == 1.0
    assert math.isclose(own["ranks"], 1.0)
    assert set(kept_shares(Ability(("a",), one[:1], None), Ability(("a",), one[:1], 1.0))) == {
        "same"
    }


def test_a_head_that_was_made_has_no_loss_before(encoder, decoder, embeddings):
    assert ability_of(FusedModel.build(encoder, embeddings), TEXTS).loss is None
    found = ability_of(FusedModel.build(decoder, embeddings), TEXTS)
    assert found.loss == pytest.approx(
        math.log(len(found.vectors[0]) * 25), rel=0.2
    )  # of 401 tokens
    assert found.texts == tuple(sorted(text.text for text in TEXTS))


def test_the_table_of_remaining_ability():
    results = Results([])
    assert kept_figures(results) == ""
    results.kept = {"aligned": [{"same": 1.0, "cosine": 0.5}, {"same": 0.0, "cosine": 1.0}]}
    assert results.kept_means() == {"aligned": {"same": 0.5, "cosine": 0.75}}
    head, _, row = kept_figures(results).splitlines()
    assert "equal to the bit" in head
    assert row == "| aligned | 0.5000 | 0.7500 |"


def test_only_a_given_backbone_can_be_frozen():
    with pytest.raises(ConfigError, match="name its folder"):
        StudyBackbone(freeze=True)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("facts")
    rows = [("capital", f"Land{n}", f"Town{n}") for n in range(12)]
    lines = [json.dumps({"relation": r, "subject": s, "object": o}) for r, s, o in rows]
    (folder / "facts.jsonl").write_text("\n".join(lines))
    patterns = ("[X] has the capital [Y].", "The capital of [X] is [Y].", "[Y] governs [X].")
    said = [json.dumps({"relation": "capital", "pattern": pattern}) for pattern in patterns]
    (folder / "patterns.jsonl").write_text("\n".join(said))
    return folder


@pytest.mark.parametrize(("name", "more"), [("encoder", ["--freeze"]), ("decoder", [])])
def test_a_study_starts_from_a_backbone_by_path(name, more, files, request):
    words = ["evaluate", "fusion", "--facts", files / "facts.jsonl", "--json", "--quiet"]
    words += ["--phrasings", files / "patterns.jsonl", "--ask", 3, "--arms", "aligned"]
    words += ["--backbone", request.getfixturevalue(name), "--steps", 2, *more]
    found = CliRunner().invoke(main, [str(word) for word in words], catch_exceptions=False)
    assert found.exit_code == 0, found.stderr
    left = json.loads(found.stdout)["kept"]["aligned"]
    assert left["same"] == float(name == "encoder")
    assert ("loss before" in left) == (name == "decoder")
    assert left["cosine"] > 0.9


def test_freezing_nothing_is_one_line(files):
    words = ["evaluate", "fusion", "--facts", str(files / "facts.jsonl"), "--ask", "3", "--freeze"]
    words += ["--phrasings", str(files / "patterns.jsonl")]
    found = CliRunner().invoke(main, words)
    assert found.exit_code == 1
    assert "only a pretrained backbone can be frozen" in found.stderr
