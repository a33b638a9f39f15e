"""The types of a table's tails: stated by the user, stored in the graph, or guessed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kg.store.rows.values import count_entities, stored_decision
from kg.values import infer
from kg.values.tail_typing import TailTyping
from kg.values.value_forms import ENTITY

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kg.sql.cursor import Sql


@dataclass(frozen=True, kw_only=True)
class TypeSettings:
    """Types of relations for a load in a project that has settings.

    Attributes:
        stated: The kinds stated for this load. Each relation must be in the table.
        defaults: The kinds of other relations, by the settings; a table need not have them, and
            files that are not tables ignore them.
    """

    stated: Mapping[str, str]
    defaults: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Tables:
    """Decides the types of the tails of tables.

    Attributes:
        types: The kinds of relations that the user stated.
        defaults: The kinds of other relations that settings state.
        guess: Whether the kinds of other relations are guessed.
        wide: Whether the relations are the columns of a wide table.
        entities: Relations guessed to have values that turned out to have entities.
    """

    types: Mapping[str, str] = field(default_factory=dict)
    defaults: Mapping[str, str] = field(default_factory=dict)
    guess: bool = True
    wide: bool = False
    entities: frozenset[str] = frozenset()

    def tail_typing(self, sql: Sql, lines: int) -> TailTyping:
        """The typing of one table.

        Args:
            sql: The writing transaction of the load.
            lines: The maximum size of the blocks to which single triples are joined.
        """
        return TailTyping(
            self.types,
            defaults=self.defaults,
            guess=self.guess,
            wide=self.wide,
            lines=lines,
            entities=lambda keys: count_entities(sql, keys),
            stored=lambda name: (
                infer.TypeDecision(ENTITY) if name in self.entities else stored_decision(sql, name)
            ),
        )
