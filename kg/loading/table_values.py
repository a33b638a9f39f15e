"""The types of a table's tails: given by the user, known to the store, or guessed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kg.store.rows.values import count_entities, stored_decision
from kg.values import infer
from kg.values.forms import ENTITY
from kg.values.typing import Typing

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kg.sql.cursor import Sql


@dataclass(frozen=True, kw_only=True)
class Tables:
    """How the tails of tables are typed.

    Attributes:
        types: Kinds of relations that the user gave.
        guess: Whether those of the others are guessed.
        wide: Whether the relations are columns of a wide table.
        entities: Relations that turned out to have no values.
    """

    types: Mapping[str, str] = field(default_factory=dict)
    guess: bool = True
    wide: bool = False
    entities: frozenset[str] = frozenset()

    def typing(self, sql: Sql, lines: int) -> Typing:
        """The typing of one table, within a transaction; ``lines`` single lines make a block."""
        return Typing(
            self.types,
            guess=self.guess,
            wide=self.wide,
            lines=lines,
            entities=lambda keys: count_entities(sql, keys),
            stored=lambda name: (
                infer.TypeDecision(ENTITY) if name in self.entities else stored_decision(sql, name)
            ),
        )
