"""The processes that ``accelerate launch`` started; one where nothing launched it."""

from __future__ import annotations

import torch
from accelerate import PartialState


def processes() -> PartialState:
    """Which of how many this one is.

    accelerate has to be told that there is no accelerator, or it does not see the others of a CPU.
    """
    return PartialState(cpu=not torch.accelerator.is_available())
