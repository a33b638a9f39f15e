"""Finds vectors written by other models; searching them with this model is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kptm.errors import ModeledgeError
from kptm.modeledge.sql import oplog, spaces

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from kg.sql.cursor import Sql
    from kptm.modeledge.sql.spaces import VectorSpace


def prefix_of(space: VectorSpace) -> str:
    """The way a space's vectors are made: "mention", "cloze", …; else the name of the space."""
    return space.name.partition(":")[0]


def others_of(sql: Sql, names: Mapping[str, str]) -> list[VectorSpace]:
    """Spaces with live vectors of other models, made in the ways of ``names``.

    ``names`` maps a way to the model's own space.
    """
    return [
        space
        for space in spaces.list_all(sql)
        if space.name != names.get(prefix_of(space), space.name)
        and len(oplog.living(sql, space.id))
    ]


def check_known(sql: Sql, names: Mapping[str, str], asked: Iterable[str]) -> None:
    """Refuse to search a store that has vectors of other models only.

    Args:
        sql: A transaction.
        names: The model's spaces by way.
        asked: The ways that are searched.

    Raises:
        ModeledgeError: A way has vectors of other models, and none of this model.
    """
    for way in sorted(set(asked)):
        own = spaces.find(sql, names[way])
        if own is not None and len(oplog.living(sql, own.id)):
            continue
        others = others_of(sql, {way: names[way]})
        if others:
            told = ", ".join(space.name for space in others)
            raise ModeledgeError(
                f"the store has no vectors of this model ({names[way]}), only of others ({told}):"
                " they cannot be compared, whatever their width;"
                " migrate the store to this model, or write"
                " its texts with it"
            )
