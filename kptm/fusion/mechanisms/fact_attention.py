"""Attention of a layer over facts and tokens together: KBLaM's rectangular attention.

Wang et al. 2025, "KBLaM: Knowledge Base augmented Language Model", equations 6 to 9. Token n
attends to all M facts and to the tokens i that it sees; facts attend to nothing:

    a_nm = q̃_n·k̃_m / √d + ln C − ln M        a_ni = q_n·k_i / √d
    y_n = Σ_m softmax(a_n)_m ṽ_m + Σ_i softmax(a_n)_i v_i

One softmax over both. ln C − ln M keeps the facts' share of the attention, however many there are.
The function is one of transformers' attention implementations, so that families, caches, rotary
positions and masks stay their own. A layer without facts in a pass runs its own implementation.

Shapes: B texts, H heads, L tokens of the pass, S tokens with those of the cache, M facts, d the
width of a head.
"""

from __future__ import annotations

import inspect
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch.nn import functional as F

from kptm.errors import ModelError

if TYPE_CHECKING:
    from torch import Tensor, nn

PREFIX = "kptm_facts_"
FACTS = "_kptm_facts"
"""The attribute of an attention module that holds a pass's facts."""

C = 100.0
"""The paper's constant: facts at logit 0, however many, weigh as much as C tokens at logit 0."""

BASES = ("sdpa", "eager")


@dataclass(slots=True)
class FactAttention:
    """The facts of one layer in one pass.

    Attributes:
        query_BHLd: The tokens' queries to facts.
        key_HMd: The facts' keys.
        value_HMd: Their values.
        reads_BL: Whether a token reads facts.
        watching: Whether the attention to each fact is stored.
        weights_BHLM: The attention to each fact after the pass, if it is stored.
        was_read: Whether the layer attended.
    """

    query_BHLd: Tensor
    key_HMd: Tensor
    value_HMd: Tensor
    reads_BL: Tensor
    watching: bool = False
    weights_BHLM: Tensor | None = None
    was_read: bool = False

    def attend(
        self, query: Tensor, key: Tensor, value: Tensor, seen: Tensor | None, scaling: float
    ) -> Tensor:
        """The attended values, (B, L, H, d).

        Args:
            query: (B, H, L, d).
            key: (B, H, S, d).
            value: (B, H, S, d).
            seen: The additive mask of the tokens' logits, or None.
            scaling: The factor of the tokens' logits.
        """
        self.was_read = True
        facts, width = self.key_HMd.shape[1:]
        # One attention of twice the width: facts meet the first half of a query, tokens the other.
        # Torch's kernels can compute it, without storing a matrix of all tokens and facts.
        query = torch.cat([self.query_BHLd / math.sqrt(width), query * scaling], -1)
        key = torch.cat([_pad_right(self.key_HMd, len(query)), _pad_left(key)], 2)
        value = torch.cat([_pad_right(self.value_HMd, len(query)), _pad_right(value)], 2)
        bias = self._bias(seen, key.shape[2]).to(query.dtype)
        if self.watching:
            weights = (query @ key.mT + bias).softmax(-1)
            self.weights_BHLM = weights[..., :facts]
            attended = weights @ value
        else:
            attended = F.scaled_dot_product_attention(query, key, value, attn_mask=bias, scale=1.0)
        return attended[..., :width].transpose(1, 2).contiguous()

    def _bias(self, seen: Tensor | None, keys: int) -> Tensor:
        """The additive mask of the logits of facts and tokens, (B, 1, L, M + S)."""
        facts = self.key_HMd.shape[1]
        count, length = self.reads_BL.shape
        bias = self.key_HMd.new_zeros((count, 1, length, keys), dtype=torch.float32)
        # Finite, like the numbers that mask tokens.
        minimum = torch.finfo(self.key_HMd.dtype).min
        shift = math.log(C) - math.log(max(1, facts))
        bias[..., :facts] = torch.where(self.reads_BL, shift, minimum)[:, None, :, None]
        if seen is not None:
            bias[..., facts:] = seen
        return bias.clamp(min=minimum)


def _pad_right(rows: Tensor, count: int = 0) -> Tensor:
    """Rows of twice the width, with zeros on the right; repeated for ``count`` texts if given."""
    wider = F.pad(rows, (0, rows.shape[-1]))
    return wider.expand(count, *wider.shape) if count else wider


