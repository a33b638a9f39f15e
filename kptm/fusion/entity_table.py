"""The entity vectors as a model reads them: of length 1, only those a batch needs.

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

IN_MEMORY = 2**24
"""Numbers up to which a table is held from the start: 64 MiB of float32."""


class EntityTable(nn.Module):
    """Rows of length 1, on the device and in the precision of the model.

    A small table is held. Of a large one rows are read from its file as a batch names them, so that
    a model does not grow with the graph, until somebody asks for the whole, as a softmax over all
    entities does.

    Args:
        embeddings: Where the vectors are.
    """

    def __init__(self, embeddings: EntityEmbeddings) -> None:
        super().__init__()
        self._embeddings = embeddings
        self._held: Tensor | None
        self.register_buffer("_held", None, persistent=False)
        self._like: Tensor  # it goes where the model goes
        self.register_buffer("_like", torch.empty(0), persistent=False)
        if len(embeddings) * embeddings.dim <= IN_MEMORY:
            self.whole()

    def __len__(self) -> int:
        return len(self._embeddings)

    @property
    def held(self) -> bool:
        """Whether all rows are in memory."""
        return self._held is not None

    def rows(self, rows: Tensor) -> Tensor:
        """The rows of these numbers, of any shape, (…, E)."""
        if self._held is not None:
            return self._held[rows]
        needed, places = torch.unique(rows, return_inverse=True)
        return self._unit(self._embeddings.at(needed.cpu().numpy()))[places]

    def whole(self) -> Tensor:
        """All rows, (N, E); from now on they are held."""
        if self._held is None:
            parts = [self._unit(torch.from_numpy(part)) for part in self._embeddings.chunks()]
            self._held = torch.cat([self._like.new_empty(0, self._embeddings.dim), *parts])
        return self._held

    def chunks(self, size: int) -> Iterator[tuple[int, Tensor]]:
        """All rows, ``size`` at a time, each with the number of its first."""
        for start in range(0, len(self), size):
            stop = min(start + size, len(self))
            if self._held is not None:
                yield start, self._held[start:stop]
            else:
                yield start, self._unit(self._embeddings.at(np.arange(start, stop)))

    def _unit(self, vectors: Tensor) -> Tensor:
        return F.normalize(vectors.to(self._like.device), dim=-1).to(self._like.dtype)
