"""Named modules on one frozen backbone, with the verbs of peft's ``PeftModel``.

A module is a fusion mechanism with its entity head. All modules of a model share its backbone,
tokenizer and entity vectors. The module that the model was trained with is called "default".
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import torch

from kptm.data.tokenize import TextEncoder
from kptm.errors import ConfigError
from kptm.fusion.backbones.backbone_parts import encoder_layers
from kptm.fusion.backbones.int8 import check_trainable
from kptm.fusion.entity_head import EntityHead
from kptm.fusion.mechanisms.factory import make_fusion
from kptm.fusion.modules.fused_module import DEFAULT, FusedModule
from kptm.fusion.modules.stacked_fusion import FusionStack

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from kptm.fusion.config import FusionConfig
    from kptm.fusion.fused_model import FusedModel

KINDS = ("gated", "knowbert", "memory", "adapter")
"""Kinds of fusion that only read the outputs of layers, so that several of them can be attached."""


class ModularModel:
    """A fused model with several named modules, of which one or more are active.

    The backbone is frozen, because all modules depend on it.

    Args:
        model: The model, whose own module becomes "default". It is changed in place: its
            ``fusion`` and ``head`` are those of the active modules.

    Attributes:
        model: The model; :func:`kptm.pretrain` trains the active modules.
        modules: The modules by name.

    Raises:
        ConfigError: The model's kind of fusion does not allow other modules beside it.
    """

    def __init__(self, model: FusedModel) -> None:
        check_kind(model.fusion_config)
        self.model = model
        own = FusedModule(model.fusion_config, model.fusion, model.head)
        self.modules: dict[str, FusedModule] = {DEFAULT: own}
        self._active: tuple[str, ...] = (DEFAULT,)

    @property
    def active_adapters(self) -> tuple[str, ...]:
        """The names of the active modules, in order; empty if all are switched off."""
        return self._active

    def add_adapter(self, name: str, config: FusionConfig | None = None, *, seed: int = 0) -> None:
        """Add a module, at first without effect on the words; it is not active yet.

        Args:
            name: Its name.
            config: Its mechanism and layers; by default those of the model's own module.
            seed: The seed of its weights.

        Raises:
            ConfigError: The name is taken, is empty or no name of a folder, or the kind of fusion
                cannot be one of several.
        """
        check_name(name)
        if name in self.modules:
            raise ConfigError(f"there is a module {name!r} already; choose another name")
        config = replace(config or self.modules[DEFAULT].config, seed=seed)
        check_kind(config)
        model = self.model
        check_trainable(model.backbone)
        layers = encoder_layers(model.backbone)
        wrong = [number for number in config.layers or () if not 0 <= number < len(layers)]
        if wrong:
            raise ConfigError(f"layers {wrong} are not among the backbone's 0–{len(layers) - 1}")
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(config.seed)
            fusion = make_fusion(model.backbone, model.embeddings.dim, config)
            width = config.head_width or model.hidden_size
            head = EntityHead(model.hidden_size, model.embeddings.dim, width)
        fusion.attach(layers)
        model.backbone.requires_grad_(False)
        self.modules[name] = FusedModule(config, fusion, head)

    def set_adapter(self, names: str | Sequence[str]) -> None:
        """Make a module active, or several, which are then stacked.

        Of several, all change the hidden states, and the entity head of the last one scores.

        Args:
            names: A name, or the names in order; an empty sequence switches all modules off.

        Raises:
            ConfigError: There is no such module, or one is named twice.
        """
        chosen = (names,) if isinstance(names, str) else tuple(names)
        unknown = [name for name in chosen if name not in self.modules]
        if unknown:
            known = ", ".join(self.modules)
            raise ConfigError(f"there is no module {unknown[0]!r}; there are {known}")
        if len(set(chosen)) < len(chosen):
            raise ConfigError(f"a module is named twice: {', '.join(chosen)}")
        model, own = self.model, [self.modules[name] for name in chosen]
        for module in self.modules.values():
            module.fusion.begin(None)  # after a training step it may still hold knowledge
        fusions = [module.fusion for module in own]
        model.fusion = fusions[0] if len(fusions) == 1 else FusionStack(fusions)
        model.head = own[-1].head if own else model.head
        for part in (model.fusion, model.head):
            part.to(device=model.device, dtype=model.backbone.dtype).train(model.training)
        self._active = chosen
        if own:
            model.fusion_config = own[-1].config
        model.encoder = TextEncoder(
            model.tokenizer,
            model.embeddings,
            model.encoder.max_length,
            candidates=model.fusion.soft,
            causal=model.causal,
        )

    @contextmanager
    def using(self, names: str | Sequence[str]) -> Iterator[None]:
        """Make modules active in a block, and the earlier ones again after it."""
        before = self._active
        self.set_adapter(names)
        try:
            yield
        finally:
            self.set_adapter(before)

    def disable_adapter(self) -> AbstractContextManager[None]:
        """Switch all modules off in a block: the model computes exactly what the backbone does."""
        return self.using(())

    def save_adapter(self, folder: str | Path, name: str) -> None:
        """Write a module to a folder of its own, without the backbone.

        Raises:
            ConfigError: There is no such module.
            ModelError: The folder cannot be written, or holds something else.
        """
        from kptm.fusion.modules.module_storage import save_module

        if name not in self.modules:
            raise ConfigError(f"there is no module {name!r}; there are {', '.join(self.modules)}")
        save_module(self.model, self.modules[name], folder)

    def load_adapter(self, folder: str | Path, name: str) -> None:
        """Add a module that :meth:`save_adapter` wrote; it is not active yet.

        Raises:
            ConfigError: The name is taken.
            ModelError: The folder is missing or damaged, or its module belongs to another model.
        """
        from kptm.fusion.modules.module_storage import read_module

        config, types, state = read_module(self.model, folder)
        self.add_adapter(name, config, seed=config.seed)
        self.modules[name].types = types
        self.modules[name].load_weights(state)


def check_kind(config: FusionConfig) -> None:
    """Refuse a kind of fusion of which there cannot be several.

    Raises:
        ConfigError: The kind reads or changes the inside of the layers.
    """
    if config.kind not in KINDS:
        raise ConfigError(f"modules are of the kinds {', '.join(KINDS)}, not {config.kind!r}")


def check_name(name: str) -> None:
    """Refuse a name that cannot be the name of a folder.

    Raises:
        ConfigError: The name is empty, starts with a dot, or has a slash.
    """
    if not name or name.startswith(".") or any(char in name for char in "/\\\0"):
        raise ConfigError(f"{name!r} cannot be the name of a module; use letters and digits")
