"""The entity vectors as a model reads them: normalised, from a large table only those of a batch.

Shapes: N entities, E entity width.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torch import Tensor

    from kg.embedding import EntityEmbeddings

MAX_NUMBERS_IN_MEMORY = 2**24
"""Maximum size of a table that is loaded at once, in elements: 64 MiB of float32."""


class EntityTable(nn.Module):
    """Vectors of length 1, on the device and in the precision of the model.

    A small table is loaded at once. The rows of a large table are read from its file batch by
    batch, so that the memory of a model does not grow with the graph. :meth:`whole` loads all rows;
    a softmax over all entities needs it.

    Args:
        embeddings: The embeddings with the vectors.
    """

    def __init__(self, embeddings: EntityEmbeddings) -> None:
        super().__init__()
        self._embeddings = embeddings
        self._held: Tensor | None
        self.register_buffer("_held", None, persistent=False)
        # An empty tensor that moves with the model: it has the model's device and dtype.
        self._like: Tensor
        self.register_buffer("_like", torch.empty(0), persistent=False)
        if len(embeddings) * embeddings.dim <= MAX_NUMBERS_IN_MEMORY:
            self.whole()

    def __len__(self) -> int:
        return len(self._embeddings)

    @property
    def held(self) -> bool:
        """Whether all rows are in memory."""
        return self._held is not None

    def rows(self, rows: Tensor) -> Tensor:
        """The vectors of some entities, (…, E), by the numbers of their rows, (…)."""
        if self._held is not None:
            return self._held[rows]
        needed, positions = torch.unique(rows, return_inverse=True)
        return self._unit(self._embeddings.at(needed.cpu().numpy()))[positions]

    def whole(self) -> Tensor:
        """All rows, (N, E); they stay in memory."""
        if self._held is None:
            parts = [self._unit(torch.from_numpy(part)) for part in self._embeddings.chunks()]
            self._held = torch.cat([self._like.new_empty(0, self._embeddings.dim), *parts])
        return self._held

    def chunks(self, size: int) -> Iterator[tuple[int, Tensor]]:
        """All rows in chunks of ``size``, each with the number of its first row."""
        for start in range(0, len(self), size):
            stop = min(start + size, len(self))
            if self._held is not None:
                yield start, self._held[start:stop]
            else:
                yield start, self._unit(self._embeddings.at(np.arange(start, stop)))

    def _unit(self, vectors: Tensor) -> Tensor:
        return F.normalize(vectors.to(self._like.device), dim=-1).to(self._like.dtype)
