"""Facts that texts seem to state, and the texts that were read for them."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    name = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
    op.create_table(
        "proposal",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("fact_hash", sa.String(32), nullable=False),
        sa.Column("head", name, nullable=False),
        sa.Column("relation", name, nullable=False),
        sa.Column("tail", name, nullable=False),
        sa.Column("is_value", sa.Integer(), nullable=False),
        sa.Column("datatype", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("head_new", sa.Integer(), nullable=False),
        sa.Column("tail_new", sa.Integer(), nullable=False),
        sa.Column("confidence", sa.Float(), nullable=False),
        sa.Column("source", name, nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("sentence", sa.Text(), nullable=False),
        sa.Column("head_start", sa.Integer(), nullable=False),
        sa.Column("head_end", sa.Integer(), nullable=False),
        sa.Column("tail_start", sa.Integer(), nullable=False),
        sa.Column("tail_end", sa.Integer(), nullable=False),
        sa.Column("extractor", sa.String(64), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("before", sa.String(16), nullable=False),
        sa.Column("revision_id", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_proposal"),
        sa.UniqueConstraint("fact_hash", "source", name="uq_proposal_fact_hash_source"),
    )
    op.create_index("ix_proposal_state", "proposal", ["state", "confidence"])
    op.create_index("ix_proposal_source", "proposal", ["source"])
    op.create_index("ix_proposal_revision_id", "proposal", ["revision_id"])
    op.create_table(
        "extracted_document",
        sa.Column("source", name, nullable=False),
        sa.Column("document", sa.String(32), nullable=False),
        sa.Column("extractor", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("source", "document", "extractor", name="pk_extracted_document"),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("extracted_document")
    op.drop_table("proposal")
