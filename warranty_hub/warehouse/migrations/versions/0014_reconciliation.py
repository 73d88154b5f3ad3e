"""Tickets and ERP are reconciled before a batch goes out; the items are kept."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.create_table(
        "recon_item",
        sa.Column("item_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("ticket_no", sa.Text(), nullable=True, comment="null: a cost line that belongs to no ticket"),
        sa.Column("source_system", sa.Text(), nullable=True, comment="with source_id, that line"),
        sa.Column("source_id", sa.Text(), nullable=True),
        sa.Column("project_code", sa.Text(), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("tickets_amount", sa.Numeric(23, 6), nullable=False, comment="approved there and then"),
        sa.Column(
            "erp_amount", sa.Numeric(23, 6), nullable=False, comment="booked there and then, net, stages ACTUAL and ACCRUED"
        ),
        sa.CheckConstraint("(ticket_no IS NULL) = (source_id IS NOT NULL)", name=op.f("ck_recon_item_a_ticket_or_a_line")),
        sa.PrimaryKeyConstraint("item_id", name=op.f("pk_recon_item")),
        schema="hub",
    )
    op.create_index("ix_recon_item_spot", "recon_item", ["entity", "project_code", "period"], schema="hub")
