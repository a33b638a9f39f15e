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
    """The way in which a space's vectors are made ("mention", "cloze"), or else its name."""
    return space.name.partition(":")[0]


def others_of(sql: Sql, names: Mapping[str, str]) -> list[VectorSpace]:
    """The spaces with live vectors that other models made in the same ways.

    Args:
        sql: A transaction.
        names: The names of this model's spaces, by the way in which its vectors are made.
    """
    return [
        space
        for space in spaces.list_all(sql)
        if space.name != names.get(prefix_of(space), space.name)
        and len(oplog.living(sql, space.id))
    ]


def check_known(sql: Sql, names: Mapping[str, str], ways: Iterable[str]) -> None:
    """Refuse to search a store that has vectors of other models only.

    Args:
        sql: A transaction.
        names: The names of this model's spaces, by the way in which its vectors are made.
        ways: The ways whose spaces are to be searched.

    Raises:
        ModeledgeError: For one of the ways there are vectors of other models, and none of this.
    """
    for way in sorted(set(ways)):
        own = spaces.find(sql, names[way])
        if own is not None and len(oplog.living(sql, own.id)):
            continue
        others = others_of(sql, {way: names[way]})
        if others:
            other_names = ", ".join(space.name for space in others)
            raise ModeledgeError(
                f"the store has no vectors of this model ({names[way]}), only of others"
                f" ({other_names}):"
                " they cannot be compared, whatever their width;"
                " migrate the store to this model, or write"
                " its texts with it"
            )
