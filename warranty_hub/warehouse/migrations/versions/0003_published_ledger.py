"""the published ledger, append-only by trigger; the defect of an allocated part."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"

_REFUSE = """
    CREATE FUNCTION hub.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'hub.% is sealed: publish a correction instead', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
    END $$"""


def upgrade() -> None:
    op.create_table(
        "feed_batch",
        sa.Column("batch_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("period", sa.Text(), nullable=False, comment="the posting period it is written to"),
        sa.Column("seq", sa.Integer(), nullable=False, comment="1, 2, 3 … within entity and period"),
        sa.Column("state", sa.Text(), nullable=False, comment="HELD or SEALED"),
        sa.Column("schema_version", sa.Integer(), nullable=False),
        sa.Column("lines", sa.BigInteger(), nullable=False),
        sa.Column(
            "totals",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="net amount and lines by currency and stage",
        ),
        sa.Column("content_hash", sa.Text(), nullable=False, comment="SHA-256 over the ids of its lines"),
        sa.Column(
            "chain_hash",
            sa.Text(),
            nullable=True,
            comment="SHA-256 over the chain hash before it and its own content; null while held",
        ),
        sa.Column(
            "findings",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default="[]",
            nullable=False,
            comment="why the gate was shut, if it was",
        ),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("prepared_by", sa.Text(), nullable=False),
        sa.Column("prepared_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("sealed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("released_by", sa.Text(), nullable=True, comment="who let it through a shut gate"),
        sa.Column("release_reason", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(state = 'SEALED') = (sealed_at IS NOT NULL AND chain_hash IS NOT NULL)",
            name=op.f("ck_feed_batch_sealed_is_complete"),
        ),
        sa.CheckConstraint(
            "released_by IS NULL OR (released_by <> prepared_by AND release_reason <> '')", name=op.f("ck_feed_batch_four_eyes")
        ),
        sa.PrimaryKeyConstraint("batch_id", name=op.f("pk_feed_batch")),
        sa.UniqueConstraint("entity", "period", "seq", name=op.f("uq_feed_batch_entity_period_seq")),
        schema="hub",
    )
    op.create_table(
        "feed_line",
        sa.Column("line_id", sa.Text(), nullable=False, comment="SHA-256 over all that was published of it"),
        sa.Column("batch_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("corrects_line", sa.Text(), nullable=True),
        sa.Column("source_system", sa.Text(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("project_code", sa.Text(), nullable=True),
        sa.Column("building_code", sa.Text(), nullable=True),
        sa.Column("party_code", sa.Text(), nullable=True),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("facts_period", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("fact_version", sa.Integer(), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("document_no", sa.Text(), nullable=False),
        sa.Column("item_no", sa.Text(), nullable=False),
        sa.Column("ticket_no", sa.Text(), nullable=True),
        sa.Column("component_code", sa.Text(), nullable=False),
        sa.Column("defect_type_code", sa.Text(), nullable=False),
        sa.Column("room_code", sa.Text(), nullable=True),
        sa.Column("element_guid", sa.Text(), nullable=True),
        sa.Column("amount", sa.Numeric(precision=23, scale=6), nullable=False, comment="net, cost positive"),
        sa.CheckConstraint(
            "(kind = 'NEW') = (corrects_line IS NULL)", name=op.f("ck_feed_line_a_correction_says_what_it_corrects")
        ),
        sa.ForeignKeyConstraint(["batch_id"], ["hub.feed_batch.batch_id"], name=op.f("fk_feed_line_batch_id")),
        sa.ForeignKeyConstraint(["corrects_line"], ["hub.feed_line.line_id"], name=op.f("fk_feed_line_corrects_line")),
        sa.PrimaryKeyConstraint("line_id", name=op.f("pk_feed_line")),
        sa.UniqueConstraint("corrects_line", name=op.f("uq_feed_line_corrects_line")),
        schema="hub",
    )
    op.create_index(op.f("ix_feed_line_batch_id"), "feed_line", ["batch_id"], unique=False, schema="hub")
    op.create_index("ix_feed_line_source", "feed_line", ["source_system", "source_id"], unique=False, schema="hub")
    op.create_table(
        "feed_ack",
        sa.Column("ack_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("line_id", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False, comment="ACCEPTED, REJECTED or POSTED"),
        sa.Column("voucher_no", sa.Text(), nullable=True),
        sa.Column("message", sa.Text(), nullable=True),
        sa.Column("acknowledged_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["line_id"], ["hub.feed_line.line_id"], name=op.f("fk_feed_ack_line_id")),
        sa.PrimaryKeyConstraint("ack_id", name=op.f("pk_feed_ack")),
        sa.UniqueConstraint("line_id", "status", name=op.f("uq_feed_ack_line_id_status")),
        schema="hub",
    )
    op.create_index(op.f("ix_feed_ack_line_id"), "feed_ack", ["line_id"], unique=False, schema="hub")
    op.add_column(
        "allocation",
        sa.Column("defect_seq", sa.Integer(), nullable=True, comment="null: the ticket has no defect, or there is no ticket"),
        schema="hub",
    )
    op.execute(_REFUSE)
    op.execute(
        "CREATE TRIGGER published_lines_stay BEFORE UPDATE OR DELETE ON hub.feed_line "
        "FOR EACH ROW EXECUTE FUNCTION hub.refuse_change()"
    )
    op.execute(
        "CREATE TRIGGER sealed_batches_stay BEFORE UPDATE OR DELETE ON hub.feed_batch "
        "FOR EACH ROW WHEN (OLD.state = 'SEALED') EXECUTE FUNCTION hub.refuse_change()"
    )
