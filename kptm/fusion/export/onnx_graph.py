"""Exports a fused model as an ONNX graph of hidden states and entity logits, by torch's exporter.

The folder has ``model.onnx``, the tokenizer, the entity vectors and ``onnx.json`` with checksums;
:class:`~kptm.fusion.export.onnx_model.OnnxModel` runs it without torch's weights. The numbers of
texts, tokens, mentions and blanks are free, and may be 0. The graph is compared with the model
before the folder appears.

Shapes: B texts, L tokens, D hidden, M mentions, K tokens that belong to a mention, T blanks, N
entities.
"""

from __future__ import annotations

import logging
import math
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from kptm.data import collate
from kptm.errors import ConfigError, ModelError
from kptm.fusion.backbones.int8 import check_trainable
from kptm.fusion.mechanisms.mechanism import MentionKnowledge, tokens_of_mentions
from kptm.fusion.model_manifest import model_folder, seal
from kptm.linking import LinkedText

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from torch import Tensor

    from kptm.data import KnowledgeBatch
    from kptm.fusion.fused_model import FusedModel

META, GRAPH, TOKENIZER, FORMAT = "onnx.json", "model.onnx", "tokenizer", 1
KINDS = ("gated", "memory", "ernie", "adapter")
"""Kinds that only read a mention's vector; "knowbert" reads candidates, others more tokens."""
INPUTS = {
    "input_ids": (0, 1),
    "attention_mask": (0, 1),
    "mention_spans": (0,),
    "mention_rows": (0,),
    "token_places": (0,),
    "token_mentions": (0,),
    "target_places": (0,),
}
"""Inputs of the graph, with their dynamic axes."""
OUTPUTS = ("hidden", "entity_logits")
TOLERANCE = 1e-4
"""Tolerance of each number: absolute up to 1, relative above."""


def export_onnx(model: FusedModel, folder: str | Path, *, int8: bool = False) -> None:
    """Write a model as an ONNX graph, atomically.

    Args:
        model: The model; it may have LoRA.
        folder: The target folder.
        int8: Whether to apply onnxruntime's dynamic quantisation, which gives a quarter of the
            size: weights of linear layers and tables are stored as 8-bit numbers, and the inputs of
            linear layers are converted at run time. Only the graph before quantisation is compared
            with the model.

    Raises:
        ConfigError: The kind of fusion cannot be written, or a package is not installed.
        ModelError: The exporter fails, the graph differs from the model, or the folder cannot be
            written.
    """
    if model.fusion_config.kind not in KINDS:
        raise ConfigError(
            f"ONNX export supports the kinds {', '.join(KINDS)}, not {model.fusion_config.kind!r}"
        )
    check_trainable(model.backbone)
    _check_packages()
    with model_folder(folder, META) as fresh:
        _write_graph(model, fresh / GRAPH)
        if int8:
            _quantise(fresh / GRAPH)
        model.tokenizer.save_pretrained(fresh / TOKENIZER)
        model.backbone.config.save_pretrained(fresh / TOKENIZER)  # some tokenizers are found by it
        model.embeddings.save(fresh / "embeddings")
        files = [path for path in sorted(fresh.rglob("*")) if path.is_file()]
        meta = {
            "format": FORMAT,
            "fingerprint": model.fingerprint(),
            "max_length": model.encoder.max_length,
            "causal": model.causal,
            "int8": int8,
        }
        seal(fresh, META, meta, files)


def _check_packages() -> None:
    try:
        import onnx
        import onnxruntime
        import onnxscript
    except ImportError as error:
        raise ConfigError(f'ONNX needs {error.name}: pip install "kptm[onnx]"') from error
    del onnx, onnxruntime, onnxscript


