"""Trains embeddings by bucket: two partitions are in memory, and all others on disk."""

from __future__ import annotations

import math
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from kg.embedding.buckets.bilinear_step import BilinearStep, Rows
from kg.embedding.buckets.partition_files import PartitionFiles
from kg.embedding.devices import AUTO
from kg.embedding.training.state import Epoch
from kg.errors import EmbeddingError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from kg.embedding.buckets.triple_buckets import TripleBuckets
    from kg.embedding.config import KGEConfig

MODELS = "ComplEx", "DistMult"
RELATIONS = "relations"
COMMIT_SECONDS = 60.0
"""Seconds between two commits."""
DEFAULT_INIT_STD = 1e-3
"""Standard deviation of the initial vectors if the configuration has none."""


class BucketTraining:
    """A training on disk.

    Args:
        folder: The folder of the partitions; an interrupted training continues there.
        buckets: The triples.
        config: The settings of a "sampled" training of ComplEx or DistMult; there is no early
            stopping, and no rows are shared (``share``).
        relations: The number of relations, without their inverses.
        every: Seconds between two commits; None for :data:`COMMIT_SECONDS`. After a kill the
            training continues from the last one.

    Attributes:
        buckets: The triples.
        config: The settings.
        width: The numbers of a vector.

    Raises:
        EmbeddingError: The settings are not those of such a training.
        EmbeddingMismatchError: The folder has another training.
        EmbeddingError: The folder cannot be read.
    """

    def __init__(
        self,
        folder: Path,
        buckets: TripleBuckets,
        config: KGEConfig,
        relations: int,
        every: float | None = None,
    ) -> None:
        check_config(config)
        self.buckets, self.config = buckets, config
        self._every = COMMIT_SECONDS if every is None else every
        settings = {name: value for name, value in asdict(config).items() if name != "device"}
        self._files = PartitionFiles(folder, {"triples": buckets.digest, **settings})
        self._count = len(buckets.bounds) - 1
        self._step = BilinearStep(
            is_complex=config.model == "ComplEx",
            rate=config.learning_rate,
            negatives=config.negatives,
            n3=config.regularization or 0.0,
        )
        self.width = config.dim * (2 if self._step.is_complex else 1)
        self._saved = time.monotonic()
        self._in_memory: dict[str, Rows] = {}
        if not self._files.progress:
            self._initialise(relations)

    @property
    def curve(self) -> tuple[Epoch, ...]:
        """The epochs that have been trained and committed."""
        return tuple(Epoch(*row) for row in self._files.progress["curve"])

    def train(
        self,
        progress: Callable[[Epoch], None] | None = None,
        step: Callable[[float], None] | None = None,
    ) -> None:
        """Train from the start or the last commit to the last epoch.

        Args:
            progress: Called after each epoch.
            step: Called after each pair of partitions with the number of epochs trained so far.

        Raises:
            EmbeddingError: The loss is not finite.
        """
        with torch.random.fork_rng(devices=[]):
            self._train(progress, step)

    def _train(
        self, progress: Callable[[Epoch], None] | None, step: Callable[[float], None] | None
    ) -> None:
        saved = dict(self._files.progress)
        self._saved = time.monotonic()
        while len(saved["curve"]) < self.config.epochs:
            number = len(saved["curve"])
            pairs = self._pairs(number)
            for i in range(saved["pair"], len(pairs)):
                # A pair has its own seed, so that a pair that is trained again draws the same.
                torch.manual_seed((self.config.seed * 1_000_003 + number) * 65_537 + i)
                loss, rows = self._train_pair(*pairs[i])
                saved |= {"pair": i + 1, "loss": saved["loss"] + loss, "rows": saved["rows"] + rows}
                self._commit_if_due(saved)
                if step is not None:
                    step(number + (i + 1) / len(pairs))
            epoch = Epoch(number + 1, saved["loss"] / max(1, saved["rows"]))
            saved = {"curve": [*saved["curve"], list(epoch)], "pair": 0, "loss": 0.0, "rows": 0}
            if progress is not None:
                progress(epoch)
        self._commit(saved)

    def vectors(self, partition: int) -> torch.Tensor:
        """The vectors of a partition, shape (entities of the partition, width)."""
        return self._files.read(_name(partition))["vectors"]

    def relations(self) -> torch.Tensor:
        """The vectors of the relations and of their inverses in turns, shape (2 R, width)."""
        return self._files.read(RELATIONS)["vectors"]

    def queries(self, ends_BW: torch.Tensor, relations_BW: torch.Tensor) -> torch.Tensor:
        """The vectors whose products with all entities are the scores, shape (B, width)."""
        return self._step.product(ends_BW, relations_BW)

    def _initialise(self, relations: int) -> None:
        sizes = np.diff(self.buckets.bounds).tolist()
        names = [RELATIONS, *map(_name, range(self._count))]
        draw = torch.Generator().manual_seed(self.config.seed)
        for name, size in zip(names, [2 * relations, *sizes], strict=True):
            vectors = torch.empty(size, self.width).normal_(
                std=self.config.init or DEFAULT_INIT_STD, generator=draw
            )
            self._files.write(name, {"vectors": vectors, "squares": torch.zeros_like(vectors)})
        self._files.commit({"curve": [], "pair": 0, "loss": 0.0, "rows": 0})

    def _pairs(self, epoch: int) -> list[tuple[int, int]]:
        """All pairs of partitions in a random order in which neighbours share a partition."""
        order = np.random.default_rng((self.config.seed, epoch)).permutation(self._count).tolist()
        return [(part, other) for i, part in enumerate(order) for other in order[i:]]

    def _train_pair(self, part: int, other: int) -> tuple[float, int]:
        """Train the buckets of a pair; return the summed loss and the directed triples."""
        total, count = 0.0, 0
        relations = self._rows(RELATIONS, keep={_name(part), _name(other), RELATIONS})
        tables = {number: self._rows(_name(number)) for number in (part, other)}
        for known, wanted, triples in self._batches(part, other):
            loss = self._step.learn(tables[known], relations, tables[wanted], triples)
            if not math.isfinite(loss):
                raise EmbeddingError(f"the loss is {loss}; lower the learning rate")
            total, count = total + loss * len(triples), count + len(triples)
        return total, count

    def _batches(self, part: int, other: int) -> Iterator[tuple[int, int, torch.Tensor]]:
        """Partitions of the known and of the wanted end, and triples (B, 3) in this direction."""
        size = self.config.batch_size
        directed = []
        for head, tail in sorted({(part, other), (other, part)}):
            triples = torch.from_numpy(self.buckets[head, tail])
            forward, back = triples.clone(), triples.flip(1)
            forward[:, 1] *= 2
            back[:, 1] = 2 * back[:, 1] + 1
            directed += [(head, tail, forward), (tail, head, back)]
        batches = []
        for number, (_, _, triples) in enumerate(directed):
            order = torch.randperm(len(triples))
            batches += [(number, rows) for rows in torch.split(order, size) if len(rows)]
        for place in torch.randperm(len(batches)).tolist():
            number, rows = batches[place]
            known, wanted, triples = directed[number]
            yield known, wanted, triples[rows]

    def _rows(self, name: str, keep: set[str] | None = None) -> Rows:
        """A table; those that are not to be kept are written first, to make room."""
        if keep is not None:
            for other in self._in_memory.keys() - keep:
                self._write(other)
                del self._in_memory[other]
        if name not in self._in_memory:
            self._in_memory[name] = Rows(**self._files.read(name))
        return self._in_memory[name]

    def _write(self, name: str) -> None:
        rows = self._in_memory[name]
        self._files.write(name, {"vectors": rows.vectors, "squares": rows.squares})

    def _commit_if_due(self, progress: dict[str, Any]) -> None:
        if time.monotonic() - self._saved >= self._every:
            self._commit(progress)

    def _commit(self, progress: dict[str, Any]) -> None:
        for name in self._in_memory:
            self._write(name)
        self._files.commit(progress)
        self._saved = time.monotonic()


def check_config(config: KGEConfig) -> None:
    """Refuse settings that a training on disk would ignore.

    Raises:
        EmbeddingError: A setting is not that of such a training.
    """
    wanted = {"training": "sampled", "optimizer": "adagrad", "inverse": True}
    for name, value in wanted.items():
        if getattr(config, name) != value:
            raise EmbeddingError(
                f"a training on disk needs {name} to be {value!r}, not"
                f" {getattr(config, name)!r}; the recipe large has such settings"
            )
    if config.model not in MODELS:
        raise EmbeddingError(f"a training on disk trains {' or '.join(MODELS)}, not {config.model}")
    if config.device not in ("cpu", AUTO):
        raise EmbeddingError(
            f"a training on disk is on the CPU; set device to cpu, not {config.device}"
        )
    if config.validation:
        raise EmbeddingError("a training on disk holds nothing out; set validation to 0")


def _name(partition: int) -> str:
    return f"part{partition}"
