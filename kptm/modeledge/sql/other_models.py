"""Finds vectors written by other models; searching them with this model is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kptm.errors import ModeledgeError
from kptm.modeledge.sql import oplog, spaces

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from kg.sql.cursor import Sql
    from kptm.modeledge.sql.spaces import VectorSpace


def kind_of(space: VectorSpace) -> str:
    """The kind of a model's space, "mention" or "cloze"; the name of a space of no model."""
    return space.name.partition(":")[0]


def others_of(sql: Sql, names: Mapping[str, str]) -> list[VectorSpace]:
    """The spaces with live vectors of the same kinds that other models wrote.

    Args:
        sql: A transaction.
        names: The names of this model's spaces, by the kind of their vectors.
    """
    return [
        space
        for space in spaces.list_all(sql)
        if space.name != names.get(kind_of(space), space.name) and len(oplog.living(sql, space.id))
    ]


def check_known(sql: Sql, names: Mapping[str, str], kinds: Iterable[str]) -> None:
    """Refuse to search a store that has vectors of other models only.

    Args:
        sql: A transaction.
        names: The names of this model's spaces, by the kind of their vectors.
        kinds: The kinds of vectors to search.

    Raises:
        ModeledgeError: Of one of the kinds there are vectors of other models, and none of this one.
    """
    for kind in sorted(set(kinds)):
        own = spaces.find(sql, names[kind])
        if own is not None and len(oplog.living(sql, own.id)):
            continue
        others = others_of(sql, {kind: names[kind]})
        if others:
            other_names = ", ".join(space.name for space in others)
            raise ModeledgeError(
                f"the store has no vectors of this model ({names[kind]}), only of others"
                f" ({other_names}), which cannot be compared with them; migrate the store to this"
                " model, or write its texts with it"
            )
