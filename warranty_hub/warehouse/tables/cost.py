"""What a cost line belongs to, how it is split, and the rollup."""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Computed,
    Date,
    Identity,
    Index,
    Integer,
    Numeric,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from warranty_hub.warehouse.tables.base import Instant, Money, Rate, changed_tx, metadata

cost_link = Table(
    "cost_link",
    metadata,
    Column("source_system", Text, primary_key=True),
    Column("source_id", Text, primary_key=True),
    Column("ticket_no", Text, comment="null: unlinked, see method for why", index=True),
    Column("ticket_system", Text, comment="with ticket_id the ticket's key: two sources may have one number"),
    Column("ticket_id", Text),
    Column("method", Text, nullable=False),
    Column("confidence", Numeric(4, 3), nullable=False),
    Column("follows", Text, comment="of a reversing line: the line that it takes back"),
    Column("settled_by", Text, comment="of an accrual: the line with the actual cost that ended it"),
    changed_tx(),
    Index("ix_cost_link_ticket", "ticket_system", "ticket_id"),
    Index("ix_cost_link_settled_by", "source_system", "settled_by", postgresql_where=text("settled_by IS NOT NULL")),
    schema="hub",
)

cost_reference = Table(
    "cost_reference",
    metadata,
    Column("number", Text, primary_key=True),
    Column("source_system", Text, primary_key=True),
    Column("source_id", Text, primary_key=True),
    Index("ix_cost_reference_line", "source_system", "source_id"),
    schema="hub",
    comment="numbers that a line states and is not linked by; a ticket or plan of that number makes it be looked at again",
)

cost_basis = Table(
    "cost_basis",
    metadata,
    Column("source_system", Text, primary_key=True),
    Column("source_id", Text, primary_key=True),
    Column("fact_version", Integer, primary_key=True),
    Column("basis", Text, nullable=False, comment="NET, GROSS or BOOKED"),
    Column("net", Money, nullable=False),
    Column("tax", Money, comment="null: tax stands on lines of its own"),
    Column("gross", Money, comment="null: as tax"),
    Column("cost", Money, nullable=False, comment="what of it is cost: net or gross, by the basis"),
    Column("currency", Text, nullable=False, comment="the ledger's"),
    Column("rate", Rate, comment="units of the ledger's currency for one of the voucher's; null: nothing to convert"),
    Column("rate_date", Date, nullable=False),
    changed_tx(),
    schema="hub",
    comment="computed once for each version of a cost line, and never again",
)

link_decision = Table(
    "link_decision",
    metadata,
    Column("decision_id", BigInteger, Identity(), primary_key=True),
    Column("source_system", Text, nullable=False),
    Column("source_id", Text, nullable=False),
    Column("ticket_no", Text, nullable=False),
    Column("ticket_system", Text, nullable=False, comment="with ticket_id the ticket's key: two sources may have one number"),
    Column("ticket_id", Text, nullable=False),
    Column("verdict", Text, nullable=False),
    Column("person", Text, nullable=False),
    Column("decided_at", Instant, nullable=False, server_default=text("now()")),
    changed_tx(),
    CheckConstraint("verdict IN ('ACCEPTED', 'REJECTED')", name="verdict"),
    Index("ix_link_decision_line", "source_system", "source_id"),
    schema="hub",
    comment="append-only; the latest about a line and a ticket holds",
)


weight_decision = Table(
    "weight_decision",
    metadata,
    Column("decision_id", BigInteger, Identity(), primary_key=True),
    Column("ticket_system", Text, nullable=False),
    Column("ticket_id", Text, nullable=False),
    Column("weights", JSONB, nullable=False, comment="whole numbers by defect; empty: evenly again"),
    Column("person", Text, nullable=False),
    Column("decided_at", Instant, nullable=False, server_default=text("now()")),
    changed_tx(),
    Index("ix_weight_decision_ticket", "ticket_system", "ticket_id"),
    schema="hub",
    comment="append-only; the latest about a ticket holds",
)


def _dimensions() -> list[Column[Any]]:
    """Where a part of an amount belongs; first what months are summed from, as PostgreSQL unpacks a row from its left."""
    return [
        Column("cell", Uuid, comment="of the rollup; null: written before there were cells, until the next rollup"),
        Column("period", Text, nullable=False),
        Column("amount", Money, nullable=False, comment="cost is positive"),
        Column("ticket_no", Text),
        Column("project_code", Text),
        Column("building_code", Text),
        Column("ticket_system", Text, comment="the ticket's source: two may have one number; null as ticket_no"),
        Column("ticket_id", Text, comment="with ticket_system the ticket's key, and with defect_seq the defect's"),
        Column("defect_seq", Integer, comment="null: the ticket has no defect, or there is no ticket"),
        Column("component_code", Text, nullable=False),
        Column("defect_type_code", Text, nullable=False),
        Column("category", Text, nullable=False, server_default="UNMAPPED"),
        Column("cause", Text, nullable=False),
        Column("party_code", Text, comment="who is liable"),
        Column("repairer_code", Text, comment="who repaired: the supplier on the voucher"),
        Column("payer", Text, nullable=False, server_default="UNDECIDED", comment="who is to bear it in the end"),
        Column("finality", Text, nullable=False, server_default="PRELIMINARY", comment="of the responsibility"),
        Column("responsibility_version", Integer, comment="null: nothing is decided"),
        Column("share_bp", Integer, comment="the party's share, in basis points"),
        Column("repeat_no", Integer, comment="how often the same defect was reported there within a year, up to this time"),
        Column("currency", Text, nullable=False),
    ]


