"""Vectors from elsewhere, with their keys: word2vec's text, NumPy's arrays, folders of PyKEEN."""

from __future__ import annotations

import csv
import gzip
import pickle  # a reader that makes nothing but tensors, see _Reader
from collections import OrderedDict
from pathlib import Path
from types import SimpleNamespace
from typing import IO, TYPE_CHECKING, Any, ClassVar

import numpy as np
import torch

from kg.embedding.table import EntityEmbeddings
from kg.errors import EmbeddingError, shorten
from kg.formats.files import open_bytes
from kg.formats.lines import byte_lines, decode

if TYPE_CHECKING:
    from collections.abc import Sequence

TEXT = (".txt", ".vec", ".w2v")
MODEL, TRIPLES = "trained_model.pkl", "training_triples"
_BLOCK = 4_096


def read_vectors(path: str | Path, *, keys: str | Path | None = None) -> EntityEmbeddings:
    """Read vectors; what they are is told by the suffix.

    Args:
        path: ``.txt``, ``.vec`` or ``.w2v`` in word2vec's text format (``.gz`` too), the first line with the sizes or
            not; ``.npz`` with arrays "keys" and "vectors"; ``.npy`` with ``keys``; a folder of PyKEEN's
            ``save_to_directory``, of whose pickle nothing is run; a folder of :meth:`EntityEmbeddings.save`.
        keys: For ``.npy``: a text file with a key a line.

    Returns:
        Embeddings without a scorer, which belong to any graph.

    Raises:
        EmbeddingError: The file is of no such kind, or malformed.
    """
    path = Path(path)
    if not path.exists():
        raise EmbeddingError(f"{path}: there is no such file")
    if path.is_dir():
        if (path / MODEL).is_file():
            return _pykeen(path)
        return EntityEmbeddings.load(path)
    kind = Path(path.name.removesuffix(".gz")).suffix.lower()
    try:
        if kind in TEXT:
            return _word2vec(path)
        if kind == ".npz":
            with np.load(path, allow_pickle=False) as arrays:
                return _made(path, [str(key) for key in arrays["keys"]], arrays["vectors"])
        if kind == ".npy":
            if keys is None:
                raise EmbeddingError(f"{path}: has no keys in it; name a file with a key a line")
            names = Path(keys).read_text(encoding="utf-8").splitlines()
            return _made(path, names, np.load(path, allow_pickle=False))
    except (OSError, ValueError, KeyError) as error:
        raise EmbeddingError(f"{path}: cannot be read ({error})") from error
    known = " ".join((*TEXT, ".npz", ".npy"))
    raise EmbeddingError(f"{path}: the suffix says nothing; vectors come as {known}, or a folder")


def _made(path: Path, keys: Sequence[str], vectors: np.ndarray[Any, Any]) -> EntityEmbeddings:
    if vectors.ndim != 2 or len(vectors) != len(keys) or vectors.dtype.kind not in "fiu":
        raise EmbeddingError(
            f"{path}: {len(keys):,} keys need numbers of shape ({len(keys):,}, width), not"
            f" {vectors.dtype} of {vectors.shape}"
        )
    table = torch.from_numpy(np.ascontiguousarray(vectors, np.float32))
    if not table.isfinite().all():
        row = int((~table.isfinite().all(1)).nonzero()[0])
        raise EmbeddingError(f"{path}: the vector of {shorten(keys[row])!r} is not finite")
    return EntityEmbeddings(keys, table)


