"""Reads vectors that other tools wrote: word2vec, PyTorch-BigGraph, NumPy, PyKEEN."""

from __future__ import annotations

import csv
import gzip
import pickle  # only through _Reader, which runs nothing and builds nothing but tensors
import zipfile
import zlib
from collections import OrderedDict
from pathlib import Path
from types import SimpleNamespace
from typing import IO, TYPE_CHECKING, Any, ClassVar

import numpy as np
import torch

from kg.embedding.embeddings import EntityEmbeddings
from kg.embedding.files.text_vectors import read_text
from kg.errors import EmbeddingError, TripleFormatError, shorten
from kg.formats.files import open_bytes, unpacked_suffix
from kg.formats.text.lines import byte_lines, decode

if TYPE_CHECKING:
    from collections.abc import Sequence

TEXT = (".txt", ".tsv", ".vec", ".w2v")
"""Suffixes of files in a text format."""
MODEL, TRIPLES = "trained_model.pkl", "training_triples"
"""PyKEEN's file of the model and its folder of the training set, which has the entities' ids."""


def read_vectors(path: str | Path, *, keys: str | Path | None = None) -> EntityEmbeddings:
    """Read vectors and their keys; the suffix of the path decides the format.

    Args:
        path: ``.txt``, ``.tsv``, ``.vec`` or ``.w2v`` in the text format of word2vec or
            PyTorch-BigGraph, with or without a first line of sizes, also compressed (``.gz``,
            ``.bz2``, ``.zst``); ``.npz`` with arrays "keys" and "vectors"; ``.npy`` with ``keys``;
            a folder that PyKEEN's ``save_to_directory`` wrote, whose pickle is read without running
            code from it; a folder that :meth:`EntityEmbeddings.save` wrote.
        keys: For ``.npy``: a text file with one key per line.

    Returns:
        Embeddings that cannot score triples, and that can be used with any graph.

    Raises:
        EmbeddingError: The file does not exist, has another format, or is malformed.
    """
    path = Path(path)
    if not path.exists():
        raise EmbeddingError(f"{path}: there is no such file")
    if path.is_dir():
        if (path / MODEL).is_file():
            return _pykeen(path)
        return EntityEmbeddings.load(path)
    kind = unpacked_suffix(path)
    try:
        if kind in TEXT:
            return _build(path, *read_text(path))
        if kind == ".npz":
            with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
                return _build(path, [str(key) for key in arrays["keys"]], arrays["vectors"])
        if kind == ".npy":
            if keys is None:
                raise EmbeddingError(f"{path}: holds no keys; name a file with one key per line")
            return _build(path, _keys(Path(keys)), np.load(path, allow_pickle=False))
    except TripleFormatError as error:
        raise EmbeddingError(str(error)) from error
    except (OSError, ValueError, KeyError, EOFError, zlib.error, zipfile.BadZipFile) as error:
        raise EmbeddingError(f"{path}: cannot be read ({error})") from error
    known = " ".join((*TEXT, ".npz", ".npy"))
    raise EmbeddingError(f"{path}: unknown suffix; vectors are read from {known}, or a folder")


def _build(path: Path, keys: Sequence[str], vectors: np.ndarray[Any, Any]) -> EntityEmbeddings:
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


def _keys(path: Path) -> list[str]:
    """Read one key per line; only a line feed ends it, as keys may hold other line separators."""
    with open_bytes(path) as stream:
        lines = [decode(raw, path, number) for number, raw in byte_lines(stream, path)]
    return [line.removesuffix("\n").removesuffix("\r") for line in lines]


# ── PyKEEN ───────────────────────────────────────────────────────────────────────────────────────


def _pykeen(folder: Path) -> EntityEmbeddings:
    names = folder / TRIPLES / "entity_to_id.tsv.gz"
    try:
        with gzip.open(names, "rt", encoding="utf-8", newline="") as file:
            ids = _ids(file)
        # torch.load takes a module like pickle; this one has the names that it uses.
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
    return _build(
        folder, [key for key, _ in sorted(ids.items(), key=lambda item: item[1])], vectors
    )


def _ids(file: IO[str]) -> dict[str, int]:
    rows = csv.reader(file, delimiter="\t")
    header = next(rows)
    key, number = header.index("label"), header.index("id")
    return {row[key]: int(row[number]) for row in rows}


class _Inert:
    """Placeholder for any class or function a pickle names: keeps its state, runs nothing."""

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
    """Reads the tensors of a pickle; every other name becomes :class:`_Inert`."""

    _TENSORS: ClassVar = {
        ("torch._utils", "_rebuild_tensor_v2"): torch._utils._rebuild_tensor_v2,
        ("torch._utils", "_rebuild_parameter"): torch._utils._rebuild_parameter,
        ("collections", "OrderedDict"): OrderedDict,
    }

    def find_class(self, module: str, name: str) -> Any:
        """Return the few functions that build tensors; :class:`_Inert` for every other name."""
        return self._TENSORS.get((module, name), _Inert)
