"""Which element is which, through the revisions: evidence, decisions, and what each revision changed. All append-only."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Double,
    Identity,
    Index,
    Numeric,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)

from warranty_hub.warehouse.tables.base import Instant, metadata

element_match = Table(
    "element_match",
    metadata,
    Column("match_id", BigInteger, Identity(), primary_key=True),
    Column("project_code", Text, nullable=False),
    Column("new_key", Uuid, nullable=False, comment="an own key"),
    Column("old_key", Uuid, nullable=False, index=True, comment="an element known before"),
    Column("state", Text, nullable=False, comment="AUTO links, REVIEW waits for a person, REFUTED: a file showed both at once"),
    Column("method", Text, nullable=False),
    Column("confidence", Numeric(4, 3), nullable=False),
    Column("distance", Double, comment="of the boxes, metres"),
    Column("run_id", BigInteger, nullable=False),
    Column("recorded_at", Instant, nullable=False, server_default=text("now()")),
    UniqueConstraint("new_key", "old_key", "state"),
    Index("ix_element_match_project_code_state", "project_code", "state"),
    schema="hub",
)

element_decision = Table(
    "element_decision",
    metadata,
    Column("decision_id", BigInteger, Identity(), primary_key=True),
    Column("project_code", Text, nullable=False),
    Column("new_key", Uuid, nullable=False),
    Column("old_key", Uuid, nullable=False, index=True),
    Column("verdict", Text, nullable=False),
    Column("person", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("decided_at", Instant, nullable=False, server_default=text("now()")),
    CheckConstraint("verdict IN ('SAME', 'DIFFERENT')", name="verdict"),
    Index("ix_element_decision_new_key", "new_key"),
    schema="hub",
)

element_change = Table(
    "element_change",
    metadata,
    Column("run_id", BigInteger, primary_key=True, comment="the run that indexed the revision"),
    Column("element_key", Uuid, primary_key=True),
    Column("change", Text, primary_key=True, comment="ADDED, REMOVED, RETURNED, SPLIT, MERGED"),
    Column("other_key", Uuid, primary_key=True, comment="the part or the whole; else the element itself"),
    Column("revision_id", BigInteger, nullable=False),
    Column("recorded_at", Instant, nullable=False, server_default=text("now()")),
    Index("ix_element_change_revision_id", "revision_id"),
    schema="hub",
)
