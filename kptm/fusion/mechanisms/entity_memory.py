"""Entities as Experts: each mention attends to the entity table.

Févry et al. 2020, section 3.2.

    q_m = W_f [x_start; x_end]                  equation 1
    α = softmax(E q_m), over the k entities nearest to q_m where k is given     2
    x_start ← x_start + W_b Σ_j α_j e_j         3

The table is the graph's, frozen; the paper trains one from scratch. The paper normalises the sum;
we do not, and start W_b at zero, so that the fused model starts as the backbone. Without k, E q_m
are the link scores.

Shapes: B texts, L tokens, D hidden, M mentions, N entities, E entity width, k entities of each
mention.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import torch
from torch import nn

from kptm.fusion.mechanisms.mechanism import Mechanism

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from kptm.fusion.entity_table import EntityTable
    from kptm.fusion.mechanisms.mechanism import MentionKnowledge, Sizes

    Nearest: TypeAlias = Callable[[Tensor, int], Tensor]
    """From queries (M, E) and k to the rows (M, k) with the greatest inner products."""

ROWS_PER_CHUNK = 65_536
"""Rows of the table scored at a time."""


class MemoryFusion(Mechanism):
    """A memory of entities after some layers, by default the last of the lower half.

    Attributes:
        k: Entities that a mention reads; None reads all.
        nearest: Finds them, for example by a FAISS index; by default all rows are scored.
    """

    def __init__(self, sizes: Sizes, numbers: tuple[int, ...] | None, k: int | None = None) -> None:
        super().__init__(numbers or (max(0, sizes.layers // 2 - 1),))
        self.memories = nn.ModuleList(
            EntityMemoryLayer(sizes.hidden, sizes.entity) for _ in self.numbers
        )
        self.k = k
        self.nearest: Nearest | None = None
        self.links = k is None

    def after(self, place: int, hidden_BLD: Tensor, knowledge: MentionKnowledge) -> Tensor:
        """Add the read vector of each mention to its first token."""
        flat_ND = hidden_BLD.reshape(-1, hidden_BLD.shape[-1])
        memory: Any = self.memories[place]
        query_ME = knowledge.scale * memory.query(
            torch.cat([flat_ND[knowledge.first_M], flat_ND[knowledge.last_M]], -1)
        )
        table = knowledge.table
        if self.k is None or self.k >= len(table):
            table_NE = table.whole().to(query_ME.dtype)
            self.link_scores = query_ME @ table_NE.T
            read_ME = self.link_scores.softmax(-1) @ table_NE
        else:
            rows_Mk = self._nearest(query_ME.detach(), table)
            near_MkE = table.rows(rows_Mk).to(query_ME.dtype)
            alpha_Mk = torch.einsum("me,mke->mk", query_ME, near_MkE).softmax(-1)
            read_ME = torch.einsum("mk,mke->me", alpha_Mk, near_MkE)
        added_MD = memory.back(knowledge.scale * read_ME)
        return flat_ND.index_add(0, knowledge.anchor_M, added_MD.to(flat_ND.dtype)).reshape(
            hidden_BLD.shape
        )

    def _nearest(self, query_ME: Tensor, table: EntityTable) -> Tensor:
        k = int(self.k or 1)
        if self.nearest is not None:
            return self.nearest(query_ME, k)
        best_Mk = query_ME.new_empty((len(query_ME), 0))
        rows_Mk = torch.empty((len(query_ME), 0), dtype=torch.long, device=query_ME.device)
        for start, part_NE in table.chunks(ROWS_PER_CHUNK):
            scores = query_ME @ part_NE.to(query_ME.dtype).T
            top = scores.topk(min(k, scores.shape[1]), -1)
            best_Mk = torch.cat([best_Mk, top.values], -1)
            rows_Mk = torch.cat([rows_Mk, top.indices + start], -1)
            top = best_Mk.topk(min(k, best_Mk.shape[1]), -1)
            best_Mk, rows_Mk = top.values, rows_Mk.gather(1, top.indices)
        return rows_Mk


class EntityMemoryLayer(nn.Module):
    """W_f and W_b of one layer."""

    def __init__(self, hidden: int, entity: int) -> None:
        super().__init__()
        self.query = nn.Linear(2 * hidden, entity)
        self.back = nn.Linear(entity, hidden)
        nn.init.zeros_(self.back.weight)
        nn.init.zeros_(self.back.bias)
