"""The model card, and the upload, with a double for the Hub."""

import json

import pytest
from huggingface_hub import ModelCard
from huggingface_hub.errors import OfflineModeIsEnabled

import kptm
from kptm.errors import ModelError
from kptm.fusion import FusedModel, push_to_hub
from kptm.pretraining import PretrainConfig


class Hub:
    """Keeps what is uploaded."""

    def __init__(self, error=None):
        self.error, self.calls, self.files = error, [], {}

    def create_repo(self, repo_id, *, private, exist_ok):
        self.calls.append((repo_id, private, exist_ok))
        if self.error:
            raise self.error
        return f"https://hub.example/{repo_id}"

    def upload_folder(self, *, repo_id, folder_path, commit_message):
        self.calls.append((repo_id, commit_message))
        for path in folder_path.rglob("*"):
            if path.is_file():
                self.files[path.relative_to(folder_path).as_posix()] = path.read_bytes()


@pytest.mark.parametrize(
    ("family", "kind", "task"),
    [("bert", "gated", "fill-mask"), ("gpt2", "kblam", "text-generation")],
)
def test_the_card_has_the_configuration(fused_of, tmp_path, family, kind, task):
    model = fused_of(family, kind=kind)
    model.save_pretrained(tmp_path / "m")
    card = ModelCard.load(tmp_path / "m" / "README.md")  # the Hub's own reader
    assert card.data.library_name == "kptm"
    assert card.data.pipeline_tag == task
    assert card.data.tags == ["kptm", "knowledge-graph", f"fusion-{kind}"]
    backbone = sum(each.numel() for each in model.backbone.parameters())
    assert f"| parameters of the backbone | {backbone:,} |" in card.text
    assert f"| entities | {len(model.embeddings)}, vectors of width 6 |" in card.text
    assert model.fingerprint() in card.text
    assert ("4 of 4 relations" in card.text) == (kind == "kblam")
    assert "measured" not in card.text  # nothing was measured
    assert str(tmp_path) not in card.content


@pytest.mark.usefixtures("training")
def test_measured_figures_are_in_it_and_stay(fused_of, texts, tmp_path):
    model = fused_of("bert")
    report = kptm.pretrain(model, texts, None, PretrainConfig(steps=2, batch_size=2))
    model.save_pretrained(tmp_path / "m")
    text = (tmp_path / "m" / "README.md").read_text()
    assert "| pretraining, steps | 2 |" in text
    assert f"| pretraining, loss of the last steps | {report.curve[-1].loss:,.6g} |" in text
    again = FusedModel.from_pretrained(tmp_path / "m")
    assert again.figures == model.figures
    assert again.fingerprint() == model.fingerprint()
    again.save_pretrained(tmp_path / "n")
    assert (tmp_path / "n" / "README.md").read_text() == text


def test_an_edited_card_is_no_damage(fused_of, tmp_path):
    model = fused_of("bert")
    model.save_pretrained(tmp_path / "m")
    (tmp_path / "m" / "README.md").write_text("Mine.")
    assert FusedModel.from_pretrained(tmp_path / "m").fingerprint() == model.fingerprint()
    (tmp_path / "m" / "config.json").write_text("{}")
    with pytest.raises(ModelError, match=r"config\.json: damaged"):
        FusedModel.from_pretrained(tmp_path / "m")


def test_an_upload_is_a_model_that_can_be_read(fused_of, tmp_path):
    model, hub = fused_of("bert"), Hub()
    address = push_to_hub(model, "me/mine", private=True, message="First", client=hub)
    assert address == "https://hub.example/me/mine"
    assert hub.calls == [("me/mine", True, True), ("me/mine", "First")]
    for name, content in hub.files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    assert FusedModel.from_pretrained(tmp_path).fingerprint() == model.fingerprint()
    assert json.loads(hub.files["config.json"]) == {"model_type": "kptm"}


def test_a_hub_that_is_not_reached_is_one_line(fused_of):
    for error in (OfflineModeIsEnabled("offline\nmode"), ValueError("no such name")):
        with pytest.raises(ModelError, match="me/mine: cannot be uploaded") as caught:
            push_to_hub(fused_of("bert"), "me/mine", client=Hub(error))
        assert "\n" not in str(caught.value)
