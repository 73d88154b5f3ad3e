"""The published ledger: what has gone out, append-only. docs/published-ledger.md tells its rules."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from warranty_hub.warehouse.tables.base import Instant, Money, metadata

feed_batch = Table(
    "feed_batch",
    metadata,
    Column("batch_id", BigInteger, Identity(), primary_key=True),
    Column("entity", Text, nullable=False),
    Column("period", Text, nullable=False, comment="the posting period it is written to"),
    Column("seq", Integer, nullable=False, comment="1, 2, 3 … within entity and period"),
    Column("state", Text, nullable=False, comment="HELD or SEALED"),
    Column("schema_version", Integer, nullable=False),
    Column("lines", BigInteger, nullable=False),
    Column("totals", JSONB, nullable=False, comment="net amount and lines by currency and stage"),
    Column("content_hash", Text, nullable=False, comment="SHA-256 over the ids of its lines"),
    Column("chain_hash", Text, comment="SHA-256 over the chain hash before it and its own content; null while held"),
    Column("findings", JSONB, nullable=False, server_default="[]", comment="why the gate was shut, if it was"),
    Column(
        "sources", JSONB, nullable=False, server_default="{}", comment="the cursor of each cost stream when it was prepared"
    ),
    Column("run_id", BigInteger, nullable=False),
    Column("prepared_by", Text, nullable=False),
    Column("prepared_at", Instant, nullable=False, server_default=text("now()")),
    Column("sealed_at", Instant),
    Column("released_by", Text, comment="who let it through a shut gate"),
    Column("release_reason", Text),
    UniqueConstraint("entity", "period", "seq"),
    CheckConstraint("(state = 'SEALED') = (sealed_at IS NOT NULL AND chain_hash IS NOT NULL)", name="sealed_is_complete"),
    CheckConstraint("released_by IS NULL OR (released_by <> prepared_by AND release_reason <> '')", name="four_eyes"),
    schema="hub",
)

feed_line = Table(
    "feed_line",
    metadata,
    Column("line_id", Text, primary_key=True, comment="SHA-256 over all that was published of it"),
    Column("batch_id", BigInteger, ForeignKey(feed_batch.c.batch_id), nullable=False, index=True),
    Column("kind", Text, nullable=False),
    Column("corrects_line", Text, ForeignKey("hub.feed_line.line_id"), unique=True),
    Column("source_system", Text, nullable=False),
    Column("source_id", Text, nullable=False),
    Column("entity", Text, nullable=False),
    Column("account", Text, nullable=False),
    Column("project_code", Text),
    Column("building_code", Text),
    Column("party_code", Text),
    Column("cause", Text, nullable=False),
    Column("stage", Text, nullable=False),
    Column("facts_period", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("fact_version", Integer, nullable=False),
    Column("part", Integer, nullable=False),
    Column("document_no", Text, nullable=False),
    Column("item_no", Text, nullable=False),
    Column("ticket_no", Text),
    Column("component_code", Text, nullable=False),
    Column("defect_type_code", Text, nullable=False),
    Column("room_code", Text),
    Column("element_guid", Text),
    Column("amount", Money, nullable=False, comment="net, cost positive"),
    CheckConstraint("(kind = 'NEW') = (corrects_line IS NULL)", name="a_correction_says_what_it_corrects"),
    Index("ix_feed_line_source", "source_system", "source_id"),
    schema="hub",
)

feed_ack = Table(
    "feed_ack",
    metadata,
    Column("ack_id", BigInteger, Identity(), primary_key=True),
    Column("line_id", Text, ForeignKey(feed_line.c.line_id), nullable=False, index=True),
    Column("status", Text, nullable=False, comment="ACCEPTED, REJECTED or POSTED"),
    Column("voucher_no", Text),
    Column("message", Text),
    Column("acknowledged_at", Instant, nullable=False, server_default=text("now()")),
    UniqueConstraint("line_id", "status"),
    schema="hub",
)