class _Pass(nn.Module):
    """A forward pass of a model with the inputs of the graph.

    Args:
        model: The model.
    """

    def __init__(self, model: FusedModel) -> None:
        super().__init__()
        self.model = model
        self.table: Tensor
        self.register_buffer("table", model.entity_table.whole().clone())

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor,
        mention_spans: Tensor,
        mention_rows: Tensor,
        token_places: Tensor,
        token_mentions: Tensor,
        target_places: Tensor,
    ) -> tuple[Tensor, Tensor]:
        """Hidden states (B, L, D) and entity logits (T, N)."""
        model, length = self.model, input_ids.shape[1]
        scale = math.sqrt(model.embeddings.dim)
        knowledge = MentionKnowledge(
            spans_M3=mention_spans,
            vectors_ME=self.table[mention_rows] * scale,
            length=length,
            tokens_K=token_places,
            mention_K=token_mentions,
            table=model.entity_table,
            scale=scale,
            causal=model.causal,
        )
        hidden_BLD = model.states(input_ids, attention_mask, knowledge)
        query_TE, _ = model.head.queries_at(target_places, hidden_BLD, knowledge)
        return hidden_BLD, model.head.logits(query_TE, self.table)


def graph_inputs(batch: KnowledgeBatch, *, causal: bool) -> dict[str, Tensor]:
    """The graph's inputs for a batch."""
    blanks = batch.target_places
    positions, mentions = tokens_of_mentions(
        batch.mention_spans, batch.input_ids.shape[1], causal=causal
    )
    return {
        "input_ids": batch.input_ids,
        "attention_mask": batch.attention_mask,
        "mention_spans": batch.mention_spans,
        "mention_rows": batch.mention_rows,
        "token_places": positions,
        "token_mentions": mentions,
        "target_places": torch.zeros((0, 2), dtype=torch.long) if blanks is None else blanks,
    }


def _sample(model: FusedModel, repeat: int) -> KnowledgeBatch:
    """A batch of texts with two mentions and a blank, whose sizes all differ."""
    keys = [model.embeddings.keys[0], model.embeddings.keys[-1]]
    sentence = "one thing and another, as well as [MASK]"
    texts = [
        LinkedText.from_spans(sentence, [(0, 9, keys[0]), (14, 21, keys[1])]),
        LinkedText.from_spans(sentence[14:], [(0, 7, keys[1])]),
        LinkedText.from_spans("one thing", [(0, 9, keys[0])]),
    ]
    return collate([model.encoder.encode(text) for text in texts * repeat], model.pad_id)


def _write_graph(model: FusedModel, path: Path) -> None:
    import onnxruntime

    inputs = graph_inputs(_sample(model, 1), causal=model.causal)
    axes = {name: dict.fromkeys(free, torch.export.Dim.DYNAMIC) for name, free in INPUTS.items()}
    training = model.training
    module = _Pass(model.eval()).to("cpu")
    try:
        with _quiet():
            torch.onnx.export(
                module,
                tuple(inputs[name] for name in INPUTS),
                path,
                input_names=list(INPUTS),
                output_names=list(OUTPUTS),
                dynamic_shapes=tuple(axes[name] for name in INPUTS),
                dynamo=True,
                verbose=False,
                external_data=sum(x.nbytes for x in module.state_dict().values()) > 2**30,
            )
    except Exception as error:  # torch's exporter may fail on a family's code
        first = str(error).partition("\n")[0]
        raise ModelError(
            f"{type(model.backbone).__name__}: torch cannot write it as ONNX ({first})"
        ) from error
    finally:
        model.train(training)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    for repeat in (1, 2):
        inputs = graph_inputs(_sample(model, repeat), causal=model.causal)
        with torch.no_grad():
            wanted = module(**inputs)
        outputs = session.run(None, {name: value.numpy() for name, value in inputs.items()})
        for name, theirs, ours in zip(OUTPUTS, outputs, wanted, strict=True):
            far = float(((torch.from_numpy(theirs) - ours).abs() / ours.abs().clamp(min=1)).max())
            if not far <= TOLERANCE:
                raise ModelError(
                    f"{type(model.backbone).__name__}: {name} of the ONNX graph differ by {far:.1g}"
                )


def _quantise(path: Path) -> None:
    from onnxruntime.quantization import QuantType, quantize_dynamic

    whole = path.with_name("float.onnx")
    for part in list(path.parent.glob(f"{path.name}*")):
        part.rename(part.with_name(part.name.replace(path.name, whole.name)))
    with _quiet():
        quantize_dynamic(whole, path, weight_type=QuantType.QInt8, per_channel=True)
    for part in path.parent.glob(f"{whole.name}*"):
        part.unlink()


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence warnings and logs of exporter and quantiser."""
    loggers: list[Any] = [logging.getLogger(), logging.getLogger("torch.onnx")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
