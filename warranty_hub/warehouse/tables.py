"""Every table of the warehouse. Fact tables take their columns from warranty_hub.records, the rest stands here.

Three schemas: ``hub`` (what we keep), ``ops`` (how it came: runs, cursors, quarantine, outbox), ``mart`` (what BI tools read).

Each row of ``hub`` carries ``changed_tx``, the id of the transaction that wrote it last. A consumer reads "everything since my
own cursor" by it (warehouse/changes.py): unlike a clock, it never skips a row that was committed late.
"""

import types
import typing
from datetime import date
from decimal import Decimal
from enum import Enum

from pydantic import AwareDatetime
from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    MetaData,
    Numeric,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeEngine

from warranty_hub.records.facts import FACTS, Fact

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    }
)

Instant = DateTime(timezone=True)
Money = Numeric(23, 6)
OUTCOMES = ("new", "changed", "unchanged", "superseded", "skipped", "quarantined")
"""What can become of a source record; each has exactly one, and they sum to the records read."""

VERSIONED = frozenset({"cost_line"})
"""Facts whose changed content is a new version, never an update."""

_SQL_TYPES: dict[type, TypeEngine[typing.Any]] = {
    str: Text(),
    int: Integer(),
    bool: Boolean(),
    Decimal: Money,
    AwareDatetime: Instant,
    date: Date(),
}


def _column(name: str, annotation: object) -> Column[typing.Any]:
    options = [option for option in typing.get_args(annotation) if option is not types.NoneType]
    nullable = types.NoneType in typing.get_args(annotation)
    python_type = options[0] if nullable else annotation
    while hasattr(python_type, "__metadata__"):
        python_type = typing.get_args(python_type)[0]
    if isinstance(python_type, type) and issubclass(python_type, Enum):
        python_type = str
    return Column(name, _SQL_TYPES[typing.cast("type", python_type)], nullable=nullable)


THIS_TRANSACTION = "pg_current_xact_id()::text::bigint"


def _changed_tx() -> Column[int]:
    return Column("changed_tx", BigInteger, nullable=False, server_default=text(THIS_TRANSACTION))


def _fact_table(name: str, fact: type[Fact]) -> Table:
    hints = typing.get_type_hints(fact, include_extras=True)
    version = [Column("fact_version", Integer, primary_key=True)] if name in VERSIONED else []
    return Table(
        name,
        metadata,
        Column("source_system", Text, primary_key=True),
        Column("source_id", Text, primary_key=True),
        *version,
        *(_column(field, hints[field]) for field in fact.model_fields),
        Column("run_id", BigInteger, nullable=False),
        Column("recorded_at", Instant, nullable=False, server_default=text("now()")),
        Column("deleted_at", Instant),
        _changed_tx(),
        Index(f"ix_{name}_changed_tx", "changed_tx", postgresql_using="brin"),
        schema="hub",
    )


fact_tables: dict[str, Table] = {name: _fact_table(name, fact) for name, fact in FACTS.items()}
ticket = fact_tables["ticket"]
cost_line = fact_tables["cost_line"]
repair_plan = fact_tables["repair_plan"]
approval = fact_tables["approval"]
responsibility = fact_tables["responsibility"]

Index("ix_ticket_ticket_no", ticket.c.ticket_no)
Index("ix_responsibility_ticket_no", responsibility.c.ticket_no)
Index("ix_repair_plan_state", repair_plan.c.state)
Index("ix_approval_plan_no", approval.c.plan_no)
Index("ix_cost_line_period", cost_line.c.period)
Index("ix_dwelling_project_code", fact_tables["dwelling"].c.project_code)
Index("ix_ticket_event_ticket_no", fact_tables["ticket_event"].c.ticket_no)

