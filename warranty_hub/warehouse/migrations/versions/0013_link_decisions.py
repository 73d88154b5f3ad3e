"""What a person says of a cost line and a ticket."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.create_table(
        "link_decision",
        sa.Column("decision_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("source_system", sa.Text(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("ticket_no", sa.Text(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("changed_tx", sa.BigInteger(), server_default=sa.text("pg_current_xact_id()::text::bigint"), nullable=False),
        sa.CheckConstraint("verdict IN ('ACCEPTED', 'REJECTED')", name=op.f("ck_link_decision_verdict")),
        sa.PrimaryKeyConstraint("decision_id", name=op.f("pk_link_decision")),
        schema="hub",
        comment="append-only; the latest about a line and a ticket holds",
    )
    op.create_index("ix_link_decision_line", "link_decision", ["source_system", "source_id"], schema="hub")
