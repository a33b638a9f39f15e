"""Spaces: vectors of one kind and model, which therefore can be compared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from kptm.errors import ModeledgeError

if TYPE_CHECKING:
    from kg.sql.cursor import Sql
    from kptm.fusion import FusedModel

PRECISIONS = ("float32", "float16")


@dataclass(frozen=True, slots=True)
class VectorSpace:
    """A space of comparable vectors.

    Attributes:
        id: The id of its row.
        name: The name; for a model's vectors, how they are made and the model's fingerprint.
        dim: The width of the vectors.
        precision: The stored precision, "float32" or "float16".
    """

    id: int
    name: str
    dim: int
    precision: str

    @property
    def dtype(self) -> np.dtype[np.floating]:
        """The NumPy type of the stored numbers."""
        return np.dtype(self.precision).newbyteorder("<")

    @property
    def bytes(self) -> int:
        """The bytes of one stored vector."""
        return self.dim * self.dtype.itemsize


def spaces_of(model: FusedModel) -> dict[str, str]:
    """The names of a model's spaces, by how their vectors are made.

    A vector of "mention" is the mean hidden state of the last layer over a mention's tokens, one of
    "cloze" the fact key of a text's first blank. Neither is normalised to length 1.
    """
    identity = model.fingerprint()
    return {kind: f"{kind}:{identity}" for kind in ("mention", "cloze")}


def find(sql: Sql, name: str) -> VectorSpace | None:
    """The space with a name, or None."""
    rows = sql.all("SELECT id, name, dim, precision FROM modeledge_space WHERE name = ?", (name,))
    return VectorSpace(*rows[0]) if rows else None


def list_all(sql: Sql) -> list[VectorSpace]:
    """All spaces, sorted by name."""
    query = "SELECT id, name, dim, precision FROM modeledge_space ORDER BY name"
    return [VectorSpace(*row) for row in sql.all(query)]


def get_or_create(sql: Sql, name: str, dim: int, precision: str | None) -> VectorSpace:
    """Get the space with a name, or create it.

    Raises:
        ModeledgeError: The space has vectors of another width or precision.
    """
    space = find(sql, name)
    if space is None:
        number = int(sql.one("SELECT max(id) FROM modeledge_space") or 0) + 1
        space = VectorSpace(number, name, dim, precision or PRECISIONS[0])
        if space.precision not in PRECISIONS:
            choices = " or ".join(PRECISIONS)
            raise ModeledgeError(f"vectors are stored as {choices}, not as {space.precision!r}")
        sql.run(
            "INSERT INTO modeledge_space (id, name, dim, precision) VALUES (?, ?, ?, ?)",
            (number, name, dim, space.precision),
        )
    check_width(space, dim)
    if precision not in (None, space.precision):
        raise ModeledgeError(f"the space {name} stores its vectors as {space.precision} already")
    return space


def check_width(space: VectorSpace, dim: int) -> None:
    """Refuse vectors that have another width than those of the space.

    Raises:
        ModeledgeError: The widths differ.
    """
    if dim != space.dim:
        raise ModeledgeError(
            f"the space {space.name} has vectors of width {space.dim}, these have {dim}"
        )
