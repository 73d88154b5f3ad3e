"""Cost by the organisation as it was."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    op.create_table(
        "cost_org_month",
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column(
            "org_code",
            sa.Text(),
            nullable=False,
            comment="a unit or a project; UNKNOWN: what the tree of that day does not hold",
        ),
        sa.Column("parent_code", sa.Text(), nullable=True, comment="as of the last day of the period"),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("own", sa.Numeric(precision=23, scale=6), nullable=False, comment="its own, without what is below it"),
        sa.Column("amount", sa.Numeric(precision=23, scale=6), nullable=False, comment="gross, with all below it"),
        sa.Column("recovered", sa.Numeric(precision=23, scale=6), nullable=False, comment="with all below it"),
        sa.Column("net", sa.Numeric(precision=23, scale=6), sa.Computed("amount - recovered", persisted=True), nullable=False),
        sa.PrimaryKeyConstraint("period", "stage", "currency", "org_code", name=op.f("pk_cost_org_month")),
        schema="mart",
    )
    op.execute("UPDATE ops.cursor SET position_tx = 0 WHERE step = 'rollup'")  # the next rollup begins anew
