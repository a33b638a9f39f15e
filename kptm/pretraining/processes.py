"""The processes that ``accelerate launch`` started, or the single one without it."""

from __future__ import annotations

from datetime import timedelta

import torch
from accelerate import PartialState

from kg.embedding.devices import choose_device
from kptm.errors import ConfigError

PATIENCE = timedelta(days=7)
"""How long processes wait for each other; the others wait while the main one links texts."""


def processes() -> PartialState:
    """The number of processes, and the number of this one."""
    # Without an accelerator, accelerate finds the other processes only if cpu is set.
    return PartialState(cpu=not torch.accelerator.is_available(), timeout=PATIENCE)


def trains_on_cpu(device: str) -> bool:
    """Whether a training on the named device is a training on the CPU.

    Raises:
        ConfigError: One of several devices is named, but the Trainer uses all visible devices.
        EmbeddingError: There is no such device.
    """
    if ":" in device:
        raise ConfigError(
            f"device {device!r}: a training uses all visible devices; make one visible"
            " (CUDA_VISIBLE_DEVICES=1) and name its kind"
        )
    return choose_device(device) == "cpu"
