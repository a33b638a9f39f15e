"""The base class of fusion mechanisms: modules hooked to a backbone's layers during a pass.

Shapes: B texts, L tokens, D hidden, M mentions, C candidates, K tokens that belong to a mention, E
entity width.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from kptm.fusion.entity_table import EntityTable


@dataclass(frozen=True, slots=True)
class Sizes:
    """The sizes that a mechanism is built for.

    Attributes:
        hidden: D, the width of the backbone.
        entity: E, the width of entity vectors.
        layers: Number of layers of the backbone.
        heads: Attention heads of the backbone.
        width: The inner width of the mechanism.
    """

    hidden: int
    entity: int
    layers: int
    heads: int
    width: int


@dataclass(frozen=True, slots=True)
class Branches:
    """Facts attached to mentions as tokens, at most R per text.

    Attributes:
        ids_BR: Token ids.
        mention_BR: The mention of each token, -1 for padding.
        number_BR: The branch of each token.
        offset_BR: Its position after the mention's last token, from 1.
    """

    ids_BR: Tensor
    mention_BR: Tensor
    number_BR: Tensor
    offset_BR: Tensor


@dataclass(frozen=True, slots=True)
class MentionKnowledge:
    """The knowledge of a batch.

    Attributes:
        spans_M3: Text, first token, token after the last, of each linked mention.
        vectors_ME: The vectors of their entities.
        length: L, the padded number of tokens.
        tokens_K: Flat positions (text · L + token) of the tokens that get knowledge: all tokens of
            a mention; in a decoder only the last, because knowledge at an earlier token would
            reveal the next one.
        mention_K: The mention of each of these tokens.
        causal: Whether a token sees only earlier tokens.
        candidates_MCE: Vectors of each mention's candidates, padded with zero rows; None if links
            are certain.
        priors_MC: The linker's p of each candidate, 0 for padding.
        table: All entity vectors, normalised.
        scale: The length of the mentions' vectors.
        branches: Facts of the mentions' entities as tokens, or None.
    """

    spans_M3: Tensor
    vectors_ME: Tensor
    length: int
    tokens_K: Tensor
    mention_K: Tensor
    table: EntityTable
    scale: float = 1.0
    candidates_MCE: Tensor | None = None
    priors_MC: Tensor | None = None
    branches: Branches | None = None
    causal: bool = False

    @property
    def vectors_KE(self) -> Tensor:
        """The entity vector of each token."""
        return self.vectors_ME[self.mention_K]

    @property
    def first_M(self) -> Tensor:
        """Flat position of the first token of each mention."""
        return self.spans_M3[:, 0] * self.length + self.spans_M3[:, 1]

    @property
    def last_M(self) -> Tensor:
        """Flat position of the last token of each mention."""
        return self.spans_M3[:, 0] * self.length + self.spans_M3[:, 2] - 1

    @property
    def anchor_M(self) -> Tensor:
        """Flat position of each mention's token: the first one, in a decoder the last."""
        return self.last_M if self.causal else self.first_M

    @property
    def together_MM(self) -> Tensor:
        """Whether each mention sees another: in the same text, and in a decoder before it."""
        return self.sees(self.last_M)

    def sees(self, position_Q: Tensor) -> Tensor:
        """Whether the token at each flat position sees each mention, shape (Q, M)."""
        text_Q = position_Q // self.length
        seen_QM = text_Q[:, None] == self.spans_M3[None, :, 0]
        if self.causal:
            seen_QM &= self.last_M[None, :] <= position_Q[:, None]
        return seen_QM


def knowledge_of_mentions(
    spans_M3: Tensor,
    vectors_ME: Tensor,
    length: int,
    table: EntityTable,
    scale: float = 1.0,
    *,
    causal: bool = False,
) -> MentionKnowledge:
    """The knowledge of mentions whose links are certain; every token of a span belongs to it.

    Args:
        spans_M3: Text, first token, token after the last.
        vectors_ME: One vector per mention.
        length: L, the padded number of tokens.
        table: All entity vectors, normalised.
        scale: The length of the mentions' vectors.
        causal: Whether the backbone is a decoder.
    """
    tokens_K, mention_K = tokens_of_mentions(spans_M3, length, causal=causal)
    return MentionKnowledge(
        spans_M3, vectors_ME, length, tokens_K, mention_K, table, scale, causal=causal
    )


