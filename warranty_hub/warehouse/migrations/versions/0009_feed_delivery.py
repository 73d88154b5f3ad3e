"""which batch a delivered file belongs to, and how far the sources had been read."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.add_column(
        "feed_batch",
        sa.Column(
            "sources",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default="{}",
            nullable=False,
            comment="the cursor of each cost stream when it was prepared",
        ),
        schema="hub",
    )
    op.add_column(
        "delivery",
        sa.Column("batch_id", sa.BigInteger(), nullable=True, comment="the batch of the feed it is a file of"),
        schema="ops",
    )
    op.create_index(op.f("ix_delivery_batch_id"), "delivery", ["batch_id"], unique=False, schema="ops")
