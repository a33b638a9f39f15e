"""Any Hugging Face language model as a backbone, from a folder, a config or a model."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from kptm.errors import ModelError
from kptm.fusion.backbones.origin import Origin

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

logger = logging.getLogger(__name__)

MAX_NAMED_WEIGHTS = 5
"""The maximum number of names of weights in a message."""


@contextmanager
def quiet_transformers() -> Iterator[None]:
    """Silence the log and progress bars of transformers; kptm shows its own progress."""
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


def build_backbone(backbone: Any, seed: int) -> tuple[Any, Origin]:
    """A language model from a folder, a config, or a model: masked if possible, else causal.

    Raises:
        ModelError: The folder holds no such model, or it is an encoder turned into a decoder.
    """
    from transformers import PretrainedConfig, PreTrainedModel

    origin = Origin()
    if isinstance(backbone, str | Path):
        model, origin = _read(backbone, seed)
    elif isinstance(backbone, PretrainedConfig):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            try:
                model = _class_of(backbone).from_config(backbone, trust_remote_code=False)
            except Exception as error:  # a family's code may fail on unusual settings
                raise ModelError(
                    f"{type(backbone).__name__}: no language model can be built from it;"
                    " use a config of a BERT or GPT"
                    f" family ({type(error).__name__}: {_first_line(error)})"
                ) from error
    elif isinstance(backbone, PreTrainedModel):
        model = backbone
        origin = Origin(trained=bool(model.name_or_path))  # the path that transformers read it from
    else:
        raise ModelError(
            f"a backbone is a path, a Hugging Face config or a model, not {type(backbone).__name__}"
        )
    settings = model.config
    if not _has_language_model(settings):
        raise ModelError(
            f"{type(model).__name__}: transformers has no language model of a"
            f" {type(settings).__name__}, so that it"
            " could not be read again after it is saved; this family cannot be fused"
        )
    if getattr(settings, "is_decoder", False) or getattr(settings, "is_encoder_decoder", False):
        raise ModelError(
            f"{type(model).__name__} is neither an encoder nor a plain decoder; use a model of a"
            " BERT or GPT family"
        )
    return model, origin


def _read(backbone: str | Path, seed: int) -> tuple[Any, Origin]:
    """Read a complete language model; transformers alone would initialise missing weights randomly.

    Raises:
        ModelError: The model is missing or damaged, or weights of its layers are missing.
    """
    from transformers import AutoConfig

    local = {"trust_remote_code": False, "local_files_only": Path(backbone).exists()}
    try:
        with quiet_transformers(), torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)  # the new head's weights
            kind = _class_of(AutoConfig.from_pretrained(str(backbone), **local))
            model, report = kind.from_pretrained(str(backbone), output_loading_info=True, **local)
    except Exception as error:  # a damaged file may raise anything
        raise ModelError(
            f"{backbone}: no language model there; name a folder or hub model of a BERT or GPT"
            f" family, or download it again ({type(error).__name__}: {_first_line(error)})"
        ) from error
    missing = sorted(report["missing_keys"])
    inside = [name for name in missing if name.startswith(f"{model.base_model_prefix}.")]
    if inside:
        raise ModelError(
            f"{backbone}: {len(inside)} of the model's weights are missing: {_some(inside)};"
            " download or save it again"
        )
    if missing:
        logger.warning(
            "%s: the checkpoint has no language-model head;"
            " a new one has random weights and must be trained (%s)",
            backbone,
            _some(missing),
        )
    return model, Origin(trained=True, new_head=bool(missing))


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:MAX_NAMED_WEIGHTS]) + (
        f", and {len(names) - MAX_NAMED_WEIGHTS} more" if names[MAX_NAMED_WEIGHTS:] else ""
    )


def is_causal(config: Any) -> bool:
    """Whether a configuration is that of a decoder, with causal attention."""
    from transformers import MODEL_FOR_CAUSAL_LM_MAPPING, MODEL_FOR_MASKED_LM_MAPPING

    return type(config) in MODEL_FOR_CAUSAL_LM_MAPPING and (
        type(config) not in MODEL_FOR_MASKED_LM_MAPPING
    )


def _has_language_model(config: Any) -> bool:
    """Whether transformers has a language model for a configuration, masked or causal."""
    from transformers import MODEL_FOR_CAUSAL_LM_MAPPING, MODEL_FOR_MASKED_LM_MAPPING

    kind = type(config)
    return kind in MODEL_FOR_MASKED_LM_MAPPING or kind in MODEL_FOR_CAUSAL_LM_MAPPING


def _class_of(config: Any) -> Any:
    from transformers import AutoModelForCausalLM, AutoModelForMaskedLM

    return AutoModelForCausalLM if is_causal(config) else AutoModelForMaskedLM


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]