def tokens_of_mentions(spans_M3: Tensor, length: int, *, causal: bool) -> tuple[Tensor, Tensor]:
    """The flat positions of the tokens that get knowledge, (K,), and their mentions, (K,)."""
    if causal:
        # In a decoder only the last token of a span has seen the whole span.
        mention_M = torch.arange(len(spans_M3), device=spans_M3.device)
        return spans_M3[:, 0] * length + spans_M3[:, 2] - 1, mention_M
    # The tokens of all spans in one list, without a loop over mentions: the k-th belongs to
    # mention_K[k], and stands in its span at k less the tokens of all mentions before it.
    sizes_M = spans_M3[:, 2] - spans_M3[:, 1]
    mention_K = torch.repeat_interleave(
        torch.arange(len(spans_M3), device=spans_M3.device), sizes_M
    )
    before_M = torch.cumsum(sizes_M, 0) - sizes_M
    inside_K = torch.arange(len(mention_K), device=spans_M3.device) - before_M[mention_K]
    tokens_K = spans_M3[mention_K, 0] * length + spans_M3[mention_K, 1] + inside_K
    return tokens_K, mention_K


class Mechanism(nn.Module):
    """Adds knowledge after some layers of a backbone.

    A pass is :meth:`begin`, the backbone's own forward on :meth:`inputs` with :meth:`after` after
    each of the layers, and :meth:`finish`. Without knowledge no hook does anything.

    Attributes:
        numbers: The layers, from 0.
        frozen: Whether the backbone's own weights stay frozen.
        soft: Whether it reads all candidates of a mention.
        links: Whether it links by itself, so that its links can be learnt.
        lasting: Whether it also changes tokens after a mention.
        every_pass: Whether tokens that are generated later read the knowledge again, in passes that
            use the cache of earlier tokens.
        link_scores: Logits of the last pass: (M, C) over candidates, or (M, N) over the table.
    """

    frozen = False
    soft = False
    links = False
    lasting = False
    every_pass = False

    def __init__(self, numbers: Sequence[int]) -> None:
        super().__init__()
        self.numbers = tuple(numbers)
        self.link_scores: Tensor | None = None
        self._knowledge: MentionKnowledge | None = None
        self._calls: dict[int, int] = {}
        self._hooked = 0

    def attach(self, layers: Sequence[nn.Module]) -> None:
        """Hook the layers; a layer that a backbone applies several times is hooked once."""
        for layer in dict.fromkeys(layers[number] for number in self.numbers):
            turns = [turn for turn, other in enumerate(layers) if other is layer]
            positions = {
                call: self.numbers.index(number)
                for call, number in enumerate(turns)
                if number in self.numbers
            }
            # A method, not a closure: a copy of the model must read its own knowledge.
            self.target(layer).register_forward_hook(partial(self._hook, positions, len(turns)))
            self._hooked += 1

    def target(self, layer: nn.Module) -> nn.Module:
        """The module of a layer that is hooked: the whole layer."""
        return layer

    def begin(self, knowledge: MentionKnowledge | None) -> None:
        """Start a pass."""
        self.link_scores = None
        self._knowledge = knowledge
        self._calls = {}

    def inputs(self, input_ids: Tensor, attention_mask: Tensor) -> dict[str, Any]:
        """The inputs of the backbone, by name."""
        return {"input_ids": input_ids, "attention_mask": attention_mask}

    def finish(self, hidden_BLD: Tensor) -> Tensor:
        """The backbone's last hidden states, as changed by the mechanism."""
        return hidden_BLD

    def end(self) -> None:
        """End a pass: the backbone is plain again.

        In training the knowledge stays, because gradient checkpointing runs the layers again in the
        backward pass.
        """
        if not self.training:
            self._knowledge = None

    @property
    def was_reached(self) -> bool:
        """Whether the last pass ran every hooked layer."""
        return len(self._calls) == self._hooked

    def after(self, place: int, hidden_BLD: Tensor, knowledge: MentionKnowledge) -> Tensor:
        """Hidden states of the same shape, after layer ``numbers[place]``."""
        raise NotImplementedError

    def _hook(
        self, places: dict[int, int], turns: int, layer: nn.Module, _inputs: object, output: Any
    ) -> Any:
        if self._knowledge is None:
            return None
        call = self._calls.get(id(layer), 0)
        self._calls[id(layer)] = call + 1
        place = places.get(call % turns)
        if place is None:
            return None
        if isinstance(output, tuple | list):  # hidden states first; GPT-1 gives a list
            return type(output)([self.after(place, output[0], self._knowledge), *output[1:]])
        return self.after(place, output, self._knowledge)
