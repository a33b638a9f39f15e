"""Removes layers: chooses those that a student keeps, and where knowledge enters it."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

from kptm.compression.student import check_kind, fuse_again
from kptm.errors import ConfigError
from kptm.fusion.backbones.backbone_parts import encoder_layers
from kptm.fusion.backbones.lora import merged_state

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from kptm.fusion import FusedModel


def spread_layers(count: int, kept: int) -> tuple[int, ...]:
    """The numbers, from 0, of the ``kept`` layers that a student keeps of ``count``.

    TinyBERT's uniform map (Jiao et al. 2020, section 4.1), which keeps the last: 1, 3, 5 for 3 of
    6.

    Raises:
        ConfigError: ``kept`` is not from 1 to ``count`` − 1.
    """
    if not 0 < kept < count:
        raise ConfigError(f"the model has {count} layers; keep fewer, from 1 to {count - 1}")
    return tuple((place + 1) * count // kept - 1 for place in range(kept))


def drop_layers(model: FusedModel, count: int) -> FusedModel:
    """A copy of a model with ``count`` of its layers, which then needs distillation.

    Raises:
        ConfigError: The model does not have more layers, or knowledge enters it after more than
            ``count`` of them.
        ModelError: Layers cannot be removed from this family of models.
    """
    check_kind(model)
    layers = encoder_layers(model.backbone)
    numbers = spread_layers(len(layers), count)
    if len({id(layer) for layer in layers}) < len(layers):
        raise ConfigError("the layers share their weights, so fewer would not make a smaller model")
    names = [
        name
        for name, part in model.backbone.named_modules()
        if part is layers  # encoder_layers returns the stack itself
    ]
    config = copy.deepcopy(model.backbone.config)
    text = config.get_text_config()
    text.num_hidden_layers = count
    if getattr(text, "layer_types", None):  # families whose layers differ
        text.layer_types = [text.layer_types[number] for number in numbers]
    state = _renumber(merged_state(model.backbone), f"{names[0]}.", numbers)
    return fuse_again(model, config, state, _places(model.fusion.numbers, numbers))


def _renumber(state: dict[str, Tensor], stack: str, numbers: Sequence[int]) -> dict[str, Tensor]:
    """The weights outside the layers, and those of the kept layers with new numbers."""
    state_of_student = {}
    for name, value in state.items():
        if not name.startswith(stack):
            state_of_student[name] = value
            continue
        number, _, name_in_layer = name.removeprefix(stack).partition(".")
        if int(number) in numbers:
            state_of_student[f"{stack}{numbers.index(int(number))}.{name_in_layer}"] = value
    return state_of_student


def _places(numbers: Sequence[int], layers: Sequence[int]) -> tuple[int, ...]:
    """The student's layers nearest to those after which knowledge entered; on ties the earlier."""
    positions = tuple(
        min(range(len(layers)), key=lambda place: (abs(layers[place] - number), place))
        for number in numbers
    )
    if len(set(positions)) < len(positions):
        raise ConfigError(
            f"knowledge enters after {len(numbers)} layers, but only {len(layers)} are kept;"
            " keep more"
        )
    return positions
