"""A fused model in onnxruntime: hidden states and entity logits of texts with their links."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from kg.embedding import EntityEmbeddings
from kg.errors import EmbeddingError
from kptm.data import KnowledgeBatch
from kptm.data.tokenize import TextEncoder
from kptm.errors import ConfigError, ModelError
from kptm.fusion.backbones.tokenizer import read_tokenizer
from kptm.fusion.export.onnx_graph import FORMAT, GRAPH, META, OUTPUTS, TOKENIZER, graph_inputs
from kptm.fusion.fused_output import FusedOutput
from kptm.fusion.model_manifest import read_manifest

if TYPE_CHECKING:
    from torch import Tensor


class OnnxModel:
    """A graph by :func:`~kptm.fusion.export.onnx_graph.export_onnx`, used like a fused model.

    Attributes:
        tokenizer: The tokenizer.
        embeddings: The entity embeddings; mentions are given by their rows.
        encoder: Turns a linked text into tokens and mentions.
        fingerprint: The fingerprint of the exported model.
        int8: Whether its weights are 8-bit numbers.
    """

    def __init__(
        self, session: Any, tokenizer: Any, embeddings: EntityEmbeddings, meta: dict[str, Any]
    ) -> None:
        self._session, self._causal = session, bool(meta["causal"])
        self.tokenizer, self.embeddings = tokenizer, embeddings
        self.fingerprint, self.int8 = str(meta["fingerprint"]), bool(meta["int8"])
        self.encoder = TextEncoder(
            tokenizer, embeddings, int(meta["max_length"]), causal=self._causal
        )

    @property
    def pad_id(self) -> int:
        """The padding token."""
        return int(self.tokenizer.pad_token_id)

    def __call__(
        self,
        input_ids: Tensor,
        attention_mask: Tensor,
        mention_spans: Tensor,
        mention_rows: Tensor,
        target_places: Tensor | None = None,
    ) -> FusedOutput:
        """Run a pass; the arguments are the fields of :class:`~kptm.data.KnowledgeBatch`."""
        batch = KnowledgeBatch(
            input_ids, attention_mask, mention_spans, mention_rows, target_places=target_places
        )
        inputs = graph_inputs(batch, causal=self._causal)
        hidden, logits = self._session.run(
            list(OUTPUTS), {name: value.numpy() for name, value in inputs.items()}
        )
        has_targets = target_places is not None and len(target_places) > 0
        return FusedOutput(
            torch.from_numpy(hidden), None, torch.from_numpy(logits) if has_targets else None, None
        )

    @classmethod
    def from_pretrained(cls, folder: str | Path, *, threads: int = 0) -> OnnxModel:
        """Read an exported graph.

        Args:
            folder: Its folder.
            threads: Threads of a pass; 0 takes one per core.

        Raises:
            ModelError: The folder is missing, damaged, or of another kind.
            ConfigError: onnxruntime is not installed.
        """
        try:
            import onnxruntime
        except ImportError as error:
            raise ConfigError('ONNX needs onnxruntime: pip install "kptm[onnx]"') from error
        folder = Path(folder)
        try:
            meta = read_manifest(folder, META, FORMAT)
            embeddings = EntityEmbeddings.load(folder / "embeddings")
            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads = threads
            session = onnxruntime.InferenceSession(
                str(folder / GRAPH), options, providers=["CPUExecutionProvider"]
            )
            return cls(session, read_tokenizer(folder / TOKENIZER), embeddings, meta)
        except FileNotFoundError as error:
            raise ModelError(
                f"{folder}: no ONNX model there ({error.filename} is missing)"
            ) from error
        except (OSError, ValueError, LookupError, TypeError, EmbeddingError) as error:
            raise ModelError(f"{folder}: cannot be read ({error}); export it again") from error
