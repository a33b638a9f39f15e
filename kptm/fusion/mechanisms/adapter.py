"""K-Adapter: knowledge in adapters beside a frozen backbone.

Wang et al. 2021, section 3.2. Some layers l of the backbone have an adapter, i = 1, 2, … from the
first to the last:

    x_i = H_l + a_{i−1} + W_e e,    a_i = x_i + W_up Transformer(W_down x_i),    a₀ = 0
    H′ = H_last + W_o a_last

Each adapter reads the hidden states after its layer, and the previous adapter. Adapters do not
change the backbone, whose weights get no gradient. The paper's adapters learn facts only from the
task; ours also read the entity vectors of linked mentions. The paper concatenates H_last and
a_last; we add them, with W_o starting at zero, so that the output is exactly the backbone's at the
start and with the adapters off.

Shapes: B texts, L tokens, D hidden, E entity width, W the adapter's width.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn

from kptm.fusion.mechanisms.attention_blocks import AttentionBlock
from kptm.fusion.mechanisms.mechanism import Mechanism

if TYPE_CHECKING:
    from torch import Tensor

    from kptm.fusion.mechanisms.mechanism import MentionKnowledge, Sizes


class AdapterFusion(Mechanism):
    """Adapters, by default at the first, the middle and the last layer."""

    frozen = True
    lasting = True

    def __init__(self, sizes: Sizes, numbers: tuple[int, ...] | None) -> None:
        last = sizes.layers - 1
        super().__init__(numbers or tuple(sorted({0, last // 2, last})))
        self.adapters = nn.ModuleList(
            Adapter(sizes.hidden, sizes.entity, sizes.width, sizes.heads) for _ in self.numbers
        )
        self.out = nn.Linear(sizes.hidden, sizes.hidden, bias=False)
        nn.init.zeros_(self.out.weight)
        self._adapted_BLD: dict[int, Tensor] = {}
        self._pass: MentionKnowledge | None = None

    def begin(self, knowledge: MentionKnowledge | None) -> None:
        """Start a pass."""
        super().begin(knowledge)
        self._adapted_BLD = {}
        self._pass = knowledge

    def after(self, place: int, hidden_BLD: Tensor, knowledge: MentionKnowledge) -> Tensor:
        """Run an adapter; the backbone's states do not change."""
        # Stored by layer: with gradient checkpointing a layer runs again from the same input.
        detached_BLD = hidden_BLD.detach()
        previous_BLD = self._adapted_BLD.get(place)
        input_BLD = detached_BLD if previous_BLD is None else detached_BLD + previous_BLD
        self._adapted_BLD[place + 1] = self.adapters[place](input_BLD, knowledge)
        return hidden_BLD

    def finish(self, hidden_BLD: Tensor) -> Tensor:
        """Add the output of the last adapter."""
        adapted_BLD = self._adapted_BLD.get(len(self.numbers))
        if adapted_BLD is None:
            return hidden_BLD
        added: Tensor = self.out(adapted_BLD)
        return hidden_BLD + self._with_mentions(hidden_BLD) * added

    def _with_mentions(self, hidden_BLD: Tensor) -> Tensor:
        """1 at tokens that see a mention, shape (B, L, 1); other tokens do not change."""
        count, length, _ = hidden_BLD.shape
        if self._pass is None:
            return hidden_BLD.new_zeros((count, length, 1))
        tokens_N = torch.arange(count * length, device=hidden_BLD.device)
        seen_N = self._pass.sees(tokens_N).any(1).to(hidden_BLD.dtype)
        return seen_N.reshape(count, length, 1)


class Adapter(nn.Module):
    """Project down, attend to the text's mentions, project up, and add to the input."""

    def __init__(self, hidden: int, entity: int, width: int, heads: int) -> None:
        super().__init__()
        self.from_entity = nn.Linear(entity, hidden, bias=False)
        self.down = nn.Linear(hidden, width)
        self.block = AttentionBlock(width, heads)
        self.up = nn.Linear(width, hidden)

    def forward(self, hidden_BLD: Tensor, knowledge: MentionKnowledge) -> Tensor:
        """The adapter's output, of the same shape."""
        flat_ND = hidden_BLD.reshape(-1, hidden_BLD.shape[-1])
        vectors_KE = knowledge.vectors_KE.to(flat_ND.dtype)
        added_KD = self.from_entity(vectors_KE).to(flat_ND.dtype)  # for mixed precision
        flat_ND = flat_ND.index_add(0, knowledge.tokens_K, added_KD)
        rows_NW = self.down(flat_ND)
        mentions_KW = rows_NW[knowledge.tokens_K]
        sees_NM = knowledge.sees(torch.arange(len(flat_ND), device=flat_ND.device))
        rows_NW = self.block(rows_NW, mentions_KW, sees_NM[:, knowledge.mention_K])
        added_ND: Tensor = self.up(rows_NW)
        return (flat_ND + added_ND).reshape(hidden_BLD.shape)
