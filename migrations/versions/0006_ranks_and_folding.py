"""What only deprecated statements say is no fact; the index of names is folded without accents.

No table changes. ``triple.rev_removed`` is -1 where every source states a triple with confidence 0.
"""

import sqlalchemy as sa
from alembic import op

from kg.sql.cursor import Sql
from kg.store.rows import name_index

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

SAID = (
    "EXISTS (SELECT 1 FROM triple_source s WHERE s.triple_id = triple.id"
    " AND s.rev_removed IS NULL AND {})"
)


def upgrade() -> None:
    bind = op.get_bind()
    # Few statements have confidence 0: they are looked for first.
    wrong = "id IN (SELECT triple_id FROM triple_source WHERE confidence = 0)"
    sure = SAID.format("(s.confidence IS NULL OR s.confidence > 0)")
    changed = bind.execute(
        sa.text(
            f"UPDATE triple SET rev_removed = -1 WHERE rev_removed = 0 AND {wrong} AND NOT {sure}"
        )
    )
    if changed.rowcount:  # the graph of a revision is another one now
        bind.execute(sa.text("UPDATE revision SET fingerprint = NULL"))
    name_index.rebuild(Sql.on(bind))


def downgrade() -> None:
    op.execute("UPDATE triple SET rev_removed = 0 WHERE rev_removed = -1")
