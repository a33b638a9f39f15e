"""Any Hugging Face masked language model as a backbone: built, looked into, never changed."""

from __future__ import annotations

from contextlib import contextmanager
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from safetensors import SafetensorError
from torch import nn

from kptm.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from torch import Tensor


@contextmanager
def quiet_transformers() -> Iterator[None]:
    """Keep transformers' own chatter and progress bars away: progress is ours to show."""
    from transformers.utils import logging

    level, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()


def build_backbone(backbone: Any, seed: int) -> Any:
    """A masked language model from a folder, a Hugging Face config, or a model.

    Raises:
        ModelError: The folder holds no such model, or the model is a decoder.
    """
    from transformers import AutoModelForMaskedLM, PretrainedConfig, PreTrainedModel

    if isinstance(backbone, str | Path):
        try:
            model = AutoModelForMaskedLM.from_pretrained(
                str(backbone), trust_remote_code=False, local_files_only=Path(backbone).exists()
            )
        except (OSError, ValueError, SafetensorError) as error:
            raise ModelError(
                f"{backbone}: no masked language model there; name a folder or hub model of a BERT"
                f" family ({_first_line(error)})"
            ) from error
    elif isinstance(backbone, PretrainedConfig):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            try:
                model = AutoModelForMaskedLM.from_config(backbone, trust_remote_code=False)
            except ValueError as error:
                raise ModelError(
                    f"{type(backbone).__name__}: no masked language model; take a config of a BERT"
                    f" family ({_first_line(error)})"
                ) from error
    elif isinstance(backbone, PreTrainedModel):
        model = backbone
    else:
        raise ModelError(
            f"a backbone is a path, a Hugging Face config or a model, not {type(backbone).__name__}"
        )
    settings = model.config
    if getattr(settings, "is_decoder", False) or getattr(settings, "is_encoder_decoder", False):
        raise ModelError(
            f"{type(model).__name__} is a decoder, which sees no blank's right side; take an encoder"
        )
    return model


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]


def encoder_layers(backbone: Any) -> Sequence[nn.Module]:
    """The stack of Transformer layers, found by its length, not by the family's name.

    Raises:
        ModelError: There is no such stack, or more than one.
    """
    count = getattr(backbone.config, "num_hidden_layers", None)
    groups = getattr(getattr(backbone.base_model, "encoder", None), "albert_layer_groups", None)
    if groups is not None:  # ALBERT: one layer, gone through many times
        inner = [layer for group in groups for layer in group.albert_layers]
        if len(inner) == 1:
            return inner * int(count or 0)
    stacks = [
        module
        for module in backbone.modules()
        if isinstance(module, nn.ModuleList) and len(module) == count
    ]
    if len(stacks) != 1:
        raise ModelError(
            f"{type(backbone).__name__}: found {len(stacks)} stacks of {count} layers, need one;"
            " this family cannot be wrapped yet"
        )
    return stacks[0]  # type: ignore[return-value]


def inner_map(layer: nn.Module) -> Any:
    """The first linear map of a layer's feed-forward part, before the activation; found by its shape.

    Raises:
        ModelError: There is none that widens.
    """
    wider = [
        module
        for module in layer.modules()
        if isinstance(module, nn.Linear) and module.out_features > module.in_features
    ]
    if not wider:
        raise ModelError(
            f"{type(layer).__name__}: no feed-forward part that widens was found; this family cannot be"
            " wrapped by this kind of fusion yet"
        )
    return max(wider, key=lambda module: module.out_features)


def max_positions(backbone: Any, wanted: int) -> int:
    """How many tokens a text may have: ``wanted`` or what the backbone has positions for."""
    positions = getattr(backbone.config, "max_position_embeddings", wanted)
    for name, module in backbone.named_modules():
        padding = getattr(module, "padding_idx", None)
        if name.endswith("position_embeddings") and padding is not None:
            positions -= padding + 1  # RoBERTa and its kin count positions from behind padding
    return int(min(wanted, positions))


_HEADS = (
    ("cls.predictions",),  # BERT
    ("predictions",),  # ALBERT
    ("lm_head",),  # RoBERTa, XLM-R, CamemBERT, MPNet
    ("vocab_transform", "activation", "vocab_layer_norm", "vocab_projector"),  # DistilBERT
    ("generator_predictions", "generator_lm_head"),  # ELECTRA
    ("head", "decoder"),  # ModernBERT
)


def language_model_head(backbone: Any) -> list[Callable[[Tensor], Tensor]]:
    """What turns hidden states into logits, step by step, whatever the family calls it.

    Raises:
        ModelError: The backbone has no such head, or one that is not known here.
    """
    for names in _HEADS:
        try:
            return [attrgetter(name)(backbone) for name in names]
        except AttributeError:
            continue
    raise ModelError(
        f"{type(backbone).__name__} has no language-model head that is known here; take the"
        " ForMaskedLM class of BERT, RoBERTa, DistilBERT, ALBERT, ELECTRA, DeBERTa or ModernBERT"
    )
