"""A fused model as an ONNX graph equals the model on texts of any number and length."""

import pytest
import torch

from kptm.data import collate
from kptm.errors import ConfigError, ModelError
from kptm.fusion import FusedModel
from kptm.fusion.export.onnx_graph import export_onnx
from kptm.fusion.export.onnx_model import OnnxModel
from kptm.linking import LinkedText

pytest.importorskip("onnxscript", reason="needs onnx: pip install 'kptm[onnx]'")
pytest.importorskip("onnxruntime", reason="needs onnxruntime: pip install 'kptm[onnx]'")

pytestmark = pytest.mark.usefixtures("training")
OTHERS = [LinkedText("[MASK]"), LinkedText("a"), LinkedText("北京 is far from [MASK], and far")]


@pytest.fixture(scope="module", params=["bert gated", "gpt2 memory"])
def written(request, fused_of, tmp_path_factory):
    """A model, and its graph on disk."""
    family, kind = request.param.split()
    model = fused_of(family, kind=kind)
    folder = tmp_path_factory.mktemp("onnx") / "graph"
    export_onnx(model, folder)
    return model, folder


def batches(model, texts):
    for chosen in (texts, texts[:1], texts * 3, *([text] for text in OTHERS), OTHERS):
        encoded = [model.encoder.encode(text) for text in chosen]
        yield collate(encoded, model.pad_id).tensors()
        yield collate(encoded, model.pad_id, with_knowledge=False).tensors()


def test_the_graph_gives_the_models_output(written, texts):
    model, folder = written
    graph = OnnxModel.from_pretrained(folder, threads=1)
    assert (graph.fingerprint, graph.int8) == (model.fingerprint(), False)
    assert list(graph.embeddings.keys) == list(model.embeddings.keys)
    for text in [*texts, *OTHERS]:
        assert graph.encoder.encode(text) == model.encoder.encode(text)
    for batch in batches(model, texts):
        with torch.no_grad():
            wanted = model(**batch)
        found = graph(**batch)
        assert torch.allclose(found.hidden, wanted.hidden, atol=1e-4)
        if wanted.entity_logits is None:
            assert found.entity_logits is None
        else:
            assert torch.allclose(found.entity_logits, wanted.entity_logits, atol=1e-4)


@pytest.fixture
def exported_before(written, monkeypatch):
    """The model; the exporter, which takes seconds, is replaced by the graph made before."""
    model, folder = written
    graph = (folder / "model.onnx").read_bytes()
    monkeypatch.setattr(
        torch.onnx, "export", lambda _model, _given, path, **_: path.write_bytes(graph)
    )
    return model


def test_a_graph_in_int8_is_near(exported_before, texts, tmp_path):
    model = exported_before
    export_onnx(model, tmp_path / "small", int8=True)
    graph = OnnxModel.from_pretrained(tmp_path / "small")
    assert graph.int8
    batch = next(batches(model, texts))
    with torch.no_grad():
        wanted = model(**batch)
    found = graph(**batch)
    assert not torch.equal(found.hidden, wanted.hidden)
    near = torch.nn.functional.cosine_similarity(found.hidden, wanted.hidden, dim=-1)
    assert float(near.min()) > 0.95
    assert sorted(path.name for path in (tmp_path / "small").glob("*.onnx*")) == ["model.onnx"]


def test_a_graph_with_another_output_is_not_kept(exported_before, tmp_path):
    model = exported_before
    weight = next(model.fusion.parameters())
    with torch.no_grad():
        weight.mul_(1.5)
    try:
        with pytest.raises(ModelError, match="of the ONNX graph differ by"):
            export_onnx(model, tmp_path / "graph")
    finally:
        with torch.no_grad():
            weight.div_(1.5)
    assert not list(tmp_path.iterdir())


def test_errors_of_writing_and_reading(fused_of, tmp_path, monkeypatch):
    for kind in ("knowbert", "kbert", "luke"):
        with pytest.raises(ConfigError, match=f"not '{kind}'"):
            export_onnx(fused_of("bert", kind=kind), tmp_path / "graph")
    with pytest.raises(ModelError, match="no ONNX model there"):
        OnnxModel.from_pretrained(tmp_path / "nothing")
    plain = tmp_path / "model"
    fused_of("bert").save_pretrained(plain)
    with pytest.raises(ModelError, match="no ONNX model there"):
        OnnxModel.from_pretrained(plain)
    with pytest.raises(ModelError, match="holds something else"):
        export_onnx(fused_of("bert"), plain)
    assert isinstance(FusedModel.from_pretrained(plain), FusedModel)
    monkeypatch.setitem(__import__("sys").modules, "onnxscript", None)
    with pytest.raises(ConfigError, match=r'pip install "kptm\[onnx\]"'):
        export_onnx(fused_of("bert"), tmp_path / "graph")


def test_a_graph_that_was_damaged_is_refused(written):
    _, folder = written
    whole = (folder / "model.onnx").read_bytes()
    try:
        (folder / "model.onnx").write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
        with pytest.raises(ModelError, match="damaged"):
            OnnxModel.from_pretrained(folder)
    finally:
        (folder / "model.onnx").write_bytes(whole)
