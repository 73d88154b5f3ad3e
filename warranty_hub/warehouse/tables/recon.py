"""The reconciliation of tickets and ERP, made anew before each batch of the feed."""

from sqlalchemy import BigInteger, CheckConstraint, Column, Identity, Index, Table, Text

from warranty_hub.warehouse.tables.base import Money, metadata

recon_item = Table(
    "recon_item",
    metadata,
    Column("item_id", BigInteger, Identity(), primary_key=True),
    Column("entity", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("ticket_no", Text, comment="null: a cost line that belongs to none"),
    Column("ticket_system", Text, comment="with ticket_id, that ticket: two sources may have one number"),
    Column("ticket_id", Text),
    Column("source_system", Text, comment="with source_id, that line"),
    Column("source_id", Text),
    Column("project_code", Text, nullable=False),
    Column("period", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("tickets_amount", Money, nullable=False, comment="approved there and then"),
    Column("erp_amount", Money, nullable=False, comment="booked there and then, net, stages ACTUAL and ACCRUED"),
    CheckConstraint("(ticket_no IS NULL) = (source_id IS NOT NULL)", name="a_ticket_or_a_line"),
    Index("ix_recon_item_spot", "entity", "project_code", "period"),
    schema="hub",
)
