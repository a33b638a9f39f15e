"""The graph: revisions, entities with aliases and types, relations, triples with history."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# Sorted by code point everywhere: the fingerprint is made of sorted keys.
NAME = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "revision",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("at", sa.String(32), nullable=False),
        sa.Column("fingerprint", sa.String(64)),
        sa.PrimaryKeyConstraint("id", name="pk_revision"),
    )
    op.create_table(
        "entity",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", NAME, nullable=False),
        sa.Column("label", sa.Text()),
        sa.Column("description", sa.Text()),
        sa.Column("prior", sa.Float()),
        sa.PrimaryKeyConstraint("id", name="pk_entity"),
        sa.UniqueConstraint("key", name="uq_entity_key"),
    )
    op.create_index("ix_entity_label", "entity", ["label"])
    for name, column in (("alias", "surface"), ("entity_type", "type")):
        op.create_table(
            name,
            sa.Column("entity_id", sa.Integer(), nullable=False),
            sa.Column(column, sa.Text(), nullable=False),
            sa.PrimaryKeyConstraint("entity_id", column, name=f"pk_{name}"),
            sa.ForeignKeyConstraint(
                ["entity_id"], ["entity.id"], name=f"fk_{name}_entity_id_entity", ondelete="CASCADE"
            ),
        )
    op.create_index("ix_alias_surface", "alias", ["surface"])
    op.create_table(
        "relation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", NAME, nullable=False),
        sa.Column("label", sa.Text()),
        sa.PrimaryKeyConstraint("id", name="pk_relation"),
        sa.UniqueConstraint("key", name="uq_relation_key"),
    )
    references = {
        "head_id": "entity",
        "relation_id": "relation",
        "tail_id": "entity",
        "rev_added": "revision",
        "rev_removed": "revision",
    }
    op.create_table(
        "triple",
        sa.Column("id", sa.Integer(), nullable=False),
        *(
            sa.Column(column, sa.Integer(), nullable=column == "rev_removed")
            for column in references
        ),
        sa.PrimaryKeyConstraint("id", name="pk_triple"),
        *(
            sa.ForeignKeyConstraint([column], [f"{table}.id"], name=f"fk_triple_{column}_{table}")
            for column, table in references.items()
        ),
    )
    alive = sa.text("rev_removed IS NULL")
    op.create_index(
        "uq_triple_alive",
        "triple",
        ["head_id", "relation_id", "tail_id"],
        unique=True,
        sqlite_where=alive,
        postgresql_where=alive,
    )
    op.create_index("ix_triple_tail_id", "triple", ["tail_id", "relation_id"])
    op.create_index("ix_triple_relation_id", "triple", ["relation_id"])
    op.create_index("ix_triple_rev_removed", "triple", ["rev_removed"])


def downgrade() -> None:
    for table in ("triple", "relation", "entity_type", "alias", "entity", "revision"):
        op.drop_table(table)
