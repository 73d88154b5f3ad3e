"""What each recovery has come to."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    op.create_table(
        "recovery_case",
        sa.Column("source_system", sa.Text(), nullable=False),
        sa.Column("company_code", sa.Text(), nullable=False),
        sa.Column("recovery_no", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("party_code", sa.Text(), nullable=True),
        sa.Column("ticket_no", sa.Text(), nullable=True),
        sa.Column("project_code", sa.Text(), nullable=True),
        sa.Column("cost_document", sa.Text(), nullable=True),
        sa.Column("cost", sa.Numeric(precision=23, scale=6), nullable=True, comment="of that voucher; null: it is not known"),
        sa.Column("claimed", sa.Numeric(precision=23, scale=6), nullable=False),
        sa.Column("agreed", sa.Numeric(precision=23, scale=6), nullable=False),
        sa.Column("received", sa.Numeric(precision=23, scale=6), nullable=False),
        sa.Column("written_off", sa.Numeric(precision=23, scale=6), nullable=False),
        sa.Column("gaps", sa.Text(), nullable=False, comment="what its proof lacks, joined by commas"),
        sa.PrimaryKeyConstraint("source_system", "company_code", "recovery_no", "currency", name=op.f("pk_recovery_case")),
        schema="hub",
        comment="what each recovery has come to",
    )
    op.create_table_comment(
        "recovery",
        "parts of recovery lines",
        existing_comment="parts of recovery lines; made anew at each rollup",
        schema="hub",
    )
    op.create_index("ix_recovery_line_recovery_no", "recovery_line", ["recovery_no"], unique=False, schema="hub")
