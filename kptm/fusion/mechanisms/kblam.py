"""KBLaM: facts are keys and values in the attention of the layers.

Wang et al. 2025 (arXiv 2410.10450), sections 4 and 5. A fact m = (head, relation, tail) has a key
and a value of its own in each layer, by linear adapters from fixed vectors. Tokens ask for them by
a query map of their own, and attend to facts and tokens together
(:mod:`kptm.fusion.mechanisms.fact_attention`):

    k̃_m = W_K [e_head; r] + b_K        ṽ_m = W_V e_tail + b_V        q̃_n = W_Q x_n + W_E c_n

e are the graph's vectors; the paper takes those of a sentence encoder. r is learnt, one a relation.
c_n, which the paper lacks, is the mean vector of the linked entities that token n sees: it finds
facts of entities that no text of the training named. A token that sees no linked entity reads no
facts, so for a text without links the model equals the plain backbone. The paper's query map starts
as the layer's own; here entities in queries and heads in keys start with the same map, so that an
entity finds its facts. Cost is linear in the number of facts, and facts are exchanged without
training.

Shapes: B texts, L tokens, D hidden, E entity width, M facts, H heads, d of a head.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from kptm.errors import ModelError
from kptm.fusion.mechanisms.fact_attention import (
    FACTS,
    FactAttention,
    attend_to_facts,
    attention_module,
)
from kptm.fusion.mechanisms.mechanism import Mechanism

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from kg.embedding import EntityEmbeddings
    from kptm.data.fact_triples import FactTriples
    from kptm.fusion.mechanisms.mechanism import MentionKnowledge, Sizes


INIT_HEAD_SCALE = 2.0
"""The factor of the maps of heads at the start: the linked entity's own facts have logits near
INIT_HEAD_SCALE² √d / 3, those of others near 0."""


class KBLamFusion(Mechanism):
    """Facts in the attention of some layers, by default all.

    Args:
        sizes: The sizes of the backbone.
        numbers: The layers.
        backbone: The backbone, whose attention implementation is exchanged.
        layers: Its layers.
        relations: Number of relations.

    Attributes:
        facts_M3: Row of the head, number of the relation, row of the tail, of each fact.
        attended: With :attr:`watching`, the attention to facts of each layer of the last pass,
            (B, L, M), averaged over heads.
        watching: Whether attention to facts is recorded.
    """

    every_pass = True

    def __init__(
        self,
        sizes: Sizes,
        numbers: tuple[int, ...] | None,
        backbone: Any,
        layers: Sequence[nn.Module],
        relations: int,
    ) -> None:
        super().__init__(numbers or range(sizes.layers))
        if len({id(layers[number]) for number in self.numbers}) < len(self.numbers):
            raise ModelError(
                f"kind 'kblam' needs separate layers, but {type(backbone).__name__} applies one"
                " layer several times; use another kind of fusion"
            )
        attend_to_facts(backbone)
        self.relations = nn.Embedding(max(1, relations), sizes.entity)
        self.readers = nn.ModuleList(
            _FactReader(sizes, head_width(attention_module(layers[number]), sizes))
            for number in self.numbers
        )
        self.facts_M3: Tensor
        self.register_buffer("facts_M3", torch.empty(0, 3, dtype=torch.long), persistent=False)
        self.watching = False
        self.attended: list[Tensor] = []
        self._vectors: tuple[Tensor, Tensor] | None = None

    def read(self, rows_M3: Tensor) -> None:
        """Exchange the facts: rows of heads, numbers of relations, rows of tails."""
        self.facts_M3 = rows_M3.to(self.facts_M3.device)

    def attach(self, layers: Sequence[nn.Module]) -> None:
        """Hook the attention of the layers."""
        for place, number in enumerate(self.numbers):
            attention = attention_module(layers[number])
            # Methods, not closures: a copy of the model must read its own facts.
            attention.register_forward_pre_hook(partial(self._enter, place), with_kwargs=True)
            attention.register_forward_hook(self._leave)
            self._hooked += 1

    def begin(self, knowledge: MentionKnowledge | None) -> None:
        """Start a pass: look up the vectors of the facts."""
        super().begin(knowledge if len(self.facts_M3) else None)
        self.attended = []
        self._vectors = None
        if self._knowledge is not None:
            heads_M, _, tails_M = self.facts_M3.unbind(1)
            table, scale = self._knowledge.table, self._knowledge.scale
            self._vectors = table.rows(heads_M) * scale, table.rows(tails_M) * scale

    @property
    def was_reached(self) -> bool:
        """Whether the last pass ran every hooked layer with facts; true without any fact."""
        return not len(self.facts_M3) or super().was_reached

    def _enter(
        self, place: int, attention: Any, inputs: tuple[Any, ...], named: dict[str, Any]
    ) -> None:
        setattr(attention, FACTS, None)
        if self._knowledge is None or self._vectors is None:
            return
        hidden_BLD = inputs[0] if inputs else named["hidden_states"]
        context_BLE, reads_BL = mean_of_seen(self._knowledge, hidden_BLD)
        heads_ME, tails_ME = self._vectors
        relation_ME = self.relations(self.facts_M3[:, 1])
        reader: Any = self.readers[place]
        facts = FactAttention(
            reader.split(reader.query(hidden_BLD) + reader.entity(context_BLE)),
            reader.split(reader.key(torch.cat([heads_ME, relation_ME], -1))),
            reader.split(reader.value(tails_ME)),
            reads_BL,
            self.watching,
        )
        setattr(attention, FACTS, facts)

    def _leave(self, attention: Any, _inputs: object, _output: object) -> None:
        facts: FactAttention | None = getattr(attention, FACTS)
        setattr(attention, FACTS, None)
        if facts is None or not facts.was_read:
            return
        self._calls[id(attention)] = self._calls.get(id(attention), 0) + 1
        if facts.weights_BHLM is not None:
            self.attended.append(facts.weights_BHLM.mean(1))


class _FactReader(nn.Module):
    """The adapters of one layer."""

    def __init__(self, sizes: Sizes, width: int) -> None:
        super().__init__()
        self.width = width
        inner = sizes.heads * width
        self.query = nn.Linear(sizes.hidden, inner, bias=False)
        self.entity = nn.Linear(sizes.entity, inner, bias=False)
        self.key = nn.Linear(2 * sizes.entity, inner)
        self.value = nn.Linear(sizes.entity, inner)
        # Facts are found by their heads from the first step, so that training only has to learn the
        # relations and the use of tails. From random maps, training does not find a match.
        with torch.no_grad():
            self.entity.weight.mul_(INIT_HEAD_SCALE)
            self.key.weight[:, : sizes.entity] = self.entity.weight

    def split(self, rows: Tensor) -> Tensor:
        """(…, N, H·d) → (…, H, N, d)."""
        split: Tensor = rows.reshape(*rows.shape[:-1], -1, self.width).transpose(-3, -2)
        return split


def head_width(attention: Any, sizes: Sizes) -> int:
    """The width of an attention module's heads."""
    for name in ("head_dim", "attention_head_size"):
        if width := getattr(attention, name, None):
            return int(width)
    return sizes.hidden // sizes.heads


