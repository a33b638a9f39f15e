"""The parts of a fused model that other packages use, as a protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import TypeAlias

    import torch

    from kg.embedding import EntityEmbeddings
    from kptm.data.fact_triples import FactTriples
    from kptm.data.tokenize import TextEncoder
    from kptm.data.verbalisation import EntityFacts
    from kptm.fusion.backbones.origin import Origin
    from kptm.fusion.config import FusionConfig
    from kptm.fusion.mechanisms.mechanism import Mechanism, MentionKnowledge

    Facts: TypeAlias = EntityFacts | FactTriples


class FusedParts(Protocol):
    """The parts of a fused model; see :class:`kptm.fusion.fused_model.FusedModel`."""

    backbone: Any
    origin: Origin
    figures: dict[str, float]
    tokenizer: Any
    embeddings: EntityEmbeddings
    fusion_config: FusionConfig
    facts: Facts | None
    encoder: TextEncoder
    fusion: Mechanism
    causal: bool
    hidden_size: int

    @property
    def device(self) -> torch.device:
        """The device of the weights."""

    @property
    def pad_id(self) -> int:
        """The padding token."""

    def __call__(self, *args: Any) -> Any:
        """Run a forward pass."""

    def knowledge(
        self,
        mention_spans: torch.Tensor,
        mention_rows: torch.Tensor,
        length: int,
        candidate_rows: torch.Tensor | None = None,
        candidate_priors: torch.Tensor | None = None,
    ) -> MentionKnowledge:
        """The knowledge that a mechanism gets for a batch."""

    def token_logits(self, hidden_ND: torch.Tensor) -> torch.Tensor:
        """Apply the language-model head to hidden states, (N, D) → (N, V)."""

    def fingerprint(self) -> str:
        """The model's identity."""

    def state_dict(self) -> dict[str, Any]:
        """All weights by name."""

    def load_state_dict(self, state_dict: Mapping[str, Any], strict: bool = True) -> Any:
        """Load weights by name; return missing and unexpected names."""

    def modules(self) -> Iterator[torch.nn.Module]:
        """All modules."""

    def eval(self) -> Any:
        """Switch to evaluation mode."""
