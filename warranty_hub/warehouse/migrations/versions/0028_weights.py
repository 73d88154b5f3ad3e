"""How the cost of a ticket is split over its defects, where a person says so."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0028"
down_revision = "0027"


def upgrade() -> None:
    op.create_table(
        "weight_decision",
        sa.Column("decision_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("ticket_system", sa.Text(), nullable=False),
        sa.Column("ticket_id", sa.Text(), nullable=False),
        sa.Column("weights", JSONB(), nullable=False, comment="whole numbers by defect; empty: evenly again"),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("changed_tx", sa.BigInteger(), server_default=sa.text("pg_current_xact_id()::text::bigint"), nullable=False),
        sa.PrimaryKeyConstraint("decision_id", name=op.f("pk_weight_decision")),
        schema="hub",
        comment="append-only; the latest about a ticket holds",
    )
    op.create_index("ix_weight_decision_ticket", "weight_decision", ["ticket_system", "ticket_id"], schema="hub")