def mean_of_seen(knowledge: MentionKnowledge, hidden_BLD: Tensor) -> tuple[Tensor, Tensor]:
    """The mean vector of the mentions that each token sees, (B, L, E), and whether it sees any."""
    count, length, _ = hidden_BLD.shape
    sees_QM = knowledge.sees(torch.arange(count * length, device=hidden_BLD.device))
    many_Q = sees_QM.sum(1)
    share_QM = sees_QM.to(hidden_BLD.dtype) / many_Q.clamp(min=1)[:, None]
    mean_QE = share_QM @ knowledge.vectors_ME.to(hidden_BLD.dtype)
    return mean_QE.reshape(count, length, -1), (many_Q > 0).reshape(count, length)


def fact_rows(facts: FactTriples, embeddings: EntityEmbeddings, relations: Sequence[str]) -> Tensor:
    """Row of the head, number of the relation, row of the tail, (M, 3).

    Raises:
        ModelError: A fact's entity has no vector, or its relation is not among ``relations``.
    """
    number = {relation: place for place, relation in enumerate(relations)}
    for fact in facts.triples:
        known = fact.head in embeddings and fact.tail in embeddings
        if fact.relation not in number or not known:
            raise ModelError(
                f"the model cannot read the fact {' '.join(fact)!r}: it has no vector of an entity,"
                " or was not trained on the relation; leave the fact out, or train a new model"
            )
    row = embeddings.row
    rows = [(row(head), number[relation], row(tail)) for head, relation, tail in facts.triples]
    return torch.tensor(rows, dtype=torch.long).reshape(-1, 3)
