"""ERNIE's aggregator: the feed-forward layer reads tokens and entities together.

Zhang et al. 2019, section 3.3.

    ẽ = LN(e + MHA(e))    among the entities of a text
    h = act(W_t w̃ + b_t + W_e ẽ + b_e)    at the tokens of the mention
    w′ = LN(W₃ h + b₃ + w̃),    e′ = LN(W₄ h + b₄ + ẽ)    equations 4 and 6

W_t, b_t, W₃, b₃ are the backbone's own feed-forward layer: its first linear layer gets W_e ẽ + b_e
added. A token without an entity gets nothing; in the published code it gets b_e. All tokens of a
mention get its entity; in the paper only the first. W_e and b_e start at zero, so that the fused
model starts as the backbone.

Shapes: B texts, L tokens, D hidden, M mentions, K tokens of mentions, E entity width, I inner
width.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import nn
from torch.nn import functional as F

from kptm.fusion.backbones.backbone_parts import ffn_up_projection
from kptm.fusion.mechanisms.attention_blocks import Attention
from kptm.fusion.mechanisms.mechanism import Mechanism

if TYPE_CHECKING:
    from torch import Tensor

    from kptm.fusion.mechanisms.mechanism import MentionKnowledge, Sizes


class ErnieFusion(Mechanism):
    """Aggregators in the upper half of the layers; entity states pass from one to the next.

    Args:
        sizes: The sizes of the backbone.
        numbers: The layers; by default the upper half.
        inner: I, the width of the backbone's feed-forward layer.
    """

    HEADS = 4

    def __init__(self, sizes: Sizes, numbers: tuple[int, ...] | None, inner: int) -> None:
        super().__init__(numbers or tuple(range(sizes.layers // 2, sizes.layers)))
        self.aggregators = nn.ModuleList(
            Aggregator(sizes.entity, inner, self.HEADS) for _ in self.numbers
        )
        self._entities_ME: dict[int, Tensor] = {}

    def target(self, layer: nn.Module) -> nn.Module:
        """The first linear layer of the layer's feed-forward part."""
        projection: nn.Module = ffn_up_projection(layer)
        return projection

    def begin(self, knowledge: MentionKnowledge | None) -> None:
        """Start a pass with the entity vectors of the table."""
        super().begin(knowledge)
        self._entities_ME = {}

    def after(self, place: int, hidden_BLD: Tensor, knowledge: MentionKnowledge) -> Tensor:
        """Add the entities to the output of the map, shape (B, L, I)."""
        flat_NI = hidden_BLD.reshape(-1, hidden_BLD.shape[-1])
        # Stored by layer: with gradient checkpointing a layer runs again from the same input.
        entities_ME = self._entities_ME.get(place, knowledge.vectors_ME)
        added_KI, self._entities_ME[place + 1] = self.aggregators[place](
            flat_NI, entities_ME.to(flat_NI.dtype), knowledge
        )
        added_KI = added_KI.to(flat_NI.dtype)  # the dtype differs in mixed precision
        return flat_NI.index_add(0, knowledge.tokens_K, added_KI).reshape(hidden_BLD.shape)


class Aggregator(nn.Module):
    """One aggregator.

    Args:
        entity: E.
        inner: I.
        heads: Heads of the attention among entities.
    """

    def __init__(self, entity: int, inner: int, heads: int) -> None:
        super().__init__()
        self.attention = Attention(entity, heads)
        self.norm = nn.LayerNorm(entity)
        self.to_inner = nn.Linear(entity, inner)
        self.to_entity = nn.Linear(inner, entity)
        self.last_norm = nn.LayerNorm(entity)
        nn.init.zeros_(self.to_inner.weight)
        nn.init.zeros_(self.to_inner.bias)

    def forward(
        self, inner_NI: Tensor, entities_ME: Tensor, knowledge: MentionKnowledge
    ) -> tuple[Tensor, Tensor]:
        """Terms for mentions' tokens before activation, (K, I), and the next entities, (M, E)."""
        attended = self.attention(entities_ME, entities_ME, knowledge.together_MM)
        entities_ME = self.norm(entities_ME + attended)
        added_MI = self.to_inner(entities_ME)
        first_MI = F.gelu(inner_NI[knowledge.anchor_M] + added_MI)
        after_ME = self.last_norm(entities_ME + self.to_entity(first_MI))
        return added_MI[knowledge.mention_K], after_ME
