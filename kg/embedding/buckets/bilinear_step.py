"""A step of training ComplEx or DistMult that reads and changes only the rows of a batch.

    L = −Σ log softmax(⟨q, e⟩)_correct + λ N3,    q = h ∘ r or, for heads, q = t ∘ r⁻¹

The softmax is over the correct entities of the batch and the same sampled negatives for all its
triples. Loss, penalty and Adagrad are those of :mod:`kg.embedding.training` ("sampled").

Shapes: B triples, C candidates, W numbers per vector (a complex number has two).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

EPSILON = 1e-10
"""torch.optim.Adagrad's ε."""


@dataclass(slots=True)
class Rows:
    """Vectors and the sums of their squared gradients, both of shape (N, W)."""

    vectors: torch.Tensor
    squares: torch.Tensor

    def __len__(self) -> int:
        return len(self.vectors)

    def learn(self, rows: torch.Tensor, gradient: torch.Tensor, rate: float) -> None:
        """Adagrad on some rows, each named once."""
        squares = self.squares[rows].addcmul_(gradient, gradient)
        self.squares[rows] = squares
        self.vectors[rows] -= rate * gradient / (squares.sqrt_() + EPSILON)


@dataclass(frozen=True, slots=True, kw_only=True)
class BilinearStep:
    """The settings of a step.

    Attributes:
        is_complex: Whether a vector has complex numbers (ComplEx), each as two neighbours.
        rate: The learning rate.
        negatives: The sampled entities of a batch.
        n3: The weight of the N3 penalty.
    """

    is_complex: bool
    rate: float
    negatives: int
    n3: float

    def learn(self, known: Rows, relations: Rows, wanted: Rows, triples: torch.Tensor) -> float:
        """Learn to predict one end of triples; return the mean loss.

        Args:
            known: The partition of the known ends.
            relations: The relations.
            wanted: The partition of the predicted ends, which may be the same object.
            triples: (B, 3) known end, relation, predicted end.
        """
        size = len(triples)
        from_rows, from_at = torch.unique(triples[:, 0], return_inverse=True)
        of_rows, of_at = torch.unique(triples[:, 1], return_inverse=True)
        drawn = torch.randint(len(wanted), (min(self.negatives, len(wanted)),))
        to_rows, to_at = torch.unique(torch.cat([triples[:, 2], drawn]), return_inverse=True)
        parts = [
            table.vectors[rows].requires_grad_()
            for table, rows in ((known, from_rows), (relations, of_rows), (wanted, to_rows))
        ]
        known_BW, relation_BW = parts[0][from_at], parts[1][of_at]
        scores_BC = self.product(known_BW, relation_BW) @ parts[2].T
        loss = torch.nn.functional.cross_entropy(scores_BC, to_at[:size])
        total = loss
        if self.n3:
            ends = (known_BW, relation_BW, parts[2][to_at[:size]])
            total = loss + self.n3 * sum(self._cubes(rows_BW) for rows_BW in ends) / size
        gradients = torch.autograd.grad(total, parts)
        # If both ends are in one partition, an entity may be in both, and takes two steps.
        for table, rows, gradient in zip(
            (known, relations, wanted), (from_rows, of_rows, to_rows), gradients, strict=True
        ):
            table.learn(rows, gradient, self.rate)
        return float(loss.detach())

    def product(self, one_BW: torch.Tensor, other_BW: torch.Tensor) -> torch.Tensor:
        """The element-wise product, of complex numbers if the model has them, (B, W)."""
        if not self.is_complex:
            return one_BW * other_BW
        pairs = [torch.view_as_complex(rows.view(len(rows), -1, 2)) for rows in (one_BW, other_BW)]
        return torch.view_as_real(pairs[0] * pairs[1]).flatten(1)

    def _cubes(self, rows_BW: torch.Tensor) -> torch.Tensor:
        squares = rows_BW.square()
        if self.is_complex:
            squares = squares.view(len(squares), -1, 2).sum(-1)
        return (squares + 1e-12).pow(1.5).sum()
