"""Passages of indexed texts, what they may link to, and an index of their words."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    name = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
    op.create_table(
        "passage",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("source", name, nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(32), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("live", sa.Integer(), nullable=False),
        sa.Column("forgotten", sa.Integer(), nullable=False),
        sa.Column("rev_came", sa.Integer(), nullable=False),
        sa.Column("rev_changed", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_passage"),
    )
    op.create_index("ix_passage_source", "passage", ["source", "document"])
    op.create_index("ix_passage_rev_came", "passage", ["rev_came"])
    op.create_index("ix_passage_rev_changed", "passage", ["rev_changed"])
    op.create_table(
        "passage_link",
        sa.Column("passage_id", sa.Integer(), nullable=False),
        sa.Column("span_start", sa.Integer(), nullable=False),
        sa.Column("entity", name, nullable=False),
        sa.Column("span_end", sa.Integer(), nullable=False),
        sa.Column("p", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("passage_id", "span_start", "entity", name="pk_passage_link"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_passage_link_entity", "passage_link", ["entity", "passage_id"])
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            "CREATE VIRTUAL TABLE passage_terms USING fts5(text, content = 'passage', content_rowid"
            " = 'id', tokenize = 'unicode61 remove_diacritics 2')"
        )
    else:
        op.execute("CREATE TABLE passage_terms (id integer PRIMARY KEY, terms tsvector NOT NULL)")
        op.execute("CREATE INDEX ix_passage_terms_terms ON passage_terms USING gin (terms)")


def downgrade() -> None:
    op.drop_table("passage_terms")
    op.drop_table("passage_link")
    op.drop_table("passage")
