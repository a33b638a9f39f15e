"""The tables. Integer row ids live here and never leave the package.

A triple is alive while ``rev_removed`` is null; a removed one stays as history, which is what undo and
the fingerprint of an earlier revision are made of.
"""

from __future__ import annotations

from sqlalchemy import (
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

NAME = Text().with_variant(Text(collation="C"), "postgresql")
"""Sorted by code point everywhere: the fingerprint is made of sorted keys."""

revision = Table(
    "revision",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("note", Text, nullable=False),
    Column("at", String(32), nullable=False),
    Column("fingerprint", String(64)),
)

entity = Table(
    "entity",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("key", NAME, nullable=False),
    Column("label", Text),
    Column("description", Text),
    Column("prior", Float),
    UniqueConstraint("key"),
)
Index("ix_entity_label", entity.c.label)

alias = Table(
    "alias",
    metadata,
    Column("entity_id", ForeignKey("entity.id", ondelete="CASCADE"), primary_key=True),
    Column("surface", Text, primary_key=True),
)
Index("ix_alias_surface", alias.c.surface)

entity_type = Table(
    "entity_type",
    metadata,
    Column("entity_id", ForeignKey("entity.id", ondelete="CASCADE"), primary_key=True),
    Column("type", Text, primary_key=True),
)

relation = Table(
    "relation",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("key", NAME, nullable=False),
    Column("label", Text),
    UniqueConstraint("key"),
)

triple = Table(
    "triple",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("head_id", ForeignKey("entity.id"), nullable=False),
    Column("relation_id", ForeignKey("relation.id"), nullable=False),
    Column("tail_id", ForeignKey("entity.id"), nullable=False),
    Column("rev_added", ForeignKey("revision.id"), nullable=False),
    Column("rev_removed", ForeignKey("revision.id")),
)
_ALIVE = text("rev_removed IS NULL")
Index(
    "uq_triple_alive",
    triple.c.head_id,
    triple.c.relation_id,
    triple.c.tail_id,
    unique=True,
    sqlite_where=_ALIVE,
    postgresql_where=_ALIVE,
)
Index("ix_triple_tail_id", triple.c.tail_id, triple.c.relation_id)
Index("ix_triple_relation_id", triple.c.relation_id)
Index("ix_triple_rev_removed", triple.c.rev_removed)
