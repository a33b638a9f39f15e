"""The processes that ``accelerate launch`` started; one where nothing launched it."""

from __future__ import annotations

from datetime import timedelta

import torch
from accelerate import PartialState

PATIENCE = timedelta(days=7)
"""How long processes wait for each other."""


def processes() -> PartialState:
    """Which of how many this one is.

    accelerate has to be told that there is no accelerator, or it does not see the others of a CPU.
    They wait as long as the first one links texts.
    """
    return PartialState(cpu=not torch.accelerator.is_available(), timeout=PATIENCE)
