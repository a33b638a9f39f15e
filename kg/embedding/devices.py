"""Chooses the device of tensors: an accelerator, or the CPU."""

from __future__ import annotations

from kg.errors import EmbeddingError

AUTO = "auto"


def choose_device(name: str = AUTO) -> str:
    """Choose the device with a name; return torch's name for it.

    Args:
        name: "auto" takes the accelerator if there is one, else the CPU; or "cpu", "cuda",
            "cuda:1", "mps", "xpu".

    Raises:
        EmbeddingError: There is no such device here.
    """
    import torch

    has_accelerator = torch.accelerator.is_available()
    accelerator = torch.accelerator.current_accelerator() if has_accelerator else None
    kind = "cpu" if accelerator is None else str(accelerator.type)
    if name == AUTO:
        return kind
    wanted, _, number = name.partition(":")
    count = 1 if wanted == "cpu" else torch.accelerator.device_count() if wanted == kind else 0
    if (number and not number.isdecimal()) or int(number or 0) >= count:
        known = "cpu" if kind == "cpu" else f"cpu, {kind}"
        raise EmbeddingError(f"there is no device {name!r} here; there are auto, {known}")
    return name
