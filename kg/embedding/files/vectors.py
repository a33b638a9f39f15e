"""Reads and writes vectors in a safetensors file larger than memory, with a checksum per block.

The file is plain safetensors: "entities" has the rows, "crc32" one number for each
:data:`ROWS_PER_CHECKSUM` of them. Rows are read one by one with ``pread``: a memory map would load
sixteen pages per row, and would crash the process if the file were truncated.
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

ROWS_PER_CHECKSUM = 64
"""Rows per checksum."""
PRECISIONS = {"float32": "F32", "float16": "F16"}
"""The types of numbers, with their names in safetensors."""
MAX_BYTES_CHECKED_AT_OPENING = 64 * 2**20
"""A file of at most this many bytes is checked completely when it is opened.

The blocks of a larger file are checked when they are first read.
"""
_LENGTH_BYTES = 8
"""Bytes of the number, before the header of a safetensors file, that is the header's length."""
_ROWS_PER_CHUNK = 4_096
"""About how many rows :meth:`Vectors.chunks` yields at a time."""


def write(
    path: Path, count: int, width: int, rows: Iterable[NDArray[np.floating]], precision: str
) -> None:
    """Write the rows of a matrix.

    Args:
        path: The file to write.
        count: The number N of rows.
        width: The number D of numbers per row.
        rows: The rows in chunks of any size, each of shape (n, D).
        precision: One of :data:`PRECISIONS`.

    Raises:
        EmbeddingError: The number of rows is not ``count``, or a number is not finite in this
            precision.
    """
    blocks = -(-count // ROWS_PER_CHECKSUM)
    end = count * width * np.dtype(precision).itemsize
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
    checksums: list[int] = []
    written = 0
    pending = np.empty((0, width), precision)  # rows of a block that is not complete
    with path.open("wb") as file:
        file.write(len(header).to_bytes(_LENGTH_BYTES, "little") + header)
        for chunk in rows:
            with np.errstate(over="ignore"):
                rounded = np.asarray(chunk, dtype=precision)
            if not np.isfinite(rounded).all():
                raise EmbeddingError(f"the vectors are not finite in {precision}; save as float32")
            written += len(rounded)
            file.write(rounded.tobytes())
            pending = np.concatenate([pending, rounded])
            complete = len(pending) // ROWS_PER_CHECKSUM * ROWS_PER_CHECKSUM
            checksums += [
                zlib.crc32(pending[start : start + ROWS_PER_CHECKSUM].data)
                for start in range(0, complete, ROWS_PER_CHECKSUM)
            ]
            pending = pending[complete:]
        if len(pending):
            checksums.append(zlib.crc32(np.ascontiguousarray(pending).data))
        file.write(np.array(checksums, "<u4").tobytes())
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
        precision: One of :data:`PRECISIONS`.

    Raises:
        EmbeddingError: The file has another format, or is damaged.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = os.open(path, os.O_RDONLY)
        size = os.fstat(self._file).st_size
        try:
            length = int.from_bytes(os.pread(self._file, _LENGTH_BYTES, 0), "little")
            header = json.loads(os.pread(self._file, min(length, 10**6), _LENGTH_BYTES))
            rows, checksums = header["entities"], header["crc32"]
            self.shape = int(rows["shape"][0]), int(rows["shape"][1])
            precisions = {dtype: precision for precision, dtype in PRECISIONS.items()}
            self.precision = precisions[rows["dtype"]]
            self._dtype = np.dtype(self.precision).newbyteorder("<")
            self._start = _LENGTH_BYTES + length
            self._stride = self.shape[1] * self._dtype.itemsize
            begin, end = checksums["data_offsets"]
            if (
                size != self._start + end
                or begin != self.shape[0] * self._stride
                or end - begin != 4 * -(-self.shape[0] // ROWS_PER_CHECKSUM)
            ):
                raise ValueError("its size is not what its header says")
            self._checksums = np.frombuffer(
                os.pread(self._file, end - begin, self._start + begin), "<u4"
            )
        except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
            os.close(self._file)
            self._file = -1
            raise EmbeddingError(f"{path}: cannot be read ({error}); train again") from error
        self._checked = np.zeros(len(self._checksums), np.bool_)
        if size <= MAX_BYTES_CHECKED_AT_OPENING:
            self._check(np.arange(len(self._checksums)))

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
        self._check(np.unique(numbers // ROWS_PER_CHECKSUM))
        values = np.empty((len(numbers), self.shape[1]), self._dtype)
        for index, number in enumerate(numbers.tolist()):
            self._read(number * self._stride, values[index])
        return values.astype(np.float32)

    def chunks(self) -> Iterable[Floats]:
        """Yield all rows in order in chunks of about 4,000, each of shape (N, width), float32."""
        # In complete blocks, so that each block is read only once for its checksum.
        step = _ROWS_PER_CHUNK // ROWS_PER_CHECKSUM * ROWS_PER_CHECKSUM
        for start in range(0, len(self), step):
            stop = min(start + step, len(self))
            self._check(np.arange(start // ROWS_PER_CHECKSUM, -(-stop // ROWS_PER_CHECKSUM)))
            values = np.empty((stop - start, self.shape[1]), self._dtype)
            self._read(start * self._stride, values)
            yield values.astype(np.float32)

    def _check(self, blocks: Ints) -> None:
        for block in blocks[~self._checked[blocks]].tolist():
            rows = min(ROWS_PER_CHECKSUM, len(self) - block * ROWS_PER_CHECKSUM)
            content = np.empty(rows * self._stride, np.uint8)
            self._read(block * ROWS_PER_CHECKSUM * self._stride, content)
            if zlib.crc32(content.data) != self._checksums[block]:
                raise EmbeddingError(
                    f"{self._path}: damaged (checksum of rows {block * ROWS_PER_CHECKSUM:,} to"
                    f" {block * ROWS_PER_CHECKSUM + rows - 1:,} differs); train again"
                )
            self._checked[block] = True

    def _read(self, offset: int, into: NDArray[np.generic]) -> None:
        if os.preadv(self._file, [into.data], self._start + offset) != into.nbytes:
            raise EmbeddingError(f"{self._path}: damaged (it is cut short); train again")
