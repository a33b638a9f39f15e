"""The processes that ``accelerate launch`` started; one where nothing launched it."""

from __future__ import annotations

from datetime import timedelta

import torch
from accelerate import PartialState

from kg.embedding.devices import choose_device
from kptm.errors import ConfigError

PATIENCE = timedelta(days=7)
"""How long processes wait for each other."""


def processes() -> PartialState:
    """Which of how many this one is.

    accelerate has to be told that there is no accelerator, or it does not see the others of a CPU.
    They wait as long as the first one links texts.
    """
    return PartialState(cpu=not torch.accelerator.is_available(), timeout=PATIENCE)


def trains_on_cpu(device: str) -> bool:
    """Whether a training on the device of a name is one on the CPU.

    Raises:
        ConfigError: One of several devices is named: the Trainer takes all that it sees.
        EmbeddingError: There is no such device.
    """
    if ":" in device:
        raise ConfigError(
            f"device {device!r}: a training has all devices that it sees; show it one"
            " (CUDA_VISIBLE_DEVICES=1) and name its kind"
        )
    return choose_device(device) == "cpu"
