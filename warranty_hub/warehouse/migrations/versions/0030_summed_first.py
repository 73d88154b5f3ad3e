"""What months are summed from stands first in the longest table: PostgreSQL unpacks a row from its left."""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"


def upgrade() -> None:
    op.execute("ALTER TABLE hub.allocation RENAME TO allocation_before")
    op.execute("ALTER INDEX hub.pk_allocation RENAME TO pk_allocation_before")
    op.execute("ALTER INDEX hub.ix_allocation_period RENAME TO ix_allocation_before_period")
    op.create_table(
        "allocation",
        sa.Column("source_system", sa.Text(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column(
            "first_in_cell",
            sa.Boolean(),
            server_default=sa.text("true"),
            nullable=False,
            comment="of its line: lines are counted by it",
        ),
        sa.Column(
            "cell",
            sa.Uuid(),
            nullable=True,
            comment="of the rollup; null: written before there were cells, until the next rollup",
        ),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("amount", sa.Numeric(precision=23, scale=6), nullable=False, comment="cost is positive"),
        sa.Column("ticket_no", sa.Text(), nullable=True),
        sa.Column("project_code", sa.Text(), nullable=True),
        sa.Column("building_code", sa.Text(), nullable=True),
        sa.Column(
            "ticket_system", sa.Text(), nullable=True, comment="the ticket's source: two may have one number; null as ticket_no"
        ),
        sa.Column(
            "ticket_id",
            sa.Text(),
            nullable=True,
            comment="with ticket_system the ticket's key, and with defect_seq the defect's",
        ),
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
        sa.Column("fact_version", sa.Integer(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column(
            "settles_part",
            sa.Integer(),
            nullable=True,
            comment="the part of this accrual that this one takes back, since the actual cost is there",
        ),
        sa.Column("changed_tx", sa.BigInteger(), server_default=sa.text("pg_current_xact_id()::text::bigint"), nullable=False),
        sa.PrimaryKeyConstraint("source_system", "source_id", "part", name=op.f("pk_allocation")),
        schema="hub",
    )
    columns = ", ".join(column["name"] for column in sa.inspect(op.get_bind()).get_columns("allocation_before", schema="hub"))
    op.execute(f"""
        INSERT INTO hub.allocation ({columns}, first_in_cell)
        SELECT {columns}, row_number() OVER (PARTITION BY source_system, source_id, cell ORDER BY part) = 1
        FROM hub.allocation_before""")
    op.execute("DROP TABLE hub.allocation_before")
    op.create_index("ix_allocation_period", "allocation", ["period", "project_code"], schema="hub")