# ------------------------------------------------------------------------------------------------ ops: how facts came
run = Table(
    "run",
    metadata,
    Column("run_id", BigInteger, Identity(), primary_key=True),
    Column("step", Text, nullable=False),
    Column("unit", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("started_at", Instant, nullable=False, server_default=text("clock_timestamp()")),
    Column("finished_at", Instant),
    Column("window_start", Instant),
    Column("window_end", Instant),
    Column("position", Text),
    Column("pages", Integer, nullable=False, server_default="0"),
    Column("read", BigInteger, nullable=False, server_default="0"),
    *(Column(outcome, BigInteger, nullable=False, server_default="0") for outcome in OUTCOMES),
    Column("tombstones", BigInteger, nullable=False, server_default="0"),
    Column("rows_written", BigInteger, nullable=False, server_default="0"),
    Column("unmapped", JSONB, nullable=False, server_default="{}"),
    Column("skipped_by", JSONB, nullable=False, server_default="{}"),
    Column("details", JSONB, nullable=False, server_default="{}"),
    Column("code_version", Text, nullable=False),
    Column("error_code", Text),
    Column("error", Text),
    CheckConstraint(" + ".join(f'"{outcome}"' for outcome in OUTCOMES) + ' = "read"', name="every_record_has_one_outcome"),
    Index("ix_run_step_unit", "step", "unit", "run_id"),
    schema="ops",
)

cursor = Table(
    "cursor",
    metadata,
    Column("step", Text, primary_key=True),
    Column("unit", Text, primary_key=True),
    Column("run_id", BigInteger, nullable=False, comment="the run in charge; any other run must stop"),
    Column("position", Instant, comment="source time up to which everything has been read"),
    Column(
        "position_tx", BigInteger, comment="for consumers of our own tables: transaction id up to which everything was seen"
    ),
    Column("succeeded_at", Instant),
    schema="ops",
)

quarantine = Table(
    "quarantine",
    metadata,
    Column("quarantine_id", BigInteger, Identity(), primary_key=True),
    Column("unit", Text, nullable=False),
    Column("source_id", Text, nullable=False, comment="the record's key, or sha256:… of its payload when it has none"),
    Column("code", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("payload", JSONB, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False, server_default="1"),
    Column("first_run", BigInteger, nullable=False),
    Column("last_run", BigInteger, nullable=False),
    Column("first_seen", Instant, nullable=False, server_default=text("now()")),
    Column("last_seen", Instant, nullable=False, server_default=text("now()")),
    Index("uq_quarantine_open", "unit", "source_id", unique=True, postgresql_where=text("state = 'OPEN'")),
    schema="ops",
)

outbox = Table(
    "outbox",
    metadata,
    Column("outbox_id", BigInteger, Identity(), primary_key=True),
    Column("idempotency_key", Text, nullable=False, unique=True),
    Column("sink", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("payload", JSONB, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("reference", Text, comment="the other system's id for what was made"),
    Column("reply", JSONB),
    Column("error", Text),
    Column("created_at", Instant, nullable=False, server_default=text("now()")),
    Column("sent_at", Instant),
    Column("settled_at", Instant),
    Column("settled_by", Text, comment="the person who settled an item in doubt"),
    Index("ix_outbox_state", "sink", "state"),
    schema="ops",
)

delivery = Table(
    "delivery",
    metadata,
    Column("delivery_id", BigInteger, Identity(), primary_key=True),
    Column("run_id", BigInteger, nullable=False),
    Column("path", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("delivered_at", Instant, nullable=False, server_default=text("now()")),
    schema="ops",
)

alert = Table(
    "alert",
    metadata,
    Column("unit", Text, primary_key=True, comment="what is late: source.stream"),
    Column("since", Instant, nullable=False),
    Column("notified_at", Instant, nullable=False),
    schema="ops",
)

# ------------------------------------------------------------------------------------------------ hub: places and defects
place = Table(
    "place",
    metadata,
    Column("place_id", Text, primary_key=True, comment="project/building/unit/storey|dwelling/room"),
    Column("project_code", Text, nullable=False, index=True),
    Column("kind", Text, nullable=False),
    Column("parent_id", Text),
    Column("building", Text),
    Column("unit", Text),
    Column("storey", Text),
    Column("dwelling", Text),
    Column("room_code", Text),
    Column("name", Text, nullable=False),
    Column("aliases", ARRAY(Text), nullable=False, server_default="{}"),
    Column("origin", Text, nullable=False, comment="MASTER: ticket store; MODEL: IFC spaces and storeys"),
    _changed_tx(),
    schema="hub",
)

defect = Table(
    "defect",
    metadata,
    Column("source_system", Text, primary_key=True),
    Column("ticket_id", Text, primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("ticket_no", Text, nullable=False, index=True),
    Column("project_code", Text, nullable=False),
    Column("component_code", Text),
    Column("defect_type_code", Text),
    Column("room_code", Text),
    Column("place_id", Text, comment="the most exact place that is certain"),
    Column("element_key", Uuid, comment="set when exactly one element is certain"),
    Column("method", Text, nullable=False),
    Column("confidence", Numeric(4, 3), nullable=False),
    Column("state", Text, comment="AUTO or REVIEW; null when there is no element to link, only a place"),
    Column("reason", Text, nullable=False),
    Column("rule_version", Text, nullable=False),
    Column("generation", Integer, nullable=False, comment="counts the different answers given over time"),
    _changed_tx(),
    Index("ix_defect_project_code", "project_code"),
    Index("ix_defect_changed_tx", "changed_tx"),
    schema="hub",
)

defect_element = Table(
    "defect_element",
    metadata,
    Column("source_system", Text, primary_key=True),
    Column("ticket_id", Text, primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("generation", Integer, primary_key=True),
    Column("rank", Integer, primary_key=True),
    Column("element_key", Uuid, nullable=False, index=True),
    Column("method", Text, nullable=False),
    Column("confidence", Numeric(4, 3), nullable=False),
    Column("state", Text, nullable=False),
    Column("rule_version", Text, nullable=False),
    Column("run_id", BigInteger, nullable=False),
    Column("recorded_at", Instant, nullable=False, server_default=text("now()")),
    schema="hub",
)

# ------------------------------------------------------------------------------------------------ hub: BIM
bim_revision = Table(
    "bim_revision",
    metadata,
    Column("revision_id", BigInteger, Identity(), primary_key=True),
    Column("model_id", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("project_code", Text, nullable=False),
    Column("building_code", Text),
    Column("discipline", Text, nullable=False),
    Column("file_name", Text, nullable=False),
    Column("status", Text, nullable=False, comment="INDEXED or REFUSED"),
    Column("reason", Text),
    Column("ifc_schema", Text),
    Column("authoring_app", Text),
    Column("header_time", Text),
    Column("ifc_project_guid", Text),
    Column("counts", JSONB, nullable=False, server_default="{}"),
    Column("findings", JSONB, nullable=False, server_default="[]"),
    Column("run_id", BigInteger, nullable=False),
    Column("indexed_at", Instant, nullable=False, server_default=text("now()")),
    Column("current", Boolean, nullable=False, comment="the newest good revision of its model"),
    _changed_tx(),
    UniqueConstraint("model_id", "sha256"),
    schema="hub",
)

bim_element = Table(
    "bim_element",
    metadata,
    Column("element_key", Uuid, primary_key=True, comment="ours; lives across revisions"),
    Column("model_id", Text, nullable=False, index=True),
    Column("ifc_class", Text, nullable=False),
    Column("guid", Text, comment="as first seen; not unique"),
    Column("ordinal", Integer, nullable=False, comment="tells apart elements of one file that share class and GlobalId"),
    schema="hub",
)


def _revision_key() -> tuple[Column[int], Column[int]]:
    return (
        Column("revision_id", BigInteger, ForeignKey(bim_revision.c.revision_id, ondelete="CASCADE"), primary_key=True),
        Column("step_id", Integer, primary_key=True, comment="the row's identity inside its file"),
    )


def _box() -> tuple[Column[float], ...]:
    return tuple(Column(f"{axis}_{end}", Double, comment="metres") for end in ("min", "max") for axis in "xyz")


bim_element_revision = Table(
    "bim_element_revision",
    metadata,
    *_revision_key(),
    Column("element_key", Uuid, nullable=False, index=True),
    Column("guid", Text, index=True),
    Column("ifc_class", Text, nullable=False),
    Column("predefined_type", Text),
    Column("name", Text),
    Column("object_type", Text),
    Column("tag", Text, index=True),
    Column("type_name", Text),
    Column("material", Text),
    Column("storey_step", Integer),
    Column("space_step", Integer),
    Column("is_external", Boolean),
    Column("load_bearing", Boolean),
    Column("property_sets", ARRAY(Text), nullable=False, server_default="{}"),
    *_box(),
    schema="hub",
)

bim_storey = Table(
    "bim_storey",
    metadata,
    *_revision_key(),
    Column("guid", Text),
    Column("name", Text),
    Column("elevation", Double),
    Column("place_id", Text),
    schema="hub",
)

bim_space = Table(
    "bim_space",
    metadata,
    *_revision_key(),
    Column("guid", Text),
    Column("name", Text),
    Column("long_name", Text),
    Column("storey_step", Integer),
    Column("zones", ARRAY(Text), nullable=False, server_default="{}"),
    Column("place_id", Text, index=True),
    *_box(),
    schema="hub",
)

space_element = Table(
    "space_element",
    metadata,
    Column("revision_id", BigInteger, ForeignKey(bim_revision.c.revision_id, ondelete="CASCADE"), primary_key=True),
    Column("space_step", Integer, primary_key=True),
    Column("element_step", Integer, primary_key=True),
    Column("relation", Text, primary_key=True, comment="contained, boundary, serves"),
    schema="hub",
)

property_set = Table(
    "property_set",
    metadata,
    Column("hash", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("properties", JSONB, nullable=False),
    schema="hub",
)

# ------------------------------------------------------------------------------------------------ hub and mart: cost
cost_link = Table(
    "cost_link",
    metadata,
    Column("source_system", Text, primary_key=True),
    Column("source_id", Text, primary_key=True),
    Column("ticket_no", Text, comment="null: unlinked, see method for why", index=True),
    Column("method", Text, nullable=False),
    Column("confidence", Numeric(4, 3), nullable=False),
    _changed_tx(),
    schema="hub",
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
    Column("component_code", Text, nullable=False),
    Column("defect_type_code", Text, nullable=False),
    Column("cause", Text, nullable=False),
    Column("party_code", Text),
    Column("stage", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("amount", Money, nullable=False, comment="net, in the ledger's currency"),
    _changed_tx(),
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
