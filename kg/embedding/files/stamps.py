"""Stamps: change with the numbers of a tensor or a file, and are read much faster than a hash."""

from __future__ import annotations

import os

import torch


def tensor_stamp(value: torch.Tensor) -> tuple[object, ...]:
    """Place, version counter, type, shape and the sum of the bits as 64-bit integers.

    Autograd's counter counts every in-place operation. The sum notices writes past it, through
    ``.data`` or a NumPy array that shares the memory; of those it misses what leaves it as it was,
    such as two 64-bit words that change places.
    """
    raw = value.detach().contiguous().reshape(-1).view(torch.uint8)
    whole = len(raw) // 8 * 8
    # Tensors of inference mode have no counter; their sum alone speaks for them.
    version = -1 if value.is_inference() else value._version
    words = raw[:whole]
    if words.storage_offset() % 8:  # a view that starts within a word
        words = words.clone()
    bits = words.view(torch.int64).sum().item(), raw[whole:].tolist()
    return value.data_ptr(), version, value.dtype, tuple(value.shape), bits


def file_stamp(descriptor: int) -> tuple[int, int, int]:
    """Inode, size and time of change of an open file.

    A change that restores the time goes unnoticed.
    """
    found = os.fstat(descriptor)
    return found.st_ino, found.st_size, found.st_mtime_ns