def _pad_left(rows: Tensor) -> Tensor:
    return F.pad(rows, (rows.shape[-1], 0))


def attention_module(layer: nn.Module) -> Any:
    """The module of a layer that calls transformers' attention interface.

    Raises:
        ModelError: The layer has no such module, or several.
    """
    modules = [module for module in layer.modules() if _calls_interface(module)]
    if len(modules) != 1:
        raise ModelError(
            f"{type(layer).__name__}: {len(modules)} modules attend by transformers' attention"
            " interface, but kind 'kblam' needs exactly one; use another kind of fusion"
        )
    return modules[0]


def _calls_interface(module: nn.Module) -> bool:
    forward: Any = inspect.unwrap(type(module).forward)
    code = getattr(forward, "__code__", None)
    return code is not None and "ALL_ATTENTION_FUNCTIONS" in code.co_names


def attend_to_facts(backbone: Any) -> None:
    """Let a backbone attend by this module's function; without facts its results do not change.

    Raises:
        ModelError: The backbone attends by neither of :data:`BASES`.
    """
    from transformers import AttentionInterface, AttentionMaskInterface
    from transformers.masking_utils import ALL_MASK_ATTENTION_FUNCTIONS

    base = str(backbone.config._attn_implementation).removeprefix(PREFIX)
    if base not in BASES:
        raise ModelError(
            f"kind 'kblam' supports the attention implementations {', '.join(BASES)},"
            f" not {base!r}; load the backbone with one of these"
        )
    AttentionInterface.register(PREFIX + base, {"sdpa": _sdpa, "eager": _eager}[base])
    AttentionMaskInterface.register(PREFIX + base, ALL_MASK_ATTENTION_FUNCTIONS[base])
    backbone.set_attn_implementation(PREFIX + base)


def _sdpa(
    module: Any, query: Tensor, key: Tensor, value: Tensor, attention_mask: Any, **options: Any
) -> Any:
    from transformers.integrations.sdpa_attention import sdpa_attention_forward

    facts = getattr(module, FACTS, None)
    if facts is None:
        return sdpa_attention_forward(module, query, key, value, attention_mask, **options)
    return _with_facts(facts, module, query, key, value, attention_mask, **options)


def _eager(
    module: Any, query: Tensor, key: Tensor, value: Tensor, attention_mask: Any, **options: Any
) -> Any:
    facts = getattr(module, FACTS, None)
    if facts is None:
        family = inspect.unwrap(type(module).forward).__globals__
        return family["eager_attention_forward"](
            module, query, key, value, attention_mask, **options
        )
    return _with_facts(facts, module, query, key, value, attention_mask, **options)


def _with_facts(
    facts: FactAttention,
    module: Any,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    *,
    scaling: float | None = None,
    is_causal: bool | None = None,
    dropout: float = 0.0,
    **options: Any,
) -> tuple[Tensor, None]:
    """Attention over facts and tokens; the tokens' part has no dropout."""
    for name in ("softcap", "s_aux", "position_bias"):
        if options.get(name) is not None:
            raise ModelError(f"kind 'kblam' does not know attention with {name}")
    heads = query.shape[1]
    key, value = (part.repeat_interleave(heads // part.shape[1], 1) for part in (key, value))
    causal = getattr(module, "is_causal", True) if is_causal is None else is_causal
    seen = _mask(attention_mask, query.shape[2], key, causal=bool(causal))
    scaling = query.shape[-1] ** -0.5 if scaling is None else scaling
    return facts.attend(query, key, value, seen, scaling), None


def _mask(mask: Tensor | None, length: int, key: Tensor, *, causal: bool) -> Tensor | None:
    """The additive mask of the tokens; without a mask, a causal module sees earlier tokens."""
    total = key.shape[2]
    if mask is None:
        if not causal or length == 1:
            return None
        mask = torch.ones(length, total, dtype=torch.bool, device=key.device)
        mask = mask.tril(total - length)
    mask = mask[..., :total]
    if mask.dtype != torch.bool:
        return mask.float()
    # A row of padding may see nothing; a finite number keeps its softmax finite.
    minimum = torch.finfo(torch.float32).min
    return torch.zeros(mask.shape, device=mask.device).masked_fill(~mask, minimum)
