"""How facts came: runs, cursors, quarantine, raw pages, outbox, deliveries, alerts."""

from sqlalchemy import BigInteger, CheckConstraint, Column, Identity, Index, Integer, Table, Text, text
from sqlalchemy.dialects.postgresql import JSONB

from warranty_hub.warehouse.tables.base import Instant, metadata

OUTCOMES = ("new", "changed", "unchanged", "superseded", "skipped", "quarantined")
"""What can become of a source record; each has exactly one, and they sum to the records read."""

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

raw_page = Table(
    "raw_page",
    metadata,
    Column("raw_page_id", BigInteger, Identity(), primary_key=True),
    Column("unit", Text, nullable=False),
    Column("run_id", BigInteger, nullable=False, comment="the run that read it from the source"),
    Column("address", Text, nullable=False, comment="where the artefact store has it"),
    Column("records", Integer, nullable=False),
    Column("kept_at", Instant, nullable=False, server_default=text("now()")),
    Index("ix_raw_page_unit", "unit", "raw_page_id"),
    Index("ix_raw_page_address", "address"),
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
    Column("batch_id", BigInteger, comment="the batch of the feed it is a file of", index=True),
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

pace = Table(
    "pace",
    metadata,
    Column("system", Text, primary_key=True, comment="source or sink of hub.yaml"),
    Column("free_at", Instant, nullable=False, comment="when the next call may go out"),
    schema="ops",
)

taken_file = Table(
    "taken_file",
    metadata,
    Column("unit", Text, primary_key=True, comment="whose inbox it lay in"),
    Column("sha256", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("run_id", BigInteger, nullable=False),
    Column("taken_at", Instant, nullable=False, server_default=text("now()")),
    schema="ops",
)
