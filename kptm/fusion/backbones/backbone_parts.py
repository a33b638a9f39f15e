"""The parts of a backbone that fusion needs: base model, sizes, layers, feed-forward maps.

Families name and nest these parts differently. Each part is found by its properties, not by the
family's name.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from torch import nn

from kptm.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

DEFAULT_HEAD_WIDTH = 64
"""The width of an attention head in a family without attention (state-space models)."""


def base_model(backbone: Any) -> Any:
    """The model below the language-model head, whose last hidden states the head reads.

    Raises:
        ModelError: The backbone has no head, so that it is its own base model.
    """
    base = backbone.base_model
    if base is backbone:  # Llama 4 names a base that only its multimodal class has
        base = getattr(backbone, "model", backbone)
    if base is backbone:
        raise ModelError(
            f"{type(backbone).__name__} has no language-model head beside its base model;"
            " take the family's ForMaskedLM or ForCausalLM class"
        )
    return base


def text_config(backbone: Any) -> Any:
    """The configuration of the text model, which multimodal configurations nest."""
    return backbone.config.get_text_config()


def hidden_size(backbone: Any) -> int:
    """D, the width of the layers.

    Raises:
        ModelError: The family has no such width.
    """
    width = getattr(text_config(backbone), "hidden_size", None)
    if width is None:
        raise ModelError(
            f"{type(backbone).__name__}: layers have no common width; this family cannot be fused"
        )
    return int(width)


def attention_heads(backbone: Any) -> int:
    """Attention heads of a layer; without attention, the usual number for the width."""
    heads = getattr(text_config(backbone), "num_attention_heads", None)
    return int(heads or max(1, hidden_size(backbone) // DEFAULT_HEAD_WIDTH))


def vocabulary_size(backbone: Any) -> int:
    """Number of token embeddings."""
    weight = getattr(backbone.get_input_embeddings(), "weight", None)
    return int(text_config(backbone).vocab_size if weight is None else weight.shape[0])


def takes(module: Any, name: str) -> bool:
    """Whether a module's ``forward`` takes a parameter of a name, or any keyword."""
    parameters = inspect.signature(module.forward).parameters
    return name in parameters or any(
        parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in parameters.values()
    )


def encoder_layers(backbone: Any) -> Sequence[nn.Module]:
    """The stack of Transformer layers, found by its length.

    Raises:
        ModelError: There is no such stack, or more than one.
    """
    count = getattr(text_config(backbone), "num_hidden_layers", None)
    base = backbone.base_model
    groups = getattr(getattr(base, "encoder", None), "albert_layer_groups", None)
    if groups is not None:  # ALBERT: one layer, applied many times
        inner = [layer for group in groups for layer in group.albert_layers]
        if len(inner) == 1:
            return inner * int(count or 0)
    stacks = _stacks(backbone.modules(), count)
    if len(stacks) > 1:  # multimodal models have further stacks beside the text's
        text = backbone.get_decoder()
        stacks = _stacks(text.children(), count) or _stacks(text.modules(), count)
    if len(stacks) != 1:
        raise ModelError(
            f"{type(backbone).__name__}: found {len(stacks)} stacks of {count} layers, not one:"
            " its layers are not a sequence of modules; this family cannot be fused"
        )
    return stacks[0]  # type: ignore[return-value]


def _stacks(modules: Iterable[nn.Module], count: int | None) -> list[nn.ModuleList]:
    return [
        module for module in modules if isinstance(module, nn.ModuleList) and len(module) == count
    ]


def ffn_up_projection(layer: nn.Module) -> Any:
    """The up-projection of a layer's feed-forward part, found by its shape.

    Raises:
        ModelError: There is no linear layer that widens.
    """
    wider = [module for module in layer.modules() if _width(module) > 1]
    if not wider:
        raise ModelError(
            f"{type(layer).__name__}: no feed-forward part that widens was found;"
            " this family cannot be wrapped by this kind of fusion yet"
        )
    return max(wider, key=_width)


def out_features(linear: Any) -> int:
    """Output width of a linear layer."""
    return int(linear.weight.shape[0] if isinstance(linear, nn.Linear) else linear.nf)


def _width(module: nn.Module) -> float:
    """Output width less input width of a linear layer; 0 for other modules."""
    from transformers.pytorch_utils import Conv1D  # GPT-2's linear layer

    if isinstance(module, nn.Linear | Conv1D):
        return out_features(module) / int(module.weight.numel() / out_features(module))
    return 0.0


def max_positions(backbone: Any, wanted: int) -> int:
    """The maximum number of tokens of a text: ``wanted``, limited by the backbone's positions."""
    positions = getattr(text_config(backbone), "max_position_embeddings", None)
    return wanted if positions is None else int(min(wanted, positions - first_position(backbone)))


def first_position(backbone: Any) -> int:
    """The position of a text's first token: 0, or one after the padding's for RoBERTa and kin."""
    for name, module in backbone.named_modules():
        padding = getattr(module, "padding_idx", None)
        if name.endswith("position_embeddings") and padding is not None:
            return int(padding) + 1
    return 0
