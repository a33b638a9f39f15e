"""Stamps change when a tensor or file changes, and cost much less than a hash."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


def tensor_stamp(value: torch.Tensor) -> tuple[object, ...]:
    """Return address, version counter, dtype, shape and the sum of the bits as 64-bit integers.

    Autograd's version counter counts every in-place operation. The sum detects writes that bypass
    the counter, through ``.data`` or a NumPy array that shares the memory, unless they leave the
    sum unchanged, as swapping two 64-bit words does.
    """
    import torch  # here, because stamps of files need no tensors

    raw = value.detach().contiguous().reshape(-1).view(torch.uint8)
    size = len(raw) // 8 * 8
    # Tensors of inference mode have no version counter; only their sum shows a change.
    version = -1 if value.is_inference() else value._version
    words = raw[:size]
    if words.storage_offset() % 8:  # a view that starts within a word
        words = words.clone()
    bits = words.view(torch.int64).sum().item(), raw[size:].tolist()
    return value.data_ptr(), version, value.dtype, tuple(value.shape), bits


def file_stamp(descriptor: int) -> tuple[int, int, int]:
    """Return inode, size and modification time (ns) of an open file.

    A change that restores the modification time and the size goes unnoticed.
    """
    status = os.fstat(descriptor)
    return status.st_ino, status.st_size, status.st_mtime_ns
