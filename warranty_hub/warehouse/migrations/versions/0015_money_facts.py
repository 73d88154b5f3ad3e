"""Basis of cost, repairer, payer, repeats, outlook and recoveries; what is published from now on says more (version 2)."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.create_table(
        "cost_basis",
        sa.Column("source_system", sa.Text(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("fact_version", sa.Integer(), nullable=False),
        sa.Column("basis", sa.Text(), nullable=False, comment="NET, GROSS or BOOKED"),
        sa.Column("net", sa.Numeric(precision=23, scale=6), nullable=False),
        sa.Column("tax", sa.Numeric(precision=23, scale=6), nullable=True, comment="null: tax stands on lines of its own"),
        sa.Column("gross", sa.Numeric(precision=23, scale=6), nullable=True, comment="null: as tax"),
        sa.Column(
            "cost", sa.Numeric(precision=23, scale=6), nullable=False, comment="what of it is cost: net or gross, by the basis"
        ),
        sa.Column("currency", sa.Text(), nullable=False, comment="the ledger's"),
        sa.Column(
            "rate",
            sa.Numeric(precision=23, scale=9),
            nullable=True,
            comment="units of the ledger's currency for one of the voucher's; null: nothing to convert",
        ),
        sa.Column("rate_date", sa.Date(), nullable=False),
        sa.Column("changed_tx", sa.BigInteger(), server_default=sa.text("pg_current_xact_id()::text::bigint"), nullable=False),
        sa.PrimaryKeyConstraint("source_system", "source_id", "fact_version", name=op.f("pk_cost_basis")),
        schema="hub",
        comment="computed once for each version of a cost line, and never again",
    )
    op.create_table(
        "cost_reference",
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("source_system", sa.Text(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", "source_system", "source_id", name=op.f("pk_cost_reference")),
        schema="hub",
        comment="numbers that a line states and is not linked by; a ticket or plan of that number makes it be looked at again",
    )
    op.create_index("ix_cost_reference_line", "cost_reference", ["source_system", "source_id"], unique=False, schema="hub")
    op.create_table(
        "defect_repeat",
        sa.Column("source_system", sa.Text(), nullable=False),
        sa.Column("ticket_id", sa.Text(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("reported_on", sa.Date(), nullable=False, comment="in the organisation's zone"),
        sa.Column("spot", sa.Text(), nullable=False, comment="project, element (else room or flat), component, defect type"),
        sa.Column("repeat_no", sa.Integer(), nullable=False, comment="1: the first of its kind there within a year"),
        sa.Column("changed_tx", sa.BigInteger(), server_default=sa.text("pg_current_xact_id()::text::bigint"), nullable=False),
        sa.PrimaryKeyConstraint("source_system", "ticket_id", "seq", name=op.f("pk_defect_repeat")),
        schema="hub",
    )
    op.create_index(op.f("ix_defect_repeat_spot"), "defect_repeat", ["spot"], unique=False, schema="hub")
    op.create_table(
        "outlook",
        sa.Column("fact", sa.Text(), nullable=False, comment="commitment or repair_plan"),
        sa.Column("source_system", sa.Text(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False, comment="COMMITTED or ESTIMATE"),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("project_code", sa.Text(), nullable=True),
        sa.Column("building_code", sa.Text(), nullable=True),
        sa.Column("ticket_no", sa.Text(), nullable=True),
        sa.Column("defect_seq", sa.Integer(), nullable=True, comment="null: the ticket has no defect, or there is no ticket"),
        sa.Column("component_code", sa.Text(), nullable=False),
        sa.Column("defect_type_code", sa.Text(), nullable=False),
        sa.Column("category", sa.Text(), server_default="UNMAPPED", nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("party_code", sa.Text(), nullable=True, comment="who is liable"),
        sa.Column("repairer_code", sa.Text(), nullable=True, comment="who repaired: the supplier on the voucher"),
        sa.Column("payer", sa.Text(), server_default="UNDECIDED", nullable=False, comment="who is to bear it in the end"),
        sa.Column("finality", sa.Text(), server_default="PRELIMINARY", nullable=False, comment="of the responsibility"),
        sa.Column("responsibility_version", sa.Integer(), nullable=True, comment="null: nothing is decided"),
        sa.Column("share_bp", sa.Integer(), nullable=True, comment="the party's share, in basis points"),
        sa.Column(
            "repeat_no",
            sa.Integer(),
            nullable=True,
            comment="how often the same defect was reported there within a year, up to this time",
        ),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("amount", sa.Numeric(precision=23, scale=6), nullable=False, comment="cost is positive"),
        sa.PrimaryKeyConstraint("fact", "source_system", "source_id", "part", name=op.f("pk_outlook")),
        schema="hub",
        comment="what is promised or planned and not yet in the books; made anew at each rollup, and never published",
    )
    op.create_table(
        "recovery",
        sa.Column("source_system", sa.Text(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False, comment="CLAIMED, AGREED, RECEIVED or WRITTEN_OFF; never add steps"),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("project_code", sa.Text(), nullable=True),
        sa.Column("building_code", sa.Text(), nullable=True),
        sa.Column("ticket_no", sa.Text(), nullable=True),
        sa.Column("defect_seq", sa.Integer(), nullable=True, comment="null: the ticket has no defect, or there is no ticket"),
        sa.Column("component_code", sa.Text(), nullable=False),
        sa.Column("defect_type_code", sa.Text(), nullable=False),
        sa.Column("category", sa.Text(), server_default="UNMAPPED", nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("party_code", sa.Text(), nullable=True, comment="who is liable"),
        sa.Column("repairer_code", sa.Text(), nullable=True, comment="who repaired: the supplier on the voucher"),
        sa.Column("payer", sa.Text(), server_default="UNDECIDED", nullable=False, comment="who is to bear it in the end"),
        sa.Column("finality", sa.Text(), server_default="PRELIMINARY", nullable=False, comment="of the responsibility"),
        sa.Column("responsibility_version", sa.Integer(), nullable=True, comment="null: nothing is decided"),
        sa.Column("share_bp", sa.Integer(), nullable=True, comment="the party's share, in basis points"),
        sa.Column(
            "repeat_no",
            sa.Integer(),
            nullable=True,
            comment="how often the same defect was reported there within a year, up to this time",
        ),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("amount", sa.Numeric(precision=23, scale=6), nullable=False, comment="cost is positive"),
        sa.PrimaryKeyConstraint("source_system", "source_id", "part", name=op.f("pk_recovery")),
        schema="hub",
        comment="parts of recovery lines; made anew at each rollup",
    )
    op.create_table(
        "recovery_line",
        sa.Column("source_system", sa.Text(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("company_code", sa.Text(), nullable=False),
        sa.Column("recovery_no", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("amount", sa.Numeric(precision=23, scale=6), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("party_code", sa.Text(), nullable=True),
        sa.Column("ticket_no", sa.Text(), nullable=True),
        sa.Column("project_code", sa.Text(), nullable=True),
        sa.Column("cost_document", sa.Text(), nullable=True),
        sa.Column("document_no", sa.Text(), nullable=True),
        sa.Column("approval_id", sa.Text(), nullable=True),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("changed_tx", sa.BigInteger(), server_default=sa.text("pg_current_xact_id()::text::bigint"), nullable=False),
        sa.PrimaryKeyConstraint("source_system", "source_id", name=op.f("pk_recovery_line")),
        schema="hub",
    )
    op.create_index(
        "ix_recovery_line_changed_tx", "recovery_line", ["changed_tx"], unique=False, schema="hub", postgresql_using="brin"
    )
    op.create_index("ix_recovery_line_ticket_no", "recovery_line", ["ticket_no"], unique=False, schema="hub")
    op.add_column(
        "allocation",
        sa.Column(
            "settles_part",
            sa.Integer(),
            nullable=True,
            comment="the part of this accrual that this one takes back, since the actual cost is there",
        ),
        schema="hub",
    )
    op.add_column("allocation", sa.Column("building_code", sa.Text(), nullable=True), schema="hub")
    op.add_column("allocation", sa.Column("category", sa.Text(), server_default="UNMAPPED", nullable=False), schema="hub")
    op.add_column(
        "allocation",
        sa.Column("repairer_code", sa.Text(), nullable=True, comment="who repaired: the supplier on the voucher"),
        schema="hub",
    )
    op.add_column(
        "allocation",
        sa.Column("payer", sa.Text(), server_default="UNDECIDED", nullable=False, comment="who is to bear it in the end"),
        schema="hub",
    )
    op.add_column(
        "allocation",
        sa.Column("finality", sa.Text(), server_default="PRELIMINARY", nullable=False, comment="of the responsibility"),
        schema="hub",
    )
    op.add_column(
        "allocation",
        sa.Column("responsibility_version", sa.Integer(), nullable=True, comment="null: nothing is decided"),
        schema="hub",
    )
    op.add_column(
        "allocation",
        sa.Column("share_bp", sa.Integer(), nullable=True, comment="the party's share, in basis points"),
        schema="hub",
    )
    op.add_column(
        "allocation",
        sa.Column(
            "repeat_no",
            sa.Integer(),
            nullable=True,
            comment="how often the same defect was reported there within a year, up to this time",
        ),
        schema="hub",
    )
    op.alter_column(
        "allocation", "party_code", existing_type=sa.TEXT(), comment="who is liable", existing_nullable=True, schema="hub"
    )
    op.alter_column(
        "allocation",
        "amount",
        existing_type=sa.NUMERIC(precision=23, scale=6),
        comment="cost is positive",
        existing_comment="net, in the ledger's currency",
        existing_nullable=False,
        schema="hub",
    )
    op.add_column("commitment", sa.Column("kind", sa.Text(), server_default="ORDER", nullable=False), schema="hub")
    op.alter_column("commitment", "kind", server_default=None, schema="hub")
    op.add_column("cost_line", sa.Column("category", sa.Text(), server_default="UNMAPPED", nullable=False), schema="hub")
    op.alter_column("cost_line", "category", server_default=None, schema="hub")
    op.add_column("cost_line", sa.Column("is_deductible", sa.Boolean(), nullable=True), schema="hub")
    op.add_column("cost_line", sa.Column("rate", sa.Numeric(precision=23, scale=6), nullable=True), schema="hub")
    op.add_column("cost_line", sa.Column("rate_date", sa.Date(), nullable=True), schema="hub")
    op.add_column(
        "cost_link",
        sa.Column("follows", sa.Text(), nullable=True, comment="of a reversing line: the line that it takes back"),
        schema="hub",
    )
    op.add_column(
        "cost_link",
        sa.Column("settled_by", sa.Text(), nullable=True, comment="of an accrual: the line with the actual cost that ended it"),
        schema="hub",
    )
    op.create_index(
        "ix_cost_link_settled_by",
        "cost_link",
        ["source_system", "settled_by"],
        unique=False,
        schema="hub",
        postgresql_where=sa.text("settled_by IS NOT NULL"),
    )
    op.add_column("feed_line", sa.Column("settles_line", sa.Text(), nullable=True), schema="hub")
    op.add_column("feed_line", sa.Column("category", sa.Text(), nullable=True), schema="hub")
    op.add_column("feed_line", sa.Column("payer", sa.Text(), nullable=True), schema="hub")
    op.add_column("feed_line", sa.Column("repairer_code", sa.Text(), nullable=True), schema="hub")
    op.add_column("feed_line", sa.Column("finality", sa.Text(), nullable=True), schema="hub")
    op.add_column("feed_line", sa.Column("responsibility_version", sa.Integer(), nullable=True), schema="hub")
    op.add_column("feed_line", sa.Column("share_bp", sa.Integer(), nullable=True), schema="hub")
    op.add_column("feed_line", sa.Column("repeat_no", sa.Integer(), nullable=True), schema="hub")
    op.add_column("feed_line", sa.Column("basis", sa.Text(), nullable=True), schema="hub")
    op.add_column("feed_line", sa.Column("original_currency", sa.Text(), nullable=True), schema="hub")
    op.add_column("feed_line", sa.Column("rate", sa.Numeric(precision=23, scale=9), nullable=True), schema="hub")
    op.add_column("feed_line", sa.Column("rate_date", sa.Date(), nullable=True), schema="hub")
    op.alter_column(
        "feed_line",
        "amount",
        existing_type=sa.NUMERIC(precision=23, scale=6),
        comment="cost, by its basis; cost positive",
        existing_comment="net, cost positive",
        existing_nullable=False,
        schema="hub",
    )
    op.create_index(op.f("ix_feed_line_settles_line"), "feed_line", ["settles_line"], unique=False, schema="hub")
    op.create_foreign_key(
        op.f("fk_feed_line_settles_line"),
        "feed_line",
        "feed_line",
        ["settles_line"],
        ["line_id"],
        source_schema="hub",
        referent_schema="hub",
    )
    op.execute("DELETE FROM mart.cost_month")  # the next rollup, which begins anew, fills it
    op.execute("UPDATE ops.cursor SET position_tx = 0 WHERE step = 'rollup'")
    op.drop_constraint("pk_cost_month", "cost_month", schema="mart")
    op.add_column("cost_month", sa.Column("building_code", sa.Text(), nullable=False), schema="mart")
    op.add_column("cost_month", sa.Column("category", sa.Text(), nullable=False), schema="mart")
    op.add_column("cost_month", sa.Column("repairer_code", sa.Text(), nullable=False), schema="mart")
    op.add_column("cost_month", sa.Column("payer", sa.Text(), nullable=False), schema="mart")
    op.add_column("cost_month", sa.Column("finality", sa.Text(), nullable=False), schema="mart")
    op.add_column("cost_month", sa.Column("is_repeat", sa.Boolean(), nullable=False), schema="mart")
    op.add_column("cost_month", sa.Column("claimed", sa.Numeric(precision=23, scale=6), nullable=False), schema="mart")
    op.add_column("cost_month", sa.Column("agreed", sa.Numeric(precision=23, scale=6), nullable=False), schema="mart")
    op.add_column(
        "cost_month",
        sa.Column("recovered", sa.Numeric(precision=23, scale=6), nullable=False, comment="received"),
        schema="mart",
    )
    op.add_column(
        "cost_month",
        sa.Column("net", sa.Numeric(precision=23, scale=6), sa.Computed("amount - recovered", persisted=True), nullable=False),
        schema="mart",
    )
    op.alter_column(
        "cost_month",
        "amount",
        existing_type=sa.NUMERIC(precision=23, scale=6),
        comment="gross: before anything comes back",
        existing_nullable=False,
        schema="mart",
    )
    op.create_index(op.f("ix_cost_month_period"), "cost_month", ["period"], unique=False, schema="mart")
    op.create_check_constraint(
        op.f("ck_feed_line_only_a_new_line_settles"), "feed_line", "settles_line IS NULL OR kind = 'NEW'", schema="hub"
    )
