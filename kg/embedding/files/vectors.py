"""Reads and writes vectors in a safetensors file larger than memory, with a checksum per block.

The file is plain safetensors: "entities" has the rows, "crc32" one number for each :data:`BLOCK` of
them. Rows are read one by one with ``pread``: a memory map would load sixteen pages per row, and
would crash the process if the file were truncated.
"""

from __future__ import annotations

import json
import os
import zlib
from typing import TYPE_CHECKING

import numpy as np

from kg.embedding.files.stamps import file_stamp
from kg.errors import EmbeddingError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from numpy.typing import NDArray

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float32]

BLOCK = 64
"""Rows per checksum."""
PRECISIONS = {"float32": "F32", "float16": "F16"}
WHOLE = 64 * 2**20
"""A file of at most this many bytes is checked completely when it is opened.

The blocks of a larger file are checked when they are first read.
"""
_HEADER = 8
_CHUNK = 4_096


def write(
    path: Path, count: int, width: int, rows: Iterable[NDArray[np.floating]], precision: str
) -> None:
    """Write ``count`` rows, given in chunks of any size, in "float32" or "float16".

    Raises:
        EmbeddingError: The number of rows is not ``count``, or a number is not finite in this
            precision.
    """
    item = np.dtype(precision).itemsize
    blocks = -(-count // BLOCK)
    end = count * width * item
    header = json.dumps(
        {
            "entities": {
                "dtype": PRECISIONS[precision],
                "shape": [count, width],
                "data_offsets": [0, end],
            },
            "crc32": {"dtype": "U32", "shape": [blocks], "data_offsets": [end, end + 4 * blocks]},
        }
    ).encode()
    header += b" " * (-len(header) % 8)
    sums: list[int] = []
    written = 0
    waiting = np.empty((0, width), precision)
    with path.open("wb") as file:
        file.write(len(header).to_bytes(_HEADER, "little") + header)
        for chunk in rows:
            with np.errstate(over="ignore"):
                rounded = np.asarray(chunk, dtype=precision)
            if not np.isfinite(rounded).all():
                raise EmbeddingError(f"the vectors are not finite in {precision}; save as float32")
            written += len(rounded)
            file.write(rounded.tobytes())
            waiting = np.concatenate([waiting, rounded])
            whole = len(waiting) // BLOCK * BLOCK
            sums += [zlib.crc32(waiting[at : at + BLOCK].data) for at in range(0, whole, BLOCK)]
            waiting = waiting[whole:]
        if len(waiting):
            sums.append(zlib.crc32(np.ascontiguousarray(waiting).data))
        file.write(np.array(sums, "<u4").tobytes())
        file.flush()
        os.fsync(file.fileno())
    if written != count:
        raise EmbeddingError(f"{path}: {written:,} rows were given, {count:,} expected")


class Vectors:
    """The vectors in a file.

    Args:
        path: A file that :func:`write` wrote.

    Attributes:
        shape: Number of rows, and numbers per row.

    Raises:
        EmbeddingError: The file has another format, or is damaged.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = os.open(path, os.O_RDONLY)
        size = os.fstat(self._file).st_size
        try:
            length = int.from_bytes(os.pread(self._file, _HEADER, 0), "little")
            header = json.loads(os.pread(self._file, min(length, 10**6), _HEADER))
            rows, sums = header["entities"], header["crc32"]
            self.shape = int(rows["shape"][0]), int(rows["shape"][1])
            kinds = {kind: name for name, kind in PRECISIONS.items()}
            self.precision = kinds[rows["dtype"]]
            self._dtype = np.dtype(self.precision).newbyteorder("<")
            self._start = _HEADER + length
            self._stride = self.shape[1] * self._dtype.itemsize
            begin, end = sums["data_offsets"]
            if (
                size != self._start + end
                or begin != self.shape[0] * self._stride
                or end - begin != 4 * -(-self.shape[0] // BLOCK)
            ):
                raise ValueError("its size is not what its header says")
            self._sums = np.frombuffer(
                os.pread(self._file, end - begin, self._start + begin), "<u4"
            )
        except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
            os.close(self._file)
            self._file = -1
            raise EmbeddingError(f"{path}: cannot be read ({error}); train again") from error
        self._checked = np.zeros(len(self._sums), np.bool_)
        if size <= WHOLE:
            self._check(np.arange(len(self._sums)))

    def __len__(self) -> int:
        return self.shape[0]

    def __del__(self) -> None:
        if getattr(self, "_file", -1) >= 0:
            os.close(self._file)

    def stamp(self) -> object:
        """A stamp that changes with the file; see :mod:`kg.embedding.files.stamps`."""
        return file_stamp(self._file)

    def rows(self, numbers: Ints) -> Floats:
        """The rows with the given numbers, shape (len(numbers), width), float32.

        Raises:
            EmbeddingError: A block with one of these rows is damaged.
        """
        self._check(np.unique(numbers // BLOCK))
        values = np.empty((len(numbers), self.shape[1]), self._dtype)
        for place, number in enumerate(numbers.tolist()):
            self._read(number * self._stride, values[place])
        return values.astype(np.float32)

    def chunks(self) -> Iterable[Floats]:
        """Yield all rows in order in chunks of about 4,000, each of shape (N, width), float32."""
        # Whole blocks, so that each block is read once for its checksum.
        step = _CHUNK // BLOCK * BLOCK
        for start in range(0, len(self), step):
            stop = min(start + step, len(self))
            self._check(np.arange(start // BLOCK, -(-stop // BLOCK)))
            values = np.empty((stop - start, self.shape[1]), self._dtype)
            self._read(start * self._stride, values)
            yield values.astype(np.float32)

    def _check(self, blocks: Ints) -> None:
        for block in blocks[~self._checked[blocks]].tolist():
            rows = min(BLOCK, len(self) - block * BLOCK)
            read = np.empty(rows * self._stride, np.uint8)
            self._read(block * BLOCK * self._stride, read)
            if zlib.crc32(read.data) != self._sums[block]:
                raise EmbeddingError(
                    f"{self._path}: damaged (checksum of rows {block * BLOCK:,} to"
                    f" {block * BLOCK + rows - 1:,} differs); train again"
                )
            self._checked[block] = True

    def _read(self, offset: int, into: NDArray[np.generic]) -> None:
        if os.preadv(self._file, [into.data], self._start + offset) != into.nbytes:
            raise EmbeddingError(f"{self._path}: damaged (it is cut short); train again")
