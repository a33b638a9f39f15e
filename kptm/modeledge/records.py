"""The tables of modeledge and the values that come out of them. SQL is the truth.

A record lives until an operation removes it; a removed one stays, which is what undo is made of.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import (
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from kg.store.schema import metadata as graph_metadata

metadata = MetaData(naming_convention=graph_metadata.naming_convention)

space = Table(
    "modeledge_space",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False),
    Column("dim", Integer, nullable=False),
    UniqueConstraint("name"),
)

record = Table(
    "modeledge_record",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("space_id", ForeignKey("modeledge_space.id"), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("value", Text, nullable=False),
    Column("source", String(64), nullable=False),
    Column("context", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("start", Integer, nullable=False),
    Column("end", Integer, nullable=False),
    Column("vector", LargeBinary, nullable=False),
    Column("op_added", Integer, nullable=False),
    Column("op_removed", Integer),
)
Index("ix_modeledge_record_space_id_kind", record.c.space_id, record.c.kind)
Index("ix_modeledge_record_space_id_source", record.c.space_id, record.c.source)
Index("ix_modeledge_record_value", record.c.value)

operation = Table(
    "modeledge_operation",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("note", Text, nullable=False),
    Column("at", String(32), nullable=False),
)

SEPARATOR = "\x1f"
"""Stands before and behind each key of ``context``, so that whole keys are found in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """Where a vector comes from.

    Attributes:
        kind: "cloze" (a blank in a text), "mention", "fact" (stated by an edit) or "own".
        value: What the vector stands for: an entity's key, or anything of one's own.
        context: Keys of the other entities of the text.
        text: The sentence, "" for vectors of one's own.
        start: Offset of the mention or blank in the text.
        end: Offset behind it.
    """

    kind: str
    value: str
    context: tuple[str, ...] = ()
    text: str = ""
    start: int = 0
    end: int = 0


@dataclass(frozen=True, slots=True)
class Hit:
    """A found record: its value, its cosine similarity, and where it comes from."""

    value: str
    score: float
    record: Record


def around(key: str) -> str:
    """A key as it stands in ``context``; one that holds the separator is escaped."""
    inside = key.replace("%", "%25").replace(SEPARATOR, "%1F")
    return SEPARATOR + inside + SEPARATOR


def joined(keys: tuple[str, ...]) -> str:
    """``context`` as it is kept."""
    return "".join(map(around, keys))


def parted(text: str) -> tuple[str, ...]:
    """``context`` as it was given."""
    inside = text[1:-1].split(SEPARATOR * 2) if text else []
    return tuple(key.replace("%1F", SEPARATOR).replace("%25", "%") for key in inside)
