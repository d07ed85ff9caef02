"""Webhooks: who shall be told of a submission's end."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table of webhooks."""
    op.create_table(
        "webhooks",
        sa.Column("job_id", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("claim", sa.Text(), nullable=True),
        sa.Column("next_at", sa.Double(), nullable=False),
        sa.Column("held_until", sa.Double(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("ended", sa.Double(), nullable=True),
        sa.CheckConstraint(
            "state IN ('waiting', 'due', 'delivered', 'failed')", name=op.f("ck_webhooks_state")
        ),
        sa.ForeignKeyConstraint(
            ["job_id"], ["jobs.id"], name=op.f("fk_webhooks_job_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("job_id", name=op.f("pk_webhooks")),
    )
    due = sa.text("state = 'due'")
    for name, columns in (
        ("ix_webhooks_due", ["next_at"]),
        ("ix_webhooks_held", ["owner", "held_until"]),
        ("ix_webhooks_claim", ["claim"]),
    ):
        op.create_index(
            name, "webhooks", columns, unique=False, sqlite_where=due, postgresql_where=due
        )


def downgrade() -> None:
    """Drop it."""
    op.drop_table("webhooks")
