"""LUKE's entity tokens beside the words of a BERT-like backbone.

Yamada et al. 2020, sections 3.1 and 3.2. Each mention has a token of its own, whose embedding is
the sum of the projected entity vector, the mean position of the mention, and a type:

    z₀ = LN(W_p e + mean position + type)

Words x and entities z pass through every layer. Attention has four query maps, one for each pair of
querying and queried kind, with the layer's own keys and values (equation 3):

    a(x_i, x_j) = Q x_i · K x_j,        a(x_i, z_j) = Q_w2e x_i · K z_j
    a(z_i, x_j) = Q_e2w z_i · K x_j,    a(z_i, z_j) = Q_e2e z_i · K z_j

The three new maps start as copies of Q, as in the paper. The model does not start as the plain
backbone: words attend to entities from the first step. Without mentions the output is exactly the
backbone's. The hook computes the attention of words again, with the entities, which is one
attention more than in the published model; docs/benchmarks/fusion.md has its cost.

Shapes: B texts, L tokens, S entity tokens of a text (the maximum in the batch), D hidden, H heads,
d = D / H, E entity width.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from kptm.errors import ModelError
from kptm.fusion.mechanisms.mechanism import Mechanism

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from kptm.fusion.mechanisms.mechanism import MentionKnowledge, Sizes


class LukeFusion(Mechanism):
    """Entity tokens through all layers.

    Args:
        sizes: The sizes of the backbone.
        layers: Its layers, whose query maps are copied.
        positions: The maximum number of tokens of a text.
    """

    def __init__(self, sizes: Sizes, layers: Sequence[Any], positions: int) -> None:
        super().__init__(range(sizes.layers))
        for layer in layers:
            _check(layer)
        self.project = nn.Linear(sizes.entity, sizes.hidden, bias=False)
        self.position = nn.Embedding(positions, sizes.hidden)
        self.kind = nn.Parameter(torch.zeros(sizes.hidden))
        self.norm = nn.LayerNorm(sizes.hidden)
        self.queries = nn.ModuleList(_Queries(layer.attention.self.query) for layer in layers)
        nn.init.normal_(self.position.weight, std=0.02)
        self._entities_BSD: dict[int, Tensor] = {}
        self._there_BS: Tensor | None = None

    def attach(self, layers: Sequence[Any]) -> None:
        """Hook the attention of each layer."""
        for place, layer in enumerate(layers):
            layer.attention.self.register_forward_hook(
                partial(self._attend, place, [layer]), with_kwargs=True
            )

    def begin(self, knowledge: MentionKnowledge | None) -> None:
        """Start a pass: initialise the states of the entity tokens."""
        super().begin(knowledge)
        self._entities_BSD = {}
        if knowledge is None:
            return
        text_M = knowledge.spans_M3[:, 0]
        count = int(text_M.max()) + 1
        slot_M = (knowledge.together_MM.tril(-1)).sum(1)  # earlier ones of the text
        slots = int(slot_M.max()) + 1
        states_MD = self.norm(
            self.project(knowledge.vectors_ME.to(self.project.weight.dtype))
            + self._mean_position(knowledge)
            + self.kind
        )
        empty = states_MD.new_zeros((count, slots, states_MD.shape[1]))
        self._entities_BSD[0] = empty.index_put((text_M, slot_M), states_MD)
        there = torch.zeros((count, slots), dtype=torch.bool, device=text_M.device)
        self._there_BS = there.index_put(
            (text_M, slot_M), torch.ones_like(text_M, dtype=torch.bool)
        )

    def _mean_position(self, knowledge: MentionKnowledge) -> Tensor:
        position_KD = self.position(knowledge.tokens_K % knowledge.length)
        sum_MD = position_KD.new_zeros((len(knowledge.spans_M3), position_KD.shape[1]))
        sum_MD = sum_MD.index_add(0, knowledge.mention_K, position_KD)
        size_M = knowledge.spans_M3[:, 2] - knowledge.spans_M3[:, 1]
        mean: Tensor = sum_MD / size_M[:, None]
        return mean

    def _attend(
        self,
        place: int,
        layer: list[Any],
        attention: Any,
        inputs: tuple[Any, ...],
        named: dict[str, Any],
        output: Any,
    ) -> Any:
        # Stored by layer: with gradient checkpointing a layer runs again from the same input.
        entities_BSD = self._entities_BSD.get(place)
        if self._knowledge is None or entities_BSD is None or self._there_BS is None:
            return None
        words_BLD = inputs[0] if inputs else named["hidden_states"]
        mask = named.get("attention_mask", inputs[1] if len(inputs) > 1 else None)
        more = len(words_BLD) - len(entities_BSD)
        if more:  # the last texts have no mention
            entities_BSD = nn.functional.pad(entities_BSD, (0, 0, 0, 0, 0, more))
            self._there_BS = nn.functional.pad(
                self._there_BS, (0, 0, 0, len(words_BLD) - len(self._there_BS))
            )
        heads = attention.num_attention_heads
        both_BND = torch.cat([words_BLD, entities_BSD], 1)
        key, value = (
            _split(attention.key(both_BND), heads),
            _split(attention.value(both_BND), heads),
        )
        length = words_BLD.shape[1]
        queries: Any = self.queries[place]
        words = torch.cat(
            [
                _split(attention.query(words_BLD), heads) @ key[:, :, :length].mT,
                _split(queries.w2e(words_BLD), heads) @ key[:, :, length:].mT,
            ],
            -1,
        )
        entities = torch.cat(
            [
                _split(queries.e2w(entities_BSD), heads) @ key[:, :, :length].mT,
                _split(queries.e2e(entities_BSD), heads) @ key[:, :, length:].mT,
            ],
            -1,
        )
        scores = torch.cat([words, entities], 2) * key.shape[-1] ** -0.5
        scores = scores.masked_fill(~self._sees(mask, words_BLD), torch.finfo(scores.dtype).min)
        weights = nn.functional.dropout(scores.softmax(-1), attention.dropout.p, attention.training)
        context_BND = (weights @ value).transpose(1, 2).flatten(2)
        block = layer[0]
        between_BSD = block.attention.output(context_BND[:, length:], entities_BSD)
        self._entities_BSD[place + 1] = block.output(block.intermediate(between_BSD), between_BSD)
        # A text without entities keeps exactly the backbone's output.
        own_B = self._there_BS.any(1)[:, None, None]
        return (torch.where(own_B, context_BND[:, :length], output[0]), *output[1:])

    def _sees(self, mask: Tensor | None, words_BLD: Tensor) -> Tensor:
        """The mask of keys, shape (B, 1, 1, L + S), without padding of either kind."""
        count, length, _ = words_BLD.shape
        if mask is None:
            seen_BL = words_BLD.new_ones((count, length), dtype=torch.bool)
        else:
            last = mask[:, 0, -1, :] if mask.ndim == 4 else mask
            seen_BL = last if last.dtype == torch.bool else last > torch.finfo(last.dtype).min / 2
        seen_BL = seen_BL.expand(count, length)
        assert self._there_BS is not None  # noqa: S101  # begun
        return torch.cat([seen_BL, self._there_BS], 1)[:, None, None, :]


class _Queries(nn.Module):
    """The three new query maps of a layer."""

    def __init__(self, query: nn.Linear) -> None:
        super().__init__()
        self.w2e, self.e2w, self.e2e = (_copy_linear(query) for _ in range(3))


def _copy_linear(linear: nn.Linear) -> nn.Linear:
    copy = nn.Linear(linear.in_features, linear.out_features)
    copy.load_state_dict(linear.state_dict())
    return copy


def _split(rows_BND: Tensor, heads: int) -> Tensor:
    """(B, N, D) → (B, H, N, d)."""
    split: Tensor = rows_BND.reshape(*rows_BND.shape[:2], heads, -1).transpose(1, 2)
    return split


def _check(layer: Any) -> None:
    try:
        parts = layer.attention.self, layer.attention.output, layer.intermediate, layer.output
        whole = all(
            isinstance(getattr(parts[0], name), nn.Linear) for name in ("query", "key", "value")
        )
    except AttributeError:
        whole = False
    if not whole:
        raise ModelError(
            "luke needs layers like BERT's (attention.self, intermediate, output), not"
            f" {type(layer).__name__};"
            " take BERT, RoBERTa, XLM-R or ELECTRA, or another kind of fusion"
        )
