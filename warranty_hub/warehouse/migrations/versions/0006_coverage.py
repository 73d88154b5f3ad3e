"""coverage of defects, and the warranty terms of contracts."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "coverage",
        sa.Column("source_system", sa.Text(), nullable=False),
        sa.Column("ticket_id", sa.Text(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("clock", sa.Text(), nullable=False),
        sa.Column("project_code", sa.Text(), nullable=False),
        sa.Column(
            "category",
            sa.Text(),
            nullable=True,
            comment="warranty category of component and defect type; null: nobody can say yet",
        ),
        sa.Column("rule_id", sa.Text(), nullable=False, comment="two joined by + where one lengthens the other"),
        sa.Column("liable", sa.Text(), nullable=False, comment="role of the party that has to act"),
        sa.Column("first_day", sa.Date(), nullable=True),
        sa.Column("last_day", sa.Date(), nullable=True, comment="still covered on this day"),
        sa.Column("reported_on", sa.Date(), nullable=False, comment="in the organisation's zone; decides"),
        sa.Column("state", sa.Text(), nullable=False, comment="COVERED, EXPIRED, NOT_STARTED or UNKNOWN"),
        sa.Column("reason", sa.Text(), nullable=True, comment="why it is UNKNOWN"),
        sa.Column("rules_version", sa.Text(), nullable=False),
        sa.Column("changed_tx", sa.BigInteger(), server_default=sa.text("pg_current_xact_id()::text::bigint"), nullable=False),
        sa.PrimaryKeyConstraint("source_system", "ticket_id", "seq", "clock", name=op.f("pk_coverage")),
        schema="hub",
    )
    op.create_index("ix_coverage_project_code", "coverage", ["project_code"], unique=False, schema="hub")
    op.create_table(
        "warranty_term",
        sa.Column("source_system", sa.Text(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("contract_no", sa.Text(), nullable=False),
        sa.Column("line_no", sa.Text(), nullable=False),
        sa.Column("project_code", sa.Text(), nullable=False),
        sa.Column("building_code", sa.Text(), nullable=True),
        sa.Column("clock", sa.Text(), nullable=False),
        sa.Column("category", sa.Text(), nullable=True),
        sa.Column("value", sa.Integer(), nullable=False),
        sa.Column("measure", sa.Text(), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("changed_tx", sa.BigInteger(), server_default=sa.text("pg_current_xact_id()::text::bigint"), nullable=False),
        sa.PrimaryKeyConstraint("source_system", "source_id", name=op.f("pk_warranty_term")),
        schema="hub",
    )
    op.create_index(
        "ix_warranty_term_changed_tx", "warranty_term", ["changed_tx"], unique=False, schema="hub", postgresql_using="brin"
    )
