"""What a cost line belongs to, how it is split, and the rollup."""

from sqlalchemy import BigInteger, CheckConstraint, Column, Identity, Index, Integer, Numeric, Table, Text, text

from warranty_hub.warehouse.tables.base import Instant, Money, changed_tx, metadata

cost_link = Table(
    "cost_link",
    metadata,
    Column("source_system", Text, primary_key=True),
    Column("source_id", Text, primary_key=True),
    Column("ticket_no", Text, comment="null: unlinked, see method for why", index=True),
    Column("method", Text, nullable=False),
    Column("confidence", Numeric(4, 3), nullable=False),
    changed_tx(),
    schema="hub",
)

link_decision = Table(
    "link_decision",
    metadata,
    Column("decision_id", BigInteger, Identity(), primary_key=True),
    Column("source_system", Text, nullable=False),
    Column("source_id", Text, nullable=False),
    Column("ticket_no", Text, nullable=False),
    Column("verdict", Text, nullable=False),
    Column("person", Text, nullable=False),
    Column("decided_at", Instant, nullable=False, server_default=text("now()")),
    changed_tx(),
    CheckConstraint("verdict IN ('ACCEPTED', 'REJECTED')", name="verdict"),
    Index("ix_link_decision_line", "source_system", "source_id"),
    schema="hub",
    comment="append-only; the latest about a line and a ticket holds",
)

allocation = Table(
    "allocation",
    metadata,
    Column("source_system", Text, primary_key=True),
    Column("source_id", Text, primary_key=True),
    Column("part", Integer, primary_key=True),
    Column("fact_version", Integer, nullable=False),
    Column("period", Text, nullable=False),
    Column("project_code", Text),
    Column("ticket_no", Text),
    Column("defect_seq", Integer, comment="null: the ticket has no defect, or there is no ticket"),
    Column("component_code", Text, nullable=False),
    Column("defect_type_code", Text, nullable=False),
    Column("cause", Text, nullable=False),
    Column("party_code", Text),
    Column("stage", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("amount", Money, nullable=False, comment="net, in the ledger's currency"),
    changed_tx(),
    Index("ix_allocation_period", "period", "project_code"),
    schema="hub",
)

cost_month = Table(
    "cost_month",
    metadata,
    Column("period", Text, primary_key=True, comment="YYYY-MM"),
    Column("project_code", Text, primary_key=True),
    Column("component_code", Text, primary_key=True),
    Column("defect_type_code", Text, primary_key=True),
    Column("cause", Text, primary_key=True),
    Column("party_code", Text, primary_key=True),
    Column("stage", Text, primary_key=True),
    Column("currency", Text, primary_key=True),
    Column("amount", Money, nullable=False),
    Column("lines", Integer, nullable=False),
    Column("tickets", Integer, nullable=False),
    schema="mart",
)
