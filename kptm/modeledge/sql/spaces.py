"""Spaces: vectors that can be compared, because one model made them in one way."""

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
    """One space.

    Attributes:
        id: Its row.
        name: Its name; for a model's vectors the way they are made and the model's fingerprint.
        dim: Width of its vectors.
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
    """The names of a model's spaces: how vectors are made, and the model's fingerprint.

    "mention" is the mean hidden state of the last layer over a mention's tokens; "cloze" is the
    fact key of a text's first blank. Neither is normalised to length 1.
    """
    identity = model.fingerprint()
    return {kind: f"{kind}:{identity}" for kind in ("mention", "cloze")}


def find(sql: Sql, name: str) -> VectorSpace | None:
    """The space of a name, or None."""
    rows = sql.all("SELECT id, name, dim, precision FROM modeledge_space WHERE name = ?", (name,))
    return VectorSpace(*rows[0]) if rows else None


def list_all(sql: Sql) -> list[VectorSpace]:
    """All spaces, by name."""
    query = "SELECT id, name, dim, precision FROM modeledge_space ORDER BY name"
    return [VectorSpace(*row) for row in sql.all(query)]


def get_or_create(sql: Sql, name: str, dim: int, precision: str | None) -> VectorSpace:
    """Get the space of a name, or create it.

    Raises:
        ModeledgeError: It has vectors of another width or precision.
    """
    found = find(sql, name)
    if found is None:
        number = int(sql.one("SELECT max(id) FROM modeledge_space") or 0) + 1
        found = VectorSpace(number, name, dim, precision or PRECISIONS[0])
        if found.precision not in PRECISIONS:
            there = " or ".join(PRECISIONS)
            raise ModeledgeError(f"vectors are kept as {there}, not as {found.precision!r}")
        sql.run(
            "INSERT INTO modeledge_space (id, name, dim, precision) VALUES (?, ?, ?, ?)",
            (number, name, dim, found.precision),
        )
    check_width(found, dim)
    if precision not in (None, found.precision):
        raise ModeledgeError(f"the space {name} keeps its vectors as {found.precision} already")
    return found


def check_width(space: VectorSpace, dim: int) -> None:
    """Refuse vectors of another width than the space's.

    Raises:
        ModeledgeError: The widths differ.
    """
    if dim != space.dim:
        raise ModeledgeError(
            f"the space {space.name} has vectors of width {space.dim}, these have {dim}"
        )
