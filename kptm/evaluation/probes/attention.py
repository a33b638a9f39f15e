"""Statistics of attention heads (Clark et al. 2019, section 3), with and without knowledge.

They are computed on texts and on texts with shuffled tokens, over all tokens i except padding, with
the attention a_ij to token j:

    entropy = −Σ_j a_ij ln a_ij (nats)    distance = Σ_j a_ij |i − j| (tokens)
    mentions = Σ_{j in a mention} a_ij    first = a_i0

Shapes: S layers, H heads, B texts, L tokens.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import torch

from kptm.data import EncodedText
from kptm.errors import ConfigError, ModelError
from kptm.evaluation.probes.config import ProbeConfig
from kptm.evaluation.probes.watching import batches, eval_mode, head_attention

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from torch import Tensor

    from kptm.data.tokenize import TokenSpan
    from kptm.fusion import FusedModel
    from kptm.linking import LinkedText

MEASURES = ("entropy", "mentions", "distance", "first")
_UNSEEN = {
    "luke": "computes attention itself, so that it cannot be observed",
    "kblam": "needs its own attention to facts, which these measures would replace",
    "kbert": "adds the tokens of facts, but these measures only know the text's tokens",
}


@dataclass(frozen=True, slots=True)
class HeadStatistics:
    """Statistics of all heads, averaged over tokens; each array has shape (S, H).

    Attributes:
        entropy_SH: The entropy of a head's attention, in nats. mentions_SH: The attention to tokens
        of mentions whose entity has a vector, injected or not. distance_SH: The mean distance of
        the attention, in tokens. first_SH: The attention to the first token.
        tokens: The number of tokens averaged over.
    """

    entropy_SH: NDArray[np.float64]
    mentions_SH: NDArray[np.float64]
    distance_SH: NDArray[np.float64]
    first_SH: NDArray[np.float64]
    tokens: int

    def measures(self) -> dict[str, NDArray[np.float64]]:
        """The four arrays by name."""
        values = (self.entropy_SH, self.mentions_SH, self.distance_SH, self.first_SH)
        return dict(zip(MEASURES, values, strict=True))


def probe_attention(
    model: FusedModel, documents: Sequence[LinkedText], *, config: ProbeConfig | None = None
) -> dict[str, HeadStatistics]:
    """The statistics for "knowledge", "plain", "knowledge, shuffled" and "plain, shuffled".

    The results have no "knowledge" for the fusion "luke", whose attention weights cannot be read,
    nor for "kbert", whose attention covers additional tokens.

    Raises:
        ConfigError: There is no text.
        ModelError: The backbone does not show its attention.
    """
    config = config or ProbeConfig()
    rng = np.random.default_rng(config.seed)
    encoded = [model.encoder.encode(document) for document in documents]
    mixed = [shuffle_tokens(text, _fixed_positions(model), rng) for text in encoded]
    statistics = {}
    for ending, texts in (("", encoded), (", shuffled", mixed)):
        for name, with_knowledge in (("knowledge", True), ("plain", False)):
            if not (with_knowledge and model.fusion_config.kind in _UNSEEN):
                statistics[name + ending] = attention_statistics(
                    model, texts, with_knowledge=with_knowledge, batch_size=config.batch_size
                )
    return statistics


def attention_statistics(
    model: FusedModel,
    texts: Sequence[EncodedText],
    *,
    with_knowledge: bool = True,
    batch_size: int = 16,
) -> HeadStatistics:
    """Statistics over the tokens of ``texts``; the model is not changed.

    Raises:
        ConfigError: There is no text.
        ModelError: The backbone does not show its attention.
    """
    if not texts:
        raise ConfigError("attention is measured on texts; give at least one")
    kind = model.fusion_config.kind
    if with_knowledge and kind in _UNSEEN:
        raise ModelError(
            f"fusion of kind {kind} {_UNSEEN[kind]}; measure it with with_knowledge=False, or use a"
            " model of another kind"
        )
    sums: list[Tensor] = []
    tokens = 0
    with eval_mode(model), head_attention(model) as seen:
        for numbers, tensors in batches(model, texts, batch_size, with_knowledge=with_knowledge):
            model(**tensors)
            real_BL = tensors["attention_mask"].bool().cpu()
            named_BL = torch.zeros_like(real_BL)
            for place, number in enumerate(numbers):
                for span in texts[number].spans:
                    named_BL[place, span.start : span.end] |= span.row is not None
            sums.append(torch.stack([_sums(each.cpu(), real_BL, named_BL) for each in seen], 1))
            tokens += int(real_BL.sum())
    entropy, mentions, distance, first = (torch.stack(sums).sum(0) / tokens).numpy()
    return HeadStatistics(entropy, mentions, distance, first, tokens)


def _sums(attention_BHLL: Tensor, real_BL: Tensor, named_BL: Tensor) -> Tensor:
    """The four measures of a layer, summed over tokens, shape (4, H)."""
    a_BHLL = attention_BHLL.double()
    place_L = torch.arange(a_BHLL.shape[-1])
    far_LL = (place_L[:, None] - place_L[None, :]).abs()
    by_token = (
        # xlogy is 0 at 0, where x · log x is NaN.
        -torch.special.xlogy(a_BHLL, a_BHLL).sum(-1),
        (a_BHLL * named_BL[:, None, None, :]).sum(-1),
        (a_BHLL * far_LL).sum(-1),
        a_BHLL[..., 0],
    )
    return torch.stack([(value * real_BL[:, None, :]).sum((0, 2)) for value in by_token])


def shuffle_tokens(
    text: EncodedText, fixed: frozenset[int], rng: np.random.Generator
) -> EncodedText:
    """Shuffle the tokens of a text; mentions stay whole, outer special tokens stay in place.

    Args:
        text: The text.
        fixed: Ids of special tokens that stay at the ends.
        rng: The generator of the order.
    """
    first, last = 0, len(text.ids)
    while first < last and text.ids[first] in fixed:
        first += 1
    while last > first and text.ids[last - 1] in fixed:
        last -= 1
    spans = {span.start: span for span in text.spans}
    units: list[tuple[int, int, TokenSpan | None]] = []
    position = first
    while position < last:
        span = spans.get(position)
        end = position + 1 if span is None else span.end
        units.append((position, end, span))
        position = end
    ids, moved = list(text.ids[:first]), []
    for number in rng.permutation(len(units)):
        start, end, span = units[number]
        if span is not None:
            place = len(ids)
            moved.append(replace(span, start=place, end=place + end - start))
        ids += text.ids[start:end]
    return EncodedText((*ids, *text.ids[last:]), tuple(moved))


def _fixed_positions(model: FusedModel) -> frozenset[int]:
    own = model.tokenizer
    ids = (own.bos_token_id, own.eos_token_id, own.cls_token_id, own.sep_token_id)
    return frozenset(each for each in ids if each is not None)