allocation = Table(
    "allocation",
    metadata,
    Column("source_system", Text, primary_key=True),
    Column("source_id", Text, primary_key=True),
    Column("part", Integer, primary_key=True),
    Column(
        "first_in_cell", Boolean, nullable=False, server_default=text("true"), comment="of its line: lines are counted by it"
    ),
    *_dimensions(),
    Column("fact_version", Integer, nullable=False),
    Column("stage", Text, nullable=False),
    Column(
        "settles_part", Integer, comment="the part of this accrual that this one takes back, since the actual cost is there"
    ),
    changed_tx(),
    Index("ix_allocation_period", "period", "project_code"),
    schema="hub",
)

outlook = Table(
    "outlook",
    metadata,
    Column("fact", Text, primary_key=True, comment="commitment or repair_plan"),
    Column("source_system", Text, primary_key=True),
    Column("source_id", Text, primary_key=True),
    Column("part", Integer, primary_key=True),
    Column("stage", Text, nullable=False, comment="COMMITTED or ESTIMATE"),
    *_dimensions(),
    schema="hub",
    comment="what is promised or planned and not yet in the books; made anew at each rollup, and never published",
)

recovery = Table(
    "recovery",
    metadata,
    Column("source_system", Text, primary_key=True),
    Column("source_id", Text, primary_key=True),
    Column("part", Integer, primary_key=True),
    Column("step", Text, nullable=False, comment="CLAIMED, AGREED, RECEIVED or WRITTEN_OFF; never add steps"),
    *_dimensions(),
    schema="hub",
    comment="parts of recovery lines",
)

recovery_case = Table(
    "recovery_case",
    metadata,
    Column("source_system", Text, primary_key=True),
    Column("company_code", Text, primary_key=True),
    Column("recovery_no", Text, primary_key=True),
    Column("currency", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("party_code", Text),
    Column("ticket_no", Text),
    Column("project_code", Text),
    Column("cost_document", Text),
    Column("cost", Money, comment="of that voucher; null: it is not known"),
    Column("claimed", Money, nullable=False),
    Column("agreed", Money, nullable=False),
    Column("received", Money, nullable=False),
    Column("written_off", Money, nullable=False),
    Column("gaps", Text, nullable=False, comment="what its proof lacks, joined by commas"),
    schema="hub",
    comment="what each recovery has come to",
)


def _cell_dimensions() -> list[Column[Any]]:
    """What tells one cell of the rollup from another, behind the period."""
    texts = (
        "project_code", "building_code", "component_code", "defect_type_code", "category", "cause", "party_code",
        "repairer_code", "payer", "finality",
    )  # fmt: skip
    return [
        *(Column(name, Text, nullable=False) for name in texts),
        Column("is_repeat", Boolean, nullable=False),
        Column("stage", Text, nullable=False),
        Column("currency", Text, nullable=False),
    ]


cost_cell = Table(
    "cost_cell",
    metadata,
    Column("cell", Uuid, primary_key=True, comment="a hash over all that follows"),
    Column("period", Text, nullable=False),
    *_cell_dimensions(),
    schema="hub",
    comment="the combinations of the rollup's dimensions that parts have been in",
)

cost_month = Table(
    "cost_month",
    metadata,
    Column("period", Text, nullable=False, index=True, comment="YYYY-MM"),
    *_cell_dimensions(),
    Column("amount", Money, nullable=False, comment="gross: before anything comes back"),
    Column("claimed", Money, nullable=False),
    Column("agreed", Money, nullable=False),
    Column("recovered", Money, nullable=False, comment="received"),
    Column("net", Money, Computed("amount - recovered", persisted=True), nullable=False),
    Column("lines", Integer, nullable=False),
    Column("tickets", Integer, nullable=False),
    schema="mart",
)

cost_org_month = Table(
    "cost_org_month",
    metadata,
    Column("period", Text, primary_key=True),
    Column("stage", Text, primary_key=True),
    Column("currency", Text, primary_key=True),
    Column("org_code", Text, primary_key=True, comment="a unit or a project; UNKNOWN: what the tree of that day does not hold"),
    Column("parent_code", Text, comment="as of the last day of the period"),
    Column("level", Text, nullable=False),
    Column("own", Money, nullable=False, comment="its own, without what is below it"),
    Column("amount", Money, nullable=False, comment="gross, with all below it"),
    Column("recovered", Money, nullable=False, comment="with all below it"),
    Column("net", Money, Computed("amount - recovered", persisted=True), nullable=False),
    schema="mart",
)