def _word2vec(path: Path) -> EntityEmbeddings:
    """A key and its numbers a line; numbers are at the end, so that a key may have spaces."""
    keys: list[str] = []
    blocks: list[np.ndarray[Any, Any]] = []
    block: list[list[float]] = []
    width = announced = None
    with open_bytes(path) as stream:
        for number, raw in byte_lines(stream, path):
            line = decode(raw, path, number).rstrip("\r\n ")
            if (
                number == 1
                and len(sizes := line.split(" ")) == 2
                and all(map(str.isdecimal, sizes))
            ):
                announced, width = map(int, sizes)
                continue
            if not line:
                continue
            if width is None:
                width = _numbers(line)
            parts = line.rsplit(" ", width)
            try:
                values = [float(part) for part in parts[1:]]
            except ValueError:
                values = []
            if len(values) != width or not width:
                raise EmbeddingError(
                    f"{path}, line {number}: wants a key and {width} numbers: {shorten(line)!r}"
                )
            keys.append(parts[0])
            block.append(values)
            if len(block) == _BLOCK:
                blocks.append(np.array(block, np.float32))
                block = []
    blocks.append(np.array(block, np.float32).reshape(-1, width or 0))
    if announced is not None and announced != len(keys):
        raise EmbeddingError(
            f"{path}: the first line announces {announced:,} vectors, there are {len(keys):,}"
        )
    return _made(path, keys, np.concatenate(blocks))


def _numbers(line: str) -> int:
    """How many numbers stand at the end of a line that begins with a key."""
    count = 0
    for part in reversed(line.split(" ")[1:]):
        try:
            float(part)
        except ValueError:
            break
        count += 1
    return count


# ── PyKEEN ───────────────────────────────────────────────────────────────────────────────────────


def _pykeen(folder: Path) -> EntityEmbeddings:
    names = folder / TRIPLES / "entity_to_id.tsv.gz"
    try:
        with gzip.open(names, "rt", encoding="utf-8", newline="") as file:
            ids = _ids(file)
        reader = SimpleNamespace(
            Unpickler=_Reader, load=lambda file, **_: _Reader(file).load(), __name__="tensors"
        )
        model = torch.load(
            folder / MODEL, map_location="cpu", pickle_module=reader, weights_only=False
        )
        inside = model.state["_modules"]["entity_representations"].state["_modules"]["0"].state
        weight = inside["_modules"]["_embeddings"].state["_parameters"]["weight"]
        vectors = weight.detach().float().flatten(1).numpy()
    except (OSError, ValueError, LookupError, AttributeError, TypeError, RuntimeError) as error:
        raise EmbeddingError(
            f"{folder}: no PyKEEN model with a vector for each entity ({error})"
        ) from error
    return _made(folder, [key for key, _ in sorted(ids.items(), key=lambda item: item[1])], vectors)


def _ids(file: IO[str]) -> dict[str, int]:
    rows = csv.reader(file, delimiter="\t")
    header = next(rows)
    key, number = header.index("label"), header.index("id")
    return {row[key]: int(row[number]) for row in rows}


class _Inert:
    """Stands for whatever a pickle names: it keeps what it is given, and does nothing."""

    state: dict[str, Any]

    def __new__(cls, *_: object, **__: object) -> _Inert:
        return super().__new__(cls)

    def __init__(self, *_: object, **__: object) -> None:
        self.state = {}

    def __setstate__(self, state: Any) -> None:
        self.state = state if isinstance(state, dict) else {}

    def __setitem__(self, key: object, value: object) -> None: ...

    def append(self, value: object) -> None: ...

    def extend(self, values: object) -> None: ...

    def add(self, value: object) -> None: ...


class _Reader(pickle.Unpickler):
    """Reads tensors out of a pickle; any other name that it calls is :class:`_Inert`, so that nothing is run."""

    _TENSORS: ClassVar = {
        ("torch._utils", "_rebuild_tensor_v2"): torch._utils._rebuild_tensor_v2,
        ("torch._utils", "_rebuild_parameter"): torch._utils._rebuild_parameter,
        ("collections", "OrderedDict"): OrderedDict,
    }

    def find_class(self, module: str, name: str) -> Any:
        """The few that make tensors; for all others a stand-in."""
        return self._TENSORS.get((module, name), _Inert)
