"""The weights of the reader: for hashed features, for dense features, and for "none"."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple
from zlib import crc32

import numpy as np

from kptm.errors import ConfigError
from kptm.passages.reader.answer_pairs import DENSE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import scipy.sparse as sp
    from numpy.typing import NDArray

    from kg.graph import KnowledgeGraph
    from kptm.passages.reader.answer_pairs import Row

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]

BITS = 20
SHARED_COLUMNS = 1 << BITS
"""The number of columns of hashed features that all relations share; the same number is for the
features of single relations."""
HASH_MULTIPLIER = 0x9E3779B1
"""A factor that mixes the hash of a feature with that of a relation: 2³² / the golden ratio."""
VERSION = 3
"""The version of the file of the model."""
MAX_CHANGED_SHARE = 0.05
"""The model is fitted again if the number of facts or passages changes by more than this share."""


class HeldOutAnswer(NamedTuple):
    """The best answer to a held-out question: its p, whether it is right, and its kind.

    The kind is "entity", "value" or "name".
    """

    p: float
    right: bool
    kind: str


@dataclass(frozen=True, slots=True)
class ReaderModel:
    """The fitted model.

    Attributes:
        ways: Relations with their direction, sorted.
        columns: The hashed features with a weight, sorted.
        weights: The weights of these features.
        dense: The weights of the dense features, shape (1 + W, D): for all relations, then for each
            of W ways.
        none: The weights of "none", shape (2 + W,): for all relations, of log(1 + rows), then of
            each way.
        values: The share of values among the answers of each way, if above 0.
        best: The best answers to held-out questions.
        facts: Number of facts at the fit.
        passages: Number of passages at the fit.
    """

    ways: tuple[str, ...] = ()
    columns: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    weights: Floats = field(default_factory=lambda: np.zeros(0))
    dense: Floats = field(default_factory=lambda: np.zeros((1, len(DENSE))))
    none: Floats = field(default_factory=lambda: np.zeros(2))
    values: dict[str, float] = field(default_factory=dict)
    best: tuple[HeldOutAnswer, ...] = ()
    facts: int = 0
    passages: int = 0

    def way(self, name: str) -> int | None:
        """The number of a relation with its direction; None if the fit had no such question."""
        i = int(np.searchsorted(np.array(self.ways), name)) if self.ways else 0
        return i if i < len(self.ways) and self.ways[i] == name else None

    def fits(self, graph: KnowledgeGraph, passages: int) -> bool:
        """Whether the numbers of facts and passages are close to those of the fit."""
        return _close(self.facts, facts_of(graph)) and _close(self.passages, passages)

    def probabilities(self, rows: Sequence[Row], way: str) -> tuple[Floats, float]:
        """The p of each row, shape (M,), and of "none"."""
        number = self.way(way)
        score = np.array([self._score(row, way) for row in rows])
        dense = np.array([row.dense for row in rows])
        score += dense @ (self.dense[0] + (0 if number is None else self.dense[1 + number]))
        bias = self.none[0] + self.none[1] * np.log1p(len(rows))
        bias += 0.0 if number is None else self.none[2 + number]
        top = max(float(score.max()), float(bias))
        p, none = np.exp(score - top), float(np.exp(bias - top))
        total = float(p.sum()) + none
        return p / total, none / total

    def _score(self, row: Row, way: str) -> float:
        wanted = columns_of(row.hashes, hash_of(way)).ravel()
        positions = np.minimum(np.searchsorted(self.columns, wanted), max(0, len(self.columns) - 1))
        if not len(self.columns):
            return 0.0
        return float(self.weights[positions][self.columns[positions] == wanted].sum())

    def save(self, path: Path) -> None:
        """Write the model atomically."""
        from safetensors.numpy import save

        from kg.files.atomic import replace_file

        arrays = {
            "columns": self.columns,
            "weights": self.weights.astype(np.float32),
            "dense": self.dense,
            "none": self.none,
        }
        metadata = {
            "version": VERSION,
            "ways": self.ways,
            "values": self.values,
            "best": self.best,
            "facts": self.facts,
            "passages": self.passages,
        }
        with replace_file(path) as stream:
            stream.write(save(arrays, metadata={"kptm": json.dumps(metadata)}))

    @classmethod
    def load(cls, path: Path) -> ReaderModel:
        """Read what :meth:`save` wrote.

        Raises:
            ConfigError: The file is malformed, or has another version.
        """
        from safetensors import SafetensorError, safe_open

        try:
            with safe_open(str(path), "numpy") as file:
                metadata: dict[str, Any] = json.loads((file.metadata() or {})["kptm"])
                if metadata["version"] != VERSION:
                    raise ValueError(f"version {metadata['version']}")
                arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            return cls(
                ways=tuple(metadata["ways"]),
                columns=arrays["columns"],
                weights=arrays["weights"].astype(np.float64),
                dense=arrays["dense"],
                none=arrays["none"],
                values={str(way): float(share) for way, share in metadata["values"].items()},
                best=tuple(
                    HeldOutAnswer(float(p), bool(right), str(kind))
                    for p, right, kind in metadata["best"]
                ),
                facts=int(metadata["facts"]),
                passages=int(metadata["passages"]),
            )
        except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
            raise ConfigError(f"{path}: is no reader ({error}); run kptm index") from error


def facts_of(graph: KnowledgeGraph) -> int:
    """The number of facts in a graph, values included."""
    counts = graph.stats()
    return counts["triples"] + counts["attributes"]


def _close(first: int, second: int) -> bool:
    return abs(first - second) <= MAX_CHANGED_SHARE * max(first, second)


def columns_of(hashes: Ints, own: int | Ints) -> Ints:
    """The columns of hashed features, shape (2, …): for all relations, and for one of them.

    Args:
        hashes: The hashes of features.
        own: The hash of the relation.
    """
    return np.stack(
        [
            hashes % SHARED_COLUMNS,
            ((hashes ^ own) * HASH_MULTIPLIER >> 7) % SHARED_COLUMNS + SHARED_COLUMNS,
        ]
    )


def hash_of(way: str) -> int:
    """The hash of a relation with its direction."""
    return crc32(way.encode("utf-8", "surrogatepass"))


def design(rows: Sequence[Row], numbers: Ints, ways: Sequence[str]) -> tuple[Ints, Ints, Floats]:
    """The design matrices of rows.

    Args:
        rows: M rows.
        numbers: The number of the way of each row.
        ways: The ways by their numbers.

    Returns:
        The columns of all rows, the place at which each row begins, and the dense features, shape
        (M, D).
    """
    size_M = np.array([len(row.hashes) for row in rows])
    own = np.repeat(np.array([hash_of(way) for way in ways], np.int64)[numbers], size_M)
    columns = columns_of(np.concatenate([row.hashes for row in rows]), own)
    pointer = np.concatenate([[0], np.cumsum(2 * size_M)])
    # The columns of a row are adjacent and alternate: for all relations, for its own relation.
    return columns.T.ravel(), pointer, np.array([row.dense for row in rows])


def dense_matrix(dense: Floats, numbers: Ints, ways: int) -> sp.csr_matrix:
    """Dense features for all relations and for that of each row, shape (M, (1 + W)·D)."""
    import scipy.sparse as sp

    count, width = dense.shape
    columns = np.concatenate(
        [
            np.broadcast_to(np.arange(width), (count, width)),
            (1 + numbers)[:, None] * width + np.arange(width),
        ],
        axis=1,
    )
    values = np.concatenate([dense, dense], axis=1)
    pointer = np.arange(count + 1) * 2 * width
    shape = (count, (1 + ways) * width)
    return sp.csr_matrix((values.ravel(), columns.ravel(), pointer), shape=shape)
